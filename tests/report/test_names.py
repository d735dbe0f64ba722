"""Names of runs thin out: which are chosen follows from the runs alone, and no two overlap in any picture."""

from itertools import combinations

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st
from support.maps import a_map, drawn_figure, population

from globscope.report import plot
from globscope.report.style.label_choice import MOST_NAMES, NEAR, choose_labels
from globscope.report.style.labels import Name, name_points
from globscope.report.style.theme import Picture
from globscope.values.findings import Atlas

NAMES = [f"run {number:03}" for number in range(200)]
ENDS = np.random.default_rng(0).normal(size=(200, 2))


def many_runs(seed, spread):
    """Two hundred runs that end around five places."""
    rng = np.random.default_rng(seed)
    drawn = a_map(who=population(NAMES))
    ends = rng.uniform(-0.9, 0.9, (5, 2))[rng.integers(5, size=200)] + spread * rng.normal(size=(200, 2))
    points = np.concatenate([np.linspace(0.1 * end, end, 4) for end in np.clip(ends, -1, 1)])
    return evolve(drawn, chart=evolve(drawn.chart, latents=points))


def boxes_of(figure):
    figure, renderer = drawn_figure(figure)
    names = [name for axes in figure.axes for name in axes.findobj(Name) if name.has_room]
    return [name.get_window_extent(renderer) for name in names], figure.axes[0].bbox


@pytest.mark.parametrize("spread", [0.2, 0.02, 0.0], ids=["apart", "close", "at one place"])
def test_no_two_names_of_two_hundred_runs_overlap(spread):
    """Measured on what is drawn; where ends coincide, so many are named as have room."""
    boxes, frame = boxes_of(plot(many_runs(1, spread)))
    assert len(boxes) >= 5  # at least one of each place
    assert all(not one.overlaps(other) for one, other in combinations(boxes, 2))
    assert all((box.min >= frame.min).all() and (box.max <= frame.max).all() for box in boxes)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from([0.0, 0.1, 0.5, 1.0])] * 2), min_size=2, max_size=20))
def test_names_of_points_wherever_they_are_never_overlap(points):
    figure = Picture(3, 3, layout="none")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 1), ylim=(0, 1))
    places = np.array(points)
    name_points(axes, [(f"run {k}", "black") for k in range(len(points))], places, places)
    boxes, _ = boxes_of(figure)
    assert boxes
    assert all(not one.overlaps(other) for one, other in combinations(boxes, 2))


def test_of_many_runs_the_best_and_the_worst_come_first_and_the_others_end_apart():
    costs = np.where(np.arange(200) == 50, np.nan, np.arange(200.0)[::-1])
    rows = choose_labels(NAMES, ENDS, costs)
    assert rows[:2] == [199, 0]
    assert len(rows) == MOST_NAMES
    scaled = ENDS / np.ptp(ENDS, axis=0)
    assert min(np.linalg.norm(scaled[a] - scaled[b]) for a, b in combinations(rows[2:], 2)) > NEAR
    assert choose_labels(NAMES, ENDS, costs) == rows


def test_runs_that_end_where_a_named_one_does_are_not_named():
    assert len(choose_labels(NAMES, np.repeat(ENDS[:3], 67, axis=0)[:200])) == 3


@pytest.mark.parametrize(
    ("labels", "count"),
    [("none", 0), ("all", 200), (7, 7), (1, 1), (["run 003", "run 150"], 2), ("ends", MOST_NAMES)],
    ids=str,
)
def test_a_reader_chooses_which_runs_are_named(labels, count):
    rows = choose_labels(NAMES, ENDS, np.arange(200.0), labels)
    assert len(rows) == count
    assert labels != ["run 003", "run 150"] or rows == [3, 150]


def test_few_runs_are_all_named():
    assert choose_labels(NAMES[:MOST_NAMES], ENDS[:MOST_NAMES]) == list(range(MOST_NAMES))


def test_runs_that_are_not_named_are_faint():
    drawn = many_runs(1, 0.2)
    figure = plot(drawn, Atlas(population=drawn.population, truth={}, maps=(drawn,)))
    stars = [line for line in figure.axes[0].lines if line.get_marker() == "*"]
    large = [line for line in stars if line.get_ms() > 10]
    assert len(large) == MOST_NAMES
    assert all(line.get_alpha() == 0.7 for line in stars if line not in large)


@pytest.mark.parametrize(("labels", "count"), [("none", 0), (3, 3), (("run 003", "run 150"), 2)], ids=str)
def test_the_style_says_which_runs_a_picture_names(labels, count):
    axes = plot(many_runs(1, 0.2), labels=labels).axes[0]
    assert len(axes.findobj(Name)) == count
