"""From a landscape's field to its merge tree, with any sweep."""

from collections.abc import Callable

import numpy as np

from globscope.errors import SpecError, near
from globscope.topology.tree import Branches, sweep_order, trees
from globscope.values.landscape import Landscape, Samples
from globscope.values.topology import Topology


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
