"""The align stage: the permutations that an aligner finds for two networks, and what it starts from."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define

from globscope.boundary import component_errors
from globscope.errors import PluginError, near
from globscope.pipeline.pool import StageJob, compute_side_by_side
from globscope.pipeline.stage_keys import Stage, generator
from globscope.pipeline.stages.learn import learned_file, learning, zoo_key
from globscope.pipeline.workshop import Workshop
from globscope.registry import Registry
from globscope.returned.numbers import checked_arrays
from globscope.returned.results import checked_permutations
from globscope.roles import AlignerTraits, AnalysisTraits, Task, Tensors, traits
from globscope.spec.component_entry import AlignerEntry, Entry
from globscope.store import key, read_arrays, write_arrays
from globscope.values.arrays import read_only_fields
from globscope.values.chart import Progress
from globscope.values.findings import Finding

ARRAYS = "arrays.safetensors"
# What an aligner may start from beside another one's scores.
RANDOM = "random"


@define(frozen=True, kw_only=True)
class PairAligner:
    """An aligner with all that it needs to align a pair, in whatever process.

    Attributes:
        registry: Of all components, by which errors name theirs.
        component: The aligner's options.
        ready: The aligner, with what it learned.
        label: What messages call it.
        task: Of both networks.
        seed: Of what it draws.
        use: Its name in the registry.
        before: The aligner from whose scores it starts.
    """

    registry: Registry
    component: Any
    ready: Any
    label: str
    task: Task
    seed: int
    use: str
    before: "PairAligner | None"

    def align(self, a: Tensors, b: Tensors) -> Mapping[str, np.ndarray]:
        """Return the permutations of b that fit a."""
        aligner = self._started_aligner(a, b)
        with component_errors(self.registry, self.component):
            return checked_permutations(self.label, aligner.align(self.task, a, b, self._rng))

    def align_set(self, networks: Sequence[Tensors]) -> list[dict[str, np.ndarray]]:
        """Return the permutations of every network that fit all of them to one another."""
        with component_errors(self.registry, self.component):
            orders = list(self.ready.align_set(self.task, networks, self._rng))
            if len(orders) != len(networks):
                raise PluginError(f"{self.label}: permutations of {len(orders)} networks; {len(networks)} are wanted")
            return [checked_permutations(self.label, order) for order in orders]

    def _started_aligner(self, a: Tensors, b: Tensors) -> Any:
        """Return the aligner with the scores of a pair that it starts from."""
        if self.before is None:
            return self.ready
        scores = self.before._scores(a, b)
        with component_errors(self.registry, self.component):
            return self.ready.start_from(scores)

    def _scores(self, a: Tensors, b: Tensors) -> Mapping[str, np.ndarray]:
        aligner = self._started_aligner(a, b)
        with component_errors(self.registry, self.component):
            scores = aligner.scores(self.task, a, b, self._rng)
        return checked_arrays(f"{self.label}: scores", scores)

    @property
    def _rng(self) -> np.random.Generator:
        return generator(self.seed, "align", self.use)


@define(frozen=True, kw_only=True)
class PairFill:
    """Writes the permutations of a pair."""

    aligner: PairAligner
    a: Tensors
    b: Tensors

    def __call__(self, folder: Path, _: Progress) -> None:
        """Align the pair."""
        write_arrays(folder / ARRAYS, self.aligner.align(self.a, self.b))


@define(frozen=True)
class AlignerStage:
    """An aligner of a spec at work.

    Attributes:
        workshop: The study at work.
        entry: The aligner's entry in the spec.
    """

    workshop: Workshop
    entry: AlignerEntry

    @classmethod
    def by(cls, workshop: Workshop, name: str) -> "AlignerStage":
        """Return an aligner of the spec, or one with its defaults by its own name.

        Raises:
            PluginError: There is none, or it has options without a default.
        """
        known = workshop.aligners
        if name not in known:
            known[name] = cls(workshop, _entry(workshop, name))
        return known[name]  # type: ignore[no-any-return]

    @property
    def learns(self) -> bool:
        """Whether it has to learn before it can align."""
        return traits(self.entry.component, AlignerTraits).learns

    @property
    def seed(self) -> int:
        """Of what it learns and draws."""
        return self.workshop.spec.seed if self.entry.seed is None else self.entry.seed

    @cached_property
    def before(self) -> "AlignerStage | None":
        """The aligner that it starts from."""
        start = traits(self.entry.component, AlignerTraits).start
        return None if start == RANDOM else AlignerStage.by(self.workshop, start)

    @cached_property
    def key(self) -> str:
        """Of all that its permutations follow from, beside the task and the networks."""
        zoo = zoo_key(self.workshop) if self.learns else None
        before = None if self.before is None else self.before.key
        return key(self.workshop.key_of(self.entry.component), self.seed, zoo, before)

    def permutations(self, a: Tensors, b: Tensors, label: str) -> Mapping[str, np.ndarray]:
        """Return the permutations of b that fit a."""
        job = self._job(a, b, label)
        return read_arrays(self.workshop.stage(Stage.ALIGN, job.key, job.fill, job.label) / ARRAYS)

    def align_pairs(self, pairs: Sequence[tuple[Tensors, Tensors, str]]) -> list[Mapping[str, np.ndarray]]:
        """Return the permutations of several pairs with their labels: side by side where there are workers for it."""
        jobs = [self._job(*pair) for pair in pairs]
        compute_side_by_side(self.workshop, Stage.ALIGN, jobs)
        return [self.permutations(*pair) for pair in pairs]

    def _job(self, a: Tensors, b: Tensors, label: str) -> StageJob:
        pair_key = key(Stage.ALIGN, self.key, self.workshop.task.key, a, b)
        fill = PairFill(aligner=self.pair_aligner, a=read_only_fields(a), b=read_only_fields(b))
        label = f"{self.entry.name}: {label}"
        return StageJob(key=pair_key, label=label, fill=fill, component=self.entry.component)

    @property
    def pair_aligner(self) -> PairAligner:
        """What aligns a pair in whatever process; what it has to learn is learned before."""
        return PairAligner(
            registry=self.workshop.registry,
            component=self.entry.component,
            ready=self.ready,
            label=self.workshop.label_of(self.entry.component),
            task=self.workshop.task,
            seed=self.seed,
            use=self.entry.use,
            before=None if self.before is None else self.before.pair_aligner,
        )

    def learned_file(self) -> Path:
        """Return the file of what it learned, learning it if needed."""
        return learned_file(self.workshop, self.entry, self.key, self.seed)

    def learning(self) -> Finding:
        """Return how its learning went."""
        return learning(self.workshop, self.entry, self.learned_file())

    @cached_property
    def ready(self) -> Any:
        """The component, with what it learned."""
        component = self.entry.component
        if not self.learns:
            return component
        learned = read_arrays(self.learned_file())
        with self.workshop.errors_of(component):
            return component.with_learned(learned)


def aligners(asking: Entry) -> tuple[str, ...]:
    """Return the names of the aligners that an analysis asks for."""
    return traits(asking.component, AnalysisTraits).aligners


def aligner_keys(workshop: Workshop, asking: Entry) -> list[str]:
    """Return the keys of the aligners that an analysis asks for."""
    return [AlignerStage.by(workshop, name).key for name in aligners(asking)]


def aligners_in_use(workshop: Workshop) -> list[AlignerStage]:
    """Return every aligner of a study: those that it lists or asks for, and those that they start from.

    Raises:
        PluginError: One is not there, or starts from itself.
    """
    spec, found = workshop.spec, dict[str, AlignerStage]()
    names = [name for entry in spec.analysis for name in aligners(entry)]
    names += [entry.name for entry in spec.aligner] + ([spec.population.align] if spec.population.align else [])
    for name in names:
        chain, one = list[str](), AlignerStage.by(workshop, name)
        while one is not None:
            if one.entry.name in chain:
                raise PluginError(f"aligner {name!r} starts from itself: {' from '.join([*chain, one.entry.name])}")
            chain.append(one.entry.name)
            found[one.entry.name] = one
            one = one.before  # type: ignore[assignment]
    return list(found.values())


def learners(workshop: Workshop) -> list[AlignerStage]:
    """Return those that have to learn."""
    return [one for one in aligners_in_use(workshop) if one.learns]


def _entry(workshop: Workshop, name: str) -> AlignerEntry:
    """Return an aligner of the spec, or one with its defaults by its own name."""
    listed, known = {entry.name: entry for entry in workshop.spec.aligner}, workshop.registry.role("aligner")
    if name in listed:
        return listed[name]
    if name not in known:
        raise PluginError(f"there is no aligner {name!r}; {near(name, [*listed, *known])}")
    try:
        return AlignerEntry(use=name, name=name, component=known[name].cls())
    except TypeError as error:
        raise PluginError(f"aligner {name!r} needs options: give it a table [[aligner]]") from error
