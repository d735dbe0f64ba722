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
from globscope.values.chart import Progress

# Optimiser state of the last checkpoint; removed when the variant is done.
STATE = "state.safetensors"


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
        return sorted({*range(0, self.epochs, self.train.save_every), self.epochs})

    def rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch."""
        share = (1 + cos(pi * epoch / self.epochs)) / 2 if self.train.schedule == "cosine" else 1.0
        return self.recipe.learning_rate * share


def checkpoint(folder: Path, step: int) -> Path:
    """Return where a checkpoint of a run is saved."""
    return folder / f"epoch{step}.safetensors"


def fit(run: Run, probe: Probe, folder: Path, progress: Progress) -> None:
    """Train into `folder`, continuing from its last checkpoint; equal runs give equal bytes on a CPU.

    Raises:
        PopulationError: The training diverged.
    """
    parameters, buffers, optimiser, done = _resumed(run, probe, folder)
    for epoch in range(done, run.epochs):
        progress(epoch, run.epochs)
        _epoch(run, probe, parameters, buffers, optimiser, epoch)
        _require_finite(run, parameters, epoch)
        if epoch + 1 in run.steps:
            _save(folder, epoch + 1, parameters | buffers, optimiser)
    (folder / STATE).unlink(missing_ok=True)
    progress(run.epochs, run.epochs)


def _resumed(run: Run, probe: Probe, folder: Path) -> tuple[dict[str, Any], dict[str, Any], Any, int]:
    """Return tensors, optimiser and epochs done, from the last checkpoint or from the start."""
    import torch
    from safetensors.torch import load_file

    parameters, buffers = probe.initialise(run.seed)
    if run.start is not None:
        _copy(parameters | buffers, {name: torch.from_numpy(a) for name, a in run.start.items()})
    parameters = {name: p.requires_grad_() for name, p in parameters.items()}
    optimiser = _optimiser(run, list(parameters.values()))
    if not (folder / STATE).exists():
        _save(folder, 0, parameters | buffers, optimiser)
        return parameters, buffers, optimiser, 0
    state = load_file(folder / STATE)
    done = int(state.pop("epoch"))
    _copy(parameters | buffers, load_file(checkpoint(folder, done)))
    _restore(optimiser, state)
    return parameters, buffers, optimiser, done


def _copy(into: Mapping[str, Any], tensors: Mapping[str, Any]) -> None:
    import torch

    with torch.no_grad():
        for name, tensor in into.items():
            tensor.copy_(tensors[name])


def _optimiser(run: Run, parameters: list[Any]) -> Any:
    import torch

    shared = {"lr": run.recipe.learning_rate, "weight_decay": run.recipe.weight_decay}
    if run.train.optimiser == "sgd":
        return torch.optim.SGD(parameters, momentum=run.train.momentum, **shared)
    return torch.optim.AdamW(parameters, **shared)


def _epoch(
    run: Run, probe: Probe, parameters: dict[str, Any], buffers: dict[str, Any], optimiser: Any, epoch: int
) -> None:
    """Take one pass over the data; its order depends on seed and epoch alone, so that it can be resumed."""
    import torch

    for group in optimiser.param_groups:
        group["lr"] = run.rate(epoch)
    split = probe.splits[0]
    source = np.random.default_rng([run.seed, epoch])
    order = torch.from_numpy(source.permutation(probe.examples(split)))
    with torch.random.fork_rng():
        torch.manual_seed(int(source.integers(2**62)))  # for layers that draw, such as dropout
        for at in torch.split(order, run.recipe.batch_size):
            optimiser.zero_grad()
            probe.objective(parameters, buffers, probe.batch(split, at), training=True).backward()
            optimiser.step()


def _require_finite(run: Run, parameters: Mapping[str, Any], epoch: int) -> None:
    import torch

    if not all(torch.isfinite(p).all() for p in parameters.values()):
        raise PopulationError(
            f"variant {run.name!r} diverged in epoch {epoch + 1}: its weights are no longer finite; "
            f"lower its learning_rate, {run.recipe.learning_rate:g}"
        )


def _save(folder: Path, epoch: int, tensors: Mapping[str, Any], optimiser: Any) -> None:
    """Write the checkpoint, then the state that points at it."""
    import torch
    from safetensors.torch import save

    def packed(named: Mapping[str, Any]) -> bytes:
        return save({name: t.detach().cpu().contiguous() for name, t in named.items()})

    write_bytes(checkpoint(folder, epoch), packed(tensors))
    state = {
        f"{place}/{name}": value
        for place, values in optimiser.state_dict()["state"].items()
        for name, value in values.items()
        if value is not None
    }
    write_bytes(folder / STATE, packed(state | {"epoch": torch.tensor(epoch)}))


def _restore(optimiser: Any, flat: Mapping[str, Any]) -> None:
    state: dict[int, dict[str, Any]] = {}
    for key, value in flat.items():
        place, name = key.split("/")
        state.setdefault(int(place), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
