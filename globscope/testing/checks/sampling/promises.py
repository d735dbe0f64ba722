"""What holds for what a sampler announces before it samples, and explains afterwards."""

import numpy as np
from attrs import evolve

from globscope.api import Counts, Explains, FillsLattice, Finding, SamplerTraits, capability, traits
from globscope.testing.check import after, covers
from globscope.testing.checks.sampling.suite import SamplingSuite
from globscope.testing.claims import require
from globscope.testing.findings import plain, require_drawable, require_json, require_pictures, require_tables
from globscope.testing.tiny.population import tiny_chart


class PromiseChecks(SamplingSuite):
    """Checks of count, budget, lattice and names against the samples, and of the finding on them."""

    @covers("count")
    @after("ends", "asks_for_finite_points_of_the_chart")
    def foretells_its_count(self) -> None:
        """Where it offers count(dimension) and that is a number, that many samples are asked for.

        `globscope check` and the estimates of time and memory rest on that number.
        """
        announcing = capability(self.component, Counts)
        count = None if announcing is None else announcing.count(2)
        asked = sum(len(samples.points) for samples in self._rounds)
        require(count in (None, asked), f"count(2) says {count}, but {asked} samples are asked for")

    @covers("budget")
    @after("ends", "asks_for_finite_points_of_the_chart")
    def stays_within_its_budget(self) -> None:
        """Forward passes stay within the budget of its traits, also where a gradient is made of differences.

        A study is planned for that many.
        """
        budget = traits(self.component, SamplerTraits).budget
        if budget is None:
            return
        for chart in (tiny_chart(), evolve(tiny_chart(), pullback=None)):
            costs = [len(one.points) * (chart.gradient_cost if one.gradient else 1) for one in self._ask_all(chart)]
            require(sum(costs) <= budget, f"takes {sum(costs)} forward passes, more than its budget of {budget}")

    @covers("shape")
    @after("lattice_is_consistent")
    def foretells_its_lattice(self) -> None:
        """Where it offers shape(dimension), its samples fill a lattice of that shape.

        Analyses are planned by it, and a report draws the lattice.
        """
        filling = capability(self.component, FillsLattice)
        if filling is not None:
            shape, found = tuple(filling.shape(2)), {samples.shape for samples in self._rounds}
            require(found == {shape}, f"shape(2) says {shape}, but its samples have {sorted(map(str, found))}")
            count = sum(len(samples.points) for samples in self._rounds)
            require(count == np.prod(shape), f"asks for {count} samples of a lattice of shape {shape}")

    @covers("variants", "measures_paths")
    def announces_names_and_edges(self) -> None:
        """Variants are names in a tuple, and only samples with edges measure paths.

        A study refuses unknown names before anything long. Whether the samples of an edge are near enough to each
        other to measure a path, the kit cannot know.
        """
        known = traits(self.component, SamplerTraits)
        named = isinstance(known.variants, tuple) and all(isinstance(name, str) and name for name in known.variants)
        require(named, f"its traits name variants {known.variants!r}; a tuple of names is wanted")
        joined = any(samples.edges is not None for samples in self._rounds)
        require(joined or not known.measures_paths, "its traits say measures_paths, but its samples have no edges")

    @covers("explain")
    @after("ends", "asks_for_finite_points_of_the_chart")
    def explains_the_same_each_time(self) -> None:
        """Where it offers explain, equal samples give an equal finding that a report can show.

        It is written again whenever a report is.
        """
        explaining = capability(self.component, Explains)
        if explaining is None or self._whole is None:
            return
        found, again = (explaining.explain(tiny_chart(), self._whole) for _ in range(2))
        require(isinstance(found, Finding), f"explain returns a {type(found).__name__}, not a Finding")
        require_json(found)
        require(plain(again) == plain(found), "explains another thing when asked again")
        require_tables(found)
        require_pictures(found)
        require_drawable(found, {"": tiny_chart().dimension})
        require(not (found.records or found.comparison), "explain returns records, which only analyses have")
