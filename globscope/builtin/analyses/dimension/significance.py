"""Whether a map's passes say more of the networks than their distances do."""

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np

from globscope.api import Table
from globscope.builtin.analyses.dimension.known_paths import KnownPaths
from globscope.builtin.analyses.dimension.run_passes import RunPasses
from globscope.builtin.analyses.mantel import correlate, relabellings

CAPTION = (
    "Spearman's rank correlation, over the {pairs} pairs of runs, of the passes on a map with the figure in `with`: "
    "the passes on {largest}, the map with the most axes; the trained curves' highest values; or the distances in "
    "weight space. The rows of `distance` tell what distance alone says of them. p: share of {orders} of the runs, not "
    "of the pairs, which are not independent, with at least this correlation (Mantel, 1967); it cannot be below "
    "{least:.2g}. partial, p_partial: the same with the distance held fixed, on ranks (Smouse et al., 1986): what the "
    "map says beyond the distance. No p-value is corrected for the number of rows. Empty where a pass is not known, or "
    "all are equal."
)
COLUMNS = ("name", "kind", "axes", "with", "correlation", "p", "partial", "p_partial")
DISTANCE, CURVES = "distance", "curves"
Row = dict[str, Any]


def correlation_table(found: Sequence[RunPasses], known: KnownPaths, most: int, rng: np.random.Generator) -> Table:
    """Return the table with a row for each map and figure, those of the distance alone first.

    The generator draws relabellings where there are more than `most`.
    """
    runs = len(found[0].passes)
    orders = relabellings(runs, most, rng)
    reference = max(found, key=lambda one: one.axes)
    distances = _matrix(known.distances, runs)
    targets = {reference.map.name: reference.passes, CURVES: _matrix(known.curves, runs)}
    sources: list[tuple[Row, np.ndarray]] = [({"name": DISTANCE, "kind": DISTANCE, "axes": None}, distances)]
    sources += [({"name": one.map.name, "kind": one.map.kind, "axes": one.axes}, one.passes) for one in found]
    rows = tuple(
        {**names, "with": target, **_correlations(passes, figures, distances, orders)}
        for names, passes in sources
        for target, figures in (targets | {DISTANCE: distances}).items()
        if target != names["name"]
    )
    caption = CAPTION.format(
        pairs=len(known.distances),
        largest=reference.map.name,
        orders=f"{'all' if _is_complete(orders) else 'drawn'} {len(orders):,} relabellings",
        least=1 / len(orders),
    )
    return Table(name="correlations", caption=caption, columns=COLUMNS, rows=rows)


def _correlations(passes: np.ndarray, figures: np.ndarray, distances: np.ndarray, orders: np.ndarray) -> Row:
    """Return the columns of one row; of the distances themselves nothing is left if they are held fixed."""
    fixed = None if passes is distances or figures is distances else distances
    return attrs.asdict(correlate(passes, figures, fixed, orders))


def _is_complete(orders: np.ndarray) -> bool:
    from math import factorial

    return len(orders) == factorial(orders.shape[1])


def _matrix(pairs: np.ndarray, runs: int) -> np.ndarray:
    """Return the symmetric (n, n) matrix of figures of pairs."""
    matrix = np.zeros((runs, runs))
    matrix[np.triu_indices(runs, 1)] = pairs
    matrix += matrix.T
    return matrix
