"""What a study would take: counts from the spec, seconds from a measured network and training step."""

from collections.abc import Iterator, Mapping, Sequence

from attrs import asdict, define, evolve, field

from globscope.boundary import within_boundary
from globscope.pipeline.plan.announced import budget_of, count, devices, lattice_shape, map_dimension, sample_count
from globscope.pipeline.plan.check import check
from globscope.pipeline.plan.fit_timing import fit_time
from globscope.pipeline.plan.planned_workers import PlannedWorkers
from globscope.pipeline.plan.timing import Before, scoring, training
from globscope.pipeline.stages.align.pairs import learners
from globscope.pipeline.stages.train import Place, parent_run, training_key, training_runs
from globscope.pipeline.workshop import Workshop, several
from globscope.population.named_base import base_warnings
from globscope.population.stacking import training_groups
from globscope.population.training_run import TrainingRun
from globscope.returned.numbers import checked_count
from globscope.roles import (
    AnalysisTraits,
    Evaluates,
    FillsLattice,
    Plans,
    ReducerTraits,
    Refits,
    Restores,
    capability,
    traits,
)
from globscope.scoring.draws import REPEATS
from globscope.spec.component_entry import Entry, ReducerEntry
from globscope.spec.network_source import NetworkSource
from globscope.spec.study_spec import Spec
from globscope.store import key
from globscope.torch_settings import float32_by_default, with_threads
from globscope.values.quantity import duration
from globscope.workers import ThisProcess

# Networks to score beyond which a study started by hand is first confirmed: 41 samples along each of four axes are
# 2.8 million, along three 69 thousand.
MANY = 200_000
# At most so many names of maps are listed.
NAMED = 5
# Networks of the widest unit, and square matrices that the weight space holds at once, in float64.
UNIT, SQUARES = 64, 12


@define(frozen=True, kw_only=True)
class Estimate:
    """A study's plan.

    Attributes:
        members: N, the number of members.
        variants: How many training runs.
        parameters: D, the number of weights of a network.
        stages: What will be done, in order.
        evaluations: Networks to score, at most; a search counts with its budget of forward passes. None where a sampler
            decides as it goes.
        memory: Bytes for the population and one unit of decoded networks.
        train_seconds: From a few measured steps where they are taken; of parents and of the zoo too, on all workers.
        fit_seconds: By map's name, its fits and its decoding, at most, from a short trial; None where none can tell.
        evaluate_seconds: From a few measured networks where they are scored, on all workers.
        learners: Names of the aligners that learn, whose time nobody knows before.
        devices: Where it is computed, by stage.
        workers: What works side by side.
        has_searches: Whether samplers may need less than their budget.
        uncounted: Names of the analyses that score networks of which only a run can tell how many; `evaluations` and
            the seconds leave these out.
        warnings: Sentences about the population that a reader must not miss.
    """

    members: int
    variants: int
    parameters: int
    stages: tuple[str, ...]
    evaluations: int | None
    memory: int
    train_seconds: float
    fit_seconds: Mapping[str, float | None]
    evaluate_seconds: float | None
    learners: tuple[str, ...]
    devices: Mapping[str, str]
    workers: PlannedWorkers = field(factory=PlannedWorkers)
    has_searches: bool = False
    uncounted: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def in_words(self) -> dict[str, str]:
        """The plan in words, by topic."""
        most = "at most " if self.has_searches else ""
        total = "decided by the sampler" if self.evaluations is None else f"{most}{self.evaluations:,}"
        apart = describe_uncounted(self.uncounted)
        learning = {"learning": f"unknown: {', '.join(self.learners)}"} if self.learners else {}
        pool = {} if self.workers.is_known else {"workers": "known when the pool starts; times are those of one"}
        return {
            "members": f"{self.members} of {self.variants} training run{'s' * (self.variants != 1)}",
            "parameters": f"{self.parameters:,}",
            "loss evaluations": total + apart,
            "memory": f"about {self.memory / 2**20:,.0f} MiB beside the libraries",
            "training": f"about {duration(self.train_seconds)}{self._on('training')}",
            **learning,
            "maps": describe_fits([self.fit_seconds]),
            "evaluation": "unknown"
            if self.evaluate_seconds is None
            else f"{most}about {duration(self.evaluate_seconds)}" + self._on("evaluation") + apart,
            **pool,
        }

    def _on(self, stage: str) -> str:
        """Return on which device, where that is not the CPU, and how many workers side by side."""
        where = self.devices.get(stage, "cpu")
        at_once = self.workers.at_once(where)
        return ("" if where == "cpu" else f" on {where}") + (f", {at_once} workers side by side" * (at_once > 1))


