"""Training one variant, with a checkpoint every few epochs from which a killed run continues."""

from collections.abc import Mapping
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define

from globscope.errors import PopulationError
from globscope.roles import Probe
from globscope.spec.model import Recipe, Train
from globscope.store import write_bytes
from globscope.threads import one_thread
from globscope.values.chart import Progress

# Optimiser state of the last checkpoint; removed when the variant is done.
STATE = "state.safetensors"
# Multiplications of a forward pass below which one thread is as fast as many.
SMALL = 20_000_000


@define(frozen=True, kw_only=True)
class Run:
    """One training run.

    Attributes:
        name: The variant's.
        recipe: With its epochs set.
        train: What all variants share.
        seed: Of initialisation and data order.
        start: Tensors to start from instead of a fresh initialisation.
    """

    name: str
    recipe: Recipe
    train: Train
    seed: int
    start: Mapping[str, np.ndarray] | None = None

    @property
    def epochs(self) -> int:
        """How many."""
        assert self.recipe.epochs is not None
        return self.recipe.epochs

    @property
    def steps(self) -> list[int]:
        """Epochs at which a checkpoint is saved."""
        return self.train.steps(self.recipe)

    def rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch."""
        share = (1 + cos(pi * epoch / self.epochs)) / 2 if self.train.schedule == "cosine" else 1.0
        return self.recipe.learning_rate * share


def checkpoint(folder: Path, step: int) -> Path:
    """Return where a checkpoint of a run is saved."""
    return folder / f"epoch{step}.safetensors"


@define
class _State:
    """What training moves."""

    parameters: dict[str, Any]
    buffers: dict[str, Any]
    optimiser: Any
    epoch: int = 0

    @property
    def tensors(self) -> dict[str, Any]:
        return self.parameters | self.buffers


def fit(run: Run, probe: Probe, folder: Path, progress: Progress) -> None:
    """Train into `folder`, continuing from its last checkpoint; equal runs give equal bytes on a CPU.

    Raises:
        PopulationError: The training diverged, or its loss was not finite before any step.
    """
    state = _begin(run, probe)
    if (folder / STATE).exists():
        _resume(state, folder)
    else:
        _save(state, folder)
    while state.epoch < run.epochs:
        progress(state.epoch, run.epochs)
        _epoch(run, probe, state)
        _require_finite(run, state)
        if state.epoch in run.steps:
            _save(state, folder)
    (folder / STATE).unlink(missing_ok=True)
    progress(run.epochs, run.epochs)


def _begin(run: Run, probe: Probe) -> _State:
    import torch

    parameters, buffers = probe.initialise(run.seed)
    if run.start is not None:
        _copy(parameters | buffers, {name: torch.from_numpy(a) for name, a in run.start.items()})
    parameters = {name: p.requires_grad_() for name, p in parameters.items()}
    return _State(parameters, buffers, _optimiser(run, list(parameters.values())))


def _resume(state: _State, folder: Path) -> None:
    from safetensors.torch import load_file

    flat = load_file(folder / STATE)
    state.epoch = int(flat.pop("epoch"))
    _copy(state.tensors, load_file(checkpoint(folder, state.epoch)))
    nested: dict[int, dict[str, Any]] = {}
    for key, value in flat.items():
        place, name = key.split("/")
        nested.setdefault(int(place), {})[name] = value
    groups = state.optimiser.state_dict()["param_groups"]
    state.optimiser.load_state_dict({"state": nested, "param_groups": groups})


def _copy(into: Mapping[str, Any], tensors: Mapping[str, Any]) -> None:
    import torch

    with torch.no_grad():
        for name, tensor in into.items():
            tensor.copy_(tensors[name])


def _optimiser(run: Run, parameters: list[Any]) -> Any:
    import torch

    rate, decay = run.recipe.learning_rate, run.recipe.weight_decay
    # Fused: for small networks an unfused step takes as long as the gradient.
    if run.train.optimiser == "sgd":
        momentum = run.train.momentum
        return torch.optim.SGD(parameters, lr=rate, weight_decay=decay, momentum=momentum, fused=True)
    return torch.optim.AdamW(parameters, lr=rate, weight_decay=decay, fused=True)


def _epoch(run: Run, probe: Probe, state: _State) -> None:
    """Take one pass over the data; its order depends on seed and epoch alone, so that it can be resumed."""
    import torch

    for group in state.optimiser.param_groups:
        group["lr"] = run.rate(state.epoch)
    split = probe.splits[0]
    source = np.random.default_rng([run.seed, state.epoch])
    order = torch.from_numpy(source.permutation(probe.examples(split)))
    small = probe.layout.size * run.recipe.batch_size < SMALL
    with torch.random.fork_rng(), one_thread(small):
        torch.manual_seed(int(source.integers(2**62)))  # for layers that draw, such as dropout
        for number, at in enumerate(torch.split(order, run.recipe.batch_size)):
            state.optimiser.zero_grad()
            batch = probe.batch(split, at)
            loss = probe.objective(state.parameters, state.buffers, batch, training=True)
            if state.epoch == number == 0:
                _require_finite_start(run, loss)
            loss.backward()
            state.optimiser.step()
    state.epoch += 1


def _require_finite_start(run: Run, loss: Any) -> None:
    """Refuse a loss that no learning rate could have spoilt."""
    if not loss.isfinite().all():
        raise PopulationError(
            f"variant {run.name!r}: the loss of the first batch is {loss.item():g} at the weights that it starts "
            "from; look for the cause in the task's data, model or loss"
        )


def _require_finite(run: Run, state: _State) -> None:
    import torch

    if not all(torch.isfinite(p).all() for p in state.parameters.values()):
        raise PopulationError(
            f"variant {run.name!r} diverged in epoch {state.epoch}: its weights are no longer finite; "
            f"lower its learning_rate, {run.recipe.learning_rate:g}"
        )


def _save(state: _State, folder: Path) -> None:
    """Write the checkpoint, then the optimiser's state, which says that the checkpoint is whole."""
    import torch

    write_bytes(checkpoint(folder, state.epoch), _packed(state.tensors))
    flat = {
        f"{place}/{name}": value
        for place, values in state.optimiser.state_dict()["state"].items()
        for name, value in values.items()
        if value is not None
    }
    write_bytes(folder / STATE, _packed(flat | {"epoch": torch.tensor(state.epoch)}))


def _packed(tensors: Mapping[str, Any]) -> bytes:
    from safetensors.torch import save

    packed: bytes = save({name: t.detach().cpu().contiguous() for name, t in tensors.items()})
    return packed
