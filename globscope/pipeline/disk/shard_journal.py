"""The units of an evaluation that shards score.

A shard writes into a folder of its own beside that of the stage, in which lie a copy of the plan and its units. So no
shard waits for another, and units can be brought together from copies of a run. The process that finishes the stage
takes the units of all.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from attrs import define, field

from globscope.errors import FileError
from globscope.pipeline.disk.journal import CUT, FIELD, PLAN, RECORD_NAME, RECORDS, DiskJournal, read_plan, record_name
from globscope.pipeline.extent import Shard
from globscope.store import read_arrays, write_bytes
from globscope.store.record import Content, Record, read
from globscope.values.cost import Cost
from globscope.values.evaluation import Unit


@define
class ShardJournal(DiskJournal):
    """The journal of a shard, in its own folder.

    Attributes:
        shard: Which units are its own.
        key: Key of the stage.
        place: Where the stage will lie; once it does, somebody has finished it, and removes the journal.
        others: Folders in which other processes record units of the stage.
        done: How many units were recorded here.
    """

    shard: Shard = field(kw_only=True)
    key: str = field(kw_only=True)
    place: Path = field(kw_only=True)
    others: Sequence[Path] = field(kw_only=True)
    done: int = field(default=0, init=False)

    @property
    def size(self) -> int:
        """How many networks the shard scores."""
        return sum(len(unit) for unit in self._own)

    def pending(self) -> list[Unit]:
        """Return the shard's own units that nobody has recorded, in order."""
        return [part for unit in self._own for part in self.parts(unit) if self.lacks(part)]

    def lacks(self, unit: Unit) -> bool:
        """Whether nobody has recorded a unit; nothing is lacking once the stage is finished."""
        return not self.is_over and not is_recorded(unit, (self.folder, *self.others))

    def record(self, unit: Unit, fields: Mapping[str, np.ndarray], *, device: str, threads: int, cost: Cost) -> None:
        """Write one unit's fields, unless the stage was finished meanwhile."""
        with self._unless_finished():
            super().record(unit, fields, device=device, threads=threads, cost=cost)
            self.done += 1

    def split(self, unit: Unit) -> None:
        """Record that a unit is cut in two, unless the stage was finished meanwhile."""
        with self._unless_finished():
            super().split(unit)

    @contextmanager
    def _unless_finished(self) -> Iterator[None]:
        """Write into the folder, which whoever finishes the stage removes."""
        try:
            yield
        except FileNotFoundError:
            if not self.is_over:
                raise

    @property
    def is_over(self) -> bool:
        """Whether another process has finished the stage meanwhile."""
        return self.place.is_dir()

    @property
    def _own(self) -> list[Unit]:
        try:
            units = read_plan(self.folder / PLAN).units
        except FileError:
            if not self.is_over:
                raise
            units = ()
        return [unit for at, unit in enumerate(units) if self.shard.takes(at, self.key)]


def is_recorded(unit: Unit, folders: Sequence[Path]) -> bool:
    """Whether a unit, or all of what it was cut into, has a record in one of several folders."""
    names = [folder / RECORDS / record_name(unit) for folder in folders]
    if any(name.exists() for name in names):
        return True
    return any(name.with_suffix(CUT).exists() for name in names) and all(
        is_recorded(half, folders) for half in unit.halves
    )


@define
class TakenUnits:
    """What came of taking the units in one folder into another.

    Attributes:
        count: How many were taken; a mark that says that a unit is cut is none.
        problems: Why others were not: damaged ones, and those that differ from what is there.
    """

    count: int = 0
    problems: list[str] = field(factory=list)


def take_units(source: Path, target: Path, of: str) -> TakenUnits:
    """Copy the units in one folder into another, where it lacks them; both are folders of a stage with this name."""
    taken, record = TakenUnits(), read(source)
    if not any(source.glob(f"{RECORDS}/*")):  # its shard may just be about to begin
        return taken
    if record is None or record.of != of:
        taken.problems.append(f"{source}: not used: the list of its files is missing, damaged or of another stage")
        return taken
    if not _has_plan(source, target, record):
        taken.problems.append(f"{source}: not used: its units are not those of the plan in {target}")
        return taken
    # No other names: the list of a copy may come from anybody, and a name with `..` would lead out of the run folder.
    for name in sorted(filter(RECORD_NAME.fullmatch, record.files)):
        _take(source / name, target / name, record.files[name], taken)
    return taken


def _has_plan(source: Path, target: Path, record: Record) -> bool:
    """Whether both folders have the same plan; where the target has none, that of the source is copied."""
    if not record.is_as_written(source, PLAN):
        return False
    if not (target / PLAN).exists():
        write_bytes(target / PLAN, (source / PLAN).read_bytes())
    return read_plan(source / PLAN) == read_plan(target / PLAN)


def _take(source: Path, target: Path, known: Sequence[Content], taken: TakenUnits) -> None:
    content = source.read_bytes() if source.is_file() and not source.is_symlink() else None
    if content is None:  # killed before it was there
        return
    if Content.of_bytes(content) not in known:
        taken.problems.append(f"{source}: not used: it is damaged or was changed")
    elif not target.exists():
        target.parent.mkdir(exist_ok=True)
        write_bytes(target, content)
        taken.count += target.suffix != CUT
    elif names := list(differing_fields(source, target)):
        taken.problems.append(f"{source}: not used: {target} has other values of {', '.join(names)}")


def differing_fields(one: Path, two: Path) -> Iterator[str]:
    """Yield the fields in which the records of a unit differ; where and in what time it was scored may differ."""
    first, second = (read_arrays(path) if path.suffix == ".npz" else {} for path in (one, two))
    for name in sorted(name for name in first | second if name.startswith(FIELD)):
        if name not in first or name not in second or first[name].tobytes() != second[name].tobytes():
            yield name.removeprefix(FIELD)