@within_boundary
@float32_by_default()
def estimate(workshop: Workshop, before: Before | None = None, workers: PlannedWorkers | None = None) -> Estimate:
    """Return the plan of a study; nothing is stored.

    Args:
        workshop: Of the study.
        before: What earlier cells of its sweep have trained takes it no time; what they have measured is not tried
            again.
        workers: What works side by side; those of the spec's pool where None.

    Raises:
        GlobscopeError: The spec cannot be run as it stands.
    """
    check(workshop)
    before, workers = before or Before(), workers or PlannedWorkers.of(workshop.spec)
    workshop, places = evolve(workshop, workers=ThisProcess(threads=workers.threads)), devices(workshop.spec)
    probe, runs = workshop.task.build("cpu"), _all_training_runs(workshop)
    members, variants = count(workshop.spec)
    counts = [samples(workshop, entry) for entry in workshop.spec.reducer]
    known = [count for count in counts if count is not None]
    total = evaluations(workshop) if len(known) == len(counts) else None
    total = total if total is None or not workshop.task.draws else total + REPEATS * len(variants)
    size, scored_at_once = probe.layout.size, workers.at_once(places.get("evaluation", "cpu"))
    return Estimate(
        members=members,
        variants=len(variants),
        parameters=size,
        stages=tuple(_stages(workshop, runs, members, len(variants))),
        evaluations=total,
        memory=_bytes(members, size, max([0, *known])),
        train_seconds=_training_seconds(workshop, before, workers),
        fit_seconds={
            entry.name: _fit_seconds(workshop, entry, members, before, workers) for entry in workshop.spec.reducer
        },
        evaluate_seconds=None if total is None else total * scoring(workshop, before) / scored_at_once,
        learners=tuple(one.entry.name for one in learners(workshop)),
        devices=places,
        workers=workers,
        has_searches=any(_search_budgets(workshop, entry) for entry in workshop.spec.reducer),
        uncounted=tuple(one.name for one in workshop.spec.analysis if _own_count(workshop, one, len(variants)) is None),
        warnings=(*base_warnings(workshop.spec.population, workshop.spec.folder, probe), *workshop.registry.missing),
    )


def _bytes(members: int, size: int, samples: int) -> int:
    """Return the memory of the members, a unit, the weight space and the coordinates of a map's samples."""
    rank = min(members, size)
    return 4 * size * (members + UNIT) + SQUARES * 8 * rank * rank + 8 * rank * samples


def evaluations(workshop: Workshop) -> int:
    """Return how many networks a study scores at most, without those of which only a run can tell how many."""
    spec = workshop.spec
    members, variants = count(spec)
    decoding = [entry for entry in spec.reducer if not _scatters(entry)]
    known = sum(samples(workshop, entry) or 0 for entry in spec.reducer)
    # Members are scored aligned; a map of them as they are given asks for them so, too.
    scored = 1 + (spec.population.align is not None and any(not entry.align for entry in decoding))
    return (
        members * (scored + len(decoding))
        + known
        + sum(_evaluations_of(workshop, one, members, len(variants)) for one in spec.analysis)
    )


