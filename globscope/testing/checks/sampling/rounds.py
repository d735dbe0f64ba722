"""What holds for the rounds of a sampler: they end, and are the same when asked for again."""

import numpy as np
from attrs import evolve

from globscope.api import BuildsOn, Explains, Landscape, Sampler, Samples, Searches, capability
from globscope.testing.check import after, covers
from globscope.testing.checks.sampling.suite import ROUNDS, SamplingSuite, join, measure, round_generator
from globscope.testing.claims import require, require_same
from globscope.testing.tiny.population import tiny_chart


class RoundChecks(SamplingSuite):
    """Checks of how rounds follow from each other, in a search and after other samplers too."""

    def ends(self) -> None:
        """None comes at last, here within 1000 rounds.

        A study asks until then.
        """
        require(len(self._rounds) < ROUNDS, f"still asks after {ROUNDS} rounds")

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
            found = self.component.ask(tiny_chart(), sofar, round_generator(turn))
            count, wanted = 0 if found is None else len(found.points), len(samples.points)
            require(count == wanted, f"round {turn}: asks for {count} points, not {wanted}, after others by rounding")
            sofar = join(sofar, evolve(samples, points=np.nextafter(samples.points, np.inf)))

    @covers("search")
    @after("ends", "is_a_pure_function")
    def searches_as_it_asks(self) -> None:
        """Where it offers a search, that one asks for the same rounds, each but once.

        A study runs the search, and asks only to continue one.
        """
        searching, turn = capability(self.component, Searches), 0
        if searching is None:
            return
        search = searching.search(tiny_chart(), round_generator(0))
        samples = next(search, None)
        while samples is not None and turn < len(self._rounds):
            require_same(samples.points, self._rounds[turn].points, f"round {turn}: searches at other points")
            turn += 1
            try:
                samples = search.send(measure(samples))
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


def _edges(samples: Samples) -> np.ndarray:
    return np.empty((0, 2), int) if samples.edges is None else samples.edges
