"""The reducer `flow`: a map with an exact inverse, by a normalising flow."""

from globscope.api import hookimpl
from globscope_flow.reducer import Flow

GLOBSCOPE_API = 2


@hookimpl
def globscope_reducers() -> dict[str, type]:
    """Offer the reducer under the name that a spec writes after `use =`."""
    return {"flow": Flow}
