"""What holds for samplers."""

from typing import Any

import numpy as np
from attrs import evolve

from globscope.api import (
    BuildsOn,
    Chart,
    Counts,
    Explains,
    FillsLattice,
    Finding,
    Landscape,
    Sampler,
    SamplerTraits,
    Samples,
    Searches,
    capability,
    traits,
)
from globscope.returned.maps import check_gradient, checked_samples
from globscope.returned.numbers import numeric
from globscope.testing.check import after, covers
from globscope.testing.checks.work import Suite
from globscope.testing.claims import require, require_same
from globscope.testing.findings import plain, require_drawable, require_json, require_pictures, require_tables
from globscope.testing.tiny.landscapes import height, landscape, slope
from globscope.testing.tiny.population import tiny_chart

ROUNDS = 1000


class SamplerChecks(Suite):
    """Checks of one sampler, on a chart of two axes whose loss is two bowls, with a corner that is not finite.

    Where it asks for a gradient, it is sent the field's own.
    """

    @after("ends")
    def asks_for_finite_points_of_the_chart(self) -> None:
        """Points of every round are an (n, d) array of finite float64, and there is one at least.

        What is not finite decodes to no network; an empty round would be asked for again and again.
        """
        for turn, samples in enumerate(self._rounds):
            require(
                isinstance(samples, Samples), f"round {turn}: returns {type(samples).__name__}, not Samples or None"
            )
            points = numeric(f"round {turn}: points", samples.points)
            require(points.dtype == np.float64, f"round {turn}: points are {points.dtype}, not float64")
            shape = points.shape
            require(
                points.ndim == 2 and shape[1] == 2, f"round {turn}: points have shape {shape}, the chart has 2 axes"
            )
            require(np.isfinite(points).all(), f"round {turn}: points are not finite")
            require(len(points), f"round {turn}: asks for no point, where None is meant")

    @after("ends", "asks_for_finite_points_of_the_chart")
    def lattice_is_consistent(self) -> None:
        """Index and shape go together; the shape stays, and no vertex is asked twice or lies outside.

        Pictures, level sets and the neighbours of a lattice are found by index and shape.
        """
        shapes = {samples.shape for samples in self._rounds}
        require(len(shapes) <= 1, f"the lattice's shape changes between rounds: {shapes}")
        for turn, samples in enumerate(self._rounds):
            require(
                (samples.index is None) == (samples.shape is None), f"round {turn}: has only one of index and shape"
            )
        if self._whole is None:
            return
        whole = self._whole.samples
        if whole.index is None or whole.shape is None:
            return
        wanted = (len(whole.points), len(whole.shape))
        require(whole.index.shape == wanted, f"index has shape {whole.index.shape}, wanted {wanted}")
        require(np.issubdtype(whole.index.dtype, np.integer), f"index has numbers of kind {whole.index.dtype}")
        inside = (whole.index >= 0) & (whole.index < np.array(whole.shape))
        require(inside.all(), f"index leaves the lattice of shape {whole.shape}")
        require(len(np.unique(whole.index, axis=0)) == len(whole.index), "a lattice vertex is asked for twice")

    @after("ends", "asks_for_finite_points_of_the_chart")
    def edges_join_two_samples_of_the_rounds_so_far(self) -> None:
        """Edges are pairs of numbers of samples, counted over all rounds.

        The merge tree is computed along them.
        """
        count = 0
        for turn, samples in enumerate(self._rounds):
            edges = samples.edges
            if edges is not None:
                checked_samples(f"round {turn}", Samples(points=samples.points, edges=edges), tiny_chart(), count)
            count += len(samples.points)

    @covers("gradient")
    @after("ends", "asks_for_finite_points_of_the_chart")
    def asks_for_the_gradient_of_one_field(self) -> None:
        """A gradient is of a field that is measured, the same in all rounds, and the one that traits announce.

        Networks are differentiated by one field, which a study checks before anything long.
        """
        before = None
        for turn, samples in enumerate(self._rounds):
            if samples.gradient is not None:
                check_gradient(f"round {turn}", samples.gradient, _measure(samples).fields, before)
                before = samples.gradient
        known = traits(self.component, SamplerTraits).gradient
        require(before == known, f"asks for the gradient of {before!r}, its traits say {known!r}")

    @after("ends", "asks_for_finite_points_of_the_chart", "leaves_global_random_state_alone")
    def is_a_pure_function(self) -> None:
        """Asked twice with equal arguments it gives equal samples, whatever the global random state.

        A study that is continued asks again for the rounds that it has, and stores new ones beside them.
        """
        again, _ = self._again
        for turn, (one, two) in enumerate(zip(self._rounds, again, strict=False)):
            require_same(one.points, two.points, f"round {turn}: points differ when asked again")
            require(one.gradient == two.gradient, f"round {turn}: asks for another gradient when asked again")
            require_same(_edges(one), _edges(two), f"round {turn}: edges differ when asked again")
        require(len(self._rounds) == len(again), "asks another number of rounds when asked again")

    @after("ends", "is_a_pure_function")
    def continues_from_points_that_differ_in_their_last_bits(self) -> None:
        """A study that goes on elsewhere has what was measured, not what would be asked for there.

        A study that goes on elsewhere has what was measured, not what would be asked for there.
        """
        sofar: Landscape | None = None
        for turn, samples in enumerate(self._rounds):
            found = self.component.ask(tiny_chart(), sofar, _round(turn))
            count, wanted = 0 if found is None else len(found.points), len(samples.points)
            require(count == wanted, f"round {turn}: asks for {count} points, not {wanted}, after others by rounding")
            sofar = _join(sofar, evolve(samples, points=np.nextafter(samples.points, np.inf)))

    @covers("search")
    @after("ends", "is_a_pure_function")
    def searches_as_it_asks(self) -> None:
        """Where it offers a search, that one asks for the same rounds, each but once.

        A study runs the search, and asks only to continue one.
        """
        searching, turn = capability(self.component, Searches), 0
        if searching is None:
            return
        search = searching.search(tiny_chart(), _round(0))
        samples = next(search, None)
        while samples is not None and turn < len(self._rounds):
            require_same(samples.points, self._rounds[turn].points, f"round {turn}: searches at other points")
            turn += 1
            try:
                samples = search.send(_measure(samples))
            except StopIteration:
                samples = None
        require(samples is None and turn == len(self._rounds), "searches another number of rounds than it asks for")

    @covers("build_on")
    @after("ends", "is_a_pure_function")
    def builds_on_what_others_measured(self) -> None:
        """Where it builds on earlier samples, it samples, searches and explains with them as it does without any.

        What it returns takes its place in the study.
        """
        building = capability(self.component, BuildsOn)
        if building is None or self._whole is None:
            return
        for earlier in ((), (self._whole,)):
            built = building.build_on(earlier)
            for of in (Sampler, Searches, Explains):
                lost = capability(self.component, of) is not None and capability(built, of) is None
                require(not lost, f"what build_on returns lacks what {of.__name__} has")
            rounds = self._ask_all(tiny_chart(), built)
            require(len(rounds) < ROUNDS, f"still asks after {ROUNDS} rounds, with {len(earlier)} earlier landscapes")
            again = self._ask_all(tiny_chart(), building.build_on(earlier))
            require(len(rounds) == len(again), "asks another number of rounds when it is built again")
            for turn, (one, two) in enumerate(zip(rounds, again, strict=True)):
                require_same(one.points, two.points, f"round {turn}: points differ when it is built again")

    def ends(self) -> None:
        """None comes at last, here within 1000 rounds.

        A study asks until then.
        """
        require(len(self._rounds) < ROUNDS, f"still asks after {ROUNDS} rounds")

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

    def leaves_inputs_untouched(self) -> None:
        """The chart and the landscape so far are as they were.

        Other samplers, topologies and analyses see the same arrays.
        """
        chart, clean = tiny_chart(), tiny_chart()
        first = self.component.ask(chart, None, _round(0))
        if first is not None:
            seen, kept = _measure(first), _measure(first)
            self.component.ask(chart, seen, _round(1))
            require_same(seen.fields["train_loss"], kept.fields["train_loss"], "the landscape was written to")
            require_same(seen.samples.points, kept.samples.points, "the earlier samples were written to")
        require_same(chart.latents, clean.latents, "the chart's latents were written to")

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

    @property
    def _rounds(self) -> list[Samples]:
        found: list[Samples] = self._first
        return found

    def _work(self) -> list[Samples]:
        return self._ask_all(tiny_chart())

    @property
    def _whole(self) -> Landscape | None:
        whole: Landscape | None = None
        for samples in self._rounds:
            whole = _join(whole, samples)
        return whole

    def _ask_all(self, chart: Chart, component: Any = None) -> list[Samples]:
        found, sofar = list[Samples](), None
        asked = self.component if component is None else component
        while len(found) < ROUNDS:
            samples = asked.ask(chart, sofar, _round(len(found)))
            if samples is None:
                break
            require(isinstance(samples, Samples), f"returns {type(samples).__name__}, neither Samples nor None")
            found.append(samples)
            if len(found) < ROUNDS:
                sofar = _join(sofar, samples)
        return found


def _round(turn: int) -> np.random.Generator:
    return np.random.default_rng([0, turn])


def _edges(samples: Samples) -> np.ndarray:
    return np.empty((0, 2), int) if samples.edges is None else samples.edges


def _join(sofar: Landscape | None, samples: Samples) -> Landscape:
    return _measure(samples) if sofar is None else sofar.concatenate(_measure(samples))


def _measure(samples: Samples) -> Landscape:
    """Return a round's landscape, with the gradients for which it asks; NaN in a corner."""
    points = np.asarray(samples.points)
    values, gradients, corner = height(points), slope(points), points.sum(axis=1) > 2
    values[corner], gradients[corner] = np.nan, np.nan
    return evolve(landscape(values, samples, "train_loss"), gradients=gradients if samples.gradient else None)