def _all_training_runs(workshop: Workshop) -> list[TrainingRun]:
    """Return all trainings, those of the zoo after those of the population, each after the parent's."""
    return [run for _, step in _training_steps(workshop) for run in step]


def _training_steps(workshop: Workshop) -> Iterator[tuple[str, list[TrainingRun]]]:
    """Yield the trainings of every step, after which the next one starts, and the stage by which `devices` has them."""
    spec = workshop.spec
    places: dict[Place, tuple[str, NetworkSource | None]] = {
        "population": ("training", spec.population),
        "zoo": ("training of the zoo", spec.zoo),
    }
    for place, (stage, source) in places.items():
        if source is not None and source.train is not None:
            parent = parent_run(workshop, place)
            for step in [*([] if parent is None else [[parent]]), training_runs(workshop, place)]:
                yield stage, step


def _training_seconds(workshop: Workshop, before: Before, workers: PlannedWorkers) -> float:
    """Return the seconds of all trainings that no earlier cell has had, groups side by side."""
    total, places = 0.0, devices(workshop.spec)
    with with_threads(workers.threads):
        for stage, step in _training_steps(workshop):
            total += workers.makespan(training(workshop, _new(workshop, step, before), before), places[stage])
    return total


def _new(workshop: Workshop, runs: Sequence[TrainingRun], before: Before) -> list[TrainingRun]:
    """Return the trainings that no earlier cell has had."""
    population = workshop.spec.population
    start = [population.parent and asdict(population.parent), population.seed, workshop.spec.seed]
    keys = {key(training_key(workshop, run), *start): run for run in runs}
    found = [run for of, run in keys.items() if of not in before.trained]
    before.trained |= keys.keys()
    return found


