"""Measures that condense a merge tree into one number."""

import numpy as np

from globscope.values.topology import MINIMUM, MULTI_SADDLE, SADDLE, MergeTree


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
