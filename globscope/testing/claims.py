"""How a check says what is violated."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def global_states() -> Iterator[list[str]]:
    """Yield the names of the libraries whose global random state a block moved, filled in at its end."""
    before, moved = {name: state() for name, state in _STATES.items()}, list[str]()
    yield moved
    moved += [name for name, state in _STATES.items() if state() != before[name]]


@contextmanager
def other_global_seeds(seed: int) -> Iterator[None]:
    """Run a block under other global random states, to find out what depends on them."""
    import torch

    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - the very state that is watched
    with torch.random.fork_rng():
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        torch.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002


def _torch_state() -> bytes:
    import torch

    return torch.get_rng_state().numpy().tobytes()


_STATES: dict[str, Callable[[], object]] = {
    "random": random.getstate,
    "numpy": lambda: repr(np.random.get_state(legacy=False)),  # noqa: NPY002
    "torch": _torch_state,
}
