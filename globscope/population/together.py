"""Training the runs of a stack at once, each into its own folder as if it were alone."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define

from globscope.errors import PopulationError
from globscope.population.run import Run
from globscope.population.stack import Together, joined
from globscope.population.train import STATE, State, begun, diverged, is_trained, passed, save, shuffled
from globscope.roles import Probe
from globscope.values.chart import Progress

# Torch's name for an optimiser's count of its steps, the one value that it does not keep a weight.
STEP = "step"


@define
class _Row:
    """A run in its row; its state's tensors are views of the stack's."""

    name: str
    run: Run
    folder: Path
    state: State


def fit_together(jobs: Mapping[str, tuple[Run, Path]], probe: Probe, progress: Progress) -> Iterator[str]:
    """Train runs of one recipe into their folders, from their last checkpoints; yield each job's name when it is done.

    Raises:
        PopulationError: Runs diverged, told when the others are done; or a loss was not finite before any step.
    """
    over = [name for name, job in jobs.items() if is_trained(*job)]
    yield from over
    left = {name: job for name, job in jobs.items() if name not in over}
    rows = [_Row(name, run, folder, begun(run, probe, folder)) for name, (run, folder) in left.items()]
    lost: list[str] = []
    # A kill while saving leaves some a checkpoint ahead. Sorted out before any trains, for then they catch up.
    levels = [[row for row in rows if row.state.epoch == at] for at in sorted({row.state.epoch for row in rows})]
    for level in levels:
        for row in _fit(level, probe, progress, lost):
            (row.folder / STATE).unlink(missing_ok=True)
            yield row.name
    if lost:
        raise PopulationError("\n".join(lost))


def _fit(rows: Sequence[_Row], probe: Probe, progress: Progress, lost: list[str]) -> list[_Row]:
    """Train rows that are at one epoch to the end; return those that got there, and add what is told of others."""
    run = rows[0].run
    stack = _stacked(rows)
    while rows and stack.epoch < run.epochs:
        progress(stack.epoch, run.epochs, **rows[0].state.log.last)
        finite = _epoch(rows, probe, stack)
        lost += [diverged(row.run, stack.epoch) for row in rows if not finite[row.run.row]]
        rows = [row for row in rows if finite[row.run.row]]
        if stack.epoch in run.steps:
            for row in rows:
                save(row.state, probe, row.folder)
    progress(run.epochs, run.epochs)
    return list(rows)


def _epoch(rows: Sequence[_Row], probe: Probe, stack: State) -> Any:
    """Take one pass over the data, each row in the order of its own; return which rows of the stack are finite."""
    import torch

    runs = _filled(rows, [row.run for row in rows])
    orders = torch.stack([shuffled(run, probe, stack.epoch)[0] for run in runs])
    totals = passed(runs, Together(probe, len(runs)), stack, orders).tolist()
    for row in rows:
        row.state.epoch = stack.epoch
        row.state.log.epoch(stack.epoch, row.run.rate(stack.epoch - 1), totals[row.run.row] / orders.shape[1])
    finite = [torch.isfinite(p).flatten(1).all(dim=1) for p in stack.parameters.values()]
    return torch.stack(finite).all(dim=0).tolist()


def _filled(rows: Sequence[_Row], values: Sequence[Any]) -> list[Any]:
    """Return the rows' values by their place in the stack; the first's where there is no run."""
    found = [values[0]] * rows[0].run.train.at_once
    for row, value in zip(rows, values, strict=True):
        found[row.run.row] = value  # type: ignore[index]
    return found


def _stacked(rows: Sequence[_Row]) -> State:
    """Return the whole stack as a training moves it; the rows' own states become views of it."""
    states = _filled(rows, [row.state for row in rows])
    parameters = {name: p.requires_grad_() for name, p in joined([s.parameters for s in states]).items()}
    optimiser = rows[0].run.optimiser(list(parameters.values()))
    optimiser.load_state_dict({"state": _moments(states), "param_groups": optimiser.state_dict()["param_groups"]})
    stack = State(parameters, joined([s.buffers for s in states]), optimiser, states[0].log, states[0].epoch)
    for row in rows:
        row.state = _view(stack, row)
    return stack


def _moments(states: Sequence[State]) -> dict[int, dict[str, Any]]:
    """Return what the rows' optimisers remember, as one that counts the steps of all."""
    rows = [state.optimiser.state_dict()["state"] for state in states]
    first: dict[int, dict[str, Any]] = rows[0]
    return {
        place: joined([one[place] for one in rows]) | {n: v for n, v in values.items() if n == STEP}
        for place, values in first.items()
    }


def _view(stack: State, row: _Row) -> State:
    """Return the state of a row, which moves as the stack does."""
    at = row.run.row
    parameters = {name: p.detach()[at] for name, p in stack.parameters.items()}
    buffers = {name: b[at] for name, b in stack.buffers.items()}
    return State(parameters, buffers, _Part(stack.optimiser, row.run.row), row.state.log, stack.epoch)


@define
class _Part:
    """A row's part of a stack's optimiser, as an optimiser of its own would tell it."""

    optimiser: Any
    row: int | None

    def state_dict(self) -> dict[str, Any]:
        moments = self.optimiser.state_dict()["state"]
        return {"state": {place: {n: self._own(n, v) for n, v in values.items()} for place, values in moments.items()}}

    def _own(self, name: str, value: Any) -> Any:
        return value if name == STEP or value is None else value[self.row]
