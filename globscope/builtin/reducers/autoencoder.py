"""The autoencoder, GlobScope's own map."""

from collections.abc import Mapping
from math import cos, isfinite, pi
from typing import Any, Literal

import numpy as np
from attrs import define, evolve, field
from attrs.validators import and_, deep_iterable, ge, gt

from globscope.api import AXES, STEPS, UNITS, Chart, GlobscopeError, ReducerInputs, ReducerTraits, one_thread
from globscope.builtin.reducers.network import load, network as layers
from globscope.builtin.reducers.requirements import require_directions

# Number of steps between checks of the loss, each of which waits for the device and updates the progress bar.
CHECK_EVERY = 50
# Products narrower than this gain nothing from a second thread (1.6 ms a step with one or two), and if another process
# uses the core, threads that wait for each other make a step many times slower.
NARROW = 4096


@define(frozen=True, kw_only=True)
class Autoencoder:
    """Learn an encoder and a decoder by reconstruction alone (mean squared error).

    The widths are [r, 128, 64, 16, d] and back, as in GlobScope's paper; the method is that of Hinton & Salakhutdinov
    (2006). On the population's isometric coordinates the autoencoder can represent the same functions as on the D
    weights, at a thousandth of the cost. `space = "full"` gives the paper's own D-wide network. It is trained in
    float32, full batch, on coordinates divided by their root mean square.

    Attributes:
        latent_dim: Number of latent axes, d.
        hidden: Widths of the encoder's hidden layers; the decoder mirrors them.
        activation: Activation between the layers.
        normalisation: `layer` puts a LayerNorm before each activation, `none` leaves it out.
        latent_bound: `tanh` keeps the latent points in (−1, 1), `none` leaves them free.
        optimiser: Optimiser, with PyTorch's defaults except for the learning rate.
        learning_rate: Learning rate at the start.
        schedule: `cosine` lowers the learning rate to zero over the steps, `constant` keeps it.
        steps: Number of full-batch gradient steps.
        tolerance: Training stops when the error's share of the variance falls below this; 0 never stops early.
    """

    latent_dim: int = field(default=2, validator=and_(ge(1), AXES))
    hidden: tuple[int, ...] = field(default=(128, 64, 16), validator=deep_iterable(and_(ge(1), UNITS)))
    activation: Literal["relu", "tanh", "silu", "gelu"] = "relu"
    normalisation: Literal["layer", "none"] = "layer"
    latent_bound: Literal["tanh", "none"] = "tanh"
    optimiser: Literal["adam", "rmsprop"] = "adam"
    learning_rate: float = field(default=6e-3, validator=gt(0))
    schedule: Literal["cosine", "constant"] = "cosine"
    steps: int = field(default=4000, validator=and_(ge(1), STEPS))
    tolerance: float = field(default=0.0, validator=ge(0))

    @property
    def traits(self) -> ReducerTraits:
        """A map of as many axes as chosen."""
        return ReducerTraits(latent_dim=self.latent_dim)

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the trained chart; equal seeds and threads give equal bits on a CPU.

        Raises:
            PopulationError: The members span fewer directions than `latent_dim`.
            GlobscopeError: The fit diverged.
        """
        import torch

        require_directions(inputs, "autoencoder", self.latent_dim)
        scale = float(np.sqrt((inputs.coordinates**2).mean()))
        data = torch.from_numpy((inputs.coordinates / scale).astype(np.float32))
        # Only the CPU's generator: `torch.manual_seed` would also seed every GPU, which is not restored.
        with torch.random.fork_rng(devices=[]), one_thread(data.shape[1] < NARROW):
            torch.default_generator.manual_seed(int(rng.integers(2**62)))
            network = self._network(data.shape[1])
            notes = self._train(network, data, scale, inputs)
        arrays = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
        return _chart(inputs, network, scale, arrays | {"scale": np.array(scale)}, notes)

    def trial(self, members: int) -> tuple["Autoencoder", float]:
        """Return a fit with few steps, and the largest factor by which the whole fit takes longer."""
        del members
        steps = min(self.steps, CHECK_EVERY)
        return evolve(self, steps=steps, tolerance=0.0), self.steps / steps

    def restore(self, inputs: ReducerInputs, arrays: Mapping[str, np.ndarray]) -> Chart:
        """Return the chart of stored layers."""
        import torch

        # Layers made on the meta device draw nothing from torch's generator.
        with torch.device("meta"):
            network = self._network(inputs.coordinates.shape[1])
        load(network, {name: array for name, array in arrays.items() if name != "scale"})
        return _chart(inputs, network, float(arrays["scale"]), arrays, {})

    def _network(self, inputs: int) -> Any:
        sizes = [inputs, *self.hidden, self.latent_dim]
        return layers(sizes, self.activation, self.normalisation, self.latent_bound)

    def _train(self, network: Any, data: Any, scale: float, inputs: ReducerInputs) -> dict[str, float]:
        """Train in place, and return the final figures of the fit."""
        import torch

        optimiser = self._optimiser(network)
        # Turns the error per coordinate into one per weight: an isometry keeps the sum of squares.
        per_weight = scale**2 * data.shape[1] / inputs.population.layout.size
        enough = self.tolerance * float(data.var(dim=0, correction=0).mean())
        for step in range(self.steps + 1):
            loss: Any = torch.nn.functional.mse_loss(network(data), data)
            if step % CHECK_EVERY == 0 or step == self.steps:
                error = self._require_finite(loss.item(), step)
                inputs.progress(step, self.steps, mse=error * per_weight)
                if error < enough or step == self.steps:
                    break
            for group in optimiser.param_groups:
                group["lr"] = self._rate(step)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        if step < self.steps:  # stopped early
            inputs.progress(self.steps, self.steps, mse=error * per_weight)
        return {"steps": step, "mse_per_weight": error * per_weight}

    def _require_finite(self, error: float, step: int) -> float:
        if not isfinite(error):
            raise GlobscopeError(
                f"reducer 'autoencoder': the loss is no longer finite at step {step}; "
                f"lower its learning_rate, {self.learning_rate:g}"
            )
        return error

    def _rate(self, step: int) -> float:
        share = (1 + cos(pi * step / self.steps)) / 2 if self.schedule == "cosine" else 1.0
        return self.learning_rate * share

    def _optimiser(self, network: Any) -> Any:
        import torch

        if self.optimiser == "rmsprop":
            return torch.optim.RMSprop(network.parameters(), lr=self.learning_rate)
        return torch.optim.Adam(network.parameters(), lr=self.learning_rate, fused=True)


def _chart(
    inputs: ReducerInputs, network: Any, scale: float, arrays: Mapping[str, np.ndarray], notes: Mapping[str, float]
) -> Chart:
    import torch

    width, dtype = inputs.coordinates.shape[1], inputs.coordinates.dtype

    def apply(part: Any, points: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), one_thread(width < NARROW):
            result: np.ndarray = part(torch.from_numpy(np.ascontiguousarray(points, np.float32))).numpy()
        return result

    def encode(coordinates: np.ndarray) -> np.ndarray:
        return apply(network[0], coordinates / scale).astype(np.float64)

    return Chart(
        space=inputs.space,
        latents=encode(inputs.coordinates),
        encode=encode,
        # The full space's coordinates are float32: D-wide arrays are not doubled.
        decode=lambda points: apply(network[1], points).astype(dtype, copy=False) * scale,
        pointwise=True,  # a LayerNorm looks at one point alone
        arrays=arrays,
        notes=notes,
    )
