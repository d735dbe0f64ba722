"""The checkpoint files of a population, found by pattern or listed in a table, with their variants and steps."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from attrs import evolve

from globscope.errors import PopulationError
from globscope.population.checkpoint import SUFFIXES
from globscope.population.checkpoint_file import CheckpointFile as CheckpointFile
from globscope.population.find_base import with_base
from globscope.population.folder_walk import file_problem, files_matching
from globscope.population.no_match import no_match
from globscope.population.saved_folder import checkpoint_in
from globscope.population.state_dict import StateDictChoice
from globscope.population.subset import subset
from globscope.population.zoo import chosen_figures, listed_files, require_readable, with_figures
from globscope.population.zoo_rows import zoo_rows
from globscope.references import Pattern
from globscope.spec.network_source import CheckpointFiles, NetworkSource, Zoo
from globscope.spec.pattern import STEP, VARIANT, absolute, fill_template
from globscope.spec.population import PopulationSpec
from globscope.visible import few, visible

Result = TypeVar("Result")


def find_checkpoints(source: NetworkSource, folder: Path) -> list[CheckpointFile]:
    """Return the files that a spec names, sorted by variant, then by step; patterns are relative to `folder`.

    Raises:
        PopulationError: A pattern matches none, what matches is not a readable file, a table or a condition does not
            fit, or two files claim the same variant and step.
    """
    place = "zoo" if isinstance(source, Zoo) else "population"
    candidates = sorted(_candidates(source, folder, place), key=lambda file: (file.variant, file.step))
    files = subset(candidates, source, place)
    _below(f"{place}.table", require_readable, files)
    files = with_base(files, source) if isinstance(source, PopulationSpec) else files
    for first, second in pairwise(files):
        if (first.variant, first.step) == (second.variant, second.step):
            raise PopulationError(f"{first} and {second} are both step {first.step} of {first.variant!r}")
    return [evolve(file, figures=chosen_figures(file.figures, source.figures)) for file in files]


def _candidates(source: NetworkSource, folder: Path, place: str) -> list[CheckpointFile]:
    """Return the files from which a subset is chosen, each with its figures."""
    rows = _below(f"{place}.table", zoo_rows, source, folder) if source.tables else []
    if source.checkpoints is None:
        return listed_files(rows, source)
    files = _below(f"{place}.checkpoints", _matching_files, source, folder)
    return _below(f"{place}.table", with_figures, files, rows) if rows else files


def _below(place: str, work: Callable[..., Result], *arguments: Any) -> Result:
    """Return what some work returns; each line of its errors begins with the place of an option in the spec."""
    try:
        return work(*arguments)
    except PopulationError as error:
        raise PopulationError("\n".join(f"{place}: {line}" for line in str(error).splitlines())) from error


def _matching_files(source: NetworkSource, folder: Path) -> list[CheckpointFile]:
    checkpoints = source.checkpoints or ()
    entries = (checkpoints,) if isinstance(checkpoints, str) else checkpoints
    return [file for entry in entries for file in _entry_files(entry, source, folder)]


def _entry_files(entry: Pattern | CheckpointFiles, source: NetworkSource, folder: Path) -> Iterator[CheckpointFile]:
    if isinstance(entry, CheckpointFiles):
        key, files = entry.key, _table_files(entry, folder)
    else:
        key, files = None, _pattern_files(entry, source.template, folder)
    choice = StateDictChoice(key=source.key if key is None else key, rename=source.rename)
    yield from (evolve(file, choice=choice) for file in files)


def _table_files(table: CheckpointFiles, folder: Path) -> list[CheckpointFile]:
    if table.pattern is not None:
        return _pattern_files(table.pattern, table.variant, folder)
    assert table.path is not None
    path = checkpoint_in(table.path)
    if problem := file_problem(path):
        raise PopulationError(f"{path} {problem}")
    return [CheckpointFile(path=path, variant=table.variant, step=table.step or 0)]


def _pattern_files(pattern: Pattern, template: str | None, folder: Path) -> list[CheckpointFile]:
    """Return the files that match a pattern; a template makes the variants' names."""
    absolute_pattern = absolute(pattern, folder)
    matches = files_matching(absolute_pattern)
    if not matches:
        raise PopulationError(no_match(absolute_pattern, SUFFIXES))
    problems = dict.fromkeys(f"{visible(str(match.path))} {match.problem}" for match in matches if match.problem)
    if problems:
        raise PopulationError("\n".join(few([*problems], "paths that match cannot be read")))
    name = template or f"{{{VARIANT}}}"
    return [
        CheckpointFile(path=match.path, variant=fill_template(name, match.words), step=int(match.words.get(STEP, 0)))
        for match in matches
    ]
