"""Layers' statistics as plain averages over batches."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def cumulative_average(norms: Sequence[Any]) -> Iterator[None]:
    """Let layers with statistics average all passes with equal weights, also the two of a layer that is used twice.

    The same average as torch's `momentum = None`, for which a BatchNorm layer reads its counter of batches: on a GPU
    the host then waits for every layer and batch. InstanceNorm has no such average.

    Args:
        norms: Modules with a `momentum`, which is restored.
    """
    passes = Counter[Any]()

    def weigh(norm: Any, _: Any) -> None:
        passes[norm] += 1
        norm.momentum = 1 / passes[norm]

    momenta = [norm.momentum for norm in norms]
    hooks = [norm.register_forward_pre_hook(weigh) for norm in norms]
    try:
        yield
    finally:
        for norm, momentum, hook in zip(norms, momenta, hooks, strict=True):
            norm.momentum = momentum
            hook.remove()
