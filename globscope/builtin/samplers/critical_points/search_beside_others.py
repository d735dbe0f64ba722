"""The search of the sampler `critical-points` on a map of which other samplers have measured something."""

import numpy as np
from attrs import define, field as attribute

from globscope.api import Chart, Finding, Landscape, Samples, Search, next_round
from globscope.builtin.samplers.critical_points.ground import Ground
from globscope.builtin.samplers.critical_points.options import CriticalPointOptions
from globscope.builtin.samplers.critical_points.record import Record
from globscope.builtin.samplers.critical_points.results import finding
from globscope.builtin.samplers.critical_points.search import CriticalPointSearch
from globscope.builtin.samplers.critical_points.starts import quasi_random, start_rows
from globscope.builtin.samplers.members import box, end_rows

# Nearest minima to which each is joined at first.
NEIGHBOURS = {"tree": 0, "neighbours": 2, "all": 2}


@define(frozen=True, kw_only=True)
class SearchBesideOthers:
    """The sampler on a map of which other samplers have measured something.

    Attributes:
        options: The sampler's options.
        earlier: What the others measured.
    """

    options: CriticalPointOptions
    earlier: tuple[Landscape, ...] = attribute(repr=False)

    def ask(self, chart: Chart, landscape: Landscape | None, rng: np.random.Generator) -> Samples | None:
        """Return the next round's samples."""
        return next_round(self.search(chart, rng), landscape)

    def search(self, chart: Chart, rng: np.random.Generator) -> Search:
        """Return the whole search."""
        search = self._search(chart)
        return search.run(self._starts(chart, search.record, rng))

    def explain(self, chart: Chart, landscape: Landscape) -> Finding:
        """Return tables of the minima and passes, and warnings about what is not certain."""
        search = self._search(chart)
        next_round(search.run(self._starts(chart, search.record, np.random.default_rng(0))), landscape)
        return finding(search, chart, landscape, start_rows(chart, self.options.members))

    def _search(self, chart: Chart) -> CriticalPointSearch:
        options = self.options
        low, high = box(chart, options.margin)
        unit = float((high - low).max())
        bounds = np.stack([0 * low, (high - low) / unit])
        record = Record(
            name=options.field,
            cost=chart.gradient_cost,
            budget=options.budget,
            low=low,
            unit=unit,
            diagonal=float(np.linalg.norm(bounds[1])),
            bounds=bounds if options.bounded else np.array([[-np.inf], [np.inf]]) * np.ones(len(low)),
        )
        ends, rows = set(end_rows(chart).values()), start_rows(chart, options.members)
        return CriticalPointSearch(
            record=record,
            images=options.images,
            tolerance=options.tolerance,
            step=options.step,
            members=len(rows),
            neighbours=NEIGHBOURS[options.pairs],
            all_of=[number for number, row in enumerate(rows) if row in ends] if options.pairs == "all" else (),
            grounds=[Ground.of(each, options.field, low, unit) for each in self.earlier],
        )

    def _starts(self, chart: Chart, record: Record, rng: np.random.Generator) -> np.ndarray:
        """Return all starts in units of the box, members first."""
        latents = chart.latents[start_rows(chart, self.options.members)]
        drawn = quasi_random(self.options.starts, *box(chart, self.options.margin), rng)
        starts: np.ndarray = (np.concatenate([latents, drawn]) - record.low) / record.unit
        return starts
