"""Pictures of findings: what is asked for is drawn, what cannot be is named, and nobody's name or number breaks it."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import Rectangle
from matplotlib.quiver import Quiver
from support.documents import blocks, module
from support.maps import (
    EVIL,
    Page,
    a_line_map,
    a_map,
    a_path_map,
    a_scatter,
    atlas_of,
    drawn_figure,
    grid,
    population,
    scene_of,
    texts,
)
from support.paths import ROOT

from globscope.api import (
    Finding,
    HeatMap,
    Overlay,
    Panel,
    Plot,
    RunError,
    Samples,
    Series,
    Table,
    Trail,
)
from globscope.report import depict, flaw, plot, write_report
from globscope.report.pictures.depict import depict_alone
from globscope.report.pictures.heat_map import plot_heat_map
from globscope.report.pictures.plots import missing_values, plot_series
from globscope.report.pictures.view import REACH, View
from globscope.report.style.palette import LINES, TRAILS, VARIANTS
from globscope.report.style.series import label_styles
from globscope.report.style.theme import save
from globscope.session import Result
from globscope.testing import checks_for, tiny_atlas, tiny_bench

NAN, INF = float("nan"), float("inf")


def series(label="s", x=(0, 1, 2), y=(1, 2, 3), style="line"):
    return Series(label=label, x=tuple(x), y=tuple(y), style=style)


def a_plot(*panels, **changes):
    """A plot with a panel for each tuple of series."""
    named = tuple(Panel(title=f"panel {k}", series=panel) for k, panel in enumerate(panels))
    return evolve(Plot(name="a_plot", caption="Caption.", x="steps", y="loss", panels=named), **changes)


def a_heat_map(values, **changes):
    rows, columns = np.shape(values)
    names = tuple(f"r{k}" for k in range(rows)), tuple(f"c{k}" for k in range(columns))
    made = HeatMap(
        name="heat", caption="Caption.", rows=names[0], columns=names[1], values=tuple(map(tuple, values)), label="loss"
    )
    return evolve(made, **changes)


def an_overlay(*trails, over="one", **changes):
    return evolve(Overlay(name="trails", caption="Caption.", map=over, trails=trails), **changes)


def a_trail(points, label="t", style="line"):
    return Trail(label=label, points=tuple(map(tuple, points)), style=style)


def lines_of(axes, style=None):
    return [line for line in axes.lines if style is None or to_hex(line.get_color()) == style]


# --- plots ------------------------------------------------------------------------------------------


def test_missing_and_infinite_figures_leave_a_gap_and_are_counted_in_their_panel():
    shown = a_plot((series(y=(1, None, 3)), series("u", y=(NAN, INF, 2))), (series(),))
    figure = plot_series(shown)
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_ydata(), [1, np.nan, 3])
    said = texts(figure)
    assert sum("3 values are missing or not finite." in text for text in said) == 1
    assert missing_values(shown) == ["panel 0: 3 values are missing or not finite."]


@pytest.mark.parametrize(("x", "ticks"), [((3,), ["3"]), ((2, 3, 6), ["2", "3", "4", "5", "6"])])
def test_counts_on_an_axis_are_labelled_with_whole_numbers(x, ticks):
    figure = plot_series(a_plot((Series(label="t", x=x, y=(1.0,) * len(x)),)))
    drawn_figure(figure)
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ticks


def test_segments_join_pairs_of_points_alone_and_an_odd_number_of_points_is_a_flaw():
    bars = a_plot((series(x=(0, 2, 1, 3), y=(1, 1, 2, 2), style="segments"),))
    line = plot_series(bars).axes[0].lines[0]
    np.testing.assert_array_equal(line.get_xdata(), [0, 2, NAN, 1, 3, NAN])
    np.testing.assert_array_equal(line.get_ydata(), [1, 1, NAN, 2, 2, NAN])
    odd = a_plot((series(style="segments"),))
    assert odd.flaw == "in panel 'panel 0', series 's' has a segment without an end"


def test_a_point_between_two_gaps_is_marked_where_no_line_reaches_it():
    y = [1.0] * 40
    y[20] = y[22] = None
    line = plot_series(a_plot((series(x=range(40), y=y),))).axes[0].lines[0]
    assert line.get_markevery() == [21]
    assert line.get_marker() == "o"


def test_a_log_axis_tells_what_it_cannot_show():
    shown = a_plot((series(x=(0, 1, 2, 3), y=(0.01, 0.0, -3, 100)),), log=True)
    figure = plot_series(shown)
    (axes,) = figure.axes
    assert axes.get_yscale() == "log"
    assert axes.get_ylim()[0] < 0.01 < 100 < axes.get_ylim()[1]
    assert missing_values(shown) == ["panel 0: 2 values are ≤ 0 and not on a log axis."]
    assert "loss (log scale)" in texts(figure)
    assert any("2 values are ≤ 0" in text for text in texts(figure))


def test_a_band_is_as_high_as_the_error_and_within_the_axes_unless_it_reaches_0_on_a_log_one():
    shown = evolve(series(y=(1, 2, 3)), error=(0.5, 2.0, 1.0))
    axes = plot_series(a_plot((shown,))).axes[0]
    low, high = (int(edge(axes.get_ylim())) for edge in (min, max))
    assert (low, high) == (0, 4)
    ends = axes.collections[0].get_paths()[0].vertices
    assert {(0.0, 0.5), (0.0, 1.5), (1.0, 0.0), (1.0, 4.0), (2.0, 2.0), (2.0, 4.0)} <= {*map(tuple, ends.tolist())}
    low, high = plot_series(a_plot((shown,), log=True)).axes[0].get_ylim()
    assert 0.3 < low < 0.5 < 4 < high
    lacking = a_plot((evolve(shown, error=(0.5,)),))
    assert lacking.flaw == "in panel 'panel 0', series 's' has another number of errors than of y"


def test_a_log_axis_with_a_lowest_value_begins_there_and_what_is_lower_is_cut_off():
    shown = a_plot((series(x=(0, 1, 2, 3), y=(0.0, 1e-9, 5, 100)),), log=True, lowest=0.5)
    assert plot_series(shown).axes[0].get_ylim()[0] == 0.5
    assert missing_values(shown) == []


@pytest.mark.parametrize(("names", "tilted"), [(("in", "out"), False), (("a long name of a layer",) * 4, True)])
def test_places_with_names_have_them_below_and_tilted_where_they_are_long(names, tilted):
    axes = plot_series(a_plot((series(x=range(1, len(names) + 1), y=(1,) * len(names)),), places=names)).axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == list(names)
    assert bool(axes.get_xticklabels()[0].get_rotation()) == tilted


def test_of_many_places_as_many_have_names_as_there_is_room_for():
    names = tuple(f"layer{k}.conv" for k in range(1, 101))
    shown = a_plot((series(x=range(1, 101), y=(1,) * 100),), places=names)
    axes = plot_series(shown).axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == list(names[::3])
    assert axes.get_xticks().tolist() == [*range(1, 101, 3)]


def test_labels_of_values_on_narrow_logarithmic_axes_do_not_touch():
    ends = series(x=(0.204, 23.5, 28.3, 41.4, 58.8, 0.204), y=(1, 2, 2, 3, 3, 1), style="segments")
    figure = plot_series(a_plot((ends,), (ends,), (ends,), log_x=True))
    figure.draw_without_rendering()
    for axes in figure.axes:
        boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
        assert len(boxes) > 1
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes))


def test_whole_heights_are_labelled_by_whole_numbers():
    figure = plot_series(a_plot((series(x=(0, 1, 2), y=(1, 2, 3)),)))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["1", "2", "3"]
    halves = plot_series(a_plot((series(x=(0, 1, 2), y=(1, 2.5, 3)),)))
    assert "1.5" in [label.get_text() for label in halves.axes[0].get_yticklabels()]


def test_many_places_on_a_log_scale_are_labelled_at_round_values():
    figure = plot_series(a_plot((series(x=np.geomspace(0.1, 100, 40).tolist(), y=(1,) * 40),), log_x=True))
    assert [tick.get_text() for tick in figure.axes[0].get_xticklabels()] == ["0.1", "1", "10", "100"]


@pytest.mark.parametrize(
    ("x", "labels"),
    [((0.0146, 0.803, 3.1, 70.7), ["0.1", "1", "10"]), ((0.312, 0.803, 3.1, 12.7), ["0.5", "1", "2", "5", "10"])],
)
def test_values_on_a_log_scale_are_labelled_at_round_ones_of_which_there_are_as_many_as_have_room(x, labels):
    axes = plot_series(a_plot((series(x=x, y=(1, 1, 2, 2), style="segments"),), log_x=True)).axes[0]
    assert [label.get_text() for label in axes.get_xticklabels()] == labels


def test_places_that_mean_nothing_have_no_numbers():
    axes = plot_series(evolve(a_plot((series(),)), numbered=False)).axes[0]
    assert len(axes.get_xticks()) == 0
    assert len(axes.get_yticks()) > 1


def test_a_log_scale_across_is_labelled_at_the_values_that_have_room():
    counts = (2, 3, 4, 6, 8, 13, 16, 32, 76)
    shown = a_plot((series(x=(0, *counts), y=(1,) * 10),), x="axes", log_x=True)
    figure = plot_series(shown)
    axes = figure.axes[0]
    assert axes.get_xscale() == "log"
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels == ["2", "3", "4", "6", "8", "13", "32", "76"]
    assert "axes (log scale)" in texts(figure)
    assert any("1 value is ≤ 0" in text for text in texts(figure))


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("y", [(), (None, NAN, -INF), (0.0,), (-1.0, -2.0)])
def test_a_panel_with_nothing_to_draw_or_little_is_drawn(y, log):
    figure = plot_series(a_plot((series(x=range(len(y)), y=y),), (), log=log))
    drawn_figure(figure)
    assert "nothing to draw" in texts(figure)


def test_a_long_label_of_the_axes_is_broken_into_lines_and_not_shortened():
    label = "eigenvalue, loss per squared distance in weight space"
    figure = plot_series(a_plot((series(),), y=label, log=True))
    drawn = [text for text in texts(figure) if text.startswith("eigenvalue")]
    assert [" ".join(text.split()) for text in drawn] == [f"{label} (log scale)"]
    assert max(map(len, drawn[0].splitlines())) <= 52


def test_one_label_looks_alike_in_all_panels_and_stands_once_in_the_legend():
    figure = plot_series(a_plot((series("a"), series("b", style="dashed")), (series("b", style="dashed"), series("a"))))
    (one, two), (three, four) = (axes.lines for axes in figure.axes)
    assert one.get_color() == four.get_color() != two.get_color() == three.get_color()
    assert one.get_linestyle() == four.get_linestyle() != two.get_linestyle()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["a", "b"]


def test_a_label_that_is_a_runs_name_has_the_runs_colour_and_no_other_has():
    figure = plot_series(a_plot((series("other"), series("B"))), runs=("A", "B"))
    other, run = (line.get_color() for line in figure.axes[0].lines)
    assert run == VARIANTS[1]
    assert other not in VARIANTS
    assert not {*LINES, *TRAILS} & {*VARIANTS}


@settings(max_examples=30)
@given(st.lists(st.text(max_size=3), unique=True, max_size=60), st.integers(0, 12))
def test_no_two_labels_look_alike(labels, count):
    runs = labels[:count]
    for palette in (LINES, TRAILS):
        found = label_styles(labels, palette, runs)
        assert list(found) == [*runs, *labels[count:]]
        assert len({(style.colour, style.marker) for style in found.values()}) == len(labels)
        colours = [style.colour for style in found.values()]
        # Where a colour comes again, a line shows its marker.
        assert len(set(colours)) == len(colours) or any(style.repeated for style in found.values())


def test_panels_share_the_vertical_range_and_the_horizontal_one_where_it_fills_them():
    alike = plot_series(a_plot((series(x=(0, 1, 2)),), (series(x=(1, 2, 3), y=(7, 8, 9)),))).axes
    assert alike[0].get_ylim() == alike[1].get_ylim()
    assert alike[0].get_xlim() == alike[1].get_xlim()
    apart = plot_series(a_plot((series(x=(0, 1, 2)),), (series(x=(0, 500, 1000), y=(7, 8, 9)),))).axes
    assert apart[0].get_ylim() == apart[1].get_ylim()
    assert apart[0].get_xlim()[1] < 3
    assert apart[1].get_xlim()[1] > 1000


def test_the_axes_are_named_once_and_every_panel_below_which_nothing_stands_has_its_figures():
    figure, _ = drawn_figure(plot_series(a_plot(*[(series(),)] * 5)))
    said = texts(figure)
    assert (said.count("steps"), said.count("loss")) == (1, 1)
    below = [any(label.get_visible() for label in axes.get_xticklabels()) for axes in figure.axes]
    beside = [any(label.get_visible() for label in axes.get_yticklabels()) for axes in figure.axes]
    assert below == [False, False, True, True, True]
    assert beside == [True, False, False, True, False]


def test_many_points_are_smaller():
    def dots(count):
        shown = a_plot((series(x=range(count), y=range(count), style="points"),))
        return plot_series(shown).axes[0].lines[0].get_markersize()

    assert dots(5) > dots(100) > dots(500) > dots(5000)


# --- heat maps --------------------------------------------------------------------------------------


def luminance(colour):
    rgb = np.array(to_rgb(colour))
    return np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92) @ (0.2126, 0.7152, 0.0722)


def test_figures_are_written_into_their_cells_and_can_be_read_on_any_colour():
    values = np.linspace(0, 1, 25).reshape(5, 5)
    axes = plot_heat_map(a_heat_map(values.tolist())).axes[0]
    (mesh,) = (found for found in axes.collections if isinstance(found, QuadMesh))
    colours = mesh.cmap(mesh.norm(values))
    assert len(axes.texts) >= 25
    for text in axes.texts[-25:]:
        column, row = (int(place) for place in text.get_position())
        # "0.042" is the figure with two digits.
        assert float(text.get_text()) == pytest.approx(values[row, column], rel=0.05)
        high, low = sorted((luminance(text.get_color()), luminance(colours[row, column][:3])), reverse=True)
        # WCAG 2.2 asks for 4.5 in small letters; half-way between white and ink no colour has more than 3.9.
        assert (high + 0.05) / (low + 0.05) >= 3.85


def test_notes_stand_below_their_figures_and_stay_away_where_they_would_not_fit():
    small = a_heat_map([[1.0, None], [3.0, 4.0]], notes=(("sd 0.1\nn = 2", "no"), ("$x$", "n = 1")), sides=("r", "c"))
    axes = plot_heat_map(small).axes[0]
    places = {text.get_text(): text.get_position() for text in axes.texts}
    for figure, note, row in (("1", "sd 0.1\nn = 2", 0), ("3", r"\$x\$", 1)):
        assert row < places[figure][1] < places[note][1] < row + 1
    assert "no" not in places, "a cell without a figure has nothing to note"
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("r", "c")
    wide = a_heat_map(np.ones((2, 30)).tolist(), notes=(("± 0.0034, n = 12",) * 30,) * 2)
    assert not any("n = 12" in text for text in texts(plot_heat_map(wide)))


@pytest.mark.parametrize(("lowest", "log"), [(0.01, True), (0.0, False)])
def test_colours_are_logarithmic_where_asked_and_possible(lowest, log):
    figure = plot_heat_map(a_heat_map([[lowest, 1.0, 100.0]], log=True))
    (mesh,) = (found for found in figure.axes[0].collections if isinstance(found, QuadMesh))
    assert list(mesh.norm([lowest, 1.0, 100.0])) == pytest.approx([0, 0.5, 1] if log else [0, 0.01, 1])
    assert figure.axes[1].get_ylabel() == ("loss (log scale)" if log else "loss")
    assert {"0.01", "100"} <= set(texts(figure)) if log else "100" in texts(figure)


def test_rows_stand_from_the_top_in_their_order():
    axes = plot_heat_map(a_heat_map([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])).axes[0]
    assert axes.get_ylim() == (3, 0)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["r0", "r1", "r2"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["c0", "c1"]


def test_a_cell_without_a_finite_figure_is_blank_hatched_and_reported():
    figure = plot_heat_map(a_heat_map([[None, 1.0], [INF, NAN]]))
    axes = figure.axes[0]
    hatched = [patch.get_xy() for patch in axes.patches if isinstance(patch, Rectangle) and patch.get_hatch()]
    assert hatched == [(0, 0), (0, 1), (1, 1)]
    assert {"1", "no value"} <= set(texts(figure))
    assert any("3 cells have no value." in text for text in texts(figure))
    assert "None" not in texts(figure)


@pytest.mark.parametrize("values", [[[None]], [[0.0]], [[2.5, 2.5]], [[1e-300, 1e300]]])
def test_a_matrix_of_one_figure_or_of_extremes_is_drawn(values):
    figure, _ = drawn_figure(plot_heat_map(a_heat_map(values)))
    (mesh,) = (found for found in figure.axes[0].collections if isinstance(found, QuadMesh))
    assert mesh.get_array().shape == np.shape(values)


def test_a_large_matrix_has_names_that_do_not_touch_and_no_figures():
    figure, renderer = drawn_figure(plot_heat_map(a_heat_map(np.eye(61).tolist())))
    axes = figure.axes[0]
    assert not [text for text in axes.texts if text.get_text() in ("0", "1")]
    boxes = [label.get_window_extent(renderer) for label in axes.get_yticklabels()]
    assert len(boxes) > 15
    assert not any(one.overlaps(other) for one, other in pairwise(boxes))


# --- trails over a map ------------------------------------------------------------------------------


def overlaid(drawn, *trails, **changes):
    return depict(an_overlay(*trails, over=drawn.name, **changes), atlas_of(drawn))


def test_below_the_trails_lies_the_maps_own_picture():
    drawn = a_map()
    own, over = plot(drawn).axes[0], overlaid(drawn, a_trail([(0, 0), (0.5, 0.5)])).figure.axes[0]
    assert [type(one) for one in over.collections] == [type(one) for one in own.collections]
    assert over.collections[0].norm.vmin == own.collections[0].norm.vmin
    assert (over.get_xlim(), over.get_ylim()) == (own.get_xlim(), own.get_ylim()) == ((-1, 1), (-1, 1))
    assert all(one.get_alpha() < 1 for one in over.lines if one.get_color() in VARIANTS[:3] and one.get_ls() == "-")


def test_trails_lie_over_the_map_and_below_the_ends_of_runs():
    axes = overlaid(a_map(), a_trail([(0, 0), (0.5, 0.5)]), a_trail([(0, 0)], "p", "points")).figure.axes[0]
    trails = [line.get_zorder() for line in axes.lines if line.get_mfc() in TRAILS or line.get_color() in TRAILS]
    stars = [line.get_zorder() for line in axes.lines if line.get_marker() == "*"]
    assert trails
    assert max(one.get_zorder() for one in axes.collections) < min(trails) <= max(trails) < min(stars)


def test_an_arrow_leads_from_each_point_to_the_next():
    points = [(0, 0), (0.5, 0.25), (-0.5, 0), (NAN, 0.1), (0.2, 0.2), (0.1, -0.3)]
    found = overlaid(a_map(), a_trail(points, style="arrows"))
    (arrows,) = (one for one in found.figure.axes[0].collections if isinstance(one, Quiver))
    np.testing.assert_allclose(arrows.get_offsets(), [(0, 0), (0.2, 0.2)])
    np.testing.assert_allclose(np.stack([arrows.U, arrows.V], axis=1), [(0.5, 0.25), (-0.1, -0.5)])
    assert found.missing == ["1 point is not finite."]


def test_the_view_grows_with_trails_that_leave_the_lattice_and_the_landscape_ends_where_it_did():
    found = overlaid(a_map(), a_trail([(0, 0), (2, -1.5)]))
    axes = found.figure.axes[0]
    assert axes.get_xlim()[0] == -1
    assert axes.get_xlim()[1] > 2
    assert axes.get_ylim()[0] < -1.5
    assert axes.get_ylim()[1] == 1
    assert found.missing == []
    filled = next(one for one in axes.collections if one.get_zorder() == 1)
    corners = axes.transData.inverted().transform(filled.get_clip_box().get_points())
    np.testing.assert_allclose(corners, [(-1, -1), (1, 1)], atol=1e-9)


def test_points_that_lie_very_far_out_are_counted_and_do_not_shrink_the_map():
    found = overlaid(a_map(), a_trail([(0, 0), (1e6, 0), (-1e6, 1e6)]))
    assert found.figure.axes[0].get_xlim() == (-1, 1)
    assert found.missing == ["2 points lie far outside of what is shown."]
    assert any("2 points lie far outside" in text for text in texts(found.figure))


@settings(max_examples=60)
@given(st.lists(st.tuples(*[st.floats(-20, 20) | st.just(NAN)] * 2), max_size=8))
def test_every_point_is_in_the_view_or_counted_and_the_view_is_never_wider_than_reported(points):
    drawn, places = a_map(), np.array(points).reshape(-1, 2)
    view = View.of(scene_of(drawn), places)
    whole = places[np.isfinite(places).all(axis=1)]
    inside = ((whole >= view.shown[:, 0]) & (whole <= view.shown[:, 1])).all(axis=1)
    assert view.outside == (~inside).sum()
    # 0.75 on both sides, and the room around a point there.
    assert (np.ptp(view.shown, axis=1) <= 2 * (1 + 2 * REACH + 0.061)).all()
    assert (view.shown[:, 0] <= -1).all()
    assert (view.shown[:, 1] >= 1).all()


def without_finite_losses():
    return a_map(values=np.full(121, np.nan))


SCATTERED = Samples(points=np.random.default_rng(0).uniform(-1, 1, (40, 2)))
GROUNDS = {
    "one axis": (a_line_map, 1, 2),
    "four axes": (lambda: a_map(d=4, samples=grid(3, 4)), 4, 6),
    "no inverse": (lambda: a_scatter("one", "No way back."), 2, 1),
    "a path alone": (a_path_map, 2, 1),
    "scattered samples": (lambda: a_map(samples=SCATTERED), 2, 1),
    "no finite loss": (without_finite_losses, 2, 1),
}


@pytest.mark.parametrize(("make", "d", "panels"), GROUNDS.values(), ids=GROUNDS)
def test_trails_are_drawn_on_every_kind_of_map(make, d, panels):
    drawn = make()
    points = np.random.default_rng(1).uniform(-1.5, 1.5, (6, d)).tolist()
    styled = ("line", "dashed", "points", "arrows")
    found = overlaid(drawn, *(a_trail(points, style, style) for style in styled), a_trail([], "empty"))
    drawn_figure(found.figure)
    coloured = [axes for axes in found.figure.axes if axes.get_label() == "<colorbar>"]
    assert len(found.figure.axes) - len(coloured) == panels
    assert [text.get_text() for text in found.figure.legends[0].get_texts()][:5] == [*styled, "empty"]
    trails = [line for axes in found.figure.axes for line in axes.lines if line.get_mfc() in TRAILS]
    assert trails
    assert found.missing == []


def test_a_map_of_many_axes_shows_six_pairs_and_says_so():
    drawn = a_scatter("one", "No way back.")
    wide = evolve(drawn, chart=evolve(drawn.chart, latents=np.random.default_rng(0).normal(size=(12, 11))))
    found = overlaid(wide, a_trail(np.zeros((2, 11)).tolist()))
    assert len(found.figure.axes) == 6
    assert any("each pair of the first 4 of 11 latent axes" in text for text in texts(found.figure))
    alone = plot(wide)  # and so does its own picture; the pairs of 76 axes would be 2,850 panels
    assert len(alone.axes) == 6
    assert any("Drawn: each pair of the first 4 of 11 latent axes." in text for text in texts(alone))


# --- members that analyses derived ------------------------------------------------------------------


def test_derived_members_are_joined_by_step_thinly_below_the_runs_with_one_entry_a_kind():
    who = population()
    kinds = ("curve", "curve", "rebased", "curve")
    derived = [
        evolve(who.members[0], variant=name, step=step, kind=kind)
        for kind, name, step in zip(kinds, ("x", "x", "y", "z"), (1, 0, 0, 0), strict=True)
    ]
    drawn = a_map(who=evolve(who, members=(*who.members[:-4], *derived)))
    figure = plot(drawn)
    axes, latents = figure.axes[0], drawn.chart.latents
    thin = [line for line in axes.lines if line.get_zorder() == 3.9]
    np.testing.assert_array_equal(thin[0].get_xydata(), latents[[9, 8]])
    assert sorted(len(line.get_xdata()) for line in thin) == [1, 1, 2]
    assert all(line.get_linewidth() < 1 and line.get_markersize() < 3 for line in thin)
    runs = [line.get_zorder() for line in axes.lines if line.get_color() in VARIANTS[:3]]
    assert max(line.get_zorder() for line in thin) < min(runs)
    entries = [text.get_text() for text in figure.legends[0].get_texts()]
    assert [entry for entry in entries if entry.endswith(" members")] == ["curve members", "rebased members"]


# --- the page and the files -------------------------------------------------------------------------

TABLE = Table(name="rows", caption="A table.", columns=("a",), rows=({"a": 1},))


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report on pictures whose names try to leave the folder and the page, and on some that cannot be drawn."""
    folder = tmp_path_factory.mktemp("run")
    evil = a_plot((series(EVIL[0]), series(EVIL[1])), x=EVIL[1], y=EVIL[2], name=f"../{EVIL[0]}", caption=EVIL[0])
    named = evolve(evil, panels=(*evil.panels, Panel(title=EVIL[1], series=(series(EVIL[2]),))))
    heat = a_heat_map([[1.0, None]], rows=(EVIL[1],), columns=(EVIL[0], EVIL[2]), label=EVIL[1], name="../heat")
    over = an_overlay(a_trail([(0, 0), (0.3, 0.3)], EVIL[1]), a_trail([(0, 0)], EVIL[0], "points"), name=EVIL[1])
    broken = (a_plot(name="empty"), evolve(over, name="lost", map="two"))
    findings = {
        "fidelity": Finding(tables=(evolve(TABLE, columns=("name",)),)),
        "../<b>shown": Finding(pictures=(named, heat, over, *broken), tables=(TABLE,)),
        "silent": Finding(),
    }
    path = write_report(
        folder,
        title="t",
        atlas=atlas_of(a_scatter("one", "No way back.", who=population(EVIL))),
        findings=findings,
        record={},
    )
    return folder, path.read_text("utf-8")


