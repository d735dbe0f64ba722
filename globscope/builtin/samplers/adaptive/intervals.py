"""How far to believe the merge tree of an adaptive lattice."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from globscope.api import Finding, Table, finite_or_none, number
from globscope.builtin.samplers.adaptive.fill import Bounds
from globscope.builtin.samplers.adaptive.refine import Refinement
from globscope.builtin.samplers.adaptive.sweep import Sweep

# Standard deviations of the estimated bounds.
DEVIATIONS = 2.0
COLUMNS = (
    "minimum", "nearest_run", "pass", "birth", "birth_at_least", "death", "largest_step", "death_at_least",
    "death_at_most", "bound_along_path",
    "persistence", "persistence_at_least", "persistence_at_most",
)  # fmt: skip
CAPTION = (
    "Every basin that the samples show, and how far its birth and death on the finest lattice may be off. minimum, "
    "pass: numbers of the samples. nearest_run: the run whose last network lies nearest to the minimum on the map. "
    "birth, death, persistence: measured, as in the merge tree of the mesh. death is the highest sample on the lowest "
    "path to a lower minimum, and largest_step is that path's longest step between samples, in steps of the finest "
    "lattice. bound_along_path: highest sample on the lowest path all of whose steps are neighbours on the finest "
    "lattice, an upper bound of the death that needs no estimate; empty where no path between the two minima is "
    "sampled without a gap. _at_least, _at_most: estimates, not proofs, from a spline between the samples within two "
    "standard deviations of its leave-one-out errors; where the bound along a path is lower, _at_most is that bound."
)
Row = dict[str, Any]


def intervals(search: Refinement, edges: np.ndarray, run_at: Callable[[int], str | None]) -> Finding:
    """Return a table of the basins that samples show on their mesh, with an interval for each persistence.

    `run_at` returns the run that ends nearest to a sample.
    """
    bounds, low = search.floor(DEVIATIONS)
    high = search.sweep(bounds.highest)
    walked = search.sweep(np.where(bounds.known, bounds.values, np.inf))
    mesh = search.sweep_samples(edges)
    pairs = mesh.pairs(search.persistence).tolist()
    rows = [
        _row(search, bounds, (low, high, walked), pair) | _steps(search, mesh, pair) | {"nearest_run": run_at(pair[0])}
        for pair in pairs
    ]
    table = Table(name="intervals", caption=CAPTION, columns=COLUMNS, rows=tuple(rows))
    return Finding(tables=(table,), warnings=(*_wide_warnings(rows, search.tolerance), *_hidden_warnings(search)))


def _row(search: Refinement, bounds: Bounds, sweeps: tuple[Sweep, Sweep, Sweep], pair: list[int]) -> Row:
    """Return the figures of one basin, from its minimum, its pass and the lower minimum that it meets there."""
    low, high, walked = sweeps
    values = search.fill.values
    young, _, old = search.fill.measured[pair].tolist()
    birth, death = float(values[pair[0]]), float(values[pair[1]])
    least, most = _top(low, young, old), _top(high, young, old)
    bound = _top(walked, young, old)
    most = min(most, bound)
    deepest = float(bounds.lowest[low.below(young, least)].min())
    return {
        "minimum": pair[0],
        "pass": pair[1],
        "birth": birth,
        "birth_at_least": deepest,
        "death": death,
        "death_at_least": least,
        "death_at_most": finite_or_none(most),
        "bound_along_path": finite_or_none(bound),
        "persistence": death - birth,
        "persistence_at_least": least - birth,
        "persistence_at_most": finite_or_none(most - deepest),
    }


def _steps(search: Refinement, mesh: Sweep, pair: list[int]) -> Row:
    """Return the longest step of a basin's lowest path on the mesh."""
    path = search.fill.vertices[search.fill.measured[mesh.path(pair[0], pair[2])]]
    return {"largest_step": int(np.abs(np.diff(path, axis=0)).max())}


def _top(sweep: Sweep, start: int, end: int) -> float:
    """Return the highest value on the lowest path between two vertices."""
    return float(sweep.values[sweep.path(start, end)].max())


def _wide_warnings(rows: Sequence[Row], tolerance: float) -> Iterator[str]:
    wide = [row for row in rows if _width(row) > tolerance]
    if wide:
        yield (
            f"{len(wide)} of {len(rows)} persistences are known less exactly than the tolerance of {tolerance:g}: the "
            f"least exact within {number(max(map(_width, wide)))} (estimated). A larger budget would narrow them."
        )


def _width(row: Row) -> float:
    """Return how far a persistence may be off, to either side."""
    least, most, measured = (row[f"persistence{end}"] for end in ("_at_least", "_at_most", ""))
    return float(max(measured - least, np.inf if most is None else most - measured))


def _hidden_warnings(search: Refinement) -> Iterator[str]:
    hidden = len(list(search.hidden(DEVIATIONS)))
    if hidden:
        yield (
            f"{hidden} basin{'s' if hidden > 1 else ''} of persistence above {search.persistence:g} may lie between "
            f"the samples (within {DEVIATIONS:g} standard deviations of the spline). A larger budget would settle it."
        )