def _fit_seconds(
    workshop: Workshop, entry: ReducerEntry, members: int, before: Before, workers: PlannedWorkers
) -> float | None:
    """Return what a map's fits, side by side, and its decoding take at most, those that analyses ask for too."""
    with with_threads(workers.threads):
        time, points = fit_time(workshop, entry, members, before.fits), samples(workshop, entry)
    if time is None or points is None:
        return None
    asking = [one for one in workshop.spec.analysis if entry in _decoding(workshop.spec, one)]
    fits = 1 + sum(_refits(one) for one in asking)
    at_once = workers.at_once("cpu") if capability(entry.component, Restores) is not None else 1
    return -(-fits // at_once) * time.fit + fits * time.decode * (points + members)


def samples(workshop: Workshop, entry: ReducerEntry) -> int | None:
    """Return how many points a reducer's samplers ask for; None where only a run can tell."""
    if _scatters(entry):
        return 0
    dimension, total = map_dimension(workshop, entry), 0
    for sampler in workshop.spec.samplers_of(entry):
        count = sample_count(sampler.component, sampler.name, dimension)
        if count is None:
            return None
        total += count
    return total


def _search_budgets(workshop: Workshop, entry: ReducerEntry) -> dict[str, int]:
    """Return the budgets of the searches on a reducer's map, by sampler's name."""
    if _scatters(entry):
        return {}
    dimension, samplers = map_dimension(workshop, entry), workshop.spec.samplers_of(entry)
    budgets = {sampler.name: budget_of(sampler.component, dimension) for sampler in samplers}
    return {name: budget for name, budget in budgets.items() if budget is not None}


def lattices(workshop: Workshop, analysis: Entry) -> list[tuple[int, ...]]:
    """Return the samples per axis of every lattice that fills a map that an analysis looks at."""
    maps = _decoding(workshop.spec, analysis)
    asked = [(sampler, entry) for entry in maps for sampler in workshop.spec.samplers_of(entry)]
    filling = [(sampler, entry) for sampler, entry in asked if capability(sampler.component, FillsLattice) is not None]
    return [
        lattice_shape(sampler.component, sampler.name, map_dimension(workshop, entry)) for sampler, entry in filling
    ]


def _evaluations_of(workshop: Workshop, analysis: Entry, members: int, variants: int) -> int:
    """Return how many networks an analysis will score at most, where it tells."""
    maps, own, again = _decoding(workshop.spec, analysis), _own_count(workshop, analysis, variants), _refits(analysis)
    return (own or 0) + again * sum(members + (samples(workshop, entry) or 0) for entry in maps if not _slices(entry))


def _own_count(workshop: Workshop, analysis: Entry, variants: int) -> int | None:
    """Return how many networks an analysis says it scores, 0 where it says nothing; None where only a run can tell."""
    counting, maps = capability(analysis.component, Evaluates), _decoding(workshop.spec, analysis)
    most = 0 if counting is None else counting.evaluations(lattices(workshop, analysis), len(maps), variants)
    return None if most is None else checked_count(f"analysis {analysis.name!r}: evaluations", most)


def _refits(analysis: Entry) -> int:
    """Return how often an analysis fits every map again."""
    fitting = capability(analysis.component, Refits)
    return checked_count(f"analysis {analysis.name!r}: refits", 0 if fitting is None else fitting.refits())


def _decoding(spec: Spec, analysis: Entry) -> list[ReducerEntry]:
    """Return the maps with an inverse that an analysis looks at."""
    named = traits(analysis.component, AnalysisTraits).reducers
    return [entry for entry in spec.reducer if not _scatters(entry) and (not named or entry.name in named)]


def _slices(entry: ReducerEntry) -> bool:
    return traits(entry.component, ReducerTraits).own_space


def _scatters(entry: ReducerEntry) -> bool:
    return bool(traits(entry.component, ReducerTraits).why_no_inverse)


def _stages(workshop: Workshop, runs: list[TrainingRun], members: int, variants: int) -> list[str]:
    spec = workshop.spec
    trained = [f"train {several([run.name for run in one])} ({one[0].epochs} epochs)" for one in training_groups(runs)]
    names = trained or ["read checkpoints"]
    names.append("evaluate members")
    names += [f"evaluate draws: {REPEATS} of {variants} networks"] if workshop.task.draws else []
    names += [f"{one.entry.name}: learn from the zoo" for one in learners(workshop)]
    for entry in spec.reducer:
        if _scatters(entry):
            names.append(f"{entry.name}: fit; no landscape, it has no inverse")
            continue
        within = {n: f" (at most {budget:,} evaluations)" for n, budget in _search_budgets(workshop, entry).items()}
        points = " and ".join(f"{one.name}{within.get(one.name, '')}" for one in spec.samplers_of(entry))
        names.append(f"{entry.name}: fit, decode {points}, evaluate, merge tree")
    for asked in (spec.fidelity, *spec.analysis):
        maps = len(_decoding(spec, asked))
        planning, more = capability(asked.component, Plans), _evaluations_of(workshop, asked, members, variants)
        name = asked.name if planning is None else planning.plan(maps, variants)
        names.append(f"{name}: up to {more:,} more networks" if more else name)
    return names


def describe_fits(fits: Sequence[Mapping[str, float | None]], at_once: int = 1) -> str:
    """Return in words what maps take, and of which no short trial can tell."""
    known = [seconds for one in fits for seconds in one.values() if seconds is not None]
    unknown = dict.fromkeys(name for one in fits for name, seconds in one.items() if seconds is None)
    times = [f"at most about {duration(sum(known) / at_once)}"] if known else []
    return "; ".join([*times, *([f"unknown: {_list_names([*unknown])}"] if unknown else [])])


def describe_uncounted(names: Sequence[str]) -> str:
    """Return in words, to be added to a total, of which analyses it has no networks; empty where it has all."""
    return f", without {_list_names(names)}: only a run can tell" if names else ""


def _list_names(names: Sequence[str]) -> str:
    """Return names as text; of many, the first five and the number of the others."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
