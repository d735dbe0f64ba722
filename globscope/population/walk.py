"""Walking the folders that a pattern describes. What matches and is no file is a problem, never passed over."""

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import define, field

from globscope.population.checkpoint import INDEX, SUFFIXES
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
    part, *rest = parts
    for entry, values in _entries(folder, part, words):
        if isinstance(entry, Match):
            yield entry
        elif not rest:
            yield Match(path=entry, words=values, problem=no_file(entry))
        elif entry.is_dir():
            yield from _descend(entry, rest, values)
            if spans(part):
                yield from _deeper(entry, parts, values)
        elif entry.is_symlink() and not entry.exists():
            yield Match(path=entry, words=values, problem=no_file(entry))


def _deeper(folder: Path, parts: Sequence[str], words: Mapping[str, str]) -> Iterator[Match]:
    """Yield what matches where {variant} stands for this folder and further ones below it."""
    _, *rest = parts
    if VARIANT in "".join(rest):
        return  # it comes again, and a name holds no slash
    for entry, values in _entries(folder, parts[0], {}):
        if isinstance(entry, Match):
            yield from [entry] if entry.path.is_dir() else []
            continue
        whole = {**words, VARIANT: f"{words[VARIANT]}/{values[VARIANT]}"}
        if entry.is_symlink() and not entry.exists():
            yield Match(path=entry, words=whole, problem=no_file(entry))
        elif entry.is_dir() and not (entry.is_symlink() and folder.resolve().is_relative_to(entry.resolve())):
            yield from _descend(entry, rest, whole)
            yield from _deeper(entry, parts, whole)


def _entries(folder: Path, part: str, words: Mapping[str, str]) -> Iterator[tuple[Path | Match, Mapping[str, str]]]:
    """Yield what of a folder a part matches, with the words' values; a problem where it cannot be listed."""
    if is_literal(part):
        if os.path.lexists(folder / part):
            yield folder / part, words
        return
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        yield Match(path=folder, words=words, problem=f"cannot be listed: {error.strerror}"), words
        return
    for name in names:
        values = matched(part, name, words)
        if values is not None and _is_unprintable(name):
            yield Match(path=folder / name, words=values, problem=f"has a name with {UNPRINTABLE}; rename it"), values
        elif values is not None:
            yield folder / name, values


def no_file(path: Path) -> str:
    """Return why a path cannot be read as a file; empty where it can."""
    if path.is_dir():
        return f"is a folder, not a checkpoint{_inside(path)}"
    if path.is_symlink() and not path.exists():
        return f"is a link to {path.readlink()}, which {'leads back to it' if _is_loop(path) else 'is not there'}"
    if not path.exists():
        return "is not there"
    if not path.is_file():
        return "is no regular file"
    return "" if os.access(path, os.R_OK) else "cannot be read: permission denied"


def _is_unprintable(name: str) -> bool:
    return bool(HIDDEN.search(name))


def _is_loop(path: Path) -> bool:
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def _inside(folder: Path) -> str:
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith((*SUFFIXES, INDEX)))
    except OSError:
        return ""
    best = next((name for name in names if name.endswith(INDEX)), names[0] if names else "")
    return f"; it holds {best}: let the pattern end in /{best}" if best else ""
