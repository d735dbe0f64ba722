"""Whether a map is believed: every rule at its bound and beyond it, on made-up figures."""

import pytest
from attrs import evolve

from globscope.pipeline.verdict.judge_map import judge, rank
from globscope.pipeline.verdict.map_facts import MapFacts
from globscope.pipeline.verdict.network_rules import UNTRUSTED_VARIANCE
from globscope.pipeline.verdict.wording import names, share
from globscope.values.findings import MOSTLY, NEAR
from globscope.values.verdict import BELIEVE, CARE, NOTHING, UNREADABLE

GOOD = MapFacts(
    name="good", threshold=0.1, runs=4, basins=4, leaves=4, leaves_trusted=4, checkpoints=20, gap=0.001,
    unexplained=0.0, leaves_by_neighbours={"freudenthal": 4, "full": 4}, walls=6, saddles=3,
)  # fmt: skip
# A change of the good map that is still believed, one that is not, the belief that is left, and what is said.
RULES = {
    "runs": (
        {}, {"absent": ("A",)}, CARE, "1 of 4 runs is in none of its basins (A)",
    ),
    "most runs": (
        {}, {"absent": ("A", "B", "C")}, UNREADABLE, "3 of 4 runs are in none of its basins (A, B and C)",
    ),
    "variance": (
        {"unexplained": UNTRUSTED_VARIANCE}, {"unexplained": 0.07}, CARE,
        "7% of the networks' variance is unexplained: what it shows are other networks",
    ),
    "most variance": (
        {}, {"unexplained": MOSTLY}, UNREADABLE,
        "50% of the networks' variance is unexplained: what it shows are other networks",
    ),
    "losses": (
        {}, {"misjudged": 1}, CARE,
        "for 1 of 20 checkpoints, its training loss is off by more than its tree tells apart (0.1)",
    ),
    "most losses": (
        {}, {"misjudged": 11}, UNREADABLE,
        "for 11 of 20 checkpoints, its training loss is off by more than its tree tells apart (0.1)",
    ),
    "untrusted basins": ({}, {"leaves_trusted": 3}, CARE, "1 of its 4 basins lies where it extrapolates"),
    "no trusted basin": ({}, {"leaves_trusted": 0}, UNREADABLE, "all its basins lie where it extrapolates"),
    "neighbours": (
        {}, {"leaves_by_neighbours": {"freudenthal": 4, "full": 3}}, CARE,
        "its count of basins depends on which samples are neighbours: 4 by Freudenthal's triangulation, 3 if all "
        "around a sample are",
    ),
    "stability": (
        {"basins_again": (4, 4), "fits": 6}, {"basins_again": (3, 4), "fits": 6}, CARE,
        "over 6 fits of it, the runs end in 3 to 4 basins",
    ),
    "resolution": (
        {"leaves_fine": 4}, {"leaves_fine": 6}, CARE, "with twice as many samples per axis it has 6 basins, not 4",
    ),
    "walls": (
        {}, {"beaten": 4}, CARE, "4 of 6 walls between runs are too high: lower paths are known",
    ),
    "walls between basins": (
        {}, {"bypassed": 4}, CARE,
        "4 of 6 walls between runs are too high: between networks that it decodes in the same basins, lower paths are "
        "known",
    ),
}  # fmt: skip
# What is said of a map that is believed all the same.
BOUNDS = {
    "few walls": ({"beaten": 3}, "3 of 6 walls between runs are too high: lower paths are known"),
    "few walls between basins": (
        {"bypassed": 1},
        "1 of 6 walls between runs is too high: between networks that it decodes in the same basins, lower paths are "
        "known",
    ),
    "aside": ({"aside": 1}, "1 of 4 runs does not lie on it by its design"),
    "all untrusted": ({"untrusted": 1.0}, "all of it is untrusted: it extrapolates everywhere"),
    "untrusted": (
        {"untrusted": 0.51}, "51% of it is untrusted: it extrapolates there, and may invent basins and walls",
    ),
    "rim": (
        {"saddles_at_rim": 1},
        "1 of 3 saddles lies on its border: there the box decides the pass, and in a larger box (margin) it may be "
        "lower",
    ),
    "noise": ({"within_noise": 2}, "2 branches of its tree may be due to the draws of the loss"),
}  # fmt: skip