def test_every_picture_is_on_the_page_with_its_caption_and_a_text_for_those_who_cannot_see_it(report):
    folder, html = report
    page = Page(html)
    images = [image for image in page.images if image["data-picture"].startswith("figures/b-shown-")]
    assert len(images) == 3
    for image in images:
        assert re.fullmatch(r"data:image/(png|svg\+xml);base64,[A-Za-z0-9+/=]+", image["src"])
        assert re.fullmatch(r"figures/[a-z0-9-]+", image["data-picture"])
        assert (folder / f"{image['data-picture']}.png").is_file()
        assert (folder / f"{image['data-picture']}.svg").is_file()
        assert "aption" in image["alt"] or EVIL[0] in image["alt"]
        assert len(image["alt"]) > 40
    assert "script" not in page.tags
    assert "1 cell has no value." in page.text


def test_pictures_stand_between_their_analysis_heading_and_its_tables(report):
    html = report[1]
    heading = html.index("<h3>../&lt;b&gt;shown</h3>")
    first, last = html.index('data-picture="figures/b-shown'), html.rindex('data-picture="figures/b-shown')
    assert heading < first < last < html.index("A table.", heading)
    assert "<h3>silent</h3>" not in html


def test_a_picture_that_cannot_be_drawn_is_reported_with_the_reason(report):
    text = Page(report[1]).text
    assert "The picture 'empty' is not drawn: it has no panels" in text
    assert "The picture 'lost' is not drawn: there is no map 'two'; " in text


