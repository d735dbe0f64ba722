"""The stress: how far the distances of latent points are from those of members; imported where torch is needed."""

from collections.abc import Callable
from typing import Any

import torch

# Pairs are weighted by one over their distance, as in Sammon's map. Pairs that are nearer than this share of the mean
# distance weigh no more: where members are equal, one over their distance has no bound.
NEAREST = 0.01
# Number of columns of the points that are multiplied at once.
COLUMNS = 2**16


def stress_of(points: Any) -> Callable[[Any], Any]:
    """Return the function from (n, d) latent points to their stress with respect to (n, r) points.

    With distances D between the points, δ between the latent points and weights w = 1 / D, the stress is the least
    Σ w (s δ − D)² / Σ w D² over all scales s: 0 where all distances are kept, at most 1, and the same in every unit.
    It is 0 as well where all points coincide, such as a single one.

    Source: Kruskal, "Nonmetric multidimensional scaling", 1964; Sammon, "A nonlinear mapping for data structure
    analysis", 1969.
    """
    wide = points.cpu() if points.device.type == "mps" else points  # mps has no float64
    distances = _distances(wide)
    distances /= distances.mean().clamp_min(torch.finfo(torch.double).tiny)
    weights = 1 / distances.clamp_min(NEAREST)
    norm = float((weights * distances.square()).sum())
    if norm == 0:
        return lambda latents: latents.new_zeros(())
    products, weights = (weights * distances).to(points), weights.to(points)

    def stress(latents: Any) -> Any:
        near = torch.linalg.vector_norm(latents[:, None] - latents, dim=2)
        squares = (weights * near * near).sum().clamp_min(torch.finfo(near.dtype).tiny)  # 0 if all latents are equal
        return 1 - (products * near).sum().square() / (squares * norm)

    return stress


def _distances(points: Any) -> Any:
    """Return the (n, n) float64 distances between (n, r) points."""
    squares = points.new_zeros(len(points), dtype=torch.double)
    products = points.new_zeros(len(points), len(points), dtype=torch.double)
    # Those of weight space itself are too wide for a copy in float64.
    for block in points.split(COLUMNS, dim=1):
        part = block.double()
        squares += part.square().sum(dim=1)
        products += part @ part.T
    return (squares[:, None] + squares - 2 * products).clamp_min(0).sqrt().fill_diagonal_(0)
