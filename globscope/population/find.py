"""Which files the population is made of: by pattern, variant and step."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from attrs import define, evolve, field

from globscope.errors import PopulationError
from globscope.population.checkpoint import Checkpoint, files, read
from globscope.population.file_problem import file_problem
from globscope.population.nearest import nothing
from globscope.population.state_dict import Reading
from globscope.population.walk import matches
from globscope.references import Pattern
from globscope.spec.model import CheckpointFiles, Source, Zoo
from globscope.spec.pattern import STEP, VARIANT, absolute, filled
from globscope.visible import visible

# Files that cannot be read and are named one by one.
NAMED = 10


@define(frozen=True, kw_only=True)
class Found:
    """One checkpoint file.

    Attributes:
        path: Of the file.
        variant: From its path.
        step: From its path; 0 where that has none.
        reading: Which of the file's state dicts it is, under which names.
    """

    path: Path
    variant: str
    step: int
    reading: Reading = field(factory=Reading)

    def read(self) -> Checkpoint:
        """Return what the file holds.

        Raises:
            PopulationError: It cannot be read as the network that it is to be.
        """
        return read(self.path, self.reading)

    @property
    def identity(self) -> tuple[object, ...]:
        """What stages depend on: who it is, its files' bytes, and how they are read where that is said."""
        own = (self.variant, self.step, files(self.path))
        return own if self.reading == Reading() else (*own, self.reading)


def find(source: Source, folder: Path) -> list[Found]:
    """Return the files that a spec names, by variant, then by step as a number; patterns start at `folder`.

    Raises:
        PopulationError: A pattern matches none, what matches is no readable file, or two files claim the same
            variant and step.
    """
    asked = source.checkpoints or ()
    entries = (asked,) if isinstance(asked, str) else asked
    try:
        found = [one for entry in entries for one in _of(entry, source, folder)]
    except PopulationError as error:
        place = "zoo" if isinstance(source, Zoo) else "population"
        raise PopulationError("\n".join(f"{place}.checkpoints: {line}" for line in str(error).splitlines())) from error
    found.sort(key=lambda f: (f.variant, f.step))
    for one, two in pairwise(found):
        if (one.variant, one.step) == (two.variant, two.step):
            raise PopulationError(_clash(one, two))
    return found


def _clash(one: Found, two: Found) -> str:
    return f"{one.path} and {two.path} are both step {one.step} of {one.variant!r}"


def _of(entry: Pattern | CheckpointFiles, source: Source, folder: Path) -> Iterator[Found]:
    if isinstance(entry, CheckpointFiles):
        key, found = entry.key, _of_table(entry, folder)
    else:
        key, found = None, _matching(entry, source.template, folder)
    reading = Reading(key=source.key if key is None else key, rename=source.rename)
    yield from (evolve(one, reading=reading) for one in found)


def _of_table(table: CheckpointFiles, folder: Path) -> list[Found]:
    if table.pattern is not None:
        return _matching(table.pattern, table.variant, folder)
    assert table.path is not None
    if problem := file_problem(table.path):
        raise PopulationError(f"{table.path} {problem}")
    return [Found(path=table.path, variant=table.variant, step=table.step or 0)]


def _matching(pattern: Pattern, template: str | None, folder: Path) -> list[Found]:
    """Return the files that match a pattern, named by a template."""
    whole = absolute(pattern, folder)
    every = matches(whole)
    if not every:
        raise PopulationError(nothing(whole))
    problems = dict.fromkeys(f"{visible(str(match.path))} {match.problem}" for match in every if match.problem)
    if problems:
        raise PopulationError("\n".join(_few([*problems])))
    name = template or f"{{{VARIANT}}}"
    return [
        Found(path=match.path, variant=filled(name, match.words), step=int(match.words.get(STEP, 0))) for match in every
    ]


def _few(problems: list[str]) -> Iterator[str]:
    yield from problems[:NAMED]
    if len(problems) > NAMED:
        yield f"{len(problems) - NAMED} further paths that match cannot be read"
