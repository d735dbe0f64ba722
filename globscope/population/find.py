"""The checkpoint files of a population, found by pattern, with their variants and steps."""

import os
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from itertools import islice, pairwise
from pathlib import Path

from attrs import define, evolve, field

from globscope.errors import PopulationError
from globscope.population.checkpoint import SUFFIXES, Checkpoint, checkpoint_files, read_checkpoint
from globscope.population.folder_walk import file_problem, files_matching, literal_start
from globscope.population.saved_folder import checkpoint_in
from globscope.population.state_dict import StateDictChoice
from globscope.references import Pattern
from globscope.spec.model import CheckpointFiles, NetworkSource, Zoo
from globscope.spec.paths import suggestion
from globscope.spec.pattern import STEP, VARIANT, absolute, fill_template, literal_text, match_part
from globscope.spec.words import toml
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
    path = checkpoint_in(table.path)
    if problem := file_problem(path):
        raise PopulationError(f"{path} {problem}")
    return [CheckpointFile(path=path, variant=table.variant, step=table.step or 0)]


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


# How many files are compared; more would keep a user waiting for a message.
MOST = 10_000
# How much nearer a checkpoint is than a log of the same name.
CHECKPOINT = 0.2


def no_match(pattern: str) -> str:
    """Return why no file matches an absolute pattern."""
    root, parts = literal_start(pattern)
    if not root.is_dir():
        return f"there is no folder {root}{_beside(root)}"
    files = list(islice(_files(root), MOST))
    message = f"no file below {root} matches {pattern}"
    if not files:
        return f"{message}; there is none"
    count = f"{len(files):,}" if len(files) < MOST else f"the first {MOST:,}"
    best = max(files, key=lambda file: _similarity(file.relative_to(root), parts))
    return f"{message}; nearest of {count}: {visible(str(best))}, {_difference(best.relative_to(root).parts, parts)}"


def _beside(missing: Path) -> str:
    above = next(folder for folder in missing.parents if folder.is_dir())
    name = missing.relative_to(above).parts[0]
    return suggestion(name, [entry.name for entry in above.iterdir() if entry.is_dir()])


def _files(root: Path) -> Iterator[Path]:
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if not name.startswith("."))
        yield from (Path(folder) / file for file in sorted(files) if not file.startswith("."))


def _similarity(file: Path, parts: list[str]) -> float:
    wanted = "/".join(literal_text(part) for part in parts)
    similarity = SequenceMatcher(None, wanted, str(file), autojunk=False).ratio()
    return similarity + CHECKPOINT * (file.suffix in SUFFIXES) - CHECKPOINT * abs(len(file.parts) - len(parts))


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
