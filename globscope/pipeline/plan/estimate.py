"""What a study would take: counts from the spec, seconds from a measured network and training step."""

from collections.abc import Mapping

from attrs import define, evolve, field

from globscope.boundary import within_boundary
from globscope.pipeline.plan.announced import count, devices
from globscope.pipeline.plan.check import check
from globscope.pipeline.plan.describe import describe_fits, describe_uncounted
from globscope.pipeline.plan.fit_timing import fit_time
from globscope.pipeline.plan.network_counts import (
    decoding_maps,
    evaluations,
    own_count,
    refits,
    samples,
    search_budgets,
)
from globscope.pipeline.plan.planned_stages import planned_stages
from globscope.pipeline.plan.planned_workers import PlannedWorkers
from globscope.pipeline.plan.timing import Before, scoring
from globscope.pipeline.plan.training_time import all_training_runs, training_seconds
from globscope.pipeline.stages.align.pairs import learners
from globscope.pipeline.workshop import Workshop
from globscope.population.named_base import base_warnings
from globscope.roles import Restores, capability
from globscope.scoring.draws import REPEATS
from globscope.spec.component_entry import ReducerEntry
from globscope.torch_settings import float32_by_default, with_threads
from globscope.values.quantity import duration
from globscope.workers import ThisProcess

# Networks to score beyond which a study started by hand is first confirmed: 41 samples along each of four axes are
# 2.8 million, along three 69 thousand.
MANY = 200_000
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
    probe, runs = workshop.task.build("cpu"), all_training_runs(workshop)
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
        stages=tuple(planned_stages(workshop, runs, members, len(variants))),
        evaluations=total,
        memory=_bytes(members, size, max([0, *known])),
        train_seconds=training_seconds(workshop, before, workers),
        fit_seconds={
            entry.name: _fit_seconds(workshop, entry, members, before, workers) for entry in workshop.spec.reducer
        },
        evaluate_seconds=None if total is None else total * scoring(workshop, before) / scored_at_once,
        learners=tuple(one.entry.name for one in learners(workshop)),
        devices=places,
        workers=workers,
        has_searches=any(search_budgets(workshop, entry) for entry in workshop.spec.reducer),
        uncounted=tuple(one.name for one in workshop.spec.analysis if own_count(workshop, one, len(variants)) is None),
        warnings=(*base_warnings(workshop.spec.population, workshop.spec.folder, probe), *workshop.registry.missing),
    )


def _bytes(members: int, size: int, samples: int) -> int:
    """Return the memory of the members, a unit, the weight space and the coordinates of a map's samples."""
    rank = min(members, size)
    return 4 * size * (members + UNIT) + SQUARES * 8 * rank * rank + 8 * rank * samples


def _fit_seconds(
    workshop: Workshop, entry: ReducerEntry, members: int, before: Before, workers: PlannedWorkers
) -> float | None:
    """Return what a map's fits, side by side, and its decoding take at most, those that analyses ask for too."""
    with with_threads(workers.threads):
        time, points = fit_time(workshop, entry, members, before.fits), samples(workshop, entry)
    if time is None or points is None:
        return None
    asking = [one for one in workshop.spec.analysis if entry in decoding_maps(workshop.spec, one)]
    fits = 1 + sum(refits(one) for one in asking)
    at_once = workers.at_once("cpu") if capability(entry.component, Restores) is not None else 1
    return -(-fits // at_once) * time.fit + fits * time.decode * (points + members)
