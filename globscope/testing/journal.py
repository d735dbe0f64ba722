"""An evaluator's journal in memory."""

from collections.abc import Mapping

import numpy as np
from attrs import define, evolve, field

from globscope.api import Plan, Unit
from globscope.returned.results import checked_fields
from globscope.testing.claims import require


@define
class MemoryJournal:
    """Records units in memory, and refuses what a study's journal would refuse.

    Attributes:
        count: How many networks the units must cover.
        width: Networks a unit, whatever the evaluator proposes, as if so recorded before; as proposed where unset.
        backwards: Whether pending units are handed out in reverse order.
        recorded: Fields by unit.
        planned: The plan, once there is one.
    """

    count: int
    width: int | None = None
    backwards: bool = False
    recorded: dict[Unit, dict[str, np.ndarray]] = field(factory=dict)
    planned: Plan | None = None

    def plan(self, proposed: Plan) -> Plan:
        """Return the plan, cut as wished."""
        if self.planned is None:
            width = self.width
            if width is not None:
                cuts = [Unit(start=s, stop=min(s + width, self.count)) for s in range(0, self.count, width)]
                proposed = evolve(proposed, units=tuple(cuts))
            covered = [n for unit in proposed.units for n in range(unit.start, unit.stop)]
            require(covered == list(range(self.count)), f"the plan's units do not cover {self.count} networks once")
            self.planned = proposed
        return self.planned

    def pending(self) -> list[Unit]:
        """Return the units that still lack a record."""
        units = [unit for unit in self._plan().units if unit not in self.recorded]
        return units[::-1] if self.backwards else units

    def record(self, unit: Unit, fields: Mapping[str, np.ndarray], *, device: str, threads: int) -> None:
        """Keep one unit's fields."""
        require(bool(device) and threads > 0, f"{unit} is recorded without the device and threads that it took")
        require(unit in self._plan().units, f"{unit} is recorded, but it is not in the plan")
        require(unit not in self.recorded, f"{unit} is recorded twice")
        found = checked_fields("the journal", fields, unit.stop - unit.start)
        self.recorded[unit] = {name: np.array(values) for name, values in found.items()}

    def split(self, unit: Unit) -> None:
        """Cut a unit in two."""
        plan = self._plan()
        at = plan.units.index(unit)
        self.planned = evolve(plan, units=(*plan.units[:at], *unit.halves, *plan.units[at + 1 :]))

    def fields(self) -> dict[str, np.ndarray]:
        """Return every field over all networks."""
        units = self._plan().units
        missing = [unit for unit in units if unit not in self.recorded]
        require(not missing, f"{missing} were left without a record")
        names = [set(self.recorded[unit]) for unit in units]
        require(all(found == names[0] for found in names), f"units have different fields: {names}")
        return {name: np.concatenate([self.recorded[unit][name] for unit in units]) for name in self.recorded[units[0]]}

    def _plan(self) -> Plan:
        require(self.planned is not None, "units are asked for before journal.plan() is called")
        assert self.planned is not None
        return self.planned
