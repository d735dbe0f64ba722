"""Data that a spec can name, and the check of data that a user's function returns."""

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import Code, UserCodeError

NAMES = ("x_train", "y_train", "x_test", "y_test")


@define(frozen=True, kw_only=True)
class Arrays:
    """Inputs and targets of both splits.

    Attributes:
        train: (examples, …) inputs and (examples, …) targets.
        test: The same, held back.
    """

    train: tuple[Any, Any] = field(eq=False, repr=False)
    test: tuple[Any, Any] = field(eq=False, repr=False)

    @property
    def inputs(self) -> int:
        """Numbers per example."""
        return prod(self.train[0].shape[1:])

    @property
    def classes(self) -> int:
        """One more than the largest target."""
        return int(max(self.train[1].max(), self.test[1].max())) + 1


def digits(test_share: float, seed: int) -> Arrays:
    """Return scikit-learn's digits, scaled to [0, 1], in a stratified split."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, targets = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32)
    parts = train_test_split(images, targets, test_size=test_share, random_state=seed, stratify=targets)
    x_train, x_test, y_train, y_test = parts
    return Arrays(train=(x_train, y_train), test=(x_test, y_test))


def supplied(code: Code, options: Mapping[str, Any]) -> Arrays:
    """Return the data that a user's function returns.

    Raises:
        UserCodeError: It returns something else than four arrays of matching lengths.
    """
    found = code.call(**options)
    parts = tuple(found.get(name) for name in NAMES) if isinstance(found, Mapping) else found
    if not (isinstance(parts, tuple | list) and len(parts) == 4 and all(hasattr(p, "shape") for p in parts)):
        raise UserCodeError(f"{code} must return the four arrays {', '.join(NAMES)}; got {_shape(found)}")
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