def test_a_map_that_shows_all_as_they_are_is_believed_without_reserve():
    found = judge(GOOD)
    assert (found.belief, found.reasons) == (BELIEVE, ())
    assert found.shows == "it shows all 4 runs, in 4 basins, and its training loss is off by 0.001 at the median"


@pytest.mark.parametrize("rule", RULES)
def test_a_map_is_believed_up_to_the_bound_and_no_further(rule):
    still, beyond, belief, text = RULES[rule]
    assert judge(evolve(GOOD, **still)).reasons == ()
    found = judge(evolve(GOOD, **beyond))
    assert (found.belief, found.reasons) == (belief, (text,))


@pytest.mark.parametrize("bound", BOUNDS)
def test_what_only_bounds_how_far_a_map_is_right_leaves_it_believed(bound):
    change, text = BOUNDS[bound]
    found = judge(evolve(GOOD, **change))
    assert (found.belief, found.reasons) == (BELIEVE, (text,))


def test_why_runs_are_in_no_basin_is_said_if_it_holds_for_most():
    off = evolve(GOOD, absent=("A",), why_absent="it lies far")
    assert judge(off).reasons == ("1 of 4 runs is in none of its basins (A): it lies far",)
    assert judge(evolve(off, one_reason=False)).reasons[0].endswith("(A): mostly, it lies far")


def test_half_is_not_most():
    half = evolve(GOOD, absent=("A", "B"), misjudged=10, untrusted=MOSTLY, beaten=3)
    assert judge(half).belief == CARE


def test_the_worst_reason_decides_and_is_said_first():
    found = judge(evolve(GOOD, absent=("A",), untrusted=0.9, leaves_trusted=0))
    assert found.belief == UNREADABLE
    assert found.reasons[0] == "all its basins lie where it extrapolates"
    assert len(found.reasons) == 3


def test_there_is_nothing_to_read_on_a_map_without_a_landscape():
    found = judge(MapFacts(name="mds", hidden="positions only"))
    assert (found.belief, found.reasons) == (NOTHING, ("positions only",))


def test_a_map_on_which_no_run_lies_says_so():
    assert judge(evolve(GOOD, aside=4)).shows == "it shows none of the runs in a basin"


def test_a_map_that_is_exact_has_the_runs_own_losses():
    assert judge(evolve(GOOD, gap=0.0)).shows == "it shows all 4 runs, in 4 basins, with their own training loss"


def test_one_run_is_called_the_run():
    assert judge(evolve(GOOD, runs=1, basins=1, gap=None)).shows == "it shows the run, in 1 basin"
    assert judge(evolve(GOOD, runs=1, basins=1, gap=0)).shows.endswith(", with its own training loss")


def test_maps_that_show_more_runs_and_show_them_better_come_first():
    worse = [
        evolve(GOOD, **change) for change in ({"absent": ("A",)}, {"misjudged": 1}, {"unexplained": 0.1}, {"gap": 1})
    ]
    assert all(rank(GOOD) < rank(each) for each in worse)


def test_the_bound_of_variance_is_the_square_of_the_trusted_radius():
    assert UNTRUSTED_VARIANCE == NEAR**2 == 0.0625


@pytest.mark.parametrize(
    ("part", "text"), [(0, "0%"), (0.001, "under 1%"), (0.124, "12%"), (0.998, "over 99%"), (1, "100%")]
)
def test_a_share_never_reads_as_nothing_or_all_where_it_is_not(part, text):
    assert share(part) == text


def test_of_many_names_five_are_listed():
    assert names(("A",)) == "A"
    assert names(("A", "B", "C")) == "A, B and C"
    assert names(tuple("ABCDEFG")) == "A, B, C, D, E and 2 more"