def test_names_are_printed_as_they_are(report):
    svg = next((report[0] / "figures").glob("b-shown-script*.svg")).read_text("utf-8")
    # Letters are paths, with the text beside them as a comment; `--` may not stand in one.
    assert EVIL[1] in svg.replace(r"\$", "$")


@pytest.mark.parametrize(
    "picture",
    [
        a_plot((series(style="points"), series("b", y=(1, None, 0))), log=True),
        a_heat_map([[1.0, None], [2.0, 3.0]]),
        an_overlay(a_trail([(0, 0), (3, 0.3)], style="arrows"), a_trail([(0, 0), (3, 0.3)], "d", "dashed")),
    ],
    ids=lambda picture: type(picture).__name__,
)
def test_a_picture_is_the_same_bytes_each_time(picture, tmp_path):
    for name in ("one", "two"):
        save(depict(picture, atlas_of(a_map())).figure, tmp_path, name)
    for suffix in ("png", "svg"):
        assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


# --- from Python ------------------------------------------------------------------------------------


def test_a_result_gives_pictures_by_name_and_says_what_there_is():
    shown = Finding(pictures=(a_heat_map([[1.0]]), a_plot()))
    result = Result(atlas=atlas_of(a_map()), findings={"barriers": shown, "none": Finding()}, record={}, report=Path())
    assert result.picture("barriers", "heat")._repr_png_().startswith(b"\x89PNG")
    for analysis, name, says in (
        ("barrier", "heat", "this study has no analysis 'barrier'; did you mean 'barriers'?"),
        ("barriers", "heap", "analysis 'barriers' has no picture 'heap'; did you mean 'heat'?"),
        ("none", "heat", "analysis 'none' has no picture 'heat'; there is none"),
        ("barriers", "a_plot", "picture 'a_plot' of analysis 'barriers' cannot be drawn: it has no panels"),
    ):
        with pytest.raises(RunError, match=f"^{re.escape(says)}$"):
            result.picture(analysis, name)


