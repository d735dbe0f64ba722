"""The contents of one checkpoint: state dicts, tensors, and a model that is recognised by them."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

from attrs import define, field

from globscope.errors import PopulationError
from globscope.population.checkpoint import state_dict_names, tensor_shapes
from globscope.population.state_dict import StateDictChoice
from globscope.registry import Registry
from globscope.roles import Recognises, RecognisesFolders, capability

# Prefixes that frameworks add to a model's own names.
_PREFIX = re.compile(r"^((module|_orig_mod|model|net|network|backbone)\.)+")


@define(frozen=True, kw_only=True)
class Contents:
    """A checkpoint's network.

    Attributes:
        keys: Names of the state dicts, where there are several.
        in_parts: Whether none of these has all shapes of another, so that they are parts of one network.
        shapes: Shapes of the tensors, by name.
        task: Options of a task whose model has such tensors, including `use`; empty where none is recognised.
        problem: Why the file cannot be read; empty where it can.
    """

    keys: tuple[str, ...] = ()
    in_parts: bool = False
    shapes: Mapping[str, tuple[int, ...]] = field(factory=dict, repr=False)
    task: Mapping[str, Any] = field(factory=dict)
    problem: str = ""


def contents(path: Path, registry: Registry) -> Contents:
    """Return the contents of a checkpoint; its values are not read, and nothing in it is executed."""
    try:
        keys = state_dict_names(path)
        by_key = {key: tensor_shapes(path, StateDictChoice(key=key)) for key in keys}
        in_parts = bool(keys) and _are_parts([*by_key.values()])
        key = keys if in_parts else next(iter(keys), None)
        shapes = tensor_shapes(path, StateDictChoice(key=key))
    except PopulationError as error:
        return Contents(problem=str(error))
    plain = {_PREFIX.sub("", name): shape for name, shape in shapes.items()}
    task = _task_of_folder(path.parent, registry) or _task(plain, registry)
    return Contents(keys=keys, in_parts=in_parts, shapes=shapes, task=task)


def _are_parts(state_dicts: Sequence[Mapping[str, tuple[int, ...]]]) -> bool:
    """Return whether no state dict has all shapes of another, as an average of a network has; counters do not count."""
    counts = [Counter(shape for shape in shapes.values() if shape) for shapes in state_dicts]
    return not any(one <= other for one, other in permutations(counts, 2))


def _task_of_folder(folder: Path, registry: Registry) -> dict[str, Any]:
    """Return the options of the first task that knows what lies beside a checkpoint."""
    for name, component in registry.role("task").items():
        knowing = capability(component.cls, RecognisesFolders)
        found = knowing.recognise_folder(folder) if knowing is not None else None
        if found is not None:
            return {"use": name, **found}
    return {}


def _task(shapes: Mapping[str, tuple[int, ...]], registry: Registry) -> dict[str, Any]:
    """Return the options of the first task that recognises a network by its tensors."""
    for name, component in registry.role("task").items():
        knowing = capability(component.cls, Recognises)
        found = knowing.recognise(shapes) if knowing is not None else None
        if found is not None:
            return {"use": name, **found}
    return {}
