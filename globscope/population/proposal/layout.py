"""How the checkpoints in a folder are laid out: which pattern takes them, and what it leaves."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from attrs import define, field

from globscope.errors import PopulationError
from globscope.population.checkpoint import INDEX, SUFFIXES
from globscope.population.find import Found, find
from globscope.population.proposal.folders import folder_parts
from globscope.population.proposal.names import FOLDER, pattern, run_place, signature, step_places, tailed, tokens
from globscope.references import Pattern
from globscope.spec.model import Source
from globscope.spec.pattern import STEP, VARIANT, words

# What trainers save beside a network, and shards, whose index stands for them.
BESIDE = re.compile(r"(optimizer|scheduler|scaler|training_args|rng_state.*|optim_states.*|.*-\d+-of-\d+)")
# Files that are looked at.
MOST = 10_000


@define(frozen=True, kw_only=True)
class Layout:
    """Checkpoints of one kind.

    Attributes:
        pattern: That takes them, from the folder.
        variant: How their runs are named where the pattern does not say.
        found: What it takes, by variant and step.
    """

    pattern: str
    variant: str | None
    found: tuple[Found, ...] = field(repr=False)


def layouts(folder: Path) -> list[Layout]:
    """Return the kinds of checkpoints in a folder, those with most files first.

    Raises:
        PopulationError: There are none.
    """
    files = list(_files(folder))[:MOST]
    if not files:
        known = ", ".join((*SUFFIXES, INDEX))
        raise PopulationError(f"{folder}: holds no checkpoint; known suffixes: {known}")
    kinds = [tuple(files)] if _tail(files) else _kinds(files)
    if len(kinds) == len(files) > 1 and len({file.parent for file in files}) == 1:
        return [_each(folder, files)]  # names that have nothing in common
    found = [layout for kind in kinds if (layout := _layout(folder, kind)) is not None]
    return sorted(found, key=lambda layout: -len(layout.found)) or [_each(folder, files)]


def _files(folder: Path) -> Iterator[PurePath]:
    every = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    for path in every:
        is_hidden = any(part.startswith(".") for part in path.parts)
        if path.name.endswith((*SUFFIXES, INDEX)) and not is_hidden and not BESIDE.fullmatch(path.stem):
            yield path


def _tail(files: Sequence[PurePath]) -> str | None:
    """Return the pattern of files of several runs in one folder; None where they are no such."""
    is_flat = len({file.parent for file in files}) == 1
    if not is_flat or len({signature(file.name) for file in files}) == 1:
        return None
    return tailed(files)


def _kinds(files: Sequence[PurePath]) -> list[tuple[PurePath, ...]]:
    """Return files grouped by what their names have in common."""
    found: dict[tuple[str, ...], list[PurePath]] = {}
    for file in files:
        found.setdefault(signature(_own_name(file)), []).append(file)
    return [tuple(kind) for kind in found.values()]


def _own_name(file: PurePath) -> str:
    """Return a file's name with its folder's name, where it begins with that, left open."""
    folder = file.parent.name
    own = folder and file.name.startswith(folder) and not file.name[len(folder) : len(folder) + 1].isalnum()
    return FOLDER + file.name[len(folder) :] if own else file.name


def _layout(folder: Path, files: Sequence[PurePath]) -> Layout | None:
    """Return the layout of files of one kind by the first of its likely patterns that tells all of them apart."""
    for text in _patterns(files):
        variant = None if VARIANT in words(text) else _slug(folder)
        try:
            found = _checkpoints(folder, text, variant)
        except PopulationError:
            continue
        return Layout(pattern=text, variant=variant, found=tuple(found))
    return None


def _each(folder: Path, files: Sequence[PurePath]) -> Layout:
    """Return every file of the commonest suffix as a run of its own."""
    suffixes = [file.suffix for file in files]
    text = "/".join((*files[0].parts[:-1], f"{{{VARIANT}}}{max(suffixes, key=suffixes.count)}"))
    return Layout(pattern=text, variant=None, found=tuple(_checkpoints(folder, text, None)))


def _checkpoints(folder: Path, text: str, variant: str | None) -> list[Found]:
    return find(Source(checkpoints=Pattern(text), variant=variant or ()), folder)


def _slug(folder: Path) -> str:
    return folder.resolve().name or "run"


def _patterns(files: Sequence[PurePath]) -> Iterator[str]:
    """Yield likely patterns of files of one kind, the likeliest first."""
    if text := _tail(files):
        yield "/".join((*files[0].parts[:-1], text))
        return
    above = folder_parts([file.parts[:-1] for file in files])
    names = [tokens(_own_name(file)) for file in files]
    has_step, has_run = STEP in words("/".join(above)), VARIANT in words("/".join(above))
    run = None if has_run else run_place(names)
    for step in [None] if has_step else [*step_places(names), None]:
        yield "/".join((*above, pattern(names, step, run)))
