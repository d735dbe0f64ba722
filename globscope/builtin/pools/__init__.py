"""Built-in pools."""

from globscope.api import hookimpl
from globscope.builtin.pools.processes import Here, Processes

GLOBSCOPE_API = 2


@hookimpl
def globscope_pools() -> dict[str, type]:
    """Offer the pools by the name that a spec writes after `pool =`."""
    return {"here": Here, "processes": Processes}
