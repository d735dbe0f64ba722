"""The chart of a trained autoencoder."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from globscope.api import Chart, ReducerInputs, one_thread

# Products narrower than this gain nothing from a second thread (1.6 ms a step with one or two), and if another process
# uses the core, threads that wait for each other make a step many times slower.
NARROW = 4096


def chart_of(
    inputs: ReducerInputs, network: Any, scale: float, arrays: Mapping[str, np.ndarray], notes: Mapping[str, float]
) -> Chart:
    """Return the chart of a network [encoder, decoder] of coordinates in units of `scale`."""
    import torch

    width, dtype = inputs.coordinates.shape[1], inputs.coordinates.dtype

    def apply(part: Any, points: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), one_thread(width < NARROW):
            result: np.ndarray = part(torch.from_numpy(np.ascontiguousarray(points, np.float32))).numpy()
        return result

    def pullback(points: np.ndarray, gradients: np.ndarray) -> np.ndarray:
        """Differentiate in float32, as points are decoded; of a ReLU at 0 torch takes the left derivative."""
        with torch.enable_grad(), one_thread(width < NARROW):
            at = torch.from_numpy(np.array(points, np.float32)).requires_grad_()
            cotangents = torch.from_numpy(np.asarray(gradients * scale, np.float32))
            (pulled,) = torch.autograd.grad(network[1](at), at, cotangents)
        return pulled.numpy().astype(np.float64)

    def encode(coordinates: np.ndarray) -> np.ndarray:
        return apply(network[0], coordinates / scale).astype(np.float64)

    return Chart(
        space=inputs.space,
        latents=encode(inputs.coordinates),
        encode=encode,
        # The full space's coordinates are float32: D-wide arrays are not doubled.
        decode=lambda points: apply(network[1], points).astype(dtype, copy=False) * scale,
        pullback=pullback,
        pointwise=True,  # a LayerNorm looks at one point alone
        arrays=arrays,
        notes=notes,
    )
