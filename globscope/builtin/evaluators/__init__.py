"""Built-in evaluators."""

from globscope.api import hookimpl
from globscope.builtin.evaluators.pytorch import Torch

GLOBSCOPE_API = 2


@hookimpl
def globscope_evaluators() -> dict[str, type]:
    """Offer the evaluators by the name that a spec writes after `use =`."""
    return {"torch": Torch}
