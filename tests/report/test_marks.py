"""Minima, saddles and runs' ends: none hides another, none is cut, and each kind has a form of its own."""

import numpy as np
import pytest
from attrs import evolve
from matplotlib.path import Path
from support.maps import a_map, atlas_of, drawn_figure, grid, latents, population, texts

from globscope.report import plot, scenes_of
from globscope.report.map.figure import plot_scene
from globscope.report.style.marks import LEVELS, SIZES, critical_points, draw_marks, mark_style
from globscope.report.style.palette import RIM
from globscope.report.style.theme import Picture
from globscope.report.topology.figures import plot_tree
from globscope.report.topology.landscape_profile import plot_profiles
from globscope.report.topology.network import plot_network
from globscope.values.field import Field
from globscope.values.topology import MINIMUM, MULTI_SADDLE, SADDLE, MergeTree

PLACES = {kind: np.array([[0.5, 0.5]]) for kind in LEVELS}


def shown_pixels(places, star=False):
    """Return how many pixels of each kind's fill are seen, all kinds at one place."""
    figure = Picture(2, 2, layout="none", dpi=200)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 1), ylim=(0, 1))
    axes.set_axis_off()
    if star:
        axes.plot([0.5], [0.5], "*", ms=13, mfc="#db0080", mec="#db0080", zorder=6)
    draw_marks(axes, places)
    figure, renderer = drawn_figure(figure)
    seen = np.asarray(renderer.buffer_rgba())[..., :3].reshape(-1, 3)
    return {name: int((np.abs(seen - np.array(colour)).max(axis=1) < 6).sum()) for name, colour in SEEN.items()}


SEEN = {"saddle": (255, 176, 0), "run": (219, 0, 128)}


def test_a_minimum_and_a_saddle_on_a_runs_end_leave_all_three_to_be_seen():
    """A pin's head stands above its place: it is seen over the saddle, as the star's arms are around both."""
    both = shown_pixels({MINIMUM: PLACES[MINIMUM], SADDLE: PLACES[SADDLE]}, star=True)
    assert both["saddle"] > 50
    assert both["run"] > 100
    head = mark_style(MINIMUM)["marker"].vertices[:, 1].max() * SIZES[MINIMUM] / 2
    assert head > mark_style(SADDLE)["marker"].vertices[:, 1].max() * SIZES[SADDLE] / 2 + 1  # of points


def test_marks_lie_above_the_stars_of_runs_and_names_above_all():
    axes = plot(a_map()).axes[0]
    stars = [line.get_zorder() for line in axes.lines if line.get_marker() == "*"]
    marks = [line.get_zorder() for line in axes.lines if isinstance(line.get_marker(), Path)]
    names = [text.get_zorder() for text in axes.texts if text.get_text() in ("A", "B", "C")]
    assert max(stars) < min(marks) <= max(marks) < min(names)


def test_a_saddle_of_three_basins_has_a_form_of_its_own():
    tree = MergeTree(
        nodes=np.arange(5),
        values=np.arange(5.0),
        kinds=(MINIMUM, MINIMUM, MINIMUM, MULTI_SADDLE, SADDLE),
        arcs=np.empty((0, 2), int),
        pairs=np.empty((0, 2), int),
        births=np.empty(0),
        deaths=np.empty(0),
        elders=np.empty(0, int),
        arc=np.empty(0, int),
        basin=np.empty(0, int),
    )
    places = critical_points(tree, np.arange(10.0).reshape(5, 2))
    assert {kind: len(points) for kind, points in places.items()} == {MINIMUM: 3, SADDLE: 1, MULTI_SADDLE: 1}
    figure = Picture(2, 2, layout="none")
    legend = draw_marks(figure.add_subplot(), places)
    assert list(legend) == ["minimum (at the tip)", "saddle, where basins meet", "saddle of three or more basins"]
    assert len({tuple(map(tuple, line.get_marker().vertices)) for line in legend.values()}) == 3


def test_a_mark_on_the_frame_is_whole():
    samples = grid()
    figure = plot(a_map(values=1.5 + samples.points.sum(axis=1) / 4))
    (mark,) = [line for line in figure.axes[0].lines if line.get_zorder() == LEVELS[MINIMUM]]
    assert mark.get_xydata().tolist() == [[-1, -1]]
    assert not mark.get_clip_on()
    assert "minimum (at the tip)" in texts(figure)


@pytest.mark.parametrize("place", [(x, y) for x in (0, 0.5, 1) for y in (0, 0.5, 1)])
def test_a_minimum_on_the_frame_has_its_head_inside_and_its_tip_in_place(place):
    figure = Picture(2, 2, layout="none", dpi=200)
    axes = figure.add_axes((0.2, 0.2, 0.6, 0.6), xlim=(0, 1), ylim=(0, 1))
    draw_marks(axes, {MINIMUM: np.array([place])})
    (mark,) = axes.lines
    form = mark._marker
    corners = form.get_transform().transform(form.get_path().vertices) * mark.get_markersize() * figure.dpi / 72
    seen = axes.transData.transform(mark.get_xydata()) + corners
    assert (seen[0] == axes.transData.transform(place)).all()
    assert (seen >= axes.bbox.min - 1e-9).all()
    assert (seen <= axes.bbox.max + 1e-9).all()
    assert place[1] == 1 or corners[:, 1].min() > -1e-9  # upright or leaning, but for the upper edge


def test_of_a_field_of_which_higher_is_better_the_minimum_is_called_the_worst_sample():
    fields = {"train_loss": evolve(Field.of("test_accuracy"), key="train_loss")}
    (scene,) = scenes_of(evolve(atlas_of(a_map()), fields=fields))
    for figure in (
        plot_scene(scene),
        plot_tree(scene.tree),
        plot_network(scene.tree, None),
        plot_profiles([scene.tree]),
    ):
        written = texts(figure)
        assert "lowest, and worst, sample of a basin (at the tip)" in written
        assert not any("minimum" in text for text in written)


def test_a_run_of_one_network_has_an_end_and_no_start():
    for steps, starts in ((1, 0), (4, 3)):
        drawn = a_map(who=population(steps=steps))
        axes = plot(evolve(drawn, chart=evolve(drawn.chart, latents=latents(steps=steps)))).axes[0]
        assert sum(line.get_marker() == "o" and line.get_markerfacecolor() == RIM for line in axes.lines) == starts
        assert ("start of a run" in texts(axes.figure)) == bool(starts)