def test_the_analysis_of_the_documentation_shows_pictures_that_can_be_drawn(tmp_path):
    code, _ = blocks(ROOT / "docs/how-to/pictures.md", "python")
    (tmp_path / "speed.py").write_text(code, "utf-8")
    speed = module(tmp_path / "speed.py").Speed()
    checks = dict(checks_for(speed))
    for name in ("finding_is_json_without_nan", "pictures_can_be_told_apart", "pictures_can_be_drawn"):
        checks[name]()
    atlas = tiny_atlas()
    pictures = speed.analyse(atlas, tiny_bench(), np.random.default_rng(0)).pictures
    assert [picture.name for picture in pictures] == ["moves", "ways_linear", "ways_scatter", "ways_barren"]
    for picture in pictures:
        assert flaw(picture, atlas) == ""
        depict(picture, atlas)


# --- two lines on one track, and matrices that say each thing once ------------------------------------

TRACK = np.stack([np.linspace(-0.8, 0.8, 9), np.zeros(9)], axis=1)


def two_lines(beside):
    return overlaid(
        a_map(), Trail.of("Bezier curve", TRACK), Trail.of("straight line", TRACK + np.array([0, beside]), "dashed")
    )


def test_two_lines_on_one_track_are_both_seen_and_the_picture_says_so():
    """The upper one is narrower, by more than its rim, and the lower one is seen on both sides of it."""
    figure = two_lines(0.0).figure
    lines = [line for line in figure.axes[0].lines if line.get_color() in TRAILS and line.get_ls() != "None"]
    below, above = sorted(lines, key=lambda line: line.get_zorder())
    assert below.get_lw() - above.get_lw() > 2 * 0.8 + 0.5
    sentence = "The map places “Bezier curve” and “straight line” on one track: it does not tell them apart."
    assert any(sentence in " ".join(text.split()) for text in texts(figure))
    assert not any("one track" in text for text in texts(two_lines(0.3).figure))


