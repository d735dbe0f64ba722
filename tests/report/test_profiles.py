"""Landscape profiles as pictures: what is drawn is what was counted, on one scale, in files that open at once."""

from itertools import combinations

import numpy as np
import pytest
from attrs import evolve
from matplotlib.collections import PolyCollection, QuadMesh
from support.landscapes import topology
from support.maps import a_map, a_scatter, atlas_of, drawn_figure, grid, population, scene_of, texts, wells

from globscope.builtin.topology import Gudhi
from globscope.errors import RunError
from globscope.report import TreeScene, plot_profiles, profile_scales, scenes_of
from globscope.report.style.labels import Name
from globscope.report.style.palette import MINIMUM, SADDLE
from globscope.report.style.theme import save
from globscope.report.topology.landscape_profile import ProfileScales, caption
from globscope.session import Result
from globscope.spec.style import Style

NOISE = np.random.default_rng(0)


def profile(values, persistence=0.0, name="field") -> TreeScene:
    return TreeScene.of(name, *topology(values, persistence))


def bodies(axes) -> PolyCollection:
    """Return the basins of a panel, without their rims."""
    return [found for found in axes.collections if isinstance(found, PolyCollection)][-1]


def marks(axes, colour) -> np.ndarray:
    return np.concatenate([line.get_xydata() for line in axes.lines if line.get_markerfacecolor() == colour])


def width_at(body: np.ndarray, height: float) -> float:
    """Return how wide a drawn basin is just below a height; its outline is a staircase, mirrored."""
    half = len(body) // 2
    x, y = body[:half].T
    rows = np.flatnonzero((y[:-1] < height) & (height <= y[1:]))
    middle = (x[0] + body[-1, 0]) / 2
    return 2 * (x[rows[0]] - middle) if len(rows) else 0.0


def test_drawn_widths_are_the_samples_counted():
    """Within one step: those that fall on the same line of the picture are drawn as one."""
    one = profile(NOISE.random((12, 12)) + 0.1)
    found = bodies(plot_profiles([one]).axes[0])
    drawn = [path.vertices[:-1] for path in found.get_paths()]
    for height in np.linspace(0.15, 1.05, 40):
        counted = one.outline.widths(height) / one.outline.samples
        shown = np.array([width_at(body, height) for body in drawn])
        assert np.abs(shown - counted).max() <= 1.01 / one.outline.samples
        assert (shown[counted == 0] == 0).all()


def test_the_colour_of_a_height_is_that_of_its_loss_on_the_map():
    scene = scene_of(a_map(values=wells(grid(21).points), samples=grid(21)))
    scales = profile_scales(atlas_of(scene.map_), [scene])["train_loss"]
    (bands,) = [one for one in plot_profiles([scene.tree], scales).axes[0].collections if isinstance(one, QuadMesh)]
    heights = bands.get_coordinates()[:, 0, 1]
    middles = (heights[:-1] + heights[1:]) / 2
    shown = scene.scale.colour_map(scene.scale.norm()(scene.scale.drawable(middles)))
    np.testing.assert_array_equal(bands.to_rgba(bands.get_array())[:, 0], shown)
    assert (heights[0], heights[-1]) == (scene.values.min(), scene.values.max())
    assert bands.get_clip_path() is not None


def test_heights_are_linear_unless_most_samples_would_lie_at_the_bottom():
    evenly, steep = np.linspace(0.001, 2.0, 81).reshape(9, 9), np.geomspace(1e-6, 2.0, 81).reshape(9, 9)
    assert plot_profiles([profile(evenly)]).axes[0].get_yscale() == "linear"
    axes = plot_profiles([profile(steep)]).axes[0]
    assert axes.get_yscale() == "log"
    assert axes.get_ylabel() == "training loss (log scale)"
    linear = plot_profiles([evolve(profile(steep), style=Style(scale="linear"))]).axes[0]
    assert (linear.get_yscale(), linear.get_ylabel()) == ("linear", "training loss (linear scale)")


def test_minima_are_red_and_saddles_orange_where_they_are():
    one = profile(wells(grid(21).points).reshape(21, 21), 0.1)
    axes, tree = plot_profiles([one]).axes[0], one.topology.tree
    assert sorted(marks(axes, MINIMUM)[:, 1]) == sorted(one.values[tree.minima])
    assert sorted(marks(axes, SADDLE)[:, 1]) == sorted(one.values[tree.saddles])
    assert len(tree.minima) == 3


def test_landscapes_side_by_side_share_heights_and_colours():
    shown = [profile(NOISE.random((9, 9)) + shift, 0.1, name) for name, shift in (("low", 0.1), ("high", 1.0))]
    figure = plot_profiles(shown)
    low, high = figure.axes[:2]
    assert low.get_ylim() == high.get_ylim()
    assert low.get_yscale() == high.get_yscale() == "linear"
    norms = [one.norm for axes in (low, high) for one in axes.collections if isinstance(one, QuadMesh)]
    assert len({(norm.vmin, norm.vmax) for norm in norms}) == 1
    alone = plot_profiles(shown[1:]).axes[0]
    assert alone.get_ylim() != high.get_ylim()
    assert [axes.get_title(loc="left") for axes in (low, high)] == ["Profile of low", "Profile of high"]


