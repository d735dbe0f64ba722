"""What one checkpoint holds: state dicts, tensors, and a model that is known by them."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import define, field

from globscope.errors import PopulationError
from globscope.population.checkpoint import networks, shapes
from globscope.population.state_dict import Reading
from globscope.registry import Registry
from globscope.roles import Recognises, offered

# What frameworks put before a model's own names.
_BEFORE = re.compile(r"^((module|_orig_mod|model|net|network|backbone)\.)+")


@define(frozen=True, kw_only=True)
class Contents:
    """A checkpoint's network.

    Attributes:
        keys: Names of the state dicts, where there are several.
        shapes: Of the tensors, by name.
        task: Options of a task whose model has such tensors, `use` among them; empty where none is known.
        problem: Why the file cannot be read; empty where it can.
    """

    keys: tuple[str, ...] = ()
    shapes: Mapping[str, tuple[int, ...]] = field(factory=dict, repr=False)
    task: Mapping[str, Any] = field(factory=dict)
    problem: str = ""


def contents(path: Path, registry: Registry) -> Contents:
    """Return what a checkpoint holds; its values are not looked at, and nothing of it is executed."""
    try:
        keys = networks(path)
        held = shapes(path, Reading(key=keys[0] if keys else None))
    except PopulationError as error:
        return Contents(problem=str(error))
    return Contents(keys=keys, shapes=held, task=_task({_BEFORE.sub("", n): s for n, s in held.items()}, registry))


def _task(shapes: Mapping[str, tuple[int, ...]], registry: Registry) -> dict[str, Any]:
    """Return the options of the first task that recognises a network by its tensors."""
    for name, component in registry.role("task").items():
        knowing = offered(component.cls, Recognises)
        found = knowing.recognise(shapes) if knowing is not None else None
        if found is not None:
            return {"use": name, **found}
    return {}
