"""The values of any field within the basins of a merge tree."""

import numpy as np

from globscope.errors import GlobscopeError, near
from globscope.values.landscape import Landscape
from globscope.values.topology import Topology


def basin_values(landscape: Landscape, topology: Topology, name: str) -> dict[int, np.ndarray]:
    """Return the values of any of a landscape's fields at the samples of each basin of the simplified tree.

    Args:
        landscape: The landscape.
        topology: A merge tree of it, of whichever field.
        name: Name of a field, or `distance_to_member`.

    Returns:
        By the vertex of each basin's minimum, deepest first, the (k,) values at its samples in the order of their
        numbers; a value that is not finite is kept.

    Raises:
        GlobscopeError: The landscape has no such field.
    """
    known = {**landscape.fields, "distance_to_member": landscape.distance_to_member}
    if name not in known:
        raise GlobscopeError(f"the landscape has no field {name!r}; {near(name, known)}")
    values = np.asarray(known[name], float)
    return {minimum: values[topology.tree.basin == minimum] for minimum in topology.tree.pairs[:, 0].tolist()}
