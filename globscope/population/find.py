"""Which files the population is made of: by pattern, variant and step."""

import re
from itertools import pairwise
from pathlib import Path

from attrs import define

from globscope.errors import PopulationError
from globscope.spec.model import CheckpointFile, Checkpoints


@define(frozen=True, kw_only=True)
class Found:
    """One checkpoint file.

    Attributes:
        path: Of the file.
        variant: From its path.
        step: From its path.
    """

    path: Path
    variant: str
    step: int


def find(checkpoints: Checkpoints, folder: Path) -> list[Found]:
    """Return the files that a spec names, by variant, then by step as a number; patterns start at `folder`.

    Raises:
        PopulationError: A pattern matches none, or two files claim the same variant and step.
    """
    found: list[Found] = []
    for asked in (checkpoints,) if isinstance(checkpoints, str) else checkpoints:
        if isinstance(asked, CheckpointFile):
            found.append(Found(path=asked.path, variant=asked.variant, step=asked.step))
        else:
            found += _matching(asked, folder)
    found.sort(key=lambda f: (f.variant, f.step))
    for one, two in pairwise(found):
        if (one.variant, one.step) == (two.variant, two.step):
            raise PopulationError(f"{one.path} and {two.path} are both step {one.step} of {one.variant!r}")
    return found


def _matching(pattern: str, folder: Path) -> list[Found]:
    """Return the files that match `…{variant}…{step}…`."""
    path = Path(pattern).expanduser()
    whole = str(path if path.is_absolute() else folder / path)
    before = re.split(r"\{", whole)[0]
    root = Path(before) if before.endswith("/") else Path(before).parent
    files = sorted(p for p in root.rglob("*") if p.is_file()) if root.is_dir() else []
    matches = [(file, match) for file in files if (match := _expression(whole).fullmatch(str(file)))]
    if not matches:
        raise PopulationError(f"population.checkpoints: {_nothing(whole, root, len(files))}")
    return [Found(path=file, variant=m["variant"], step=int(m["step"])) for file, m in matches]


def _expression(pattern: str) -> re.Pattern[str]:
    named = {"{variant}": "(?P<variant>[^/]+?)", "{step}": r"(?P<step>\d+)"}
    parts = re.split(r"(\{variant\}|\{step\})", pattern)
    seen: set[str] = set()
    text = ""
    for part in parts:
        again = part in seen  # a placeholder used twice must match the same text
        text += f"(?P={part[1:-1]})" if again else named.get(part, re.escape(part))
        seen |= {part} & set(named)
    return re.compile(text)


def _nothing(pattern: str, root: Path, count: int) -> str:
    if not root.is_dir():
        return f"no folder {root}"
    return f"none of the {count} files below {root} matches {pattern}"
