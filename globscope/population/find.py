"""The checkpoint files of a population, found by pattern, with their variants and steps."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from attrs import define, evolve, field

from globscope.errors import PopulationError
from globscope.population.checkpoint import Checkpoint, checkpoint_files, read_checkpoint
from globscope.population.file_problem import file_problem
from globscope.population.folder_walk import files_matching
from globscope.population.nearest_file import no_match
from globscope.population.state_dict import StateDictChoice
from globscope.references import Pattern
from globscope.spec.model import CheckpointFiles, NetworkSource, Zoo
from globscope.spec.pattern import STEP, VARIANT, absolute, fill_template
from globscope.store import key
from globscope.visible import visible

# How many unreadable files a message lists.
NAMED = 10


@define(frozen=True, kw_only=True)
class CheckpointFile:
    """One checkpoint file.

    Attributes:
        path: Where the file is.
        variant: The training run that it belongs to, from its path.
        step: The training step, from its path; 0 where the path has none.
        choice: Which of the file's state dicts is the network, and how its tensors are renamed.
    """

    path: Path
    variant: str
    step: int
    choice: StateDictChoice = field(factory=StateDictChoice)

    def read(self) -> Checkpoint:
        """Return the file's contents.

        Raises:
            PopulationError: It cannot be read as one network.
        """
        return read_checkpoint(self.path, self.choice)

    @property
    def key(self) -> str:
        """Of variant, step, the files' bytes, and the choice of a state dict if one is set."""
        parts = (self.variant, self.step, checkpoint_files(self.path))
        return key(*parts) if self.choice == StateDictChoice() else key(*parts, self.choice)


def find_checkpoints(source: NetworkSource, folder: Path) -> list[CheckpointFile]:
    """Return the files that a spec names, sorted by variant, then by step; patterns are relative to `folder`.

    Raises:
        PopulationError: A pattern matches none, what matches is not a readable file, or two files claim the same
            variant and step.
    """
    checkpoints = source.checkpoints or ()
    entries = (checkpoints,) if isinstance(checkpoints, str) else checkpoints
    try:
        files = [file for entry in entries for file in _entry_files(entry, source, folder)]
    except PopulationError as error:
        place = "zoo" if isinstance(source, Zoo) else "population"
        raise PopulationError("\n".join(f"{place}.checkpoints: {line}" for line in str(error).splitlines())) from error
    files.sort(key=lambda file: (file.variant, file.step))
    for first, second in pairwise(files):
        if (first.variant, first.step) == (second.variant, second.step):
            raise PopulationError(f"{first.path} and {second.path} are both step {first.step} of {first.variant!r}")
    return files


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
    if problem := file_problem(table.path):
        raise PopulationError(f"{table.path} {problem}")
    return [CheckpointFile(path=table.path, variant=table.variant, step=table.step or 0)]


def _pattern_files(pattern: Pattern, template: str | None, folder: Path) -> list[CheckpointFile]:
    """Return the files that match a pattern; a template makes the variants' names."""
    absolute_pattern = absolute(pattern, folder)
    matches = files_matching(absolute_pattern)
    if not matches:
        raise PopulationError(no_match(absolute_pattern))
    problems = dict.fromkeys(f"{visible(str(match.path))} {match.problem}" for match in matches if match.problem)
    if problems:
        raise PopulationError("\n".join(_few([*problems])))
    name = template or f"{{{VARIANT}}}"
    return [
        CheckpointFile(path=match.path, variant=fill_template(name, match.words), step=int(match.words.get(STEP, 0)))
        for match in matches
    ]


def _few(problems: list[str]) -> Iterator[str]:
    yield from problems[:NAMED]
    if len(problems) > NAMED:
        yield f"{len(problems) - NAMED} further paths that match cannot be read"
