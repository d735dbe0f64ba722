"""The fit of a flow; imported where torch is needed."""

from math import isfinite
from typing import Any

import numpy as np
import torch
from torch.nn.functional import mse_loss, pdist

from globscope.api import GlobscopeError, Progress, ReducerInputs, device, precise, threads_for, within_memory
from globscope_flow.couplings import coefficients_at, couplings

# Multiplications of a step below which a CPU is as fast as a GPU, steps between reports, and the share of the steps in
# which the stress has a weight.
SMALL, EVERY, STRESSED = 10**9, 50, 0.6
TOO_LARGE = "reducer 'flow' does not fit into the memory of {}; use narrower layers or device = 'cpu'"


def fitted_arrays(options: Any, inputs: ReducerInputs, seed: int) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Return the arrays of a fitted chart and its notes.

    Raises:
        GlobscopeError: The fit diverged, or does not fit into memory.
    """
    coordinates = inputs.coordinates
    scale = float(np.sqrt(np.square(coordinates).mean()))
    largest = np.argsort(-coordinates.var(axis=0), kind="stable")[: options.latent_dim]
    leading = torch.from_numpy(np.isin(np.arange(coordinates.shape[1]), largest))
    data, flow = torch.from_numpy(np.asarray(coordinates / scale, np.float64)), couplings(leading, options.hidden, seed)
    work = 3 * len(data) * sum(parameter.numel() for parameter in flow.parameters())
    place = "cpu" if options.device == "auto" and work < SMALL else device(options.device, "reducer.device")
    per_weight = scale**2 * data.shape[1] / inputs.population.layout.size  # an isometry keeps the sum of squares
    with precise("float32", place), threads_for(work), within_memory(GlobscopeError, TOO_LARGE.format(place)):
        error = _train(options, flow.to(place), data.float().to(place), per_weight, inputs.progress)
        with torch.no_grad():
            outputs = flow.cpu().double()()(data)
            centres = outputs[:, leading].contiguous()
            own = {
                "leading": leading,
                "centres": centres,
                "coefficients": coefficients_at(centres, outputs[:, ~leading]),
            }
    tensors = flow.state_dict() | {f"own.{name}": tensor for name, tensor in own.items()}
    arrays = {name: tensor.numpy() for name, tensor in tensors.items()} | {"own.scale": np.array(scale)}
    return arrays, {"steps": options.steps, "mse_without_interpolation": error}


def _train(options: Any, flow: Any, data: Any, per_weight: float, progress: Progress) -> float:
    """Train couplings in place to return (N, r) points from their leading outputs; return the error per weight."""
    adam, leading = torch.optim.Adam(flow.parameters(), lr=options.learning_rate, fused=True), flow.transforms[-1].mask
    for step in range(options.steps + 1):
        outputs = flow()(data)
        loss: Any = mse_loss(flow().inv(outputs * leading), data)
        error: float = loss.item() * per_weight
        if step % EVERY == 0 or step == options.steps:
            progress(step, options.steps, mse=error)
        if not isfinite(error):
            raise GlobscopeError(f"reducer 'flow': no longer finite at step {step}; lower its learning_rate")
        if weight := options.stress * max(0, 1 - step / (STRESSED * options.steps)):
            loss = loss + weight * _stress(outputs[:, leading], data)
        adam.param_groups[0]["lr"] = options.learning_rate * (1 - step / options.steps)  # 0 at the last step
        adam.zero_grad()
        loss.backward()
        adam.step()
    return error


def _stress(latents: Any, points: Any) -> Any:
    """Return how far latent distances are from being in proportion to those of points, near ones above all; 0 to 1.

    Source: Sammon, "A nonlinear mapping for data structure analysis", 1969, with the best scale.
    """
    near, far = pdist(latents), pdist(points)
    weights = 1 / far.clamp_min(0.01 * far.mean())
    squares = (weights * near.square()).sum().clamp_min(1e-30) * (weights * far.square()).sum()
    return 1 - (weights * far * near).sum().square() / squares
