"""The evaluator's journal on disk: the plan, one file a unit, and the fields of all."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
from attrs import asdict, define, evolve, field

from globscope.errors import EvaluationError
from globscope.returned.numbers import checked_instance
from globscope.returned.results import checked_fields
from globscope.store import discard, read_arrays, read_json, write_arrays, write_json
from globscope.values.evaluation import Plan, Unit

PLAN, FIELDS, TIMING = "plan.json", "fields.npz", "timing.json"


@define
class DiskJournal:
    """A journal in a stage's folder.

    Attributes:
        folder: Of the stage.
        count: How many networks the units must cover.
        component: The evaluator, as messages name it.
    """

    folder: Path
    count: int
    component: str = "the evaluator"
    _since: float = field(factory=perf_counter)

    def plan(self, proposed: Plan) -> Plan:
        """Return the recorded plan; one made for another device or thread count is started anew."""
        checked_instance(f"{self.component}: plan", proposed, Plan)
        recorded = self._recorded()
        if recorded and (recorded.device, recorded.threads) == (proposed.device, proposed.threads):
            self._units.mkdir(exist_ok=True)  # a kill between `finish` and the stage's end leaves none
            return recorded
        covered = [n for unit in proposed.units for n in range(unit.start, unit.stop)]
        if covered != list(range(self.count)):
            raise EvaluationError(f"{self.component}: its units do not cover networks 0 … {self.count - 1} once each")
        discard(self._units)
        self._units.mkdir(parents=True)
        self._keep(proposed)
        return proposed

    def pending(self) -> list[Unit]:
        """Return the units that still lack a record, in order."""
        return [unit for unit in self._planned().units if not self._file(unit).exists()]

    def record(self, unit: Unit, fields: Mapping[str, np.ndarray]) -> None:
        """Write one unit's fields atomically."""
        write_arrays(self._file(unit), checked_fields(self.component, fields, unit.stop - unit.start))
        now = perf_counter()
        write_json(self.folder / TIMING, {"seconds": self.seconds + now - self._since})
        self._since = now

    def split(self, unit: Unit) -> None:
        """Cut a unit in two, and record the cut."""
        middle = (unit.start + unit.stop) // 2
        halves = (evolve(unit, stop=middle), evolve(unit, start=middle))
        plan = self._planned()
        at = plan.units.index(unit)
        self._keep(evolve(plan, units=(*plan.units[:at], *halves, *plan.units[at + 1 :])))

    def finish(self) -> None:
        """Gather all units into one file.

        Raises:
            EvaluationError: The evaluator left units unrecorded.
        """
        if self.count and self.pending():
            raise EvaluationError(f"{self.component}: left {len(self.pending())} units without a record")
        parts = self._alike([read_arrays(self._file(unit)) for unit in self._planned().units])
        whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}
        write_arrays(self.folder / FIELDS, whole)
        discard(self._units)

    def _alike(self, parts: Sequence[dict[str, np.ndarray]]) -> Sequence[dict[str, np.ndarray]]:
        """Return the units' fields, which must have the same names in all."""
        names = {name for part in parts for name in part}
        partial = sorted(name for name in names if any(name not in part for part in parts))
        if partial or (parts and not names):
            which = f"{', '.join(map(repr, partial))} in some units only" if partial else "no field"
            raise EvaluationError(f"{self.component}: recorded {which}; every field is wanted in every unit")
        return parts

    @property
    def used(self) -> dict[str, str | int]:
        """How the networks were scored, for the manifest."""
        plan = self._planned()
        return {"method": plan.method, "device": plan.device, "threads": plan.threads, "units": len(plan.units)}

    @property
    def seconds(self) -> float:
        """Spent on the recorded units, over all sessions."""
        path = self.folder / TIMING
        return float(read_json(path)["seconds"]) if path.exists() else 0.0

    @property
    def _units(self) -> Path:
        return self.folder / "units"

    def _file(self, unit: Unit) -> Path:
        return self._units / f"{unit.start:09d}-{unit.stop:09d}.npz"

    def _keep(self, plan: Plan) -> None:
        write_json(self.folder / PLAN, asdict(plan))

    def _planned(self) -> Plan:
        plan = self._recorded()
        if plan is None:
            raise EvaluationError(f"{self.component}: asked for units before it called journal.plan()")
        return plan

    def _recorded(self) -> Plan | None:
        path = self.folder / PLAN
        if not path.exists():
            return None
        found = read_json(path)
        return Plan(**found | {"units": tuple(Unit(**unit) for unit in found["units"])})
