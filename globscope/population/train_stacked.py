"""Training the runs of a stack at once, each into its own folder as if it were trained alone."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define

from globscope.errors import PopulationError
from globscope.population.stacking import StackedProbe, stack_tensors
from globscope.population.train import (
    STATE,
    divergence_message,
    example_order,
    is_trained,
    resume_or_start,
    run_epoch,
    save_checkpoint,
)
from globscope.population.training_run import TrainingRun
from globscope.population.training_state import TrainingState
from globscope.population.training_step import begin_phase
from globscope.roles import Probe
from globscope.values.chart import Progress

# Torch's name for an optimiser's count of its steps, its only value that is not kept for every weight.
STEP = "step"


@define
class _Row:
    """A run in its row; its state's tensors are views of the stack's."""

    name: str
    run: TrainingRun
    folder: Path
    state: TrainingState


def fit_stacked(jobs: Mapping[str, tuple[TrainingRun, Path]], probe: Probe, progress: Progress) -> Iterator[str]:
    """Train runs with one recipe into their folders, from their last checkpoints; yield each finished job's name.

    Raises:
        PopulationError: Runs diverged, raised when the others are done; or a loss was not finite before any step.
    """
    finished = [name for name, job in jobs.items() if is_trained(*job)]
    yield from finished
    left = {name: job for name, job in jobs.items() if name not in finished}
    rows = [_Row(name, run, folder, resume_or_start(run, probe, folder)) for name, (run, folder) in left.items()]
    lost: list[str] = []
    # A kill while saving leaves some a checkpoint ahead. The levels are made before any row trains and catches up.
    levels = [[row for row in rows if row.state.epoch == at] for at in sorted({row.state.epoch for row in rows})]
    for level in levels:
        for row in _fit_level(level, probe, progress, lost):
            (row.folder / STATE).unlink(missing_ok=True)
            yield row.name
    if lost:
        raise PopulationError("\n".join(lost))


def _fit_level(rows: Sequence[_Row], probe: Probe, progress: Progress, lost: list[str]) -> list[_Row]:
    """Train rows that are at one epoch to the end; return those that got there, and add messages about the others."""
    run = rows[0].run
    stack = _stack_states(rows)
    while rows and stack.epoch < run.epochs:
        progress(stack.epoch, run.epochs, **rows[0].state.log.last)
        finite = _train_epoch(rows, probe, stack)
        lost += [divergence_message(row.run, stack.epoch) for row in rows if not finite[row.run.row]]
        rows = [row for row in rows if finite[row.run.row]]
        if stack.epoch in run.steps:
            for row in rows:
                save_checkpoint(row.state, probe, row.folder)
    progress(run.epochs, run.epochs)
    return list(rows)


def _train_epoch(rows: Sequence[_Row], probe: Probe, stack: TrainingState) -> Any:
    """Pass once over the data, each row in its own order; return which rows of the stack are finite."""
    import torch

    begin_phase(rows[0].run, stack)
    runs = _by_place(rows, [row.run for row in rows])
    orders = torch.stack([example_order(run, probe, stack.epoch)[0] for run in runs])
    totals = run_epoch(runs, StackedProbe(probe, len(runs)), stack, orders).tolist()
    for row in rows:
        row.state.epoch = stack.epoch
        row.state.log.add_epoch(stack.epoch, row.run.rate(stack.epoch - 1), totals[row.run.row] / orders.shape[1])
    finite = [torch.isfinite(p).flatten(1).all(dim=1) for p in stack.parameters.values()]
    return torch.stack(finite).all(dim=0).tolist()


def _by_place(rows: Sequence[_Row], values: Sequence[Any]) -> list[Any]:
    """Return the rows' values by their place in the stack; the first's where there is no run."""
    places = [values[0]] * rows[0].run.train.at_once
    for row, value in zip(rows, values, strict=True):
        places[row.run.row] = value  # type: ignore[index]
    return places


def _stack_states(rows: Sequence[_Row]) -> TrainingState:
    """Return the state of the whole stack, which training changes; the rows' states become views of it."""
    states = _by_place(rows, [row.state for row in rows])
    parameters = {name: p.requires_grad_() for name, p in stack_tensors([s.parameters for s in states]).items()}
    run, epoch = rows[0].run, states[0].epoch
    optimiser = run.optimiser(list(parameters.values()), run.phase(max(0, epoch - 1)))  # whose last epoch is over
    optimiser.load_state_dict({"state": _moments(states), "param_groups": optimiser.state_dict()["param_groups"]})
    stack = TrainingState(parameters, stack_tensors([s.buffers for s in states]), optimiser, states[0].log, epoch)
    for row in rows:
        row.state = _view(stack, row)
    return stack


def _moments(states: Sequence[TrainingState]) -> dict[int, dict[str, Any]]:
    """Return the rows' optimiser states, stacked, with one count of steps."""
    rows = [state.optimiser.state_dict()["state"] for state in states]
    first: dict[int, dict[str, Any]] = rows[0]
    return {
        place: stack_tensors([row[place] for row in rows]) | {n: v for n, v in values.items() if n == STEP}
        for place, values in first.items()
    }


def _view(stack: TrainingState, row: _Row) -> TrainingState:
    """Return the state of a row, a view of the stack's."""
    number = row.run.row
    parameters = {name: p.detach()[number] for name, p in stack.parameters.items()}
    buffers = {name: b[number] for name, b in stack.buffers.items()}
    return TrainingState(parameters, buffers, _OptimiserRow(stack, number), row.state.log, stack.epoch)


@define
class _OptimiserRow:
    """A row's part of a stack's optimiser, with the state dict that an optimiser of its own would have."""

    stack: TrainingState
    row: int | None

    def state_dict(self) -> dict[str, Any]:
        moments = self.stack.optimiser.state_dict()["state"]
        return {"state": {place: {n: self._part(n, v) for n, v in values.items()} for place, values in moments.items()}}

    def _part(self, name: str, value: Any) -> Any:
        return value if name == STEP or value is None else value[self.row]
