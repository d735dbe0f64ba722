"""Training one variant, with a checkpoint every few epochs from which a killed run continues."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define

from globscope.errors import PopulationError
from globscope.population.log import Log
from globscope.population.run import Run, checkpoint
from globscope.roles import Probe
from globscope.store import write_bytes
from globscope.threads import one_thread
from globscope.values.chart import Progress

# Optimiser state of the last checkpoint; removed when the variant is done.
STATE = "state.safetensors"
# Multiplications of a forward pass below which one thread is as fast as many.
SMALL = 20_000_000


@define
class _State:
    """What training moves."""

    parameters: dict[str, Any]
    buffers: dict[str, Any]
    optimiser: Any
    log: Log
    epoch: int = 0

    @property
    def tensors(self) -> dict[str, Any]:
        return self.parameters | self.buffers


def fit(run: Run, probe: Probe, folder: Path, progress: Progress) -> None:
    """Train into `folder`, continuing from its last checkpoint; equal runs give equal bytes on a CPU.

    Raises:
        PopulationError: The training diverged, or its loss was not finite before any step.
    """
    state = _begin(run, probe, folder)
    if (folder / STATE).exists():
        _resume(state, folder)
    else:
        _save(state, probe, folder)
    while state.epoch < run.epochs:
        progress(state.epoch, run.epochs, **state.log.last)
        _epoch(run, probe, state)
        _require_finite(run, state)
        if state.epoch in run.steps:
            _save(state, probe, folder)
    (folder / STATE).unlink(missing_ok=True)
    progress(run.epochs, run.epochs)


def _begin(run: Run, probe: Probe, folder: Path) -> _State:
    import torch

    parameters, buffers = probe.initialise(run.seed if run.initial is None else run.initial)
    if run.start is not None:
        _copy(parameters | buffers, {name: torch.from_numpy(a) for name, a in run.start.items()})
    parameters = {name: p.requires_grad_() for name, p in parameters.items()}
    return _State(parameters, buffers, run.optimiser(list(parameters.values())), Log(folder))


def _resume(state: _State, folder: Path) -> None:
    from safetensors.torch import load_file

    flat = load_file(folder / STATE)
    state.epoch = int(flat.pop("epoch"))
    state.log.resume(state.epoch)
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
        total: Any = 0.0
        for number, at in enumerate(torch.split(order, run.recipe.batch_size)):
            loss = _step(run, probe, state, probe.batch(split, at))
            if state.epoch == number == 0:
                _require_finite_start(run, loss)
            total = total + loss.detach() * len(at)  # stays on the device until the epoch's end
    state.epoch += 1
    state.log.epoch(state.epoch, run.rate(state.epoch - 1), float(total) / len(order))


def _step(run: Run, probe: Probe, state: _State, batch: Any) -> Any:
    import torch

    device = next(iter(state.parameters.values())).device.type
    halved = run.train.precision == "bfloat16" and device == "cuda"
    state.optimiser.zero_grad()
    with torch.autocast(device, torch.bfloat16, enabled=halved):
        loss = probe.objective(state.parameters, state.buffers, batch, training=True)
    loss.backward()
    state.optimiser.step()
    return loss


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


def _save(state: _State, probe: Probe, folder: Path) -> None:
    """Write the checkpoint, then the optimiser's state, which says that the checkpoint is whole."""
    import torch

    state.log.scored(probe, state.parameters, state.buffers)
    state.log.save()
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
