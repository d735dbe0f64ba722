"""Built-in analyses."""

from globscope.api import hookimpl
from globscope.builtin.analyses.fidelity import Fidelity


@hookimpl
def globscope_analyses() -> dict[str, type]:
    """Offer the analyses by the name that a spec writes after `use =`."""
    return {"fidelity": Fidelity}
