"""How a check says what is violated."""

from typing import Any

import numpy as np


class ContractError(AssertionError):
    """A component broke its role's contract; the text names the check and what was violated."""


def require(holds: object, text: str) -> None:
    """Raise what is violated, unless it holds.

    Raises:
        ContractError: With the text.
    """
    if not holds:
        raise ContractError(text)


def require_same(one: Any, two: Any, text: str) -> None:
    """Require two arrays of equal bits, NaN included."""
    first, second = np.asarray(one), np.asarray(two)
    same = first.shape == second.shape and first.dtype == second.dtype and first.tobytes() == second.tobytes()
    require(same, text)


def require_near(one: Any, two: Any, tolerance: float, text: str) -> None:
    """Require two arrays equal within a tolerance relative to the largest magnitude, NaN included."""
    first, second = np.asarray(one, float), np.asarray(two, float)
    require(first.shape == second.shape, f"{text}: shapes {first.shape} and {second.shape}")
    finite = np.isfinite(second)
    scale = np.abs(second[finite]).max(initial=0.0)
    require(np.allclose(first, second, rtol=0, atol=tolerance * scale, equal_nan=True), text)
