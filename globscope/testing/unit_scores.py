"""Scores networks as a study does, unit by unit, and keeps nothing on disk."""

from typing import Any

import numpy as np
from attrs import evolve

from globscope.api import Networks, Plan, Unit
from globscope.returned.results import checked_fields
from globscope.testing.claims import require


def score_units(
    evaluator: Any, networks: Networks, task: Any, *, width: int | None = None, backwards: bool = False
) -> dict[str, np.ndarray]:
    """Return the fields of networks, (n,) each.

    Args:
        evaluator: Plans and scores.
        networks: To score.
        task: Theirs.
        width: Networks a unit, whatever the evaluator plans, as if a plan had been recorded; as planned where unset.
        backwards: Whether the last unit is scored first.
    """
    plan = plan_of_width(evaluator, networks, task, width)
    scorer = evaluator.scorer(networks, task, plan)
    require(isinstance(scorer.device, str) and scorer.device, "the scorer does not name its device")
    units, rank = plan.units[::-1] if backwards else plan.units, networks.gradient_rank
    found = {unit: _fields(scorer.score(unit), unit, rank) for unit in units}
    names = [set(fields) for fields in found.values()]
    require(all(own == names[0] for own in names), f"units have different fields: {names}")
    return {name: np.concatenate([found[unit][name] for unit in plan.units]) for name in found[plan.units[0]]}


def plan_of_width(evaluator: Any, networks: Networks, task: Any, width: int | None = None) -> Plan:
    """Return the evaluator's plan, whose units must cover all networks once, or one with units of another width."""
    plan: Plan = evaluator.plan(networks, task)
    covered = [n for unit in plan.units for n in range(unit.start, unit.stop)]
    require(covered == list(range(len(networks))), f"the plan's units do not cover {len(networks)} networks once")
    if width is None:
        return plan
    starts = range(0, len(networks), width)
    return evolve(plan, units=tuple(Unit(start=s, stop=min(s + width, len(networks))) for s in starts))


def _fields(found: Any, unit: Unit, rank: int | None) -> dict[str, np.ndarray]:
    checked = checked_fields("the scorer", found, unit.stop - unit.start, rank)
    return {name: np.array(values) for name, values in checked.items()}
