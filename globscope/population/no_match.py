"""Why no file matches a pattern, with the file whose path is most like it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import islice
from pathlib import Path

from globscope.population.folder_walk import literal_start
from globscope.spec.paths import suggestion
from globscope.spec.pattern import literal_text, match_part
from globscope.spec.words import toml
from globscope.visible import visible

# How many files are compared; more would keep a user waiting for a message.
MOST = 10_000
# How much nearer a file of the wanted kind is, such as a checkpoint than a log of the same name.
OF_KIND = 0.2


def no_match(pattern: str, suffixes: Sequence[str]) -> str:
    """Return why no file matches an absolute pattern; files with one of these suffixes are wanted."""
    root, parts = literal_start(pattern)
    if not root.is_dir():
        return f"there is no folder {root}{_beside(root)}"
    files = list(islice(_files(root), MOST))
    message = f"no file below {root} matches {pattern}"
    if not files:
        return f"{message}; there is none"
    count = f"{len(files):,}" if len(files) < MOST else f"the first {MOST:,}"
    best = max(files, key=lambda file: _similarity(file.relative_to(root), parts, suffixes))
    return f"{message}; nearest of {count}: {visible(str(best))}, {_difference(best.relative_to(root).parts, parts)}"


def _beside(missing: Path) -> str:
    above = next(folder for folder in missing.parents if folder.is_dir())
    name = missing.relative_to(above).parts[0]
    return suggestion(name, [entry.name for entry in above.iterdir() if entry.is_dir()])


def _files(root: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if not name.startswith("."))
        yield from (Path(folder) / file for file in sorted(files) if not file.startswith("."))


def _similarity(file: Path, parts: list[str], suffixes: Sequence[str]) -> float:
    wanted = "/".join(literal_text(part) for part in parts)
    similarity = SequenceMatcher(None, wanted, str(file), autojunk=False).ratio()
    return similarity + OF_KIND * (file.suffix in suffixes) - OF_KIND * abs(len(file.parts) - len(parts))


def _difference(names: tuple[str, ...], parts: list[str]) -> str:
    """Return the first difference between a file's path and the pattern."""
    values: Mapping[str, str] = {}
    for name, part in zip(names[:-1], parts[:-1], strict=False):
        words = match_part(part, name, values)
        if words is None:
            return f"whose folder {toml(name)} is not {toml(part)}"
        values = words
    depth = len(names) - len(parts)
    if depth > 0:
        return f"which lies {'a folder' if depth == 1 else f'{depth} folders'} deeper: `*/` stands for any folder"
    if depth < 0:
        return "which lies in a folder above"
    return f"whose name {toml(names[-1])} is not {toml(parts[-1])}"
