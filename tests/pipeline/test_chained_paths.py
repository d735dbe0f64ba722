"""Paths one after another: as high as the highest, and the lowest there is."""

from itertools import combinations, pairwise, permutations

from hypothesis import given, settings, strategies as st

from globscope.pipeline.chained_paths import chained_paths
from globscope.values.known_path import KnownPath

RUNS = ("A", "B", "C", "D")


def known(heights, **about):
    paths = {
        (a, b): KnownPath(one=RUNS[a], other=RUNS[b], field="train_loss", worst=worst, found_by="line", **about)
        for (a, b), worst in heights.items()
    }
    return {(one.one, one.other): one for one in chained_paths(RUNS, paths, heights)}


def test_a_chain_is_as_high_as_the_highest_of_its_paths_and_has_the_networks_of_all():
    (chain,) = known({(0, 1): 3.0, (0, 2): 1.0, (1, 2): 2.0}, networks=5).values()
    assert (chain.one, chain.other, chain.worst, chain.networks) == ("A", "B", 2.0, 10)
    assert chain.found_by == "through C: line"
    assert chain.ends == 0.0


def test_a_chain_joins_runs_that_no_path_of_their_own_joins_and_names_its_stops_in_order():
    chains = known({(0, 2): 1.0, (2, 3): 2.0, (1, 3): 1.5})
    assert chains["A", "B"].found_by == "through C, D: line"
    assert chains["A", "B"].networks is None


def test_a_path_of_their_own_is_kept_where_no_chain_is_lower():
    assert known({(0, 1): 2.0, (0, 2): 1.0, (1, 2): 2.0}) == {}


HEIGHTS = st.dictionaries(st.sampled_from(list(combinations(range(4), 2))), st.integers(1, 5).map(float))


@settings(deadline=None)
@given(heights=HEIGHTS)
def test_no_chain_is_lower_than_the_one_that_is_found(heights):
    chains = known(heights)
    for a, b in combinations(range(4), 2):
        own = heights.get((a, b), float("inf"))
        ways = [
            max(heights.get((min(step), max(step)), float("inf")) for step in pairwise((a, *stops, b)))
            for count in (1, 2)
            for stops in permutations({0, 1, 2, 3} - {a, b}, count)
        ]
        found = chains.get((RUNS[a], RUNS[b]))
        assert (own if found is None else found.worst) == min(own, *ways)
