"""The gradients of the loss at two networks and half-way between them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from globscope.api import NetworkBuffers, Task, calibration_batches, fixed_batches, fixed_examples, fixed_seed

# Examples of one pass.
BATCH = 250
NAMES = ("gradient_ends", "gradient_middle", "descent")


class LossGradient:
    """The gradient of a task's training loss on fixed examples."""

    def __init__(self, task: Task, examples: int, seed: int, device: str) -> None:
        """Draw at most so many examples of the first split, with seed 0; the study's seed fixes what the loss draws."""
        probe = task.build(device)
        split = probe.splits[0]
        self._probe, self._seed, self._device = probe, seed, device
        self._batches = fixed_batches(probe, split, examples, BATCH)
        count = len(fixed_examples(probe, split, examples))
        self._sizes = [min(BATCH, count - start) for start in range(0, count, BATCH)]
        self._buffers = NetworkBuffers(probe, "recalibrate", calibration_batches(probe), seed=seed, device=device)

    def __call__(self, weights: np.ndarray, own: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return the (D,) float64 gradient of the mean loss at (D,) weights."""
        import torch

        vector = torch.from_numpy(np.array(weights, np.float32)).to(self._device)
        named = self._probe.layout.unflatten(vector)
        buffers, total = self._buffers(named, own), np.zeros(len(weights))
        parameters = {name: tensor.detach().clone().requires_grad_() for name, tensor in named.items()}
        for batch, size in zip(self._batches, self._sizes, strict=True):
            with torch.enable_grad(), fixed_seed(self._seed, self._device):
                loss = self._probe.objective(parameters, dict(buffers), batch, training=False)
                found = torch.autograd.grad(loss, [*parameters.values()], allow_unused=True, materialize_grads=True)
            total += size / sum(self._sizes) * _flat(found)
        return total


def gradient_figures(
    gradient: LossGradient, weights: np.ndarray, buffers: tuple[Mapping[str, np.ndarray], Mapping[str, np.ndarray]]
) -> dict[str, float]:
    """Return the cosines of gradients at the ends and in the middle of the line between (2, D) networks.

    gradient_ends: of the two ends' gradients. gradient_middle: of the middle's with the sum of the ends'. descent: of
    the way down at an end with the way to the other, the mean of both ends.
    """
    one, other = (gradient(row, own) for row, own in zip(weights, buffers, strict=True))
    middle = gradient(weights.mean(axis=0), buffers[0])
    way = weights[1].astype(np.float64) - weights[0]
    figures = (_cosine(one, other), _cosine(middle, one + other), (_cosine(-one, way) + _cosine(other, way)) / 2)
    return dict(zip(NAMES, figures, strict=True))


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    """Return the cosine of two vectors; NaN where one is 0 or not finite."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def _flat(tensors: Any) -> np.ndarray:
    return np.concatenate([tensor.detach().cpu().numpy().ravel() for tensor in tensors])
