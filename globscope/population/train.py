"""Training one variant, with a checkpoint every few epochs from which a killed run continues."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from globscope.errors import PopulationError
from globscope.memory import within_memory
from globscope.population.optimiser_state import flatten_state, restore_state
from globscope.population.stacking import StackedProbe
from globscope.population.training_run import TrainingRun, checkpoint_path
from globscope.population.training_state import FILE, TrainingLog, TrainingState
from globscope.population.training_step import begin_phase, set_rate, training_step
from globscope.reading import read_tensors
from globscope.roles import Probe
from globscope.scoring.channels_last import channels_last, prefers_channels_last, takes_channels_last
from globscope.scoring.draws import device_of, fixed_seed
from globscope.store import write_bytes
from globscope.torch_settings import Precision, precise, threads_for
from globscope.values.chart import Progress

# Optimiser state of the last checkpoint; removed when the variant is trained.
STATE = "state.safetensors"


def fit(run: TrainingRun, probe: Probe, folder: Path, progress: Progress) -> None:
    """Train into `folder`, continuing from its last checkpoint; equal runs give equal bytes on a CPU.

    Raises:
        PopulationError: The training diverged, or its loss was not finite before any step.
    """
    import torch

    if is_trained(run, folder):
        return
    state = resume_or_start(run, probe, folder)
    while state.epoch < run.epochs:
        progress(state.epoch, run.epochs, **state.log.last)
        _train_epoch(run, probe, state)
        if not all(torch.isfinite(p).all() for p in state.parameters.values()):
            raise PopulationError(divergence_message(run, state.epoch))
        if state.epoch in run.steps:
            save_checkpoint(state, probe, folder)
    (folder / STATE).unlink(missing_ok=True)
    progress(run.epochs, run.epochs)


def is_trained(run: TrainingRun, folder: Path) -> bool:
    """Return whether a run has all of its checkpoints; it may have been stopped before its stage was closed."""
    files = [checkpoint_path(folder, step) for step in (0, *run.steps)]
    return all(file.exists() for file in [*files, folder / FILE]) and not (folder / STATE).exists()


def resume_or_start(run: TrainingRun, probe: Probe, folder: Path) -> TrainingState:
    """Return a run's state from its last checkpoint, or at its start, which is then saved."""
    state, flat = _fresh_state(run, probe, folder), _last_saved(run, folder)
    if flat:
        _resume(run, state, flat, folder)
        return state
    for step in run.steps:
        checkpoint_path(folder, step).unlink(missing_ok=True)
    save_checkpoint(state, probe, folder)
    return state


def _last_saved(run: TrainingRun, folder: Path) -> dict[str, Any]:
    """Return the optimiser's state at the last checkpoint; nothing where it, or an earlier file, is missing."""
    if not (folder / STATE).exists():
        return {}
    flat = read_tensors(folder / STATE)
    files = [folder / FILE, *(checkpoint_path(folder, step) for step in (0, *run.steps) if step <= int(flat["epoch"]))]
    return flat if all(file.exists() for file in files) else {}


def _fresh_state(run: TrainingRun, probe: Probe, folder: Path) -> TrainingState:
    import torch

    parameters, buffers = probe.initialise(run.seed if run.initial is None else run.initial)
    if run.start is not None:
        _copy(parameters | buffers, {name: torch.from_numpy(a) for name, a in run.start.items()})
    device = device_of(parameters)
    images_last = prefers_channels_last(run.train.precision, device) and takes_channels_last(probe, device)
    parameters = channels_last(parameters) if images_last else parameters
    parameters = {name: p.requires_grad_() for name, p in parameters.items()}
    optimiser = run.optimiser(list(parameters.values()), run.phases[0])
    return TrainingState(parameters, buffers, optimiser, TrainingLog(folder), images_last=images_last)


def _resume(run: TrainingRun, state: TrainingState, flat: dict[str, Any], folder: Path) -> None:
    state.epoch = int(flat.pop("epoch"))
    state.log.resume(state.epoch)
    _copy(state.tensors, read_tensors(checkpoint_path(folder, state.epoch)))
    parameters = list(state.parameters.values())
    state.optimiser = run.optimiser(parameters, run.phase(max(0, state.epoch - 1)))  # whose last epoch is saved
    restore_state(state.optimiser, flat, parameters)


