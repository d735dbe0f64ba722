"""The geometry of landscape profiles: widths count samples, and nothing overlaps at any height."""

import time

import numpy as np
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as arrays
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from support.landscapes import landscape_of, topology

from globscope.topology.neighbour_rules import lattice_neighbours
from globscope.topology.outline import Outline, outline
from globscope.topology.tree import sweep_order

# The first call imports GUDHI, so a deadline would only measure the machine.
few = settings(max_examples=80, deadline=None, derandomize=True)
shapes = arrays.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=5)
plateaus = arrays.arrays(float, shapes, elements=st.sampled_from([0.0, 1.0, 2.0, 3.0, np.nan]))
# Multiples of 1/8: a height lies between any two, and after rescaling too.
rough = arrays.arrays(float, shapes, elements=st.integers(-600, 600).map(lambda whole: whole / 8), unique=True)
fields = st.one_of(plateaus, rough)
thresholds = st.sampled_from([0.0, 0.5, 1.5])


def profile(values, persistence=0.0, order=None, whole=False) -> Outline:
    found, field = topology(values, persistence, order)
    return outline(found.full if whole else found.tree, field)


def heights_of(values) -> list[float]:
    """Return every finite value, and heights between, below and above them."""
    finite = np.unique(np.asarray(values)[np.isfinite(values)])
    between = (finite[1:] + finite[:-1]) / 2
    return [-100.0, *finite.tolist(), *between.tolist(), 100.0]


def extents(drawn: Outline, height: float) -> np.ndarray:
    """Return the ends of every part that is there at a height, from left to right."""
    widths = drawn.widths(height)
    there = widths > 0
    half = widths[there] / 2
    ends = np.stack([drawn.centres[there] - half, drawn.centres[there] + half], axis=1)
    return ends[np.argsort(ends[:, 0])]


def components(values, height: float) -> list[int]:
    """Return, by search in the graph, the sizes of the components of the samples at or below a height."""
    landscape = landscape_of(values)
    field = landscape.fields["train_loss"]
    swept = sweep_order(field, field <= height)
    rows = np.asarray(lattice_neighbours(landscape.samples.index[swept], values.shape, "freudenthal")).tolist()
    ends = [(row, other) for row, others in enumerate(rows) for other in others]
    graph = coo_array((np.ones(len(ends)), tuple(np.array(ends, int).reshape(-1, 2).T)), shape=(len(swept),) * 2)
    return sorted(np.bincount(connected_components(graph, directed=False)[1]).tolist()) if len(swept) else []


@few
@given(fields)
def test_at_every_height_the_parts_are_the_components_of_the_samples_so_far(values):
    """Hence their widths sum up to the number of samples at or below the height."""
    drawn = profile(values, whole=True)
    for height in heights_of(values):
        widths = drawn.widths(height)
        assert sorted(widths[widths > 0].tolist()) == components(values, height)
        assert widths.sum() == (values <= height).sum()


@few
@given(fields, thresholds)
def test_no_two_parts_overlap_at_any_height(values, persistence):
    drawn = profile(values, persistence)
    for height in heights_of(values):
        ends = extents(drawn, height)
        assert (ends[:-1, 1] <= ends[1:, 0]).all()  # multiples of a half: exact


@few
@given(fields, thresholds)
def test_a_basin_stands_inside_the_one_that_it_goes_over_into(values, persistence):
    drawn = profile(values, persistence)
    for row, parent in enumerate(drawn.parents.tolist()):
        if parent >= 0:
            heights, widths = drawn.steps(parent)
            room = widths[heights <= drawn.low[parent]][-1]
            assert abs(drawn.centres[row] - drawn.centres[parent]) + drawn.sizes[row] / 2 < room / 2


@few
@given(fields, thresholds)
def test_a_simplified_profile_counts_what_lies_in_a_removed_basin_once_that_has_joined(values, persistence):
    drawn = profile(values, persistence)
    for height in heights_of(values):
        assert drawn.widths(height).sum() == (drawn.heights <= height).sum() <= (values <= height).sum()
    assert len(drawn.heights) == np.isfinite(values).sum()
    assert drawn.samples == values.size


@few
@given(fields, thresholds)
def test_at_a_saddle_basins_touch_where_they_meet(values, persistence):
    drawn = profile(values, persistence)
    for row, kind in enumerate(drawn.kinds):
        below = np.flatnonzero(drawn.parents == row)
        if "saddle" in kind:
            assert drawn.meetings[row] in drawn.left[below]
            assert drawn.meetings[row] in drawn.left[below] + drawn.sizes[below]
        else:
            assert drawn.meetings[row] == drawn.centres[row]


