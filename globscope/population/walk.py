"""Walking the folders that a pattern describes. What matches and is no file is a problem, never passed over."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import define, evolve, field

from globscope.population.file_problem import file_problem, is_broken
from globscope.spec.pattern import VARIANT, is_literal, matched, spans
from globscope.visible import HIDDEN

UNPRINTABLE = "control characters or bytes that are no UTF-8"


@define(frozen=True, kw_only=True)
class Match:
    """A place that a pattern describes.

    Attributes:
        path: Of the file.
        words: Values of the pattern's words.
        problem: Why it cannot be read as a checkpoint; empty where it can.
    """

    path: Path
    words: Mapping[str, str] = field(factory=dict)
    problem: str = ""


def matches(pattern: str) -> list[Match]:
    """Return the files that an absolute pattern describes, and what else stands in their place, in order of paths.

    A file that has several names by links is there once. Below a folder that is a variant, no other variant is looked
    for.
    """
    root, parts = start(pattern)
    every = list(_descend(root, parts, {})) if root.is_dir() else []
    variants = {match.words[VARIANT] for match in every if not match.problem and VARIANT in match.words}
    return _once(root, [match for match in every if not _is_inside(match, variants)])


def start(pattern: str) -> tuple[Path, list[str]]:
    """Return the folder where a pattern's first word or wildcard is looked for, and its parts from there."""
    head, *parts = Path(pattern).parts
    root = Path(head)
    while len(parts) > 1 and is_literal(parts[0]):
        root /= parts.pop(0)
    return root, parts


def _is_inside(match: Match, variants: set[str]) -> bool:
    above = Path(match.words.get(VARIANT, "")).parents
    return any(str(folder) in variants for folder in above)


def _once(root: Path, every: Sequence[Match]) -> list[Match]:
    """Return matches without those of a linked folder, such as `latest`, that are there under their own names.

    A linked file stays: runs may share their first network.
    """
    real = root.resolve()
    own = {match.path: real / match.path.relative_to(root) for match in every}
    places = {match.path: match.path.parent.resolve() / match.path.name for match in every}
    known = set(own.values())
    kept = [m for m in every if places[m.path] == own[m.path] or places[m.path] not in known]
    return sorted(kept, key=lambda match: match.path)


def _descend(folder: Path, parts: Sequence[str], words: Mapping[str, str]) -> Iterator[Match]:
    """Yield what of a folder the rest of a pattern describes."""
    part, *rest = parts
    for match in _entries(folder, part, words):
        entry = match.path
        if match.problem:
            yield from [match] if entry.is_dir() or not rest else []
        elif not rest or is_broken(entry):
            yield evolve(match, problem=file_problem(entry))
        elif entry.is_dir():
            yield from _descend(entry, rest, match.words)
            if spans(part):
                yield from _deeper(entry, parts, match.words)


def _deeper(folder: Path, parts: Sequence[str], words: Mapping[str, str]) -> Iterator[Match]:
    """Yield what matches where {variant} stands for this folder and further ones below it."""
    part, *rest = parts
    if VARIANT in "".join(rest):
        return  # it comes again, and a name holds no slash
    for match in _entries(folder, part, {}):
        below = match.path
        whole = {**words, VARIANT: "/".join([words[VARIANT], *below.parts[len(folder.parts) :]])}
        if match.problem and below.is_dir():
            yield evolve(match, words=whole)
        elif is_broken(below):
            yield Match(path=below, words=whole, problem=file_problem(below))
        elif below.is_dir() and not _leads_up(below):
            yield from _descend(below, rest, whole)
            yield from _deeper(below, parts, whole)


def _leads_up(folder: Path) -> bool:
    """Return whether a folder is a link to one that it lies in."""
    return folder.is_symlink() and folder.parent.resolve().is_relative_to(folder.resolve())


def _entries(folder: Path, part: str, words: Mapping[str, str]) -> Iterator[Match]:
    """Yield what in a folder a part of a pattern matches, whatever it is; the folder where it cannot be listed."""
    if is_literal(part):
        if os.path.lexists(folder / part):
            yield Match(path=folder / part, words=words)
        return
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        yield Match(path=folder, words=words, problem=f"cannot be listed: {error.strerror}")
        return
    for name in names:
        values = matched(part, name, words)
        if values is not None:
            problem = f"has a name with {UNPRINTABLE}; rename it" if _is_unprintable(name) else ""
            yield Match(path=folder / name, words=values, problem=problem)


def _is_unprintable(name: str) -> bool:
    return bool(HIDDEN.search(name))
