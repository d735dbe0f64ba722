"""Terms for GlobScope's autoencoder: `terms = [{ use = "globscope_geometry:loss_gap", weight = 0.1 }]` in a spec."""

from typing import Any

import numpy as np

from globscope.api import MapFit

# Members of a step whose losses are compared.
COMPARED = 8


def grid_density(fit: MapFit, *, points: int = 64, reach: float = 0.7, margin: float = 0.1) -> Any:
    """Return how unevenly the map spreads networks: the farther from all members a point is, the farther its network.

    At a random point z of the box around the members, with z* the nearest member's point and x* its coordinates, the
    logarithm of |decode(z) − x*| is to be ln L + |z − z*| − `reach`, with the mean distance L between the first and the
    last network of a run. The mean square of what it differs by is returned.

    Args:
        fit: The map while it is fitted.
        points: Number of random points in a step.
        reach: Latent distance at which a network is to be as far from the nearest member as a run leads.
        margin: What the box has beyond the members, as a share of its sides.

    Source: Elhamod & Karpatne, "Neuro-Visualizer: an auto-encoder-based loss landscape visualization method", 2024.
    There the points are those of a fixed grid, and the squares are added up.
    """
    import torch

    latents = fit.encode(fit.points).detach()
    low, high = latents.min(dim=0).values, latents.max(dim=0).values
    shares = torch.from_numpy(fit.rng.uniform(-margin, 1 + margin, size=(points, latents.shape[1])))
    places = low + shares.to(latents) * (high - low)
    near, rows = torch.cdist(places, latents).min(dim=1)
    far = torch.linalg.vector_norm(fit.decode(places) - fit.points[rows], dim=1)
    wanted = float(np.log(_length_of_runs(fit))) + near - reach
    return (torch.log(far + torch.finfo(far.dtype).eps) - wanted).square().mean()


def loss_gap(fit: MapFit) -> Any:
    """Return by how much the losses of decoded members differ from the members' own: the mean over 8 random ones.

    Both are measured on the same training examples, drawn anew in every step. The autoencoder's error does not
    know which weights the loss depends on; this does.

    Args:
        fit: The map while it is fitted.
    """
    import torch

    rows = fit.rng.choice(len(fit.points), min(COMPARED, len(fit.points)), replace=False)
    own = fit.points[torch.from_numpy(rows).to(fit.points.device)]
    losses = fit.losses(torch.cat([fit.decode(fit.encode(own)), own]), np.concatenate([rows, rows]))
    return (losses[: len(rows)] - losses[len(rows) :]).abs().mean()


def _length_of_runs(fit: MapFit) -> float:
    """Return the mean distance between the first and the last network of a run, or of members where no run has two."""
    import torch

    runs: dict[str, list[int]] = {}
    for row in sorted(range(len(fit.members)), key=lambda row: fit.members[row].step):
        runs.setdefault(fit.members[row].variant, []).append(row)
    ends = [(rows[0], rows[-1]) for rows in runs.values() if len(rows) > 1] or [(0, len(fit.members) - 1)]
    return float(torch.stack([torch.dist(fit.points[first], fit.points[last]) for first, last in ends]).mean())
