"""Data that comes with scikit-learn."""

from math import ceil

import numpy as np

from globscope.api import UserCodeError
from globscope.builtin.tasks.data.arrays import Arrays


def digits(test_share: float, seed: int) -> Arrays:
    """Return scikit-learn's digits, scaled to [0, 1], in a stratified split.

    Raises:
        UserCodeError: The share leaves a split with too few digits, or the seed has more than 32 bits.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, targets = load_digits(return_X_y=True)
    images = (images / 16).astype(np.float32)
    _require_split(len(images), len(set(targets)), test_share, seed)
    parts = train_test_split(images, targets, test_size=test_share, random_state=seed, stratify=targets)
    x_train, x_test, y_train, y_test = parts
    return Arrays(train=(x_train, y_train), test=(x_test, y_test))


def diabetes(test_share: float, seed: int) -> Arrays:
    """Return scikit-learn's diabetes data: ten values for each patient, and the standardised progression.

    Raises:
        UserCodeError: The share leaves a split empty, or the seed has more than 32 bits.
    """
    from sklearn.datasets import load_diabetes
    from sklearn.model_selection import train_test_split

    inputs, targets = load_diabetes(return_X_y=True)
    _require_split(len(inputs), 1, test_share, seed)
    targets = (targets - targets.mean()) / targets.std()
    x_train, x_test, y_train, y_test = train_test_split(inputs, targets, test_size=test_share, random_state=seed)
    return Arrays(train=(x_train, y_train), test=(x_test, y_test))


def _require_split(count: int, classes: int, test_share: float, seed: int) -> None:
    """Refuse splits that scikit-learn refuses: it splits by class, with a generator of 32 bits."""
    held = ceil(test_share * count)
    if not classes <= held <= count - classes:
        raise UserCodeError(
            f"task.test_share: each split needs at least {classes} of the {count:,} digits, as many as there are "
            f"classes; {test_share} leaves {count - held:,} to train and {held:,} to test"
        )
    if seed >= 2**32:
        raise UserCodeError(f"task.split_seed: must be < 2**32 for the digits, got {seed}")
