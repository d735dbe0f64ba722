"""Data that a user's function returns."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from globscope.api import Code, UserCodeError
from globscope.builtin.tasks.data.arrays import Arrays
from globscope.builtin.tasks.data.npz import NAMES


def load_user_data(code: Code, options: Mapping[str, Any]) -> Arrays:
    """Return the data of a user's function: four arrays, or two datasets of (input, target).

    Raises:
        UserCodeError: It returns anything but four arrays of matching lengths or two datasets.
    """
    returned = code.call(**options)
    parts = tuple(returned.get(name) for name in NAMES) if isinstance(returned, Mapping) else returned
    if isinstance(parts, tuple | list) and len(parts) == 2:
        train, test = (stack_dataset(code, part) for part in parts)
        return Arrays(train=train, test=test)
    if not (isinstance(parts, tuple | list) and len(parts) == 4 and all(hasattr(p, "shape") for p in parts)):
        raise UserCodeError(
            f"{code} must return the four arrays {', '.join(NAMES)}, or two datasets; got {_shape(returned)}"
        )
    x_train, y_train, x_test, y_test = parts
    for split, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
        if len(x) != len(y) or len(x) == 0:
            raise UserCodeError(f"{code}: x_{split} has {len(x)} examples and y_{split} has {len(y)}")
    return Arrays(train=(x_train, y_train), test=(x_test, y_test))


def _shape(returned: Any) -> str:
    if isinstance(returned, tuple | list):
        return f"{len(returned)} values"
    keys = f" with keys {sorted(map(str, returned))}" if isinstance(returned, Mapping) else ""
    return type(returned).__name__ + keys


def stack_dataset(code: Code, dataset: Any) -> tuple[Any, Any]:
    """Return the stacked examples of a `torch.utils.data.Dataset`.

    Raises:
        UserCodeError: It has no examples, or they are not pairs with equal shapes.
    """
    import torch

    if not (hasattr(dataset, "__getitem__") and hasattr(dataset, "__len__")) or len(dataset) == 0:
        raise UserCodeError(f"{code}: a dataset must have a length and examples; got {type(dataset).__name__}")
    try:
        pairs = [dataset[number] for number in range(len(dataset))]
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
