"""From a field to its merge tree, and from this to one number."""

from collections.abc import Callable

import numpy as np

from globscope.errors import SpecError, near
from globscope.topology.tree import Branches, sweep_order, trees
from globscope.values.landscape import Landscape, Samples
from globscope.values.topology import MINIMUM, MULTI_SADDLE, SADDLE, MergeTree, Topology


def condense(
    landscape: Landscape,
    field: str,
    persistence: float,
    *,
    mask: bool,
    sweep: Callable[[Samples, np.ndarray], Branches],
) -> Topology:
    """Return the merge tree of one field, both simplified and with every pair.

    Args:
        landscape: The landscape; its samples that are not finite are left out.
        field: Name of the field.
        persistence: Pairs of at most this are removed from the simplified tree; absolute.
        mask: Whether samples outside the trusted region are left out too.
        sweep: Returns the branches of the samples, given the numbers of swept samples in the order of the sweep.

    Raises:
        SpecError: The landscape has no such field.
    """
    if field not in landscape.fields:
        hint = near(field, landscape.fields)
        raise SpecError([f"topology.field = {field!r}: the landscape has no such field; {hint}"])
    values = np.asarray(landscape.fields[field], float)
    usable = np.isfinite(values) & (landscape.trusted if mask else True)
    swept = sweep_order(values, usable)
    tree, full = trees(values, swept, sweep(landscape.samples, swept), persistence)
    return Topology(field=field, threshold=persistence, tree=tree, full=full, left_out=int((~usable).sum()))


def smad(tree: MergeTree, *, weighted: bool = False, relative: bool = False) -> float:
    """Return the saddle–minimum average distance: the mean height of the tree's arcs from a minimum to a saddle.

    An elder branch counts with its lowest arc alone, unlike in the average persistence. 0 where no branches meet.

    Source: Chen et al., "Landscaper: Understanding Loss Landscapes Through Multi-Dimensional Topological Analysis",
    arXiv:2602.07135, 2026; both variants as in its software.

    Args:
        tree: The simplified tree, or the whole one.
        weighted: Whether each height is multiplied by its basin's share of the samples before the mean is taken.
        relative: Whether heights are divided by the range of the field's values.
    """
    low, high = tree.arcs.T
    kinds = np.array(tree.kinds, str)
    chosen = (kinds[low] == MINIMUM) & np.isin(kinds[high], (SADDLE, MULTI_SADDLE))
    gaps = (tree.values[high] - tree.values[low])[chosen]
    if not len(gaps):
        return 0.0
    if weighted:
        gaps = gaps * _shares(tree)[low[chosen]]
    return float(gaps.mean() / (value_range(tree) if relative else 1.0))


def value_range(tree: MergeTree) -> float:
    """Return the highest less the lowest value of the field over the samples in the tree; 0 without any."""
    return float(np.ptp(tree.values)) if len(tree.values) else 0.0


def _shares(tree: MergeTree) -> np.ndarray:
    """Return the share of the tree's samples in the basin of each node's minimum."""
    basins = tree.basin[tree.basin >= 0]
    shares: np.ndarray = np.bincount(basins, minlength=len(tree.basin))[tree.nodes] / len(basins)
    return shares