def test_of_a_symmetric_matrix_the_lower_triangle_is_drawn():
    sides = ("A", "B", "C")
    values = ((0.0, 1.0, 2.0), (1.0, 0.0, None), (2.0, None, 0.0))
    picture = HeatMap(name="m", caption="", rows=sides, columns=sides, values=values, label="x")
    figure = depict_alone(picture).figure
    shown = next(one.get_array() for one in figure.axes[0].collections if isinstance(one, QuadMesh))
    assert shown.mask.tolist() == [[False, True, True], [False, False, True], [False, True, False]]
    assert "1 cell has no value." in texts(figure)
    assert not evolve(picture, columns=("x", "y", "z")).is_symmetric
    assert not evolve(picture, values=(values[0], (9.0, 0.0, None), values[2])).is_symmetric


def test_the_colour_bar_of_a_share_ends_at_0_and_1():
    same = HeatMap(name="m", caption="", rows=("a",), columns=("b",), values=((0.9,),), label="IoU", limits=(0.0, 1.0))
    assert depict_alone(same).figure.axes[-1].get_ylim() == (pytest.approx(0.4), 1.0)


def test_a_matrix_of_shares_whose_colours_show_a_small_part_says_so():
    near = HeatMap(
        name="m", caption="", rows=("a",), columns=("b", "c"), values=((0.95, 1.0),), label="CKA", limits=(0, 1)
    )
    assert "The colours show 0.95 to 1, of 0 to 1." in texts(depict_alone(near).figure)
    for other in (evolve(near, values=((0.5, 1.0),)), evolve(near, limits=(None, 1.0))):
        assert not [text for text in texts(depict_alone(other).figure) if text.startswith("The colours show")]


def test_a_picture_is_called_by_its_title_or_else_by_its_name_in_words():
    plot = Plot(name="mean_losses, unseen", caption="", x="", y="", panels=())
    assert plot.headline == "Mean losses, unseen"
    assert evolve(plot, title="Curves that no map has seen").headline == "Curves that no map has seen"
