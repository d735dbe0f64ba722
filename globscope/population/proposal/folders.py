"""The pattern of the folders that hold checkpoints of one kind."""

from collections.abc import Sequence

from globscope.population.proposal.file_names import STEPS, name_pattern, signature, step_places, tokens, word_before
from globscope.spec.pattern import STEP, VARIANT, words


def folder_parts(paths: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the parts of the folders' pattern: shared names, {variant} where names differ, a step at the end."""
    inner = _inner(paths)
    outer = [path[: len(path) - len(inner)] for path in paths]
    shared = 0
    while len({path[: shared + 1] for path in outer}) == 1 and len(outer[0]) > shared:
        shared += 1
    if all(len(path) == shared for path in outer):
        whole = [*outer[0], *inner]
        return [f"{{{VARIANT}}}", *whole[1:]] if whole and STEP not in words(whole[0]) else whole
    shared = min(shared, min(map(len, outer)) - 1)
    return [*outer[0][:shared], f"{{{VARIANT}}}", *inner]


def _inner(paths: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the pattern of the innermost folders that all paths share or that count steps, outermost first."""
    parts: list[str] = []
    for depth in range(min(map(len, paths))):
        names = [path[-1 - depth] for path in paths]
        part = names[0] if len(set(names)) == 1 else _step(names)
        if part is None:
            break
        parts.insert(0, part)
    return parts


def _step(names: Sequence[str]) -> str | None:
    """Return the pattern of folders' names that count steps, such as `checkpoint-500`; None where they do not."""
    parts = [tokens(name) for name in names]
    if len({signature(name) for name in names}) > 1:
        return None
    step_words = [word for words in STEPS for word in words]
    places = [place for place in step_places(parts) if word_before(parts[0], place) in step_words]
    return name_pattern(parts, places[0], None) if places else None