def test_maps_of_different_fields_have_scales_of_their_own():
    one, two = a_map("one"), a_map("two")
    other = Gudhi(field="test_loss").compute(two.landscape)
    atlas = atlas_of(one, evolve(two, topologies={"grid": {"gudhi": other}}))
    scales = profile_scales(atlas, scenes_of(atlas))
    assert scales.keys() == {"train_loss", "test_loss"}
    highest = {key: own.heights.high for key, own in scales.items()}
    assert highest["test_loss"] == pytest.approx(1.5 * highest["train_loss"], rel=1e-12)


def test_a_picture_names_the_runs_that_end_in_its_basins():
    scene = scene_of(a_map(who=population(("A", "B", "C"))))
    figure = plot_profiles([scene.tree])
    assert {"A", "B", "C"} <= set(texts(figure))


@pytest.mark.parametrize(
    "values",
    [np.full((5, 5), 2.0), np.full((4, 4), np.nan), np.array([[np.nan, 3.0]]), np.zeros((3, 3)), -np.ones((2, 2))],
    ids=["constant", "nothing", "one sample", "zero", "below zero"],
)
def test_degenerate_landscapes_are_drawn(values, tmp_path):
    figure = plot_profiles([profile(values)])
    save(figure, tmp_path, "profile")
    assert any("no profile" in text for text in texts(figure)) is bool(np.isnan(values).all())


def test_what_the_picture_leaves_out_or_cuts_off_is_said():
    values = np.ones((10, 10))
    values[0, :4] = np.nan, np.inf, -1.0, 1e9
    one = profile(values)
    says = caption(one, ProfileScales.of([one]))
    assert "98 samples, 2 left out" in says
    assert "all 100" in says
    assert "The 2 left out are missing from the width" in says
    assert "drawn at its end: 1 > 1." in says
    logarithmic = evolve(one, style=Style(scale="log"))
    assert "drawn at its end: 1 ≤ 0, 1 > 1." in caption(logarithmic, ProfileScales.of([logarithmic]))


@pytest.mark.parametrize("size", [80, 110])
def test_many_basins_make_small_files(size, tmp_path):
    """The first is drawn in vectors, just so; the second has too many."""
    one = profile(NOISE.random((size, size)) + 0.01)
    assert len(one.topology.tree.minima) > 400
    save(plot_profiles([one]), tmp_path, "noise")
    assert (tmp_path / "noise.svg").stat().st_size < 2e6
    assert (tmp_path / "noise.png").stat().st_size < 1e6


def test_a_profile_is_the_same_bytes_each_time(tmp_path):
    for stem in ("one", "two"):
        save(plot_profiles([profile(wells(grid(9).points).reshape(9, 9))]), tmp_path, stem)
    for suffix in ("png", "svg"):
        assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


def test_no_text_is_cut_off():
    figure, renderer = drawn_figure(plot_profiles([profile(NOISE.random((9, 9)), 0.1, "a name of some length")]))
    axes, bar = figure.axes
    for text in (axes._left_title, *axes.texts, axes.yaxis.label, bar.yaxis.label, *figure.legends[0].get_texts()):
        box = text.get_window_extent(renderer)
        assert (box.min >= figure.bbox.min).all(), text
        assert (box.max <= figure.bbox.max).all(), text


def test_no_panels_words_lie_on_its_neighbours():
    steep = np.exp(12 * NOISE.random((41, 41)))
    shown = [profile(steep, 0.1, name) for name in ("autoencoder", "kernel-pca", "umap")]
    figure, renderer = drawn_figure(plot_profiles(shown))
    boxes = [
        text.get_window_extent(renderer)
        for axes in figure.axes[:3]
        for text in axes.texts
        if "basins" in text.get_text()
    ]
    assert len(boxes) == 3
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_python_gives_one_maps_profile_or_says_why_there_is_none(tmp_path):
    atlas = atlas_of(a_map("one"), a_scatter("mds", "MDS has no inverse"))
    result = Result(atlas=atlas, findings={}, record={}, report=tmp_path)
    assert result.profile()._repr_png_().startswith(b"\x89PNG")
    assert "Profile of one" in result.profile("one").axes[0].get_title(loc="left")
    with pytest.raises(RunError, match="map 'mds' has no merge tree, hence no profile: MDS has no inverse"):
        result.profile("mds")


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_the_name_of_a_run_stands_below_the_tip_of_its_own_basin(scale):
    """Beside a tip, between two basins, it would be read as the neighbour's."""
    scene = scene_of(a_map(values=wells(grid(21).points), samples=grid(21)))
    figure, *_ = drawn_figure(plot_profiles([evolve(scene.tree, style=Style(scale=scale))]))
    names = [text for text in figure.axes[0].texts if isinstance(text, Name)]
    names += [one for one in figure.axes[0].artists if isinstance(one, Name)]
    assert names
    for name in names:
        across, down = name.xyann
        assert (abs(across) < 1e-6, down < 0) == (True, True), name.get_text()
