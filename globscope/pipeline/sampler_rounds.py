"""The rounds of a sampler: what it asks for first, and after what was measured."""

from collections.abc import Generator

import numpy as np
from attrs import define, field

from globscope.pipeline.map_sampler import MapSampler
from globscope.pipeline.stage_keys import generator
from globscope.pipeline.workshop import Workshop
from globscope.returned.maps import check_gradient, checked_samples
from globscope.roles import Searches, capability
from globscope.scoring.means import measured_fields
from globscope.values.chart import Chart
from globscope.values.landscape import Landscape, Samples


@define
class SamplerRounds:
    """Asks a sampler for one round after another.

    Attributes:
        workshop: The workshop of the study.
        chart: The chart of the map that is sampled.
        sampler: The sampler on this map.
    """

    workshop: Workshop
    chart: Chart
    sampler: MapSampler
    _turn: int = field(default=0, init=False)
    _count: int = field(default=0, init=False)
    _gradient: str | None = field(default=None, init=False)
    # All that was measured, of a sampler that is asked again; the search, of one that is a search.
    _measured: Landscape | None = field(default=None, init=False)
    _search: Generator[Samples, Landscape, None] | None = field(default=None, init=False)

    def first(self) -> Samples | None:
        """Return the first samples, checked; None where there are none."""
        with self.workshop.errors_of(self.sampler.entry.component):
            samples = self.sampler.asked.ask(self.chart, None, self._source())
        return self._check(samples)

    def after(self, measured: Landscape) -> Samples | None:
        """Return the samples after those that were just measured, checked; None where there are none."""
        self._count += len(measured.samples.points)
        self._gradient = self._gradient or measured.samples.gradient
        with self.workshop.errors_of(self.sampler.entry.component):
            searches = capability(self.sampler.asked, Searches)
            samples = self._ask(measured) if searches is None else self._send(searches, measured)
        return self._check(samples)

    def _ask(self, measured: Landscape) -> Samples | None:
        self._measured = measured if self._measured is None else self._measured.concatenate(measured)
        self._turn += 1
        found: Samples | None = self.sampler.asked.ask(self.chart, self._measured, self._source())
        return found

    def _send(self, searches: Searches, measured: Landscape) -> Samples | None:
        """Continue the search, which begins with the first round again."""
        try:
            if self._search is None:
                self._search = searches.search(self.chart, self._source())
                next(self._search)
            return self._search.send(measured)
        except StopIteration:
            return None

    def _source(self) -> np.random.Generator:
        """Return the round's own generator."""
        return generator(
            self.workshop.spec.seed,
            "sample",
            self.sampler.entry.use,
            self.sampler.key,
            *([self._turn] * bool(self._turn)),
        )

    def _check(self, samples: Samples | None) -> Samples | None:
        """Return a round that fits the chart, the earlier rounds and the task."""
        label = self.workshop.label_of(self.sampler.entry.component)
        found = checked_samples(label, samples, self.chart, self._count)
        if found is not None and found.gradient is not None:
            check_gradient(label, found.gradient, measured_fields(self.workshop.task.build("cpu")), self._gradient)
        return found
