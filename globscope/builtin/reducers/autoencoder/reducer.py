"""The autoencoder: its options, its fit and its chart."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, Literal

import numpy as np
from attrs import define, evolve, field
from attrs.validators import and_, deep_iterable, ge, gt, optional

from globscope.api import (
    ADDED,
    AXES,
    BATCH,
    STEPS,
    UNITS,
    WHERE,
    Chart,
    CheckFacts,
    EvaluationError,
    GlobscopeError,
    MapFit,
    ReducerInputs,
    ReducerTraits,
    device,
    device_name,
    one_thread,
    precise,
    within_memory,
)
from globscope.builtin.reducers.autoencoder.chart import NARROW, chart_of
from globscope.builtin.reducers.autoencoder.network import load, network as layers
from globscope.builtin.reducers.autoencoder.place import fit_device
from globscope.builtin.reducers.autoencoder.terms import Term, sum_of_terms
from globscope.builtin.reducers.requirements import require_directions

# Number of members above which a step takes a batch of them, and number of members of that batch.
MANY, SEVERAL = 512, 256
# Where the options are unset.
RATES = {"muon": 0.05, "adam": 6e-3, "rmsprop": 6e-3}
STEPS_BY_OPTIMISER = {"muon": 500, "adam": 4000, "rmsprop": 4000}
# Number of steps whose time tells of all.
TRIAL_STEPS = 50
TOO_LARGE = (
    "reducer 'autoencoder' does not fit into the memory of {}; use a smaller batch_size, straight_loss = 0 or device = "
    "'cpu'"
)


@define(frozen=True, kw_only=True)
class Autoencoder:
    """Learn an encoder and a decoder by reconstruction (mean squared error), with latent distances kept in proportion.

    The widths are [r, 128, 64, 16, d] and back, as in GlobScope's paper; the method is that of Hinton & Salakhutdinov
    (2006). On the population's isometric coordinates the autoencoder can represent the same functions as on the D
    weights, at a thousandth of the cost. `space = "full"` gives the paper's own D-wide network. It is trained in
    float32 on coordinates divided by their root mean square.

    Attributes:
        latent_dim: Number of latent axes, d.
        hidden: Widths of the encoder's hidden layers; the decoder mirrors them.
        activation: Activation between the layers.
        normalisation: `layer` puts a LayerNorm before each activation, `none` leaves it out.
        latent_bound: `tanh` keeps the latent points in (−1, 1), `none` leaves them free.
        optimiser: `muon` (Jordan et al., 2024) for the matrices of wide layers, with Adam for all else, or `adam` or
            `rmsprop` with PyTorch's defaults for everything. Muon reaches the same error in a fraction of the steps.
        learning_rate: Learning rate at the start; if unset, 0.05 with `muon`, where Adam's is a fifth of it, and 0.006
            with the others.
        schedule: `linear` and `cosine` lower learning rates and the weights of the straight loss and of terms to zero
            over the steps, and the weight of the stress over the first 60 % of them; `constant` keeps all of them.
        steps: Number of gradient steps; if unset, 500 with `muon` and 4,000 with the others.
        tolerance: Training stops when the error's share of the variance falls below this; 0 never stops early.
        stress: Weight at the start of the stress: how far the distances between latent points are from being
            proportional to those between networks, the near ones above all. Without it a map keeps fewer neighbours.
        straight_loss: Weight at the start of the task's mean loss at random points of random straight segments of the
            map between two members. Without it nothing says what lies between members, and a decoder may invent walls
            there. A step scores 8 networks on 128 training examples, in evaluation mode, with BatchNorm statistics of
            these examples. On digits 0.001 took three quarters of the walls' height away and 0.1 nearly all; a fit
            took seven times as long.
        terms: Further terms of the loss, each a table: `use` names a function in your own code or in a package, such as
            "globscope_geometry:grid_density", with the weight at the start and the function's options. The function
            gets the map while it is fitted (`globscope.api.MapFit`) and returns a scalar tensor.
        skip: Whether a linear path leads from coordinates to latent points beside the encoder's layers, and from latent
            points to coordinates beside the decoder's.
        batch_size: Number of members per step; if unset, all of up to 512, otherwise 256.
        device: Device of the fit: `auto` takes cuda, then mps, then cpu, but the CPU where a step is small or does
            not fit into the device's free memory; `cuda:1` is the second card. It is in no stage key.
    """

    latent_dim: int = field(default=2, validator=and_(ge(1), AXES))
    hidden: tuple[int, ...] = field(default=(128, 64, 16), validator=deep_iterable(and_(ge(1), UNITS)))
    activation: Literal["relu", "tanh", "silu", "gelu"] = "relu"
    normalisation: Literal["layer", "none"] = "layer"
    latent_bound: Literal["tanh", "none"] = "tanh"
    optimiser: Literal["muon", "adam", "rmsprop"] = "muon"
    learning_rate: float | None = field(default=None, validator=optional(gt(0)))
    schedule: Literal["linear", "cosine", "constant"] = "linear"
    steps: int | None = field(default=None, validator=optional(and_(ge(1), STEPS)))
    tolerance: float = field(default=0.0, validator=ge(0))
    stress: float = field(default=1.0, validator=ge(0))
    straight_loss: float = field(default=0.0, validator=ge(0))
    terms: tuple[Term, ...] = field(default=(), metadata=ADDED)
    skip: bool = False
    batch_size: int | None = field(default=None, validator=optional(and_(ge(1), BATCH)))
    device: str = field(default="auto", validator=device_name, metadata=WHERE)

    @classmethod
    def quick_examples(cls) -> "tuple[Autoencoder, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(steps=50),
            cls(steps=20, skip=True, straight_loss=0.1),
        )

    @property
    def traits(self) -> ReducerTraits:
        """A map of as many axes as chosen."""
        return ReducerTraits(latent_dim=self.latent_dim)

    def check(self, facts: CheckFacts) -> None:
        """Refuse a device that this machine lacks, a straight loss of a task that measures no loss, and unfit terms.

        Raises:
            EvaluationError: No such device, or no such measure.
            UserCodeError: A term's function is missing, or does not take its options.
        """
        device(self.device, "reducer.device")
        if self.straight_loss and "loss" not in facts.probe.measures:
            measures = ", ".join(facts.probe.measures)
            raise EvaluationError(f"reducer.straight_loss: the task measures no 'loss' ({measures}); leave it out")
        for number, term in enumerate(self.terms):
            term.check(f"reducer.terms.{number}")

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the trained chart; equal seeds and threads give equal bits on a CPU.

        Raises:
            PopulationError: The members span fewer directions than `latent_dim`.
            EvaluationError: This machine has no such device.
            GlobscopeError: The fit diverged, or does not fit into the device's memory.
        """
        import torch

        require_directions(inputs, "autoencoder", self.latent_dim)
        scale = float(np.sqrt((inputs.coordinates**2).mean()))
        data = torch.from_numpy((inputs.coordinates / scale).astype(np.float32))
        # Only the CPU's generator: `torch.manual_seed` would also seed every GPU, which is not restored.
        with torch.random.fork_rng(devices=[]), one_thread(data.shape[1] < NARROW):
            torch.default_generator.manual_seed(int(rng.integers(2**62)))
            network = self._network(data.shape[1])
            notes = self._train(network, data, scale, inputs, rng)
        arrays = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
        return chart_of(inputs, network, scale, arrays | {"scale": np.array(scale)}, notes)

    def trial(self, members: int) -> tuple["Autoencoder", float] | None:
        """Return a fit with few steps, and the largest factor by which the whole fit takes longer.

        None with a straight loss or terms, for which a trial would need all members' weights.
        """
        del members
        if self._is_scored:
            return None
        steps = min(self._steps, TRIAL_STEPS)
        return evolve(self, steps=steps, tolerance=0.0), self._steps / steps

    def restore(self, inputs: ReducerInputs, arrays: Mapping[str, np.ndarray]) -> Chart:
        """Return the chart of stored layers."""
        import torch

        # Layers made on the meta device draw nothing from torch's generator.
        with torch.device("meta"):
            network = self._network(inputs.coordinates.shape[1])
        load(network, {name: array for name, array in arrays.items() if name != "scale"})
        return chart_of(inputs, network, float(arrays["scale"]), arrays, {})

    @property
    def _steps(self) -> int:
        return self.steps or STEPS_BY_OPTIMISER[self.optimiser]

    def _network(self, inputs: int) -> Any:
        sizes = [inputs, *self.hidden, self.latent_dim]
        return layers(sizes, self.activation, self.normalisation, self.latent_bound, skip=self.skip)

    def _train(
        self, network: Any, data: Any, scale: float, inputs: ReducerInputs, rng: np.random.Generator
    ) -> dict[str, float]:
        """Train in place, and return the final figures of the fit."""
        from globscope.builtin.reducers.autoencoder.batches import batches
        from globscope.builtin.reducers.autoencoder.optimiser import optimisers
        from globscope.builtin.reducers.autoencoder.training import Training

        size = min(len(data), self.batch_size or (len(data) if len(data) <= MANY else SEVERAL))
        lifting = len(data) * inputs.population.layout.size if self._is_scored else 0
        place = fit_device(self.device, network, size, lifting)
        training = Training(
            steps=self._steps,
            schedule=self.schedule,
            stress=self.stress,
            enough=self.tolerance * float(data.var(dim=0, correction=0).mean()),
            # An isometry keeps the sum of squares.
            per_weight=scale**2 * data.shape[1] / inputs.population.layout.size,
            progress=inputs.progress,
        )
        with precise("float32", place), within_memory(GlobscopeError, TOO_LARGE.format(place)):
            changing = optimisers(self.optimiser, network.to(place), self.learning_rate or RATES[self.optimiser])
            drawn = batches(data, size, rng, place, stress=self.stress > 0)
            training = evolve(training, further=self._further(inputs, data.to(place), scale, place, rng))
            notes = training.train(network, changing, drawn, data.split(size))
            network.to("cpu")
        return notes

    @property
    def _is_scored(self) -> bool:
        """Whether steps score networks, or may do so."""
        return bool(self.straight_loss or self.terms)

    def _further(
        self, inputs: ReducerInputs, data: Any, scale: float, place: str, rng: np.random.Generator
    ) -> dict[str, Callable[[Any], Any]]:
        """Return the terms beside error and stress, by option; what scores networks is made when one is scored."""
        if not self._is_scored:
            return {}
        from globscope.builtin.reducers.autoencoder.network_losses import NetworkLosses
        from globscope.builtin.reducers.autoencoder.straight import StraightLoss

        scoring = cache(lambda: NetworkLosses.of(inputs, device=place, scale=scale, rng=rng))
        further = dict[str, Callable[[Any], Any]]()
        if self.straight_loss:
            further["straight_loss"] = StraightLoss(weight=self.straight_loss, points=data, losses=scoring(), rng=rng)
        if self.terms:
            fixed = {"points": data, "members": inputs.members, "scale": scale, "rng": rng}
            losses = lambda points, rows: scoring()(points, rows)  # noqa: E731, PLW0108 - made when a term asks for one
            fit = partial(MapFit, **fixed, losses=losses)
            further["terms"] = partial(sum_of_terms, self.terms, lambda net: fit(encode=net[0], decode=net[1]))
        return further