def _copy(into: Mapping[str, Any], tensors: Mapping[str, Any]) -> None:
    import torch

    with torch.no_grad():
        for name, tensor in into.items():
            tensor.copy_(tensors[name])


def _train_epoch(run: TrainingRun, probe: Probe, state: TrainingState) -> None:
    """Pass once over the data; its order depends on seed and epoch alone, so that training can be resumed."""
    begin_phase(run, state)
    order, draw = example_order(run, probe, state.epoch)
    with fixed_seed(draw, device_of(state.parameters)):  # for layers that draw, such as dropout
        total = run_epoch([run], probe, state, order)
    state.log.add_epoch(state.epoch, run.rate(state.epoch - 1), float(total) / len(order))


def example_order(run: TrainingRun, probe: Probe, epoch: int) -> tuple[Any, int]:
    """Return the order of the training examples in an epoch, and the seed of layers that draw."""
    import torch

    source = np.random.default_rng([run.seed, epoch])
    order = torch.from_numpy(source.permutation(probe.examples(probe.splits[0])))
    return order, int(source.integers(2**62))


def run_epoch(runs: Sequence[TrainingRun], probe: Probe | StackedProbe, state: TrainingState, order: Any) -> Any:
    """Train on all examples in an order, (examples,) or (rows, examples) for a stack; return the summed losses."""
    import torch

    run = runs[0]
    total: Any = 0.0
    device = next(iter(state.parameters.values())).device.type
    too_large = f"variant {run.name!r}: a training step does not fit into memory; lower batch_size"
    too_large += "" if run.row is None else " or train.at_once"
    precision: Precision = "tf32" if run.train.precision == "tf32" and device == "cuda" else "float32"
    few_threads = threads_for(probe.layout.size * run.recipe.batch_size)
    with few_threads, within_memory(PopulationError, too_large), precise(precision, device):
        batches = torch.split(order, run.recipe.batch_size, dim=-1)
        for number, indices in enumerate(batches):
            if number == 0 or state.epoch < run.train.warm_up:
                set_rate(state.optimiser, run.rate(state.epoch, (number + 1) / len(batches)))
            loss = training_step(run, probe, state, probe.batch(probe.splits[0], indices))
            if state.epoch == number == 0:
                _require_finite_start(runs, loss)
            total = total + loss * indices.shape[-1]  # stays on the device until the epoch's end
    state.epoch += 1
    return total


def _require_finite_start(runs: Sequence[TrainingRun], losses: Any) -> None:
    """Refuse a loss that no learning rate could have spoilt."""
    for run, loss in zip(runs, losses.reshape(-1), strict=True):
        if not loss.isfinite():
            raise PopulationError(
                f"variant {run.name!r}: the loss of the first batch is {loss.item():g} at the weights that it starts "
                "from; look for the cause in the task's data, model or loss"
            )


def divergence_message(run: TrainingRun, epoch: int) -> str:
    """Return the message about a run whose weights are no longer finite."""
    return (
        f"variant {run.name!r} diverged in epoch {epoch}: its weights are no longer finite; "
        f"lower its learning_rate, {run.recipe.learning_rate:g}"
    )


def save_checkpoint(state: TrainingState, probe: Probe, folder: Path) -> None:
    """Write the checkpoint, then the optimiser's state, which says that the checkpoint is whole."""
    import torch

    state.log.add_scores(probe, state.parameters, state.buffers)
    state.log.save()  # flushed like the others: together they are what a training continues from
    write_bytes(checkpoint_path(folder, state.epoch), _safetensors_bytes(state.tensors), flush=True)
    flat = flatten_state(state.optimiser.state_dict()["state"]) | {"epoch": torch.tensor(state.epoch)}
    write_bytes(folder / STATE, _safetensors_bytes(flat), flush=True)


def _safetensors_bytes(tensors: Mapping[str, Any]) -> bytes:
    from safetensors.torch import save

    packed: bytes = save({name: t.detach().cpu().contiguous() for name, t in tensors.items()})
    return packed
