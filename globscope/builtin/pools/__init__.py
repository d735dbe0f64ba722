"""Built-in pools."""

from globscope.api import hookimpl
from globscope.builtin.pools.here import Here
from globscope.builtin.pools.processes import Processes

GLOBSCOPE_API = 2


@hookimpl
def globscope_pools() -> dict[str, type]:
    """Offer the pools by the name that a spec writes after `pool =`."""
    return {"here": Here, "processes": Processes}
