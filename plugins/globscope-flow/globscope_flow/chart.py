"""The chart of a fitted flow; imported where torch is needed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from globscope.api import Chart, ReducerInputs
from globscope_flow.couplings import couplings, distances

# The largest error of a member's coordinate, in units of the coordinates' root mean square, that is called none.
ROUNDING = 1e-9


def chart_of(inputs: ReducerInputs, arrays: Mapping[str, np.ndarray], hidden: tuple[int, ...]) -> Chart:
    """Return the chart of stored couplings, which computes in float64."""
    tensors = {name: _tensor(array, None) for name, array in arrays.items()}
    leading, centres, coefficients, scale = (
        tensors.pop(f"own.{name}") for name in ("leading", "centres", "coefficients", "scale")
    )
    flow = couplings(leading, hidden, 0).double()
    flow.load_state_dict(tensors)
    flow.requires_grad_(False)

    def decoded(points: Any) -> Any:
        outputs = points.new_zeros(len(points), len(leading))
        outputs[:, leading], outputs[:, ~leading] = points, distances(points, centres) @ coefficients
        return flow().inv(outputs) * scale

    def encode(coordinates: np.ndarray) -> np.ndarray:
        return np.asarray(flow()(_tensor(coordinates) / scale)[:, leading])

    def decode(points: np.ndarray) -> np.ndarray:
        return np.asarray(decoded(_tensor(points)))

    def pullback(points: np.ndarray, gradients: np.ndarray) -> np.ndarray:
        at = _tensor(points).requires_grad_()
        return np.asarray(torch.autograd.grad(decoded(at), at, _tensor(gradients))[0])

    latents = encode(inputs.coordinates)
    return Chart(
        space=inputs.space,
        latents=latents,
        encode=encode,
        decode=decode,
        pullback=pullback,
        exact_inverse=bool(np.abs(decode(latents) - inputs.coordinates).max() <= ROUNDING * float(scale)),
        pointwise=True,
        arrays=arrays,
    )


def _tensor(values: np.ndarray, kind: Any = np.float64) -> Any:
    return torch.from_numpy(np.array(values, kind))
