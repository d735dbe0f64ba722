"""The pattern of the folders in which checkpoints of one kind lie."""

from collections.abc import Sequence

from globscope.population.proposal.names import STEPS, pattern, signature, step_places, tokens, word_before
from globscope.spec.pattern import STEP, VARIANT, words


def folder_parts(paths: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the pattern of folders, from outside: what they share, {variant} for what differs, a step at the end."""
    inner = _inner(paths)
    left = [path[: len(path) - len(inner)] for path in paths]
    shared = 0
    while len({path[: shared + 1] for path in left}) == 1 and len(left[0]) > shared:
        shared += 1
    if all(len(path) == shared for path in left):
        whole = [*left[0], *inner]
        return [f"{{{VARIANT}}}", *whole[1:]] if whole and STEP not in words(whole[0]) else whole
    shared = min(shared, min(map(len, left)) - 1)
    return [*left[0][:shared], f"{{{VARIANT}}}", *inner]


def _inner(paths: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the pattern of the innermost folders that all paths share or that count steps, from outside."""
    found: list[str] = []
    for at in range(min(map(len, paths))):
        names = [path[-1 - at] for path in paths]
        part = names[0] if len(set(names)) == 1 else _step(names)
        if part is None:
            break
        found.insert(0, part)
    return found


def _step(names: Sequence[str]) -> str | None:
    """Return the pattern of folders' names that count steps, such as `checkpoint-500`; None where they do not."""
    parts = [tokens(name) for name in names]
    if len({signature(name) for name in names}) > 1:
        return None
    known = [word for step_words in STEPS for word in step_words]
    places = [at for at in step_places(parts) if word_before(parts[0], at) in known]
    return pattern(parts, places[0], None) if places else None
