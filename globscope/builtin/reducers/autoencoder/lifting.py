"""The lift of a space as a torch computation; imported where torch is needed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from globscope.api import AffineSpace, Space, SpanSpace

TorchLift = Callable[[Any], Any]


def torch_lift(space: Space, device: str) -> TorchLift:
    """Return the function from (n, r) float32 coordinates to (n, D) float32 weights, differentiable, on a device.

    A span keeps its (N, D) float32 parts there, and a space with a basis that basis; nothing larger is made.
    """
    if isinstance(space, SpanSpace):
        return _span_lift(space, device)
    if isinstance(space, AffineSpace):
        origin, basis = _on(device, space.origin), _on(device, space.basis)
        return lambda coordinates: torch.addmm(origin, coordinates, basis)
    mean = _on(device, space.lift(np.zeros((1, space.rank)))[0])  # weight space itself
    return lambda coordinates: coordinates + mean


def _span_lift(space: SpanSpace, device: str) -> TorchLift:
    even, coefficients = _on(device, space.shares(np.zeros((1, space.rank)))[0]), _on(device, space.coefficients)
    parts = torch.empty(space.weights.shape, device=device)
    for row, part in enumerate(parts):  # one by one, so that no copy of all is made beside them
        part.copy_(torch.from_numpy(space.part(row)))
    return lambda coordinates: torch.addmm(even, coordinates, coefficients) @ parts


def _on(device: str, array: np.ndarray) -> Any:
    return torch.from_numpy(np.array(array, np.float32)).to(device)
