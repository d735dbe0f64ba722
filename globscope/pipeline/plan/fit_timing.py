"""How long a map's fit and its decoding take, tried out on random coordinates of the members' shape."""

from time import perf_counter

import numpy as np
from attrs import define

from globscope.errors import GlobscopeError
from globscope.pipeline.workshop import Workshop
from globscope.roles import Tries, capability
from globscope.spec.component_entry import ReducerEntry
from globscope.store import key
from globscope.values.chart import Chart, ReducerInputs
from globscope.values.members import Member, Population
from globscope.values.space import AffineSpace

# Points that are decoded for the time of one.
POINTS = 256
# Seconds beyond which a first fit counts; a shorter one may be mostly what libraries do at their first call: torch's
# optimisers import for seconds, and a fit's time is multiplied.
LONG = 10.0


@define(frozen=True, kw_only=True)
class FitTime:
    """Of one map.

    Attributes:
        fit: Seconds of a fit, at most.
        decode: Seconds of a decoded point; 0 where the map has no inverse.
    """

    fit: float
    decode: float


def fit_time(workshop: Workshop, entry: ReducerEntry, members: int, known: dict[str, FitTime | None]) -> FitTime | None:
    """Return how long a reducer takes with so many members; None where no short trial can tell.

    Only a reducer that offers a `trial` can be tried out: another one may compile or compute for minutes. Slices need
    the networks themselves, and the full space takes coordinates as long as a network.

    Args:
        workshop: Of the study.
        entry: The reducer.
        members: How many networks the population has.
        known: What was tried out before, by the reducer and the coordinates' shape; added to.
    """
    component = entry.component
    rank = min(members - 1, workshop.task.build("cpu").layout.size)
    if entry.space == "full" or rank < 1 or capability(component, Tries) is None:
        return None
    of = key(workshop.key_of(component), members, rank)
    if of not in known:
        try:
            with workshop.errors_of(component):
                known[of] = _try_fit(workshop, entry, members, rank)
        except GlobscopeError:  # of random coordinates; whether the members' own can be fitted, the fit says
            known[of] = None
    return known[of]


def _try_fit(workshop: Workshop, entry: ReducerEntry, members: int, rank: int) -> FitTime | None:
    offer = entry.component.trial(members)
    if offer is None:
        return None
    quick, times = offer
    inputs = _inputs(workshop, members, rank)
    chart, seconds = _time_fit(quick, inputs)
    if seconds < LONG:
        chart, seconds = _time_fit(quick, inputs)
    return FitTime(fit=seconds * times, decode=_time_decoding(chart))


def _time_fit(reducer: object, inputs: ReducerInputs) -> tuple[Chart, float]:
    start = perf_counter()
    chart: Chart = reducer.reduce(inputs, np.random.default_rng(0))  # type: ignore[attr-defined]
    return chart, perf_counter() - start


def _time_decoding(chart: Chart) -> float:
    """Return the seconds of one of many points."""
    if chart.decode is None:
        return 0.0
    points = np.resize(chart.latents, (POINTS, chart.dimension))
    chart.decode(points[:2])  # warms up
    start = perf_counter()
    chart.decode(points)
    return (perf_counter() - start) / POINTS


def _inputs(workshop: Workshop, members: int, rank: int) -> ReducerInputs:
    """Return inputs of the members' shape; their weights, which none of these fits looks at, take no memory."""
    layout = workshop.task.build("cpu").layout
    coordinates = np.random.default_rng(0).standard_normal((members, rank))
    coordinates.flags.writeable = False
    nothing = np.zeros(1, np.float32)
    population = Population(
        members=tuple(Member(variant=f"member {number}", step=0) for number in range(members)),
        weights=np.broadcast_to(nothing, (members, layout.size)),
        layout=layout,
    )
    basis = np.broadcast_to(np.zeros(1), (rank, layout.size))
    space = AffineSpace(origin=np.broadcast_to(nothing, (layout.size,)), basis=basis)
    task = workshop.task
    return ReducerInputs(coordinates=coordinates, population=population, space=space, task=lambda: task)
