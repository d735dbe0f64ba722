"""The evaluator's journal on disk: the plan, one file a unit, and the fields of all.

Several processes may record units of one plan: every unit is a file of its own, with the device, threads and cost
of its scoring, and so is the mark of a unit that was cut in two.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import asdict, define, evolve

from globscope.errors import EvaluationError
from globscope.returned.numbers import checked_instance
from globscope.returned.results import checked_fields
from globscope.store import LOCK, discard, hold_lock, read_arrays, read_json, write_arrays, write_bytes, write_json
from globscope.values.cost import Cost, total
from globscope.values.evaluation import GRADIENT, Plan, Unit, UnitPullback

PLAN, UNITS, FIELDS = "plan.json", "units.json", "fields.npz"
# The folder of the units' files.
RECORDS = "units"
# The suffix of a mark that a unit is cut in two.
CUT = ".cut"
# The names of units' files, and of the marks of cuts, in the list of a folder's files.
RECORD_NAME = re.compile(rf"{RECORDS}/\d+-\d+(\.npz|{re.escape(CUT)})", re.ASCII)
# Of the arrays of a unit's file: its fields, apart from how they were computed.
FIELD = "field/"


@define
class DiskJournal:
    """A journal in a stage's folder.

    Attributes:
        folder: Folder of the stage.
        count: How many networks the units must cover.
        component: The evaluator, as messages name it.
        rank: Number of coordinates with respect to which gradients are scored too; None where none are.
        pullback: Turns these into the gradients that are recorded; as they are where None.
    """

    folder: Path
    count: int
    component: str = "the evaluator"
    rank: int | None = None
    pullback: UnitPullback | None = None

    def plan(self, proposed: Plan) -> Plan:
        """Return the recorded plan with the cuts that were recorded since, or record the proposed one."""
        with hold_lock(self.folder / LOCK):
            self._record_plan(proposed)
        self._units.mkdir(exist_ok=True)
        return self._recorded_plan()

    def _record_plan(self, proposed: Plan) -> None:
        """Record the plan, unless this or another process has recorded one."""
        if not (self.folder / PLAN).exists():
            check_plan(self.component, proposed, self.count)
            write_json(self.folder / PLAN, asdict(proposed))

    def pending(self) -> list[Unit]:
        """Return the units that still lack a record, in order."""
        units = self._recorded_plan().units
        return [] if self._is_gathered else [unit for unit in units if self.lacks(unit)]

    def lacks(self, unit: Unit) -> bool:
        """Whether a unit still lacks a record."""
        return not self._file(unit).exists()

    @property
    def size(self) -> int:
        """How many networks are scored into it."""
        return self.count

    def record(self, unit: Unit, fields: Mapping[str, np.ndarray], *, device: str, threads: int, cost: Cost) -> None:
        """Write one unit's fields atomically, with where they were computed and at what cost."""
        where = {"device": device, "threads": threads} | cost.record
        checked = checked_fields(self.component, fields, len(unit), self.rank)
        if self.pullback is not None and GRADIENT in checked:
            checked[GRADIENT] = self.pullback(unit, checked[GRADIENT])
        arrays = {f"{FIELD}{name}": values for name, values in checked.items()}
        self._write(unit, arrays | {name: np.array(value) for name, value in where.items()})

    def _write(self, unit: Unit, arrays: Mapping[str, np.ndarray]) -> None:
        write_arrays(self._file(unit), arrays)

    def _read(self, unit: Unit) -> Mapping[str, np.ndarray]:
        return read_arrays(self._file(unit))

    def split(self, unit: Unit) -> None:
        """Cut a unit in two, and record the cut."""
        write_bytes(self._cut(unit), b"")

    def finish(self) -> None:
        """Gather all units into one file.

        Raises:
            EvaluationError: The evaluator left units unrecorded.
        """
        if self.count and self.pending():
            raise EvaluationError(f"{self.component}: left {len(self.pending())} units without a record")
        if not self._is_gathered:
            where, whole = self.gather()
            write_json(self.folder / UNITS, where)
            write_arrays(self.folder / FIELDS, whole)
        discard(self._units)

    def gather(self) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
        """Return how each unit was scored, and the fields of all networks; all units have a record."""
        units = self._recorded_plan().units
        records = [self._read(unit) for unit in units]
        parts = self._alike([_fields(record) for record in records])
        whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}
        return [_where(*pair) for pair in zip(units, records, strict=True)], whole

    def _alike(self, parts: Sequence[dict[str, np.ndarray]]) -> Sequence[dict[str, np.ndarray]]:
        """Return the units' fields, which must have the same names in all."""
        names = {name for part in parts for name in part}
        partial = sorted(name for name in names if any(name not in part for part in parts))
        if partial or (parts and not names):
            which = f"{', '.join(map(repr, partial))} in some units only" if partial else "no field"
            raise EvaluationError(f"{self.component}: recorded {which}; every field is wanted in every unit")
        return parts

    @property
    def used(self) -> dict[str, Any]:
        """How the networks were scored, for the manifest; of a finished journal."""
        units = read_json(self.folder / UNITS)
        places = {name: sorted({unit[name] for unit in units}) for name in ("device", "threads")}
        plan = self._recorded_plan()
        more: dict[str, Any] = {"memory_format": "channels-last"} if plan.channels_last else {}
        more |= {"calibration": "fused"} if plan.fused else {}
        more |= {"reasons": list(plan.reasons)} if plan.reasons else {}
        return {"method": plan.method, "units": len(units), **more, **places}

    @property
    def seconds(self) -> float:
        """Spent on the units, over all processes; of a finished journal."""
        return self.cost().seconds

    def cost(self, besides: Collection[Unit] = ()) -> Cost:
        """Return the cost of all units but some, over all processes; of a finished journal."""
        return cost_of(read_json(self.folder / UNITS), besides)

    @property
    def _units(self) -> Path:
        return self.folder / RECORDS

    @property
    def _is_gathered(self) -> bool:
        """Whether all fields are in one file; a kill between that and the stage's end leaves no units."""
        return (self.folder / FIELDS).exists()

    def _file(self, unit: Unit) -> Path:
        return self._units / record_name(unit)

    def _cut(self, unit: Unit) -> Path:
        return self._file(unit).with_suffix(CUT)

    def _recorded_plan(self) -> Plan:
        """Return the recorded plan, its units cut where that was recorded."""
        path = self.folder / PLAN
        if not path.exists():
            raise EvaluationError(f"{self.component}: asked for units before it called journal.plan()")
        return self.with_cuts(read_plan(path))

    def with_cuts(self, plan: Plan) -> Plan:
        """Return a plan with its units cut where that was recorded."""
        return evolve(plan, units=tuple(part for unit in plan.units for part in self.parts(unit)))

    def parts(self, unit: Unit) -> Iterator[Unit]:
        """Yield what a unit was cut into; one that another process could score whole stays whole."""
        if self._file(unit).exists() or not self._cut(unit).exists():
            yield unit
            return
        for half in unit.halves:
            yield from self.parts(half)


