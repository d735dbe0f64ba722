"""One step of training: gradients of a batch, then the optimiser's."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from globscope.population.optimisers import searches_lines
from globscope.population.stacking import StackedProbe
from globscope.population.training_run import TrainingRun
from globscope.population.training_state import TrainingState
from globscope.roles import Probe
from globscope.scoring.channels_last import channels_last
from globscope.scoring.draws import device_of
from globscope.scoring.recorded_step import RecordedStep


def begin_phase(run: TrainingRun, state: TrainingState) -> None:
    """Give the state the optimiser of the coming epoch, where another one begins with it."""
    phase = run.phase(state.epoch)
    if state.epoch == phase.start > 0:
        state.optimiser, state.steps = run.optimiser(list(state.parameters.values()), phase), RecordedStep()


def set_rate(optimiser: Any, rate: float) -> None:
    """Set the learning rate; where it is a tensor, which a recorded step reads, in its place."""
    for group in optimiser.param_groups:
        if hasattr(group["lr"], "fill_"):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def training_step(run: TrainingRun, probe: Probe | StackedProbe, state: TrainingState, batch: Any) -> Any:
    """Take a step, on a GPU perhaps a recorded one; return the loss."""
    batch = channels_last(batch) if state.images_last else batch
    step = partial(_take_step, run, probe, state)
    if run.train.cuda_graphs and is_on_cuda(state.parameters) and not searches_lines(state.optimiser):
        return state.steps(step, batch, device_of(state.parameters))
    return step(batch)


def _take_step(run: TrainingRun, probe: Probe | StackedProbe, state: TrainingState, batch: Any) -> Any:
    import torch

    device = next(iter(state.parameters.values())).device.type
    half_precision = run.train.precision == "bfloat16" and device == "cuda"

    def differentiate() -> Any:
        state.optimiser.zero_grad()
        with torch.autocast(device, torch.bfloat16, enabled=half_precision):
            loss = probe.objective(state.parameters, state.buffers, batch, training=True)
        loss.sum().backward()  # the rows of a stack share nothing
        return loss

    return state.optimiser.step(differentiate).detach()  # the loss at the start of the step


def is_on_cuda(tensors: Mapping[str, Any]) -> bool:
    """Return whether tensors lie on a CUDA device."""
    return device_of(tensors).startswith("cuda")
