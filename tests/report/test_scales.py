"""The ends of a scale: nothing single hides all else, and the colours tell no basins apart that the tree does not."""

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays
from matplotlib.collections import QuadMesh
from support.maps import a_map, atlas_of, grid, texts, wells

from globscope.builtin.topology import Gudhi
from globscope.report import plot, scenes_of
from globscope.report.map.figure import plot_overview
from globscope.report.style.scale import height_scale, shared_scale, spanning
from globscope.spec.style import Style
from globscope.values.field import Field

LOSS, SHARE = Field.of("train_loss"), Field.of("test_accuracy")
USUAL = np.geomspace(0.5, 3.5, 200)


def test_an_exploding_map_does_not_flatten_the_others():
    exploding = np.geomspace(0.5, 1e8, 200)
    scale = spanning([USUAL, exploding], LOSS)
    assert (scale.low, scale.high) == (0.5, 3.5)
    assert scale.extend == "max"
    assert scale.beyond(exploding) == [(int((exploding > 3.5).sum()), "> 3.5")]


def test_maps_that_differ_by_less_than_a_factor_of_three_are_shown_whole():
    assert spanning([USUAL, 2.5 * USUAL, USUAL], LOSS).high == 2.5 * 3.5


def test_a_map_that_explodes_alone_is_shown_up_to_a_hundred_times_its_worst_member():
    exploding = np.geomspace(0.05, 1e8, 1000)
    assert spanning([exploding], LOSS, members=np.array([0.01, 2.0])).high == 200


def test_one_basin_within_the_threshold_has_one_colour():
    flat = np.geomspace(3e-4, 0.1, 400)
    scale = spanning([flat], LOSS, threshold=0.1)
    assert (scale.low, scale.high, scale.log) == (pytest.approx(0.03), 1.0, True)
    shade = scale.norm()(scale.drawable(flat))
    assert np.ptp(shade) < 0.35  # of all colours; the lowest three quarters have a single one
    assert (shade == 0).mean() > 0.75


def test_a_loss_of_less_than_a_decade_is_linear_and_its_axis_says_so():
    scale = spanning([USUAL], LOSS)
    assert (scale.log, scale.label) == (False, "training loss (linear scale)")
    wide = spanning([np.geomspace(0.01, 3, 50)], LOSS)
    assert (wide.log, wide.label) == (True, "training loss (log scale)")


def test_a_share_spans_all_its_values():
    assert spanning([np.array([0.1, 0.2, 1.0])], SHARE, threshold=0.1) == spanning([np.array([0.1, 1.0])], SHARE)


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_limits_and_scale_of_the_style_come_first(scale):
    found = spanning([USUAL], LOSS, Style(limits=(1.0, 2.0), scale=scale), threshold=0.1)
    assert (found.low, found.high, found.log, found.extend) == (1.0, 2.0, scale == "log", "both")


@pytest.mark.parametrize(("same", "ends"), [(0.9, (0.4, 1.0)), (0.0, (0.0, 0.5)), (1.0, (0.5, 1.0))])
def test_the_colour_bar_of_a_share_stays_within_0_and_1(same, ends):
    """Where all values are the same, it still needs two ends."""
    scale = spanning([np.full(4, same)], SHARE)
    assert (scale.low, scale.high) == pytest.approx(ends)


def test_limits_are_those_of_the_field_that_the_style_names():
    atlas, style = atlas_of(a_map()), Style(field="test_loss", limits=(0.2, 1.0))
    assert shared_scale(atlas, "test_loss", style).high == 1.0
    assert shared_scale(atlas, "train_loss", style).high != 1.0
    assert scenes_of(atlas, style)[0].field.key == "test_loss"


def test_without_a_field_of_the_style_the_maps_show_that_of_the_first_topology_with_its_minima():
    drawn = a_map()
    topology = Gudhi(field="test_loss").compute(drawn.landscape)
    atlas = atlas_of(evolve(drawn, topologies={"grid": {"gudhi": topology}}), a_map("two"))
    for style, field, minima in ((Style(), "test_loss", True), (Style(field="train_loss"), "train_loss", False)):
        scene = scenes_of(atlas, style)[0]
        assert scene.field.key == field
        written = texts(plot_overview([scene], {}))
        assert any(scene.field.name in text for text in written)
        assert ("minimum (at the tip)" in written) == minima
    assert scenes_of(atlas, Style(limits=(0.2, 1.0)))[0].scale.high == 1.0


def test_without_any_topology_the_maps_show_the_training_loss():
    atlas = atlas_of(evolve(a_map(), topologies={}))
    assert scenes_of(atlas)[0].field.key == "train_loss"


def test_values_that_cannot_be_logarithmic_stay_linear():
    assert not spanning([np.array([-1.0, 0.0])], LOSS, Style(scale="log")).log


def test_a_picture_says_how_many_values_lie_beyond_its_limits():
    drawn = a_map(values=wells(grid().points))
    below = int((wells(grid().points) < 0.5).sum())
    assert any(f"{below} < 0.5" in text for text in texts(plot(drawn, limits=(0.5, 2.0))))


def test_colours_are_those_of_the_style():
    figure = plot(a_map(), colours="viridis")
    (cells,) = [one for one in figure.axes[0].collections if isinstance(one, QuadMesh)]
    assert cells.get_cmap().name == "viridis"


# Differences of larger ones would overflow.
LOSSES = st.one_of(st.floats(-1e300, 1e300), st.sampled_from([np.nan, np.inf, -np.inf]))


@given(
    st.lists(arrays(float, st.integers(0, 30), elements=LOSSES), max_size=4),
    st.sampled_from(["auto", "linear", "log"]),
    st.floats(0, 1e6),
)
def test_every_field_has_a_scale_and_every_value_a_place_or_a_count(fields, wanted, threshold):
    style = Style(scale=wanted)
    scale = spanning(fields, LOSS, style, threshold=threshold)
    heights = height_scale(scale, fields, style)
    values = np.concatenate([np.empty(0), *fields])
    finite = values[np.isfinite(values)]
    for one in (scale, heights):
        assert one.low < one.high
        within = ((one.low <= finite) & (finite <= one.high)).sum()
        assert within + sum(count for count, _ in one.beyond(values)) == len(finite)
