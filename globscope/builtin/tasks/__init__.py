"""Built-in tasks."""

from globscope.api import hookimpl
from globscope.builtin.tasks.classification import Classification


@hookimpl
def globscope_tasks() -> dict[str, type]:
    """Offer the tasks by the name that a spec writes after `use =`."""
    return {"classification": Classification}
