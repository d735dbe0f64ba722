"""Data that needs no file: scikit-learn's digits and diabetes, and generated images of shapes in noise."""

import inspect
from collections.abc import Mapping
from math import ceil
from typing import Any

import numpy as np

from globscope.api import UserCodeError, near
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


BACKGROUND, ELLIPSE, RECTANGLE = range(3)


def load_shapes(options: Mapping[str, Any]) -> Arrays:
    """Return the generated images with the user's options.

    Raises:
        UserCodeError: There is no such option, or its value is not accepted.
    """
    known = list(inspect.signature(draw_shapes).parameters)
    for option, value in options.items():
        if option not in known:
            raise UserCodeError(f"task.data_options.{option}: data 'shapes' has no such option; {near(option, known)}")
        least, kind = (0, int | float) if option == "noise" else (8 if option == "size" else option != "seed", int)
        if isinstance(value, bool) or not isinstance(value, kind) or not least <= value < np.inf:
            word = "a number" if option == "noise" else "an integer"
            raise UserCodeError(f"task.data_options.{option}: must be {word} of at least {int(least)}, got {value!r}")
    return draw_shapes(**options)


def draw_shapes(*, train: int = 256, test: int = 64, size: int = 32, noise: float = 0.3, seed: int = 0) -> Arrays:
    """Return gray images, (examples, 1, size, size), each of two ellipses (1) and two rectangles (2) on background (0).

    A shape's brightness does not depend on its class, and a later shape hides what it covers; the noise is normal.
    """
    rng = np.random.default_rng(seed)
    images, classes = zip(*(_image(rng, size, noise) for _ in range(train + test)), strict=True)
    x, y = np.stack(images)[:, None], np.stack(classes)
    return Arrays(train=(x[:train], y[:train]), test=(x[train:], y[train:]))


def _image(rng: np.random.Generator, size: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    image, classes = np.full((size, size), 0.5), np.full((size, size), BACKGROUND)
    for kind in rng.permutation([ELLIPSE, RECTANGLE, ELLIPSE, RECTANGLE]):
        inside = _shape(rng, size, ellipse=kind == ELLIPSE)
        classes[inside] = kind
        # Darker or brighter than the background, never like it.
        image[inside] = 0.5 + rng.choice([-1, 1]) * rng.uniform(0.3, 0.5)
    return (image + noise * rng.normal(size=image.shape)).astype(np.float32), classes


def _shape(rng: np.random.Generator, size: int, *, ellipse: bool) -> np.ndarray:
    """Return the mask of pixels within a shape of random centre and half-widths."""
    middle, half = rng.uniform(0.2, 0.8, 2) * size, rng.uniform(0.1, 0.25, 2) * size
    rows, columns = np.ogrid[:size, :size]
    down, across = np.abs(rows + 0.5 - middle[0]) / half[0], np.abs(columns + 0.5 - middle[1]) / half[1]
    inside: np.ndarray = down**2 + across**2 <= 1 if ellipse else np.maximum(down, across) <= 1
    return inside
