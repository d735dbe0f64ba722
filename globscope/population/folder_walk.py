"""Walking the folders that a pattern describes. A match that is not a readable file is a problem, never skipped."""

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from attrs import define, evolve, field

from globscope.population.checkpoint import INDEX, SUFFIXES
from globscope.population.saved_folder import checkpoint_in
from globscope.spec.pattern import VARIANT, match_part, matches_one_name, spans
from globscope.visible import HIDDEN

UNPRINTABLE = "control characters or bytes that are not UTF-8"


@define(frozen=True, kw_only=True)
class Match:
    """A path that matches a pattern.

    Attributes:
        path: The path that matches.
        words: Values of the pattern's words, such as {variant}, by word.
        problem: Why it cannot be read as a checkpoint; empty where it can.
    """

    path: Path
    words: Mapping[str, str] = field(factory=dict)
    problem: str = ""


def files_matching(pattern: str) -> list[Match]:
    """Return the files that match an absolute pattern, and what else matches, sorted by path.

    A file that links give several names is listed once. Below a variant's folder no other variant is searched for.
    """
    root, parts = literal_start(pattern)
    matches = list(_descend(root, parts, {})) if root.is_dir() else []
    variants = {match.words[VARIANT] for match in matches if not match.problem and VARIANT in match.words}
    return _without_links(root, [match for match in matches if not _is_inside(match, variants)])


def literal_start(pattern: str) -> tuple[Path, list[str]]:
    """Return the folder in which a pattern's first word or wildcard is searched for, and the parts from there."""
    head, *parts = Path(pattern).parts
    root = Path(head)
    while len(parts) > 1 and matches_one_name(parts[0]):
        root /= parts.pop(0)
    return root, parts


def _is_inside(match: Match, variants: set[str]) -> bool:
    above = Path(match.words.get(VARIANT, "")).parents
    return any(str(folder) in variants for folder in above)


def _without_links(root: Path, matches: Sequence[Match]) -> list[Match]:
    """Return matches without those in a linked folder, such as `latest`, that also match under their own names.

    A linked file stays: runs may share their first network.
    """
    real = root.resolve()
    unlinked = {match.path: real / match.path.relative_to(root) for match in matches}
    places = {match.path: match.path.parent.resolve() / match.path.name for match in matches}
    known = set(unlinked.values())
    unique = [m for m in matches if places[m.path] == unlinked[m.path] or places[m.path] not in known]
    return sorted(unique, key=lambda match: match.path)


def _descend(folder: Path, parts: Sequence[str], words: Mapping[str, str]) -> Iterator[Match]:
    """Yield the matches in a folder of the rest of a pattern."""
    part, *rest = parts
    for match in _entries(folder, part, words):
        entry = match.path
        if match.problem:
            yield from [match] if entry.is_dir() or not rest else []
        elif not rest or is_broken(entry):
            file = checkpoint_in(entry)
            yield evolve(match, path=file, problem=file_problem(file))
        elif entry.is_dir():
            yield from _descend(entry, rest, match.words)
            if spans(part):
                yield from _deeper(entry, parts, match.words)


def _deeper(folder: Path, parts: Sequence[str], words: Mapping[str, str]) -> Iterator[Match]:
    """Yield the matches where {variant} stands for this folder and further ones below it."""
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
    """Yield the entries of a folder that match a part of a pattern; the folder itself where it cannot be listed."""
    if matches_one_name(part):
        if os.path.lexists(folder / part):
            yield Match(path=folder / part, words=words)
        return
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        yield Match(path=folder, words=words, problem=f"cannot be listed: {error.strerror}")
        return
    for name in names:
        values = match_part(part, name, words)
        if values is not None:
            problem = f"has a name with {UNPRINTABLE}; rename it" if HIDDEN.search(name) else ""
            yield Match(path=folder / name, words=values, problem=problem)


def file_problem(path: Path) -> str:
    """Return why a path cannot be read as a file; empty where it can."""
    if path.is_dir():
        return f"is a folder, not a checkpoint{_inside(path)}"
    if is_broken(path):
        return f"is a link to {path.readlink()}, which {'leads back to it' if _is_loop(path) else 'is not there'}"
    if not path.exists():
        return "is not there"
    if not path.is_file():
        return "is not a regular file"
    return "" if os.access(path, os.R_OK) else "cannot be read: permission denied"


def is_broken(path: Path) -> bool:
    """Return whether a path is a link to something that is not there."""
    return path.is_symlink() and not path.exists()


def _is_loop(path: Path) -> bool:
    try:
        path.stat()
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


def _inside(folder: Path) -> str:
    """Return a hint how to complete a pattern that ends at a folder with checkpoints in it."""
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith((*SUFFIXES, INDEX)))
    except OSError:
        return ""
    best = next((name for name in names if name.endswith(INDEX)), names[0] if names else "")
    return f"; it holds {best}: let the pattern end in /{best}" if best else ""
