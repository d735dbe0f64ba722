"""A map of three axes in space: surfaces where the loss is so, nothing where nothing is known, all of it said."""

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st
from mpl_toolkits.mplot3d.art3d import Poly3DCollection
from support.maps import a_map, atlas_of, drawn_figure, grid, population, scene_of, texts

from globscope.report import write_report
from globscope.report.map.isosurfaces import isosurfaces, levels
from globscope.report.map.scene import Scene
from globscope.report.map.volume import caption, facts, plot_volume
from globscope.report.style.labels import Name
from globscope.report.style.marks import LEVELS
from globscope.report.style.palette import UNTRUSTED, VARIANTS
from globscope.report.style.scale import shared_scale, spanning
from globscope.values.field import Field

WELLS = np.array([[-0.5, -0.4, -0.3], [0.5, 0.4, 0.4]])


def ball(points):
    """One plus the distance from the centre."""
    return 1 + np.linalg.norm(points, axis=1)


def two_wells(points):
    squares = ((points[:, None] - WELLS) ** 2).sum(axis=2)
    return 2.0 - (np.array([1.99, 1.9]) * np.exp(-squares / 0.15)).max(axis=1)


def a_volume(values=ball, resolution=15, **known):
    """A map of three axes whose three runs end in the two wells and between them."""
    samples = grid(resolution, 3)
    drawn = a_map(d=3, samples=samples, values=values(samples.points), **known)
    ends = [*WELLS, [0.45, -0.6, 0.3]]
    places = np.concatenate([np.linspace(0.2 * np.array(end), end, 4) for end in ends])
    return evolve(drawn, chart=evolve(drawn.chart, latents=places))


def with_surfaces(drawn):
    """A map's scene and its surfaces."""
    scene = scene_of(drawn)
    return scene, isosurfaces(scene.landscape, scene.scale)


def picture(drawn):
    return plot_volume(*with_surfaces(drawn))


# --- surfaces ---------------------------------------------------------------------------------------


def test_the_surfaces_of_a_ball_lie_at_its_radii():
    found = with_surfaces(a_volume())[1]
    assert len(found) == 3
    for one in found:
        radii = np.linalg.norm(one.triangles, axis=2)
        # Half a cell of the lattice, whose step is 2 / 14.
        np.testing.assert_allclose(radii, one.level - 1, atol=1 / 14)


def test_latent_units_are_kept_where_the_axes_differ():
    """A lattice stretched and shifted by its own factors along each axis."""
    drawn, stretch, shift = a_volume(), np.array([1.0, 10.0, 0.1]), np.array([0.0, 5.0, -3.0])
    landscape = drawn.landscape
    moved = evolve(landscape, samples=evolve(landscape.samples, points=landscape.samples.points * stretch + shift))
    scale = shared_scale(atlas_of(drawn), "train_loss")
    for one, other in zip(isosurfaces(landscape, scale), isosurfaces(moved, scale), strict=True):
        # Marching cubes counts in float32.
        np.testing.assert_allclose(other.triangles, one.triangles * stretch + shift, rtol=1e-5, atol=1e-5)


def test_samples_may_come_in_any_order():
    drawn = a_volume(two_wells)
    scene, found = with_surfaces(drawn)
    landscape = scene.landscape
    order = np.random.default_rng(0).permutation(len(landscape.samples.points))
    mixed = evolve(
        landscape,
        samples=evolve(landscape.samples, points=landscape.samples.points[order], index=landscape.samples.index[order]),
        fields={name: values[order] for name, values in landscape.fields.items()},
        trusted=landscape.trusted[order],
    )
    for one, other in zip(found, isosurfaces(mixed, scene.scale), strict=True):
        np.testing.assert_array_equal(one.triangles, other.triangles)


def test_each_surface_tells_what_share_of_the_samples_lies_below():
    scene, found = with_surfaces(a_volume(two_wells))
    values = scene.values
    assert [one.below for one in found] == [float((values <= one.level).mean()) for one in found]
    # 3, 10 and 30 percent were asked; rounding a level to two digits moves it.
    np.testing.assert_allclose([one.below for one in found], [0.03, 0.1, 0.3], atol=0.06)


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), max_size=60))
def test_levels_rise_and_lie_between_the_lowest_and_the_highest_value(values):
    found = levels(np.array(values))
    assert found == sorted(set(found))
    assert all(min(values) < level < max(values) for level in found)


def test_levels_have_two_digits_or_as_many_as_tell_them_apart():
    assert levels(np.linspace(0, 1, 101)) == [0.03, 0.1, 0.3]
    assert levels(np.linspace(1.2, 1.3, 101)) == [1.203, 1.21, 1.23]


