"""Data in memory as an archive of arrays, and other data as options of a task."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from globscope.declaration.components import component_class
from globscope.declaration.inputs import InputPath, Inputs
from globscope.declaration.places import option_accepts
from globscope.errors import SpecError
from globscope.registry import Registry

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
# The archive, and what loads it for tasks whose data are code.
ARCHIVE, FILE = "data.npz", "data.py"
LOADER = '''"""Loads the data of this study, which was in memory when it was declared."""

from pathlib import Path

import numpy as np
{imports}
STRUCTURE = {structure!r}


def load():
    with np.load(Path(__file__).with_name("{archive}")) as held:
        return restore(STRUCTURE, held)


def restore(node, held):
    if isinstance(node, dict):
        return {{name: restore(below, held) for name, below in node.items()}}
    if isinstance(node, tuple):
        return tuple(restore(below, held) for below in node)
    return {leaf}
'''
ACCEPTED = (
    "a name, a function that loads them, a path, four arrays (x_train, y_train, x_test, y_test), or two torch datasets"
)


def data_options(task: Any, data: Any, inputs: Inputs, registry: Registry) -> dict[str, Any]:
    """Return the options by which a task finds its data; what is in memory becomes a file of the run folder.

    Of a task that reads no archive, any tuples and mappings of arrays or tensors are handed over as they are.

    Raises:
        SpecError: It is no data.
    """
    if data is None or isinstance(data, str):
        return {"data": data}
    if isinstance(data, Path):
        return {"data": "files", "path": data}
    if not isinstance(data, list | tuple | Mapping):
        if callable(data):
            return {"data": data}
        raise _no_data(data)
    if _reads_archives(task, registry):
        return {"data": "files", "path": inputs.arrays(ARCHIVE, _four_arrays(data))}
    leaves = dict[str, Any]()
    structure = _structure(data, leaves)
    are_tensors = any(hasattr(one, "detach") for one in leaves.values())
    leaf, imports = ("torch.from_numpy(held[node])", "import torch\n") if are_tensors else ("held[node]", "")
    inputs.arrays(ARCHIVE, {name: _array(one) for name, one in leaves.items()})
    loader = inputs.text(FILE, LOADER.format(structure=structure, archive=ARCHIVE, leaf=leaf, imports=imports))
    return {"data": InputPath(f"{loader}:load")}


def _reads_archives(task: Any, registry: Registry) -> bool:
    """Return whether a task's data may be `files`; of one that is not known too, which is refused later."""
    cls = component_class("task", task, registry)
    return cls is None or option_accepts(cls, "data", "files")


def _no_data(data: Any) -> SpecError:
    return SpecError([f"data: {type(data).__name__} is no data; {ACCEPTED} are accepted"])


def _four_arrays(data: Any) -> dict[str, np.ndarray]:
    """Return the arrays of both splits by name."""
    if isinstance(data, Mapping) and set(data) == set(ARRAYS):
        data = [data[name] for name in ARRAYS]
    if isinstance(data, list | tuple) and len(data) == 2 and all(hasattr(one, "__getitem__") for one in data):
        data = [part for split in data for part in _split(split)]
    if not isinstance(data, list | tuple) or len(data) != len(ARRAYS):
        raise _no_data(data)
    return dict(zip(ARRAYS, map(_array, data), strict=True))


def _split(dataset: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the inputs and the targets of a torch dataset, whose items are pairs."""
    pairs = [dataset[row] for row in range(len(dataset))]
    return np.stack([_array(one[0]) for one in pairs]), np.stack([_array(one[1]) for one in pairs])


def _structure(data: Any, leaves: dict[str, Any]) -> Any:
    """Return tuples and mappings with the names of arrays in place of these, which are added to the leaves."""
    if isinstance(data, Mapping):
        return {str(name): _structure(below, leaves) for name, below in data.items()}
    if isinstance(data, list | tuple):
        return tuple(_structure(below, leaves) for below in data)
    if not hasattr(data, "dtype"):
        raise SpecError(
            [f"data: a {type(data).__name__} is no array and no tensor; give a function that returns the data instead"]
        )
    leaves[f"array{len(leaves)}"] = data
    return f"array{len(leaves) - 1}"


def _array(value: Any) -> np.ndarray:
    held = value.detach().cpu().numpy() if hasattr(value, "detach") else value
    return np.asarray(held, order="C")  # not ascontiguousarray, which would give a scalar an axis
