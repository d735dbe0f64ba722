"""Data that a user's function returns."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from globscope.api import Code, UserCodeError
from globscope.builtin.tasks.data.arrays import Arrays
from globscope.builtin.tasks.data.npz import NAMES


def supplied(code: Code, options: Mapping[str, Any]) -> Arrays:
    """Return the data that a user's function returns: four arrays, or two datasets of (input, target).

    Raises:
        UserCodeError: It returns something else than four arrays of matching lengths.
    """
    found = code.call(**options)
    parts = tuple(found.get(name) for name in NAMES) if isinstance(found, Mapping) else found
    if isinstance(parts, tuple | list) and len(parts) == 2:
        train, test = (gathered(code, part) for part in parts)
        return Arrays(train=train, test=test)
    if not (isinstance(parts, tuple | list) and len(parts) == 4 and all(hasattr(p, "shape") for p in parts)):
        raise UserCodeError(
            f"{code} must return the four arrays {', '.join(NAMES)}, or two datasets; got {_shape(found)}"
        )
    x_train, y_train, x_test, y_test = parts
    for split, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
        if len(x) != len(y) or len(x) == 0:
            raise UserCodeError(f"{code}: x_{split} has {len(x)} examples and y_{split} has {len(y)}")
    return Arrays(train=(x_train, y_train), test=(x_test, y_test))


def _shape(found: Any) -> str:
    if isinstance(found, tuple | list):
        return f"{len(found)} values"
    keys = f" with keys {sorted(map(str, found))}" if isinstance(found, Mapping) else ""
    return type(found).__name__ + keys


def gathered(code: Code, dataset: Any) -> tuple[Any, Any]:
    """Return a `torch.utils.data.Dataset`'s examples, stacked.

    Raises:
        UserCodeError: It has no examples, or they are no pairs of one shape.
    """
    import torch

    if not (hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")) or len(dataset) == 0:
        raise UserCodeError(f"{code}: a dataset must have a length and examples; got {type(dataset).__name__}")
    try:
        pairs = [dataset[at] for at in range(len(dataset))]
        inputs, targets = zip(*pairs, strict=True)
        return _stack(torch, inputs), _stack(torch, targets)
    except Exception as error:
        raise UserCodeError(
            f"{code}: the examples of a dataset must be (input, target) of one shape: {type(error).__name__}: {error}"
        ) from error


def _stack(torch: Any, parts: Any) -> Any:
    return torch.stack(
        [part if isinstance(part, torch.Tensor) else torch.as_tensor(np.asarray(part)) for part in parts]
    )