@few
@given(fields)
def test_order_preserving_rescaling_keeps_every_place(values):
    one, other = profile(values, whole=True), profile(np.exp(values / 10) * 3 - 1, whole=True)
    for name in ("nodes", "parents", "left", "sizes", "below", "starts"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist()


@few
@given(rough, st.randoms(use_true_random=False))
def test_the_order_of_the_samples_changes_nothing(values, random):
    order = list(range(values.size))
    random.shuffle(order)
    one, other = profile(values), profile(values, order=np.array(order))
    assert np.array(order)[other.nodes].tolist() == one.nodes.tolist()
    for name in ("kinds", "parents", "low", "high", "left", "sizes", "below", "heights", "starts"):
        assert np.array_equal(getattr(one, name), getattr(other, name))


@few
@given(fields, thresholds)
def test_a_colour_is_the_mean_of_the_samples_below(values, persistence):
    found, field = topology(values, persistence)
    drawn = outline(found.tree, field)
    below = {row: set() for row in range(len(drawn.nodes))}
    for sample in np.flatnonzero(found.tree.basin >= 0).tolist():
        own = np.flatnonzero(found.tree.nodes == sample)
        row = int(own[0]) if len(own) else int(found.tree.arcs[found.tree.arc[sample], 0])
        while row >= 0:
            below[row].add(sample)
            row = int(drawn.parents[row])
    assert drawn.sizes.tolist() == [len(group) for group in below.values()]


def test_two_wells_by_hand():
    """Values 0 3 1 4 on a line: of two basins of one sample each, the deeper stands on the left."""
    drawn = profile([0.0, 3.0, 1.0, 4.0])
    assert drawn.nodes.tolist() == [0, 2, 1, 3]
    assert drawn.kinds == ("minimum", "minimum", "saddle", "root")
    assert drawn.parents.tolist() == [2, 2, 3, -1]
    assert drawn.left.tolist() == [-1.0, 0.0, -1.5, -2.0]
    assert drawn.sizes.tolist() == [1, 1, 3, 4]
    assert drawn.meetings.tolist() == [-0.5, 0.5, 0.0, 0.0]
    assert drawn.widths(0.5).tolist() == [1, 0, 0, 0]
    assert drawn.widths(1.0).tolist() == [1, 1, 0, 0]
    assert drawn.widths(3.0).tolist() == [0, 0, 3, 0]


def test_the_largest_basin_stands_nearest_to_the_middle():
    """Components of 3, 2, 1 and 1 samples: the largest about the middle, the others outwards on both sides."""
    apart = profile([0.0, 1.0, 2.0, np.nan, 0.5, np.nan, 0.2, 0.3, np.nan, 0.1])
    last = np.flatnonzero(apart.parents < 0)
    assert apart.sizes[last[np.argsort(apart.left[last])]].tolist() == [1, 3, 2, 1]
    # The larger of two stands left, and left of the middle the larger of two stands right.
    nested = profile([0.0, 1.0, 2.0, 8.0, 3.0, 7.0, 4.0, 5.0, 9.0])
    assert nested.nodes.tolist() == [0, 4, 6, 5, 3, 8]
    assert nested.left.tolist() == [0.5, -3.0, -2.0, -3.5, -4.0, -4.5]


def test_degenerate_fields_have_profiles():
    nothing = profile([np.nan, np.inf])
    assert (len(nothing.nodes), nothing.samples, nothing.widths(1.0).tolist()) == (0, 2, [])
    alone = profile([np.nan, 5.0])
    assert (alone.sizes.tolist(), alone.left.tolist()) == ([1], [-0.5])
    constant = profile(np.full((4, 5), 2.0))
    assert constant.widths(2.0).sum() == 20
    assert constant.widths(1.9).sum() == 0
    saddle_on_top = profile([0.0, 2.0, 1.0])
    assert saddle_on_top.widths(2.0).tolist() == [0, 0, 3]


def test_a_profile_of_a_hundred_thousand_noisy_samples_takes_no_time_to_speak_of():
    """Of every pit; the tree itself is not in the time. A tenth of a second here; the bound is for busy machines."""
    found, field = topology(np.random.default_rng(0).random((316, 316)))
    started = time.process_time()
    drawn = outline(found.full, field)
    assert time.process_time() - started < 2.0
    assert drawn.widths(0.4).sum() == (field <= 0.4).sum()