# --- what is left out -------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_no_surface_passes_a_cell_with_a_sample_that_is_not_finite(broken):
    """Everything beyond x = 0.5 is broken: the cells that begin before it end at 0.571, the next sample."""
    drawn = a_volume(lambda points: np.where(points[:, 0] > 0.5, broken, ball(points)))
    scene, found = with_surfaces(drawn)
    last = np.unique(scene.landscape.samples.points[:, 0])
    last = last[last <= 0.5].max()
    assert max(one.triangles[..., 0].max() for one in found) == pytest.approx(last, abs=1e-6)
    said = caption(scene, found)[0]
    assert "of the finite samples lie at or below" in said
    assert "NaN and infinite samples are left out: the surfaces are cut open around them." in said
    assert f"{scene.nonfinite} NaN or infinite" in said


def test_one_broken_sample_costs_the_eight_cells_around_it_and_nothing_else():
    centre = grid(15, 3).points[(7 * 15 + 7) * 15 + 9]  # which the innermost surface passes
    whole = with_surfaces(a_volume())[1]
    holed = with_surfaces(a_volume(lambda points: np.where((points == centre).all(axis=1), np.nan, ball(points))))[1]
    assert [one.level for one in holed] == [one.level for one in whole]
    # Marching cubes counts in float32.
    kept = {tuple(np.round(triangle, 5).ravel()) for one in holed for triangle in one.triangles}
    every = np.concatenate([one.triangles for one in whole])
    lost = np.array([tuple(np.round(triangle, 5).ravel()) not in kept for triangle in every])
    # A cell is 2 / 14 wide.
    around = (np.abs(every - centre) <= 2 / 14 + 1e-6).all(axis=(1, 2))
    assert lost.any()
    np.testing.assert_array_equal(lost, around)


@pytest.mark.parametrize(
    "values",
    [
        lambda points: np.full(len(points), 0.5),
        lambda points: np.where(points[:, 0] == 0, ball(points), np.nan),  # a plane alone makes no cell
        lambda points: np.where(np.arange(len(points)) == 7, 0.5, np.nan),
    ],
)
def test_a_volume_without_a_surface_draws_none_and_says_so(values):
    drawn = a_volume(values, resolution=5)
    assert not with_surfaces(drawn)[1]
    figure = picture(drawn)
    assert not figure.findobj(Poly3DCollection)
    assert any(text.startswith("No isosurface: no cell of finite samples has training loss") for text in texts(figure))
    assert "A" in texts(figure)


def test_drawing_alters_no_loss():
    drawn = a_volume(lambda points: np.where(points[:, 0] > 0.5, np.nan, two_wells(points)))
    before = drawn.landscape.fields["train_loss"].copy()
    picture(drawn)
    np.testing.assert_array_equal(drawn.landscape.fields["train_loss"], before)


# --- the picture ------------------------------------------------------------------------------------


def test_caption_and_picture_name_the_levels():
    scene, found = with_surfaces(a_volume(two_wells))
    assert [one.level for one in found] == [1.1, 1.6, 1.9]
    said = "Isosurfaces at training loss 1.1, 1.6 and 1.9; 3%, 10% and 25% of the samples lie at or below."
    assert facts(scene, found)[0] == said
    assert all(said in text for text in caption(scene, found))
    figure = plot_volume(scene, found)
    assert {said, "training loss = 1.1", "training loss = 1.9"} <= {
        line for text in texts(figure) for line in text.split("\n")
    }
    marks = [line.get_ydata()[0] for line in figure.axes[-1].lines]
    assert marks == [1.1, 1.6, 1.9]


def test_runs_ends_and_minima_stand_at_their_places_in_space():
    drawn = a_volume(two_wells)
    figure = picture(drawn)
    panels = [axes for axes in figure.axes if hasattr(axes, "get_zlim")]
    assert len(panels) == 2
    low = drawn.landscape.samples.points[drawn.topology.tree.minima]
    for axes in panels:
        stars = {line.get_mfc(): np.ravel(line.get_data_3d()) for line in axes.lines if line.get_marker() == "*"}
        assert list(stars) == list(VARIANTS[:3])
        np.testing.assert_array_equal(list(stars.values()), drawn.chart.latents[3::4])
        (minima,) = [line for line in axes.lines if line.get_zorder() == LEVELS["minimum"]]
        np.testing.assert_array_equal(np.transpose(minima.get_data_3d()), low)
        assert [axes.get_xlabel(), axes.get_ylabel(), axes.get_zlabel()] == ["latent 1", "latent 2", "latent 3"]


