"""How long a training step and a scoring take on this machine, tried out."""

import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
from attrs import define, evolve, field

from globscope.device import device
from globscope.pipeline.disk.journal import DiskJournal
from globscope.pipeline.plan.fit_timing import FitTime
from globscope.pipeline.stages.evaluate import draw_seed, record_fields
from globscope.pipeline.workshop import Workshop
from globscope.population.checkpoint import as_array
from globscope.population.optimisers import EVALUATIONS
from globscope.population.stacking import StackedProbe, training_groups
from globscope.population.train import run_epoch
from globscope.population.training_run import Phase, TrainingRun
from globscope.population.training_state import TrainingLog, TrainingState
from globscope.roles import Probe, TriesScoring, capability
from globscope.scoring.draws import device_of, fixed_seed
from globscope.store import key
from globscope.values.chart import Progress
from globscope.values.evaluation import Networks

# Examples of a first trial step, and the seconds below and beyond which a trial is too short and long enough to tell.
FEW, SHORT, LONG = 16, 0.1, 0.5


@define
class Before:
    """What the cells of a sweep before this one have had already.

    Attributes:
        trained: Keys of the trainings.
        steps: Seconds of a training step, by the task and what of a recipe a step depends on.
        scores: Seconds of scoring a network, by task and evaluator.
        fits: What a map takes, by its reducer and the members' shape.
    """

    trained: set[str] = field(factory=set)
    steps: dict[str, float] = field(factory=dict)
    scores: dict[str, float] = field(factory=dict)
    fits: dict[str, FitTime | None] = field(factory=dict)


def training(workshop: Workshop, runs: Sequence[TrainingRun], before: Before) -> list[float]:
    """Return the seconds of every group of runs where they are trained, from a few measured steps."""
    groups = list[float]()
    for run, *_ in training_groups(runs):
        probe = workshop.tasks.whole.build(device(run.train.device, "population.train.device"))
        examples, size = probe.examples(probe.splits[0]), run.recipe.batch_size
        width = 1 if run.row is None else run.train.at_once
        stack = probe if width == 1 else StackedProbe(probe, width)
        trial = partial(_Steps, run, probe=stack, known=before.steps, task_key=workshop.tasks.whole.key)
        seconds = sum(_time_phase(trial, phase, min(size, examples)) for phase in run.phases)
        groups.append(seconds * -(-examples // size))
    return groups


def _time_phase(trial: Callable[[Phase], "_Steps"], phase: Phase, size: int) -> float:
    """Return the seconds of a phase with one step an epoch; L-BFGS is timed by what it evaluates, step by step."""
    if phase.optimiser != "lbfgs":
        return trial(phase).time(size) * phase.epochs
    return trial(evolve(phase, optimiser="sgd")).time(size) * phase.epochs * EVALUATIONS


@define(frozen=True)
class _Steps:
    """Trial steps of a phase of a run; `known` has the seconds of those that were taken before."""

    run: TrainingRun
    phase: Phase
    probe: Probe | StackedProbe
    known: dict[str, float]
    task_key: str

    def time(self, size: int) -> float:
        """Return the seconds of a step; a long one is extrapolated from fewer examples, or `check` takes minutes."""
        few = min(size, FEW)
        seconds = self._measure(few)
        # A short step is mostly the start of its operations, which more examples do not repeat.
        while few < size and (seconds < SHORT or seconds * size / few <= 2 * LONG):
            few = min(size, 4 * few)
            seconds = self._measure(few)
        return seconds * size / few

    def _measure(self, size: int) -> float:
        width = self.probe.width if isinstance(self.probe, StackedProbe) else 1
        train = self.run.train
        of = key(self.task_key, size, width, train.device, train.precision, self.phase.optimiser)
        if of not in self.known:
            self.known[of] = _time_steps(self.run, self.phase, self.probe, size)
        return self.known[of]


def _time_steps(run: TrainingRun, phase: Phase, probe: Probe | StackedProbe, size: int) -> float:
    import torch

    parameters, buffers = probe.initialise(0)
    leaves = {name: p.requires_grad_() for name, p in parameters.items()}
    order = torch.arange(size)
    order = order.expand(probe.width, size) if isinstance(probe, StackedProbe) else order
    # Not at its start: whether a run's first loss is finite is for its own weights to say.
    state = TrainingState(leaves, buffers, run.optimiser(list(leaves.values()), phase), TrainingLog(Path()), epoch=1)
    times: list[float] = []
    while (len(times) < 4 and sum(times) < LONG) or (len(times) == 1 and times[0] < 4 * LONG):
        start = perf_counter()
        with fixed_seed(0, device_of(parameters)):
            run_epoch([run], probe, state, order).tolist()  # read, so that a device has finished
        times.append(perf_counter() - start)
    return min(times)  # the first warms up


def scoring(workshop: Workshop, before: Before) -> float:
    """Return the seconds of scoring one network, from a few fresh ones."""
    of = key(workshop.task.key, workshop.key_of(workshop.spec.evaluator.component))
    if of not in before.scores:
        before.scores[of] = _scoring(workshop)
    return before.scores[of]


def _scoring(workshop: Workshop) -> float:
    entry, probe = workshop.spec.evaluator, workshop.task.build("cpu")
    trying = capability(entry.component, TriesScoring)
    with workshop.errors_of(entry.component):
        quick, times = (entry.component, 1.0) if trying is None else trying.trial(probe)
    trial = evolve(workshop, spec=evolve(workshop.spec, evaluator=evolve(entry, component=quick)))
    seconds = _time_network(trial) * times
    return seconds if times == 1 or seconds > 4 * LONG else _time_network(workshop)


def _time_network(workshop: Workshop) -> float:
    first = _time_scoring(workshop, 1)  # warms up as well, which may take longer than the scoring
    again = first if first > 4 * LONG else _time_scoring(workshop, 1)
    return min(first, again) if again > LONG else _time_scoring(workshop, 2) / 2


def _time_scoring(workshop: Workshop, count: int) -> float:
    probe = workshop.task.build("cpu")
    parameters, buffers = ({n: as_array(t.cpu(), n) for n, t in one.items()} for one in probe.initialise(0))
    weights, seed = np.stack([probe.layout.flatten(parameters)] * count), draw_seed(workshop)
    networks = evolve(Networks.of(weights, [buffers] * count), seed=seed)
    with tempfile.TemporaryDirectory() as folder:
        start = perf_counter()
        record_fields(workshop, networks, DiskJournal(Path(folder), len(networks)), Progress())
        return perf_counter() - start
