"""Built-in topologies."""

from globscope.api import hookimpl
from globscope.builtin.topology.gudhi import Gudhi

GLOBSCOPE_API = 2


@hookimpl
def globscope_topologies() -> dict[str, type]:
    """Offer the topologies under the names that a spec writes after `use =`."""
    return {"gudhi": Gudhi}