def test_no_surface_hides_a_run():
    spaces = [axes for axes in picture(a_volume(two_wells)).axes if hasattr(axes, "get_zlim")]
    assert spaces
    for axes in spaces:
        (surface,) = axes.findobj(Poly3DCollection)
        assert not axes.computed_zorder
        assert axes.lines
        assert all(line.get_zorder() > surface.get_zorder() for line in axes.lines)


def test_names_stand_beside_the_ends_where_they_are_seen():
    """The middle of a name is at most its own reach and a star's from where its end is projected."""
    figure, renderer = drawn_figure(picture(a_volume(two_wells)))
    for axes in figure.axes[1:3]:
        ends = [line for line in axes.lines if line.get_marker() == "*"]
        names = axes.findobj(Name)
        assert [name.get_text() for name in names] == ["A", "B", "C"]
        for name, end in zip(names, ends, strict=True):
            box, at = name.get_window_extent(renderer), axes.transData.transform(end.get_xydata()[0])
            far = np.hypot(*(np.array([box.x0 + box.x1, box.y0 + box.y1]) / 2 - at))
            assert far <= np.hypot(box.width, box.height) / 2 + 12 * figure.dpi / 72


def test_what_is_not_trusted_is_grey_and_said():
    samples = grid(15, 3)
    scene, found = with_surfaces(a_volume(two_wells, trusted=samples.points[:, 2] > 0))
    heights = np.concatenate([one.triangles[..., 2].mean(axis=1) for one in found])
    trusted = np.concatenate([one.trusted for one in found])
    # A triangle takes after the nearest sample, which is half a cell away at most.
    assert trusted[heights > 1 / 14].all()
    assert not trusted[heights < 0].any()
    figure = plot_volume(scene, found)
    assert UNTRUSTED in texts(figure)
    assert "Grey parts lie where the map extrapolates." in facts(scene, found)
    (surface,) = figure.axes[1].findobj(Poly3DCollection)
    colours = surface._facecolor3d[:, :3]
    assert np.ptp(colours[~trusted], axis=1).max() < 1e-12
    assert np.ptp(colours[trusted], axis=1).min() > 0.05


def test_a_trusted_volume_speaks_of_no_grey():
    drawn = a_volume(two_wells)
    assert UNTRUSTED not in texts(picture(drawn))
    assert not any("Grey" in text for text in facts(*with_surfaces(drawn)))


def test_no_label_is_cut_off():
    figure, renderer = drawn_figure(picture(a_volume(two_wells, who=population(("learning-rate-1e-1", "B", "C")))))
    head, *panels, bar = figure.axes
    shown = [*head.texts, head._left_title, *figure.legends[0].get_texts(), bar.yaxis.label]
    shown += [axis.label for axes in panels for axis in (axes.xaxis, axes.yaxis, axes.zaxis)]
    shown += [name for axes in panels for name in axes.findobj(Name)]
    boxes = [text.get_window_extent(renderer) for text in shown]
    assert len(boxes) == 2 + 8 + 1 + 6 + 6
    for text, box in zip(shown, boxes, strict=True):
        assert (box.min >= figure.bbox.min).all(), text
        assert (box.max <= figure.bbox.max).all(), text
        assert box.count_overlaps(boxes) == 1, f"{text} touches another"  # itself


@pytest.mark.usefixtures("blank_pictures")
def test_the_report_shows_space_slices_and_the_tree_of_a_volume(tmp_path):
    drawn = a_volume(two_wells, resolution=9)
    page = write_report(tmp_path, title="", atlas=atlas_of(drawn), findings={}, record={}).read_text("utf-8")
    places = [page.index(f"figures/one-{what}.png") for what in ("isosurfaces", "landscape", "merge-tree")]
    assert places == sorted(places)
    assert "the whole 3-dimensional volume" in page
    for suffix in ("png", "svg"):
        # A page with a few such pictures must still open at once.
        assert (tmp_path / f"figures/one-isosurfaces.{suffix}").stat().st_size < 2e6


@pytest.mark.parametrize(("d", "drawn"), [(2, False), (3, True), (4, False)])
def test_maps_of_three_axes_alone_are_drawn_in_space(d, drawn):
    assert scene_of(a_map(d=d, samples=grid(4, d))).is_volume is drawn


def test_a_path_scattered_samples_and_an_absent_field_are_no_volume():
    drawn, line = a_volume(resolution=4), np.arange(64)[:, None]
    assert not scene_of(evolve(drawn, landscapes={})).is_volume
    assert not Scene.of(drawn, atlas_of(drawn), spanning([], Field.of("other"))).is_volume
    for index, shape in ((line, (64,)), (None, None)):
        samples = evolve(drawn.landscape.samples, index=index, shape=shape)
        other = evolve(drawn, landscapes={"grid": evolve(drawn.landscape, samples=samples)})
        assert not scene_of(other).is_volume
