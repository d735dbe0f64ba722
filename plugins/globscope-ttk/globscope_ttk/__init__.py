"""The topology `ttk`: merge trees by the Topology ToolKit."""

from globscope.api import hookimpl
from globscope_ttk.method import Ttk

GLOBSCOPE_API = 2


@hookimpl
def globscope_topologies() -> dict[str, type]:
    """Offer the topology under the name that a spec writes after `use =`."""
    return {"ttk": Ttk}
