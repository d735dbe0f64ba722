"""Training one variant, with a checkpoint every few epochs from which a killed run continues."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define

from globscope.errors import PopulationError
from globscope.memory import within_memory
from globscope.population.log import FILE, Log
from globscope.population.run import Run, checkpoint
from globscope.population.stack import Together
from globscope.precision import Precision, precise
from globscope.reading import read_tensors
from globscope.roles import Probe
from globscope.scoring.draws import device_of, seeded
from globscope.store import write_bytes
from globscope.threads import threads_for
from globscope.values.chart import Progress

# Optimiser state of the last checkpoint; removed when the variant is done.
STATE = "state.safetensors"


@define
class State:
    """What training moves.

    Attributes:
        parameters: Of the network.
        buffers: Of the network.
        optimiser: Of the parameters.
        log: Of the run.
        epoch: How many are over.
    """

    parameters: dict[str, Any]
    buffers: dict[str, Any]
    optimiser: Any
    log: Log
    epoch: int = 0

    @property
    def tensors(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return self.parameters | self.buffers


def fit(run: Run, probe: Probe, folder: Path, progress: Progress) -> None:
    """Train into `folder`, continuing from its last checkpoint; equal runs give equal bytes on a CPU.

    Raises:
        PopulationError: The training diverged, or its loss was not finite before any step.
    """
    import torch

    if is_trained(run, folder):
        return
    state = begun(run, probe, folder)
    while state.epoch < run.epochs:
        progress(state.epoch, run.epochs, **state.log.last)
        _epoch(run, probe, state)
        if not all(torch.isfinite(p).all() for p in state.parameters.values()):
            raise PopulationError(diverged(run, state.epoch))
        if state.epoch in run.steps:
            save(state, probe, folder)
    (folder / STATE).unlink(missing_ok=True)
    progress(run.epochs, run.epochs)


def is_trained(run: Run, folder: Path) -> bool:
    """Whether a run has all of its checkpoints, so that only the end of its stage was left when it was stopped."""
    files = [checkpoint(folder, step) for step in (0, *run.steps)]
    return all(file.exists() for file in [*files, folder / FILE]) and not (folder / STATE).exists()


def begun(run: Run, probe: Probe, folder: Path) -> State:
    """Return a run as its last checkpoint left it, or at its start, which is then saved."""
    state, flat = _begin(run, probe, folder), _last(run, folder)
    if flat:
        _resume(state, flat, folder)
        return state
    for step in run.steps:
        checkpoint(folder, step).unlink(missing_ok=True)
    save(state, probe, folder)
    return state


def _last(run: Run, folder: Path) -> dict[str, Any]:
    """Return the state of the last checkpoint; nothing where it, or a file from before it, is not there."""
    if not (folder / STATE).exists():
        return {}
    flat = read_tensors(folder / STATE)
    files = [folder / FILE, *(checkpoint(folder, step) for step in (0, *run.steps) if step <= int(flat["epoch"]))]
    return flat if all(file.exists() for file in files) else {}


def _begin(run: Run, probe: Probe, folder: Path) -> State:
    import torch

    parameters, buffers = probe.initialise(run.seed if run.initial is None else run.initial)
    if run.start is not None:
        _copy(parameters | buffers, {name: torch.from_numpy(a) for name, a in run.start.items()})
    parameters = {name: p.requires_grad_() for name, p in parameters.items()}
    return State(parameters, buffers, run.optimiser(list(parameters.values())), Log(folder))


def _resume(state: State, flat: dict[str, Any], folder: Path) -> None:
    state.epoch = int(flat.pop("epoch"))
    state.log.resume(state.epoch)
    _copy(state.tensors, read_tensors(checkpoint(folder, state.epoch)))
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


def _epoch(run: Run, probe: Probe, state: State) -> None:
    """Take one pass over the data; its order depends on seed and epoch alone, so that it can be resumed."""
    order, draw = shuffled(run, probe, state.epoch)
    with seeded(draw, device_of(state.parameters)):  # for layers that draw, such as dropout
        total = passed([run], probe, state, order)
    state.log.epoch(state.epoch, run.rate(state.epoch - 1), float(total) / len(order))


def shuffled(run: Run, probe: Probe, epoch: int) -> tuple[Any, int]:
    """Return the order of the training examples in an epoch, and the seed of layers that draw."""
    import torch

    source = np.random.default_rng([run.seed, epoch])
    order = torch.from_numpy(source.permutation(probe.examples(probe.splits[0])))
    return order, int(source.integers(2**62))


def passed(runs: Sequence[Run], probe: Probe | Together, state: State, order: Any) -> Any:
    """Train on all examples, (examples,) in order, or (rows, examples) of a stack's runs; return the summed losses."""
    import torch

    run = runs[0]
    total: Any = 0.0
    for group in state.optimiser.param_groups:
        group["lr"] = run.rate(state.epoch)
    device = next(iter(state.parameters.values())).device.type
    large = f"variant {run.name!r}: a training step does not fit into memory; lower batch_size"
    large += "" if run.row is None else " or train.at_once"
    rounded: Precision = "tf32" if run.train.precision == "tf32" and device == "cuda" else "float32"
    few = threads_for(probe.layout.size * run.recipe.batch_size)
    with few, within_memory(PopulationError, large), precise(rounded, device):
        for number, at in enumerate(torch.split(order, run.recipe.batch_size, dim=-1)):
            loss = _step(run, probe, state, probe.batch(probe.splits[0], at))
            if state.epoch == number == 0:
                _require_finite_start(runs, loss)
            total = total + loss.detach() * at.shape[-1]  # stays on the device until the epoch's end
    state.epoch += 1
    return total


