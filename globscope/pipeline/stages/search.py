"""The search stage: all rounds of a sampler after the first, in one folder.

A round of a search is small, and there may be hundreds. So they have neither stages nor locks of their own, and nothing
is brought to the disk before the search has ended; what was recorded until a kill is continued nevertheless.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from attrs import define, field

from globscope.pipeline.decoded_samples import DecodedSamples
from globscope.pipeline.disk.search_journal import SearchJournal
from globscope.pipeline.meter import count_elsewhere
from globscope.pipeline.round_scores import RoundScores
from globscope.pipeline.sampler_rounds import SamplerRounds
from globscope.pipeline.stage_keys import Stage
from globscope.pipeline.stages.evaluate import draw_seed, evaluation_key
from globscope.pipeline.stages.sample import decoded_round, evaluate_samples
from globscope.pipeline.workshop import Workshop
from globscope.roles import SamplerTraits, traits
from globscope.values.chart import Progress
from globscope.values.findings import Map
from globscope.values.landscape import Landscape, Samples


@define(frozen=True, kw_only=True)
class Search:
    """The rounds of a sampler on one map, after the first.

    Attributes:
        workshop: The workshop of the study.
        fitted: The map that is searched.
        rounds: The sampler, which was asked for nothing yet.
        first: The landscape of the first round.
        second: The samples of the second round.
        key: Key of what follows from the first round.
    """

    workshop: Workshop
    fitted: Map
    rounds: SamplerRounds
    first: Landscape
    second: DecodedSamples
    key: str
    # The stages of rounds that have some of their own.
    staged: list[str] = field(factory=list, init=False)

    def landscape(self) -> Landscape:
        """Return the landscape of all these rounds.

        Raises:
            PausedError: A round is left to others.
        """
        store = self.workshop.store
        if not (self.workshop.computes(Stage.EVALUATE) or store.is_finished(Stage.SEARCH, self.key)):
            self._prepare_rounds()
        label = f"search {self.fitted.name}, {self.rounds.sampler.entry.name}"
        journal = SearchJournal(self.workshop.stage(Stage.SEARCH, self.key, self._work, label))
        for name in journal.about["staged"]:
            store.remove(*name.split("/"))
        return journal.landscape()

    def _prepare_rounds(self) -> None:
        """Let others score one round after another, each a stage of its own."""
        decoded: DecodedSamples | None = self.second
        key, later, number = self.key, self.rounds.after(self.first), 2
        while decoded is not None:
            measured = self._evaluate(decoded, key, number)
            key, later, number = self._evaluation_key(decoded, key), self.rounds.after(measured), number + 1
            decoded = decoded_round(self.workshop, self.fitted, key, partial(_same, later), quiet=True)

    def _prepared_rounds(self) -> Iterator[Landscape]:
        """Yield the landscapes of rounds that were prepared for others, and note their stages."""
        decoded: DecodedSamples | None = self.second
        key, number, store = self.key, 2, self.workshop.store
        while decoded is not None and store.is_begun(Stage.EVALUATE, self._evaluation_key(decoded, key)):
            measured, key = self._evaluate(decoded, key, number), self._evaluation_key(decoded, key)
            self.staged.extend(f"{stage}/{key}" for stage in (Stage.EVALUATE, Stage.SAMPLE))
            yield measured
            if not store.is_finished(Stage.SAMPLE, key):
                return
            decoded, number = decoded_round(self.workshop, self.fitted, key, partial(_same, None)), number + 1

    def _evaluate(self, decoded: DecodedSamples, key: str, number: int) -> Landscape:
        label = f"evaluate {self.fitted.name}, {self.rounds.sampler.entry.name} {number}"
        return evaluate_samples(self.workshop, self.fitted, decoded, key, label)

    def _evaluation_key(self, decoded: DecodedSamples, key: str) -> str:
        return evaluation_key(self.workshop, key, decoded.scored_gradient(self.fitted))

    def _work(self, folder: Path, progress: Progress) -> Mapping[str, Any]:
        journal = SearchJournal(folder)
        if not journal.is_gathered:
            journal.open()
            found = list(self._all_rounds(journal, progress))
            journal.finish(found[0].concatenate(*found[1:]), [len(one.samples.points) for one in found], self.staged)
        journal.discard_rounds()
        return journal.used

    def _all_rounds(self, journal: SearchJournal, progress: Progress) -> Iterator[Landscape]:
        """Yield the landscapes of all rounds, those first that have stages of their own."""
        budget, spent = (
            traits(self.rounds.sampler.entry.component, SamplerTraits).budget,
            self._cost(self.first.samples),
        )
        scores = RoundScores.of(self.workshop, self.fitted, journal, draw_seed(self.workshop))
        samples, number = self.rounds.after(self.first), 2
        prepared = self._prepared_rounds()
        while samples is not None:
            measured = next(prepared, None) or scores.landscape(number, samples, self.second if number == 2 else None)
            yield measured
            spent += self._cost(samples)
            progress(spent, budget or spent, rounds=number)
            samples, number = self.rounds.after(measured), number + 1
        count_elsewhere(scores.cost_before)

    def _cost(self, samples: Samples) -> int:
        """Return what a round costs, in forward passes."""
        return len(samples.points) * (1 if samples.gradient is None else self.fitted.chart.gradient_cost)


def _same(samples: Samples | None) -> Samples | None:
    return samples
