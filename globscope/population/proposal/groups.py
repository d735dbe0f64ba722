"""The groups of checkpoints in a folder, each with the pattern that matches it."""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath

from attrs import define, field

from globscope.errors import PopulationError
from globscope.population.checkpoint import INDEX, SUFFIXES
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.find import find_checkpoints
from globscope.population.proposal.file_names import (
    FOLDER,
    counts_steps,
    folder_parts,
    name_pattern,
    run_place,
    signature,
    step_places,
    tokens,
    trailing_step_pattern,
)
from globscope.references import Pattern
from globscope.spec.network_source import NetworkSource
from globscope.spec.pattern import STEP, VARIANT, words

# Files that trainers save beside a network, and shards, which are read through their index.
BESIDE = re.compile(
    r"(optimizer|scheduler|sampler|scaler|dl_state_dict|training_args)(_\d+)?|rng_state.*|.*optim_states.*|.*-\d+-of-\d+"
)
# What Ray Tune calls the network in the folder of a checkpoint.
OF_RAY_TUNE = "checkpoints"
# How many files are considered.
MOST = 10_000


@define(frozen=True, kw_only=True)
class CheckpointGroup:
    """Checkpoints that one pattern matches, or one table lists.

    Attributes:
        pattern: The pattern that matches them, or the table's path, relative to the folder.
        variant: Name of their training run where the pattern has no {variant}.
        files: The files that match, by variant and step.
        is_listed: Whether a table lists them.
    """

    pattern: str
    variant: str | None
    files: tuple[CheckpointFile, ...] = field(repr=False)
    is_listed: bool = False


def checkpoint_groups(folder: Path) -> list[CheckpointGroup]:
    """Return the groups of checkpoints in a folder, the largest first.

    Raises:
        PopulationError: There are none.
    """
    files = list(_files(folder))[:MOST]
    if not files:
        known = ", ".join((*SUFFIXES, INDEX))
        raise PopulationError(f"{folder}: holds no checkpoint; known suffixes: {known}")
    kinds = [tuple(files)] if _trailing_step(files) else _by_signature(files)
    if len(kinds) == len(files) > 1 and len({file.parent for file in files}) == 1:
        return [_one_each(folder, files)]  # names that have nothing in common
    groups = [group for kind in kinds if (group := _group(folder, kind)) is not None]
    return sorted(groups, key=lambda group: -len(group.files)) or [_one_each(folder, files)]


def _files(folder: Path) -> Iterator[PurePath]:
    for path in sorted(_visible_files(folder)):
        is_checkpoint = path.name.endswith((*SUFFIXES, INDEX)) or path.name == OF_RAY_TUNE
        if is_checkpoint and not BESIDE.fullmatch(path.stem) and (folder / path).is_file():
            yield path


def _visible_files(folder: Path) -> Iterator[PurePath]:
    """Yield the files below a folder that are not hidden.

    Raises:
        PopulationError: A folder cannot be listed, so that a pattern may miss a run.
    """
    for top, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(top, name).relative_to(folder) for name in names if not name.startswith("."))


def _refuse(error: OSError) -> None:
    raise PopulationError(f"{error.filename}: cannot be listed: {error.strerror}") from error


def _trailing_step(files: Sequence[PurePath]) -> str | None:
    """Return the pattern of several runs' files in one folder whose names end with a step; None where they do not."""
    is_flat = len({file.parent for file in files}) == 1
    if not is_flat or len({signature(file.name) for file in files}) == 1:
        return None
    return trailing_step_pattern(files)


def _by_signature(files: Sequence[PurePath]) -> list[tuple[PurePath, ...]]:
    """Return files grouped by what their names, and those of folders that count steps, have in common."""
    kinds: dict[tuple[tuple[str, ...], ...], list[PurePath]] = {}
    for file in files:
        steps = tuple(signature(name) for name in file.parts[:-1] if counts_steps(name))
        kinds.setdefault((signature(_open_name(file)), *steps), []).append(file)
    return [tuple(kind) for kind in kinds.values()]


def _open_name(file: PurePath) -> str:
    """Return a file's name; where it begins with its folder's name, a placeholder stands for that."""
    folder = file.parent.name
    repeats_folder = folder and file.name.startswith(folder) and not file.name[len(folder) : len(folder) + 1].isalnum()
    return FOLDER + file.name[len(folder) :] if repeats_folder else file.name


def _group(folder: Path, files: Sequence[PurePath]) -> CheckpointGroup | None:
    """Return the group of files of one kind, by the first likely pattern that distinguishes all of them."""
    for text in _patterns(files):
        variant = None if VARIANT in words(text) else folder.resolve().name or "run"
        try:
            matching = _checkpoints(folder, text, variant)
        except PopulationError:
            continue
        return CheckpointGroup(pattern=text, variant=variant, files=tuple(matching))
    return None


def _one_each(folder: Path, files: Sequence[PurePath]) -> CheckpointGroup:
    """Return every file of the commonest suffix as a run of its own."""
    suffixes = [file.suffix for file in files]
    text = "/".join((*files[0].parts[:-1], f"{{{VARIANT}}}{max(suffixes, key=suffixes.count)}"))
    return CheckpointGroup(pattern=text, variant=None, files=tuple(_checkpoints(folder, text, None)))


def _checkpoints(folder: Path, text: str, variant: str | None) -> list[CheckpointFile]:
    return find_checkpoints(NetworkSource(checkpoints=Pattern(text), variant=variant or ()), folder)


def _patterns(files: Sequence[PurePath]) -> Iterator[str]:
    """Yield likely patterns of files of one kind, the likeliest first."""
    if text := _trailing_step(files):
        yield "/".join((*files[0].parts[:-1], text))
        return
    above = folder_parts([file.parts[:-1] for file in files])
    names = [tokens(_open_name(file)) for file in files]
    has_step, has_run = STEP in words("/".join(above)), VARIANT in words("/".join(above))
    run = None if has_run else run_place(names)
    for step in [None] if has_step else [*step_places(names), None]:
        yield "/".join((*above, name_pattern(names, step, run)))