def _step(run: Run, probe: Probe | Together, state: State, batch: Any) -> Any:
    import torch

    device = next(iter(state.parameters.values())).device.type
    halved = run.train.precision == "bfloat16" and device == "cuda"
    state.optimiser.zero_grad()
    with torch.autocast(device, torch.bfloat16, enabled=halved):
        loss = probe.objective(state.parameters, state.buffers, batch, training=True)
    loss.sum().backward()  # of a stack's rows, which share nothing
    state.optimiser.step()
    return loss


def _require_finite_start(runs: Sequence[Run], losses: Any) -> None:
    """Refuse a loss that no learning rate could have spoilt."""
    for run, loss in zip(runs, losses.reshape(-1), strict=True):
        if not loss.isfinite():
            raise PopulationError(
                f"variant {run.name!r}: the loss of the first batch is {loss.item():g} at the weights that it starts "
                "from; look for the cause in the task's data, model or loss"
            )


def diverged(run: Run, epoch: int) -> str:
    """Return what is told of a run whose weights are no longer finite."""
    return (
        f"variant {run.name!r} diverged in epoch {epoch}: its weights are no longer finite; "
        f"lower its learning_rate, {run.recipe.learning_rate:g}"
    )


def save(state: State, probe: Probe, folder: Path) -> None:
    """Write the checkpoint, then the optimiser's state, which says that the checkpoint is whole."""
    import torch

    state.log.scored(probe, state.parameters, state.buffers)
    state.log.save()  # flushed like the others: together they are what a training continues from
    write_bytes(checkpoint(folder, state.epoch), _packed(state.tensors), flush=True)
    flat = {
        f"{place}/{name}": value
        for place, values in state.optimiser.state_dict()["state"].items()
        for name, value in values.items()
        if value is not None
    }
    write_bytes(folder / STATE, _packed(flat | {"epoch": torch.tensor(state.epoch)}), flush=True)


def _packed(tensors: Mapping[str, Any]) -> bytes:
    from safetensors.torch import save

    packed: bytes = save({name: t.detach().cpu().contiguous() for name, t in tensors.items()})
    return packed
