"""The couplings of the flow, their fit and their chart; imported where torch is needed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch.nn.functional import mse_loss, pad, pdist
from zuko import flows, lazy, transforms

from globscope.api import Chart, GlobscopeError, Progress, ReducerInputs, device, precise, threads_for, within_memory

# Multiplications of a step below which a CPU is as fast as a GPU, steps between reports, the share of the steps in
# which the stress has a weight, and the largest error, in units of the coordinates' root mean square, called none.
SMALL, EVERY, STRESSED, ROUNDING = 10**9, 50, 0.6, 1e-9
TOO_LARGE = "reducer 'flow' does not fit into the memory of {}; use narrower layers or device = 'cpu'"
OWN = ("own.leading", "own.centres", "own.coefficients", "own.scale")


def couplings(leading: Any, hidden: tuple[int, ...], seed: int) -> Any:
    """Return a lazy transform of r coordinates: those in the (r,) mask shifted by the others, then the others by them.

    Source: Dinh, Krueger & Bengio, "NICE: non-linear independent components estimation", 2014.
    """
    every = {"features": len(leading), "univariate": transforms.AdditiveTransform, "shapes": [()], "normalize": True}
    sides = ((~leading, hidden), (leading, hidden[::-1]))
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        pair = [flows.GeneralCouplingTransform(mask=mask, hidden_features=widths, **every) for mask, widths in sides]
    for parameter in (one for coupling in pair for one in coupling.hyper[-1].parameters()):
        torch.nn.init.zeros_(parameter)  # the fit starts from the identity
    return lazy.LazyComposedTransform(*pair)


def fitted_arrays(options: Any, inputs: ReducerInputs, seed: int) -> tuple[dict[str, np.ndarray], float]:
    """Return the arrays of a fitted chart, and the error per weight without interpolation.

    Raises:
        GlobscopeError: The fit diverged, or does not fit into memory.
    """
    scale = float(np.sqrt(np.square(inputs.coordinates).mean()))
    ranks = np.argsort(np.argsort(-inputs.coordinates.var(axis=0), kind="stable"))
    leading = torch.from_numpy(ranks < options.latent_dim)
    data, flow = _tensor(inputs.coordinates / scale), couplings(leading, options.hidden, seed)
    work = 3 * len(data) * sum(parameter.numel() for parameter in flow.parameters())
    place = "cpu" if options.device == "auto" and work < SMALL else device(options.device, "reducer.device")
    per_weight = scale**2 * data.shape[1] / inputs.population.layout.size  # an isometry keeps the sum of squares
    with precise("float32", place), threads_for(work), within_memory(GlobscopeError, TOO_LARGE.format(place)):
        error = _train(options, flow.to(place), data.float().to(place), per_weight, inputs.progress)
        outputs = flow.cpu().double().requires_grad_(False)()(data)
        centres = outputs[:, leading].contiguous()
        own = (leading, centres, _coefficients_at(centres, outputs[:, ~leading]), _tensor(scale))
    return {name: one.numpy() for name, one in (flow.state_dict() | dict(zip(OWN, own, strict=True))).items()}, error


def _train(options: Any, flow: Any, data: Any, per_weight: float, progress: Progress) -> float:
    """Train couplings in place to return (N, r) points from their leading outputs; return the error per weight."""
    adam, leading = torch.optim.Adam(flow.parameters(), lr=options.learning_rate, fused=True), flow.transforms[-1].mask
    for step in range(options.steps + 1):
        outputs = flow()(data)
        loss: Any = mse_loss(flow().inv(outputs * leading), data)
        error: float = loss.item() * per_weight
        if step % EVERY == 0 or step == options.steps:
            progress(step, options.steps, mse=error)
        if not np.isfinite(error):
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


def _coefficients_at(centres: Any, values: Any) -> Any:
    """Return the (N + 1, k) c_i and c with Σ c_i |z − z_i| + c the (N, k) values at the (N, d) centres z_i.

    Of a centre that is there twice both have a part of the coefficient, by least squares.
    """
    system = torch.cat([_distances(centres, centres), pad(centres.new_ones(1, len(centres)), (0, 1))])
    return torch.linalg.lstsq(system, pad(values, (0, 0, 0, 1)), driver="gelsd").solution.contiguous()


def _distances(points: Any, centres: Any) -> Any:
    """Return the (n, N + 1) distances of points from the centres, and 1."""
    return pad(torch.linalg.vector_norm(points[:, None] - centres, dim=2), (0, 1), value=1)


def chart_of(inputs: ReducerInputs, arrays: Mapping[str, np.ndarray], hidden: tuple[int, ...]) -> Chart:
    """Return the chart of stored couplings, which computes in float64."""
    tensors = {name: _tensor(array, None) for name, array in arrays.items()}
    leading, centres, coefficients, scale = (tensors.pop(name) for name in OWN)
    flow = couplings(leading, hidden, 0).double().requires_grad_(False)
    flow.load_state_dict(tensors)

    def decoded(points: Any) -> Any:
        outputs = points.new_zeros(len(points), len(leading))
        outputs[:, leading], outputs[:, ~leading] = points, _distances(points, centres) @ coefficients
        return flow().inv(outputs) * scale

    def encode(coordinates: np.ndarray) -> np.ndarray:
        return np.asarray(flow()(_tensor(coordinates) / scale)[:, leading])

    def pullback(points: np.ndarray, gradients: np.ndarray) -> np.ndarray:
        return np.asarray(torch.func.vjp(decoded, _tensor(points))[1](_tensor(gradients))[0])

    latents = encode(inputs.coordinates)
    maps: dict[str, Any] = {"encode": encode, "decode": lambda at: decoded(_tensor(at)).numpy(), "pullback": pullback}
    exact = bool(np.abs(maps["decode"](latents) - inputs.coordinates).max() <= ROUNDING * float(scale))
    return Chart(space=inputs.space, latents=latents, exact_inverse=exact, pointwise=True, arrays=arrays, **maps)


def _tensor(values: Any, kind: Any = np.float64) -> Any:
    return torch.from_numpy(np.array(values, kind))