def record_name(unit: Unit) -> str:
    """Return the name of a unit's file."""
    return f"{unit.start:09d}-{unit.stop:09d}.npz"


def check_plan(component: str, plan: Plan, count: int) -> None:
    """Refuse a plan that does not cover so many networks once each.

    Raises:
        PluginError: It is none.
        EvaluationError: Networks are missing, or there more than once.
    """
    checked_instance(f"{component}: plan", plan, Plan)
    covered = [n for unit in plan.units for n in range(unit.start, unit.stop)]
    if covered != list(range(count)):
        raise EvaluationError(f"{component}: its units do not cover networks 0 … {count - 1} once each")


def cost_of(units: Sequence[Mapping[str, Any]], besides: Collection[Unit] = ()) -> Cost:
    """Return the cost of units, as it was recorded with them, but for some."""
    counted = [one for one in units if Unit(start=one["start"], stop=one["stop"]) not in besides]
    return total(*map(Cost.from_record, counted))


def read_plan(path: Path) -> Plan:
    """Return a plan as it was recorded, its units whole."""
    return plan_of(read_json(path))


def plan_of(recorded: Mapping[str, Any]) -> Plan:
    """Return a plan from its JSON values."""
    return Plan(**{**recorded, "units": tuple(Unit(**unit) for unit in recorded["units"])})


def _fields(record: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name.removeprefix(FIELD): values for name, values in record.items() if name.startswith(FIELD)}


def _where(unit: Unit, record: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return asdict(unit) | {name: array.item() for name, array in record.items() if not name.startswith(FIELD)}
