"""The report: pictures that are honest and the same bytes each time, a page that escapes, safe files."""

import csv
import json
import re
from contextlib import ExitStack
from io import StringIO
from unittest.mock import patch

import matplotlib
import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st
from matplotlib.colors import to_rgb
from matplotlib.image import imread
from matplotlib.transforms import Bbox
from matplotlib.tri import TriContourSet
from scipy.spatial.distance import pdist
from support.maps import (
    CENTRES,
    EVIL,
    Page,
    a_line_map,
    a_map,
    a_path_map,
    a_scatter,
    atlas_of,
    drawn_figure,
    grid,
    latents,
    population,
    scene_of,
    texts,
    wells,
)

from globscope.files.table import unescape_formula
from globscope.pipeline.map_comparison import UPPER_BOUNDS
from globscope.report import plot, scenes_of, write_report
from globscope.report.map import scene as scenes_module
from globscope.report.map.captions import caption
from globscope.report.map.figure import plot_overview, plot_scene
from globscope.report.map.line_plot import walk
from globscope.report.map.scattered import slivers, triangles
from globscope.report.map.slices import slices
from globscope.report.map.surface import lattice
from globscope.report.map.trajectory import trajectories_of
from globscope.report.map.tree_scene import TreeScene
from globscope.report.page.compared_maps import compared_maps
from globscope.report.page.files import as_csv, write_values
from globscope.report.style.label_choice import MOST_NAMES
from globscope.report.style.labels import Name, short_names
from globscope.report.style.legend import round_values
from globscope.report.style.marks import LEVELS
from globscope.report.style.palette import DEPTHS, VARIANTS
from globscope.report.style.scale import shared_scale
from globscope.report.style.text import Names, cell_text, figure_text, slug, tick_labels
from globscope.report.style.theme import save
from globscope.report.topology.figures import plot_diagram, plot_tree
from globscope.report.topology.landscape_profile import plot_profiles
from globscope.report.topology.merge_tree import layout
from globscope.values.field import Field
from globscope.values.findings import Atlas, Finding, Table
from globscope.values.landscape import Samples
from globscope.values.number import number
from globscope.values.pictures import Overlay, Trail

# --- the whole report -------------------------------------------------------------------------------

TABLE = Table(
    name="../maps",
    caption="Caption with <b>markup</b>.",
    columns=("name", "mse_per_weight", "leaves"),
    rows=({"name": EVIL[0], "mse_per_weight": 1e-6, "leaves": 3}, {"name": "mds", "mse_per_weight": None}),
)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report on names that try to leave the folder, the page and the formula parser."""
    folder = tmp_path_factory.mktemp("run") / "inside"
    folder.mkdir()
    who = population(EVIL)
    values = np.where(np.arange(121) < 5, [np.nan, np.inf, -np.inf, np.nan, -1.0] + [0] * 116, wells(grid().points))
    maps = (
        a_map("../<script>x$", who=who, values=values, trusted=grid().points[:, 0] < 0.6),
        a_map("../<SCRIPT>x$", who=who, d=3, samples=grid(5, 3)),
        a_scatter("mds", "<i>Positions</i> only: $ has no inverse", who=who),
    )
    spec = 'title = "</pre><script>alert(1)</script>"'
    findings = {
        "fidelity": Finding(warnings=("<script>warning</script>",)),
        "../else": Finding(tables=(TABLE,)),
    }
    stages = [{"stage": "<script>", "seconds": 1.5}, {"stage": "fit", "reused": True}]
    manifest = {"seed": 0, "libraries": {"torch": "2.5", "<script>": None}, "stages": stages, "list": ["a", 1]}
    figures = [{"key": "mse_per_weight", "label": "<b>MSE</b>", "meaning": "<script>", "better": "low"}]
    reducers = [{"name": EVIL[0], "mse_per_weight": 1e-6}, {"name": "mds", "mse_per_weight": 0.5}]
    record = {"reducers": reducers, "comparison": figures, "manifest": manifest, "spec": spec}
    path = write_report(folder, title="<script>title</script>", atlas=atlas_of(*maps), findings=findings, record=record)
    return folder, path


@pytest.fixture(scope="module")
def page(report):
    return Page(report[1].read_text("utf-8"))


def test_no_string_from_a_spec_or_a_plugin_becomes_markup(page):
    assert not {"script", "i"} & set(page.tags)
    for text in ("<script>title</script>", "<script>warning</script>", "</pre><script>alert(1)</script>"):
        assert text in page.text
    assert EVIL[0] in page.text
    assert "Caption with <b>markup</b>." in page.text


def test_the_page_shows_what_stages_cost_in_units_for_people_and_links_to_the_figures(report, page):
    assert "What it cost" in page.text
    assert "1.5 s" in page.text
    assert (report[0] / "tables/costs.csv").read_text().splitlines()[1] == "<script>,1.5,,,,False"


def test_the_page_opens_with_no_network_and_every_link_leads_to_a_file(report, page):
    assert {link.partition("/")[0] for link in page.links} >= {"figures", "tables"}
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        elif not link.startswith("data:"):
            assert re.fullmatch(r"explorer\.html|(figures|tables)/[a-z0-9-]+\.(png|svg|csv)", link)
            assert (report[0] / link).is_file()


def test_ids_are_unique_and_every_picture_has_a_text_for_those_who_cannot_see_it(page):
    assert len(page.ids) == len(set(page.ids))
    # Overview and profiles; landscape, tree, diagram and profile twice, and a volume; the scatter.
    assert len(page.images) == 2 + 4 + 5 + 1
    assert all(len(image["alt"]) > 20 for image in page.images)


def test_page_captions_and_alternative_texts_call_fields_by_their_names_for_people(page):
    written = " ".join([page.text, *(image["alt"] for image in page.images)])
    assert "the colours show training loss that was measured, not predicted" in written
    assert "placed on two two-dimensional maps and one three-dimensional map" in written
    assert not re.findall(r"\b(?:train|test)_\w+", written)


def test_each_map_counts_basins_at_its_threshold_and_heights_are_called_upper_bounds(page):
    assert re.search(r"Map: \.\./<script>x\$ \d basins? of persistence > 0\.1", page.text)
    assert UPPER_BOUNDS in page.text
    trees = [image for image in page.images if image["data-picture"].endswith("-merge-tree")]
    assert trees
    assert all("an upper bound: a lower path may lie outside the map" in image["alt"] for image in trees)


def test_only_the_tree_of_a_map_is_said_to_bound_passes_in_weight_space():
    tree = scene_of(a_map()).tree
    alone = TreeScene.of("a file", tree.topology, tree.values)
    shown = ["upper bound" in " ".join(texts(plot_tree(each))) for each in (tree, alone)]
    assert shown == [True, False]


def test_no_text_in_any_picture_of_a_map_is_an_identifier():
    paths, volume, line = a_path_map(), a_map(d=3, samples=grid(4, 3)), a_line_map()
    scenes = scenes_of(atlas_of(a_map(), paths, volume, line, a_scatter("mds", "none")))
    figures = [plot_overview(scenes, {}), *map(plot_scene, scenes)]
    figures += [draw(scene.tree) for scene in scenes if scene.tree for draw in (plot_tree, plot_diagram)]
    assert not [text for figure in figures for text in texts(figure) if re.search(r"[a-z]_[a-z]", text)]


@pytest.mark.usefixtures("blank_pictures")
def test_a_measure_is_called_as_its_task_describes_it_on_page_and_pictures(tmp_path):
    field = Field(key="train_loss", name="training misfit", unit="nats", is_logarithmic=True)
    atlas = evolve(atlas_of(a_map(), a_line_map()), fields={"train_loss": field})
    caption = "The train_loss gap, and the gap of no_column; bits_per_weight: lower is better."
    columns = ("field", "train_loss", "bits_per_weight_median")
    table = Table(name="curves", caption=caption, columns=columns, rows=({"field": "train_loss"},))
    path = write_report(tmp_path, title="", atlas=atlas, findings={"x": Finding(tables=(table,))}, record={})
    found = Page(path.read_text("utf-8"))
    assert "the colours show training misfit" in found.text
    assert "train_loss" not in found.text
    assert found.text.count("training loss") == 0
    assert "The training misfit gap, and the gap of no_column; bits per weight: lower is better." in found.text
    assert "train_loss" in (tmp_path / "tables/x-curves.csv").read_text("utf-8")
    figures = [plot(map_, atlas) for map_ in atlas.maps]
    assert "training misfit (log scale)" in texts(figures[0])
    assert {"training misfit", "loss, nats (log scale)"} <= set(texts(figures[1]))


@pytest.mark.usefixtures("blank_pictures")
def test_each_landscape_is_looked_up_once_for_all_its_pictures(tmp_path):
    trail = Overlay(name="t", caption="", map="one", trails=(Trail(label="t", points=((0, 0),)),))
    maps = (a_map("one"), evolve(a_path_map(), name="paths"), a_scatter("mds", "none"))
    names = ("kind_of", "trajectories_of", "trajectories_by_basin")
    with ExitStack() as stack:
        calls = [
            stack.enter_context(patch.object(scenes_module, name, wraps=getattr(scenes_module, name))) for name in names
        ]
        write_report(tmp_path, title="", atlas=atlas_of(*maps), findings={"x": Finding(pictures=(trail,))}, record={})
    assert [call.call_count for call in calls] == [4, 4, 3]  # landscapes or maps without any; merge trees


def test_profiles_are_compared_beside_the_overview_and_shown_with_each_tree(page):
    stems = page.pictures
    assert stems[:2] == ["overview", "profiles"]
    trees = [stem.removesuffix("-merge-tree") for stem in stems if stem.endswith("-merge-tree")]
    assert [stem for stem in stems if stem.endswith("-profile")] == [f"{stem}-profile" for stem in trees]


def test_names_cannot_leave_the_folder_nor_overwrite_each_other(report):
    folder = report[0]
    assert [path.name for path in folder.parent.iterdir()] == ["inside"]
    stems = {path.stem for path in (folder / "figures").iterdir()}
    assert {"script-x-landscape", "script-x-landscape-2", "mds-landscape", "overview"} <= stems
    names = {path.name for path in (folder / "tables").iterdir()}
    assert names == {"comparison.csv", "costs.csv", "else-maps.csv"}


def test_nothing_half_written_is_left_behind(report):
    files = [path for path in report[0].rglob("*") if path.name != ".lock"]
    assert not [path for path in files if ".part" in path.name or path.stat().st_size == 0]


def test_pictures_are_real_and_sharp(report):
    paths = list((report[0] / "figures").glob("*.png"))
    assert paths
    for path in paths:
        picture = imread(path)
        # The narrowest figure is 5.6 inches wide, and 150 dots per inch are promised.
        assert picture.shape[1] >= 5.6 * 150
        assert picture[..., :3].std() > 0.02, f"{path.name} is blank"


def test_the_page_says_what_is_missing_and_what_the_tree_spans(page):
    assert "<i>Positions</i> only: $ has no inverse" in page.text
    assert "tree of the whole 3-dimensional volume" in page.text
    assert "4 NaN or infinite" in page.text
    assert "1 ≤ 0" in page.text


def test_warnings_stand_before_the_first_picture(report):
    html = report[1].read_text("utf-8")
    assert html.index("Warnings") < html.index("<img")


def test_a_study_without_maps_or_records_still_has_a_page(tmp_path):
    nothing = Atlas(population=population(), truth={}, maps=())
    path = write_report(tmp_path, title="", atlas=nothing, findings={}, record={})
    assert "This study has no maps." in path.read_text("utf-8")


# --- bytes ------------------------------------------------------------------------------------------


def test_a_picture_is_the_same_bytes_whatever_the_readers_own_settings(tmp_path):
    """Two drawings differ in nothing, and the second one's odd settings are left as they were."""
    drawn = a_map(values=np.where(np.arange(121) == 60, np.nan, wells(grid().points)))
    (tmp_path / "second").mkdir()
    save(plot(drawn), tmp_path, "map")
    with matplotlib.rc_context({"font.size": 30, "svg.hashsalt": "other", "axes.facecolor": "red"}):
        save(plot(drawn), tmp_path / "second", "map")
        assert matplotlib.rcParams["font.size"] == 30
    for suffix in ("png", "svg"):
        first, second = tmp_path / f"map.{suffix}", tmp_path / "second" / f"map.{suffix}"
        assert first.read_bytes() == second.read_bytes()


def test_a_notebook_shows_the_figure_by_itself():
    assert plot(a_scatter("mds", "none"))._repr_png_().startswith(b"\x89PNG")


# --- colours ----------------------------------------------------------------------------------------


def test_all_maps_share_one_norm_that_spans_their_losses():
    one, two = a_map("one"), a_map("two", values=wells(grid().points) * 3)
    both = atlas_of(one, two)
    figures = [plot(one, both), plot(two, both)]
    norms = [figure.axes[0].collections[0].norm for figure in figures]
    values = np.concatenate([drawn.landscape.fields["train_loss"] for drawn in both.maps])
    for norm in norms:
        assert (norm.vmin, norm.vmax) == (values.min(), values.max())


def test_one_exploded_network_does_not_paint_the_rest_in_one_colour():
    values = wells(grid().points)
    values[0] = 1e30
    drawn = a_map(values=values)
    scale = shared_scale(atlas_of(drawn), "train_loss")
    assert scale.high == np.sort(values)[-2] < 2
    assert scale.open_ends[1]
    assert any("1 > 2" in text for text in texts(plot(drawn)))
    assert drawn.landscape.fields["train_loss"][0] == 1e30


def test_drawing_alters_no_loss():
    values = wells(grid().points)
    values[:3] = np.nan, -1.0, np.inf
    before = values.copy()
    plot(a_map(values=values))
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.full(121, np.nan), "121 NaN or infinite"),
        (np.full(121, -1.0), "11 × 11 networks decoded and evaluated; map"),
        (np.full(121, 0.5), "11 × 11"),
    ],
)
def test_degenerate_fields_are_drawn_and_said(values, says, tmp_path):
    drawn = a_map(values=values)
    figure = plot(drawn)
    save(figure, tmp_path, "map")
    assert any(says in text for text in texts(figure))


def test_depth_grows_in_equal_steps_of_perceived_lightness():
    """Lightness as OKLab has it (Ottosson 2020)."""

    def lightness(colour):
        rgb = np.array(to_rgb(colour))
        linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
        cones = np.array([
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]) @ linear  # fmt: skip
        return np.array([0.2104542553, 0.7936177850, -0.0040720468]) @ np.cbrt(cones)

    steps = np.diff([lightness(colour) for colour in DEPTHS])
    # A hex digit is 1/255 of a channel, about 0.004 of lightness in the dark.
    np.testing.assert_allclose(steps, steps.mean(), atol=0.008)


# --- lattices ---------------------------------------------------------------------------------------


def test_samples_stand_where_their_points_are_in_any_order():
    samples = grid(5)
    order = np.random.default_rng(0).permutation(25)
    shuffled = Samples(points=samples.points[order], index=samples.index[order], shape=(5, 5))
    found = lattice(shuffled)
    picture = found.picture(shuffled.points[:, 0] + 10 * shuffled.points[:, 1])
    np.testing.assert_allclose(picture, found.x + 10 * found.y[:, None])


def test_a_lattice_with_lines_that_nobody_asked_keeps_its_spacing():
    samples = grid(5)
    asked = ~np.isin(samples.index[:, 0], (0, 2))
    found = lattice(Samples(points=samples.points[asked], index=samples.index[asked], shape=(5, 5)))
    np.testing.assert_allclose(found.x, np.linspace(-1, 1, 5), atol=1e-12)  # a line through exact points
    assert np.isnan(found.picture(np.ones(15))[:, [0, 2]]).all()


def test_scattered_samples_are_drawn_over_their_triangles_with_a_dot_for_each(tmp_path):
    points = np.random.default_rng(0).uniform(-1, 1, (60, 2))
    values = np.where(np.arange(60) < 3, np.nan, wells(points))
    figure = plot(a_map(samples=Samples(points=points), values=values))
    save(figure, tmp_path, "map")
    axes = figure.axes[0]
    assert any(isinstance(drawn, TriContourSet) for drawn in axes.collections)
    dots, crosses = ({len(line.get_xdata()) for line in axes.lines if line.get_marker() == mark} for mark in "ox")
    assert 57 in dots
    assert crosses == {3}


def test_slivers_along_the_rim_of_scattered_samples_are_not_drawn():
    # Three samples nearly on a line below a square: the triangle on them spans the whole edge.
    mesh = triangles(np.array([[0.0, 0.0], [1.0, 0.01], [2.0, 0.0], [0.0, 1.0], [2.0, 1.0]]))
    (sliver,) = mesh.triangles[slivers(mesh)]
    assert set(sliver.tolist()) == {0, 1, 2}


@pytest.mark.parametrize("points", [np.array([[0.0, 0.0], [1.0, 1.0]]), np.linspace([0, 0], [1, 2], 9)])
def test_scattered_samples_on_a_line_are_drawn_as_dots(points):
    figure = plot(a_map(samples=Samples(points=points), values=np.arange(1.0, len(points) + 1)))
    assert len(figure.axes[0].collections[0].get_offsets()) == len(points)


def test_a_path_is_walked_in_its_order_by_latent_length():
    points = np.array([[3.0, 4.0], [0.0, 0.0], [3.0, 0.0]])
    order, length = walk(Samples(points=points, index=np.array([[2], [0], [1]]), shape=(3,)))
    assert order.tolist() == [1, 2, 0]
    assert length.tolist() == [0, 3, 7]


def test_a_path_shows_every_loss_and_claims_no_basins_for_runs_that_are_not_on_it():
    points = np.linspace(CENTRES[0], CENTRES[1], 15)
    path = Samples(points=points, index=np.arange(15)[:, None], shape=(15,))
    drawn = a_map(samples=path, values=np.where(np.arange(15) == 7, np.inf, wells(points)))
    said = texts(plot(drawn))
    assert {"training loss", "test loss", "NaN or infinite"} <= set(said)
    assert not any("basin" in text for text in said)


# --- trajectories -----------------------------------------------------------------------------------


def test_a_run_is_drawn_by_rising_step_and_derived_members_apart():
    who = population()
    order = [3, 0, 2, 1, *range(4, 12)]
    members = tuple(who.members[row] for row in order)
    members = (*members[:-1], evolve(members[-1], kind="curve"))
    drawn = a_map(who=evolve(who, members=members))
    found = trajectories_of(drawn)
    assert [len(trajectory.points) for trajectory in found] == [4, 4, 3]
    np.testing.assert_array_equal(found[0].points, drawn.chart.latents[[1, 3, 2, 0]])
    assert "curve members" in texts(plot(drawn))


def test_a_members_point_that_is_not_finite_is_left_out():
    drawn = a_map()
    lost = np.where(np.arange(12)[:, None] == 0, np.nan, drawn.chart.latents)
    drawn = evolve(drawn, chart=evolve(drawn.chart, latents=lost))
    assert [len(trajectory.points) for trajectory in trajectories_of(drawn)] == [3, 4, 4]


@pytest.mark.parametrize("d", [1, 3])
def test_members_are_drawn_on_maps_of_any_dimension(d, tmp_path):
    drawn = a_scatter("mds", "none")
    shown = evolve(drawn, chart=evolve(drawn.chart, latents=latents(3)[:, :d]))
    figure = plot(shown)
    save(figure, tmp_path, "map")
    assert len(figure.axes) == max(1, d * (d - 1) // 2)


# --- merge trees ------------------------------------------------------------------------------------


def test_each_run_is_named_at_the_leaf_of_its_basin():
    drawn = a_map()
    tree = drawn.topology.tree
    home = scene_of(drawn).tree.runs
    nearest = drawn.landscape.nearest(CENTRES)
    assert {leaf: [trajectory.variant for trajectory in found] for leaf, found in home.items()} == {
        int(tree.basin[sample]): [variant] for sample, variant in zip(nearest, "ABC", strict=True)
    }
    assert set(home) == set(tree.minima.tolist())
    assert {"A", "B", "C"} <= set(texts(plot_tree(scene_of(drawn).tree)))


def test_a_tree_without_leaves_gives_a_figure_that_says_so():
    drawn = a_map(values=np.full(121, np.nan))
    said = texts(plot_tree(scene_of(drawn).tree))
    assert "There is no tree: no sample with a finite value is left." in said


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 9), st.integers(0, 30))
def test_no_line_of_a_merge_tree_crosses_another(seed, levels, holes):
    """Rough fields, with ties where there are few levels, and with several components where there are holes."""
    rng = np.random.default_rng(seed)
    values = np.round(rng.uniform(0.1, 1, 121) * levels * 3) + 1
    values[rng.permutation(121)[:holes]] = np.nan
    tree = a_map(values=values, threshold=0.0).topology.tree
    rank = np.full(121, -1)
    finite = np.flatnonzero(np.isfinite(values))
    rank[finite[np.lexsort((finite, values[finite]))]] = np.arange(len(finite))
    placed = layout(tree)
    assert sorted(placed.x) == sorted(tree.minima.tolist())
    assert sorted(placed.x.values()) == list(range(len(tree.minima)))
    for bar in placed.branches:
        ends = sorted((placed.x[bar.leaf], placed.x[bar.parent] if bar.parent >= 0 else placed.x[bar.leaf]))
        for other in placed.branches:
            if ends[0] < placed.x[other.leaf] < ends[1]:
                assert rank[other.top] <= rank[bar.top]


# --- overview ---------------------------------------------------------------------------------------


def test_the_overview_has_a_panel_for_each_map_and_one_colour_bar():
    maps = [a_map("one"), a_map("two"), a_scatter("mds", "It has no inverse.")]
    figure = plot_overview(scenes_of(atlas_of(*maps)), {"mds": ["It has no inverse."]})
    assert len(figure.axes) == 4
    assert "It has no inverse." in texts(figure)


def test_maps_that_begin_alike_have_titles_of_their_own_that_fit_their_panels():
    atlas = atlas_of(*(a_map(f"autoencoder latent_dim={axes},seed={seed}") for axes in (2, 16) for seed in (0, 1)))
    scenes = scenes_of(atlas)
    overview, profiles = plot_overview(scenes, {}), plot_profiles([scene.tree for scene in scenes])
    for figure, longest in ((overview, 28), (profiles, 36)):
        names = [title for title in titles(figure) if title]
        assert len(set(names)) == 4
        assert max(map(len, names)) <= longest


# --- names ------------------------------------------------------------------------------------------


def test_names_that_begin_alike_stay_distinguishable_on_the_map_and_in_the_tree():
    drawn = a_map(who=population(("learning-rate-1e-1", "learning-rate-3e-2", "C")))
    for figure in (plot(drawn), plot_tree(scene_of(drawn).tree)):
        assert {"learni…te-1e-1", "learni…te-3e-2", "C"} <= set(texts(figure))


def test_what_differs_is_kept_whole_where_it_fits():
    names = [f"batch-size-{size}-decay" for size in (4, 64, 128)]
    assert short_names(names) == ("batch-…4-decay", "batch…64-decay", "batc…128-decay")


def test_a_tree_with_many_long_names_at_one_leaf_still_has_room_for_itself(tmp_path):
    drawn = a_map(who=population(tuple(f"batch-size-{2**k}-decay" for k in range(9))))
    together = evolve(drawn, chart=evolve(drawn.chart, latents=np.full((36, 2), -0.5)))
    figure, _ = drawn_figure(plot_tree(scene_of(together).tree))
    assert figure.axes[0].bbox.height > figure.bbox.height / 3
    assert sum(text.count("-decay") for text in texts(figure)) >= 6  # of nine; the rest is "…"


@given(st.lists(st.text(max_size=40) | st.from_regex(r"(lr|learning-rate)-[0-9]{0,16}", fullmatch=True), unique=True))
def test_no_two_runs_ever_share_a_label(names):
    short = short_names(names)
    assert len(set(short)) == len(names)
    assert all(len(label.replace(r"\$", "$")) <= 14 for label in short)


def test_names_stand_inside_the_axes_and_off_the_ends_of_runs():
    """Three runs end in corners and one in the middle; the corners' names would lead out of the picture."""
    names = tuple(f"learning-rate-{k}e-{k}" for k in range(4))
    ends = np.array([[-1, -1], [1, 1], [1, -1], [0.1, 0]])
    drawn = a_map(who=population(names))
    places = np.concatenate([np.linspace(end * 0.2, end, 4) for end in ends])
    figure, renderer = drawn_figure(plot(evolve(drawn, chart=evolve(drawn.chart, latents=places))))
    axes = figure.axes[0]
    boxes = [name.get_window_extent(renderer) for name in axes.findobj(Name)]
    assert len(boxes) == 4
    for i, box in enumerate(boxes):
        assert (box.min >= axes.bbox.min).all()
        assert (box.max <= axes.bbox.max).all()
        # A star of 13 points reaches 6.5 from its centre.
        stars = [
            Bbox.from_bounds(*(at - 6.5 * figure.dpi / 72), *[13 * figure.dpi / 72] * 2) for at in pixels(axes, ends)
        ]
        assert not box.count_overlaps([*stars, *boxes[:i]])


def pixels(axes, points):
    return axes.transData.transform(points)


# --- axes -------------------------------------------------------------------------------------------


@given(st.floats(-12, 12), st.floats(1e-6, 20))
def test_a_log_axis_has_at_least_three_labels_that_differ_whatever_it_spans(exponent, decades):
    low, high = 10**exponent, 10 ** (exponent + decades)
    values = round_values(low, high)
    assert 3 <= len(values) <= 11
    assert (low <= values).all()
    assert (values <= high).all()
    assert len(set(tick_labels(values.tolist()))) == len(values)


def test_a_colour_bar_and_trees_that_span_less_than_a_decade_can_be_read():
    drawn = a_map(values=1.2 + 0.5 * wells(grid().points) / 2, threshold=0.05)
    figures = (
        plot(drawn),
        plot_tree(scene_of(drawn).tree),
        plot_diagram(scene_of(drawn).tree),
    )
    for figure in figures:
        axes = figure.axes[-1]
        (low, high), labels = axes.get_ylim(), axes.get_yticklabels()
        assert axes.get_yscale() == ("linear" if figure is figures[0] else "log")
        assert sum(low <= label.get_position()[1] <= high and label.get_text() != "" for label in labels) >= 3


def test_minima_on_the_edge_are_drawn_whole_on_axes_that_end_at_the_lattice():
    samples = grid()
    drawn = a_map(values=1.5 + samples.points.sum(axis=1) / 4)
    axes = plot(drawn).axes[0]
    (marks,) = [line for line in axes.lines if line.get_zorder() == LEVELS["minimum"]]
    assert marks.get_xydata().tolist() == [[-1, -1]]
    assert not marks.get_clip_on()
    assert axes.get_xlim() == axes.get_ylim() == (-1, 1)


def test_a_run_that_ends_on_the_edge_has_a_whole_star_and_one_beyond_it_none():
    drawn = a_map()
    places = drawn.chart.latents + np.repeat([[0.4, 0], [0, 0], [0, 9]], 4, axis=0)
    places[3] = -1, -1
    axes = plot(evolve(drawn, chart=evolve(drawn.chart, latents=places))).axes[0]
    assert [line.get_clip_on() for line in axes.lines if line.get_marker() == "*"] == [False, False, True]


def test_no_line_of_the_persistence_diagram_crosses_its_words():
    drawn = a_map()
    figure, renderer = drawn_figure(plot_diagram(scene_of(drawn).tree))
    (words,) = [text for text in figure.axes[0].texts if text.get_text() == "never\ndies"]
    assert words.get_window_extent(renderer).x0 >= figure.axes[0].bbox.x1


# --- one axis, paths and slices ---------------------------------------------------------------------


@pytest.mark.parametrize("decoded", [True, False])
def test_a_map_of_one_axis_is_drawn_over_its_coordinate_with_the_members_at_theirs(decoded):
    drawn = a_line_map(decoded)
    axes = plot(drawn).axes[0]
    assert axes.get_xlabel() == "latent 1"  # of a chart that does not name its axes
    assert axes.get_ylabel() == "loss, mean per example (log scale)"
    np.testing.assert_array_equal(axes.lines[0].get_xdata(), drawn.landscape.samples.points[:, 0])
    stars = np.concatenate([line.get_xydata() for line in axes.lines if line.get_marker() == "*"])
    np.testing.assert_array_equal(stars[:, 0], CENTRES[:, 0])
    # A parabola's chord over a step of 1/4 lies at most (1/8)² above it.
    np.testing.assert_allclose(stars[:, 1], 1 + CENTRES[:, 0] ** 2, rtol=0, atol=1e-12 if decoded else 1 / 64)


def test_the_caption_of_a_map_of_one_axis_speaks_of_no_path():
    drawn = a_line_map()
    said, alt_text = caption(scene_of(drawn))
    assert said.startswith("Losses over the one latent axis")
    assert "9 networks decoded and evaluated" in said
    assert "path" not in said + alt_text


def test_a_path_names_its_sampler_in_every_headline_and_caption():
    scenes = scenes_of(atlas_of(a_path_map()))
    assert len({scene.sampler for scene in scenes}) == 2
    for scene in scenes:
        assert f"one, {scene.sampler}" in titles(plot_scene(scene))
        assert f"Merge tree of one, {scene.sampler}" in titles(plot_tree(scene.tree))
        assert f"Persistence on one, {scene.sampler}" in titles(plot_diagram(scene.tree))
        assert caption(scene)[0].startswith(f"Losses along the path {scene.sampler}.")


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes]


def test_members_that_lie_on_a_path_are_marked_on_it_and_no_others():
    drawn = a_path_map()
    marked = {
        name: {
            line.get_mec(): len(line.get_xdata())
            for line in plot(drawn, sampler=name).axes[0].lines
            if line.get_mfc() == "white"
        }
        for name in drawn.landscapes
    }
    assert marked == {"along-a": {VARIANTS[0]: 4}, "across": {VARIANTS[0]: 1, VARIANTS[1]: 1}}


@pytest.mark.parametrize("d", [3, 4])
def test_a_volume_is_shown_in_slices_through_its_lowest_finite_sample(d):
    samples = grid(5, d)
    values = 1 + ((samples.points - 0.5) ** 2).sum(axis=1)
    values[0] = -np.inf
    drawn = a_map(d=d, samples=samples, values=values)
    places = {(i, j): (f"latent {i + 1}", f"latent {j + 1}") for i in range(d) for j in range(i + 1, d)}
    for pair, flat in slices(drawn.landscape, "train_loss"):
        np.testing.assert_array_equal(flat.samples.points, grid(5).points)
        np.testing.assert_allclose(flat.fields["train_loss"], 1 + ((grid(5).points - 0.5) ** 2).sum(axis=1), atol=1e-12)
        assert pair in places
    figure = plot(drawn)
    panels = figure.axes[:-1]
    assert [(axes.get_xlabel(), axes.get_ylabel()) for axes in panels] == list(places.values())
    norms = [axes.collections[0].norm for axes in panels]
    assert {(norm.vmin, norm.vmax) for norm in norms} == {(1, values.max())}
    said = caption(scene_of(drawn))[0]
    assert (
        f"Sliced through the lowest minimum, at ({', '.join(['0.5'] * d)}); runs are projected onto the slice." in said
    )


def test_a_volume_without_a_finite_value_shows_members_alone():
    drawn = a_map(d=3, samples=grid(3, 3), values=np.full(27, np.nan))
    assert any("Members only" in text for text in texts(plot(drawn)))


# --- words and files --------------------------------------------------------------------------------


@given(st.text())
def test_a_slug_is_a_plain_file_name(name):
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,46}[a-z0-9])?", slug(name))


@given(st.lists(st.text(max_size=3), max_size=8))
def test_file_stems_are_never_handed_out_twice(words):
    names = Names()
    stems = [names.unique(word) for word in words]
    assert len(set(stems)) == len(stems)


@given(st.text())
def test_no_name_starts_a_formula(name):
    """What is printed is the name on one line, as it was."""
    shown = figure_text(name, 1000)
    assert not matplotlib.cbook.is_math_text(shown)
    assert shown.isprintable()


@pytest.mark.parametrize(
    ("value", "shown"),
    [(50826, "50,826"), (7.0, "7"), (1.4e-6, "1.4e−6"), (-0.5, "−0.5"), (float("inf"), "∞"), (float("nan"), "NaN")],
)
def test_numbers_are_shown_as_people_read_them(value, shown):
    assert number(value) == shown
    assert cell_text(value) == shown


def test_a_missing_figure_is_a_dash_on_the_page_and_nothing_in_csv():
    assert cell_text(None) == "–"
    assert as_csv(TABLE).splitlines()[2] == "mds,,"


@given(st.lists(st.tuples(st.text(), st.floats(allow_nan=False), st.integers()), max_size=5))
def test_csv_gives_every_figure_back_in_full(rows):
    table = Table(
        name="t",
        caption="",
        columns=("text", "real", "whole"),
        rows=tuple(dict(zip(("text", "real", "whole"), row, strict=True)) for row in rows),
    )
    read = list(csv.DictReader(StringIO(as_csv(table), newline="")))
    assert [(unescape_formula(row["text"]), float(row["real"]), int(row["whole"])) for row in read] == rows


def test_the_comparison_marks_the_best_and_ignores_what_is_missing():
    figures = [
        {"key": "mse_per_weight", "label": "MSE per weight", "meaning": "lost", "better": "low"},
        {"key": "leaves", "label": "Leaves", "meaning": "", "better": ""},
    ]
    maps = [
        {"name": "a", "mse_per_weight": 2.0, "leaves": 3},
        {"name": "b", "mse_per_weight": None},
        {"name": "c", "mse_per_weight": 1, "leaves": 2},
    ]
    found = compared_maps({"reducers": maps, "comparison": figures})
    assert found.names == ("a", "b", "c")
    assert [(row.figure.label, row.best) for row in found.rows] == [
        ("MSE per weight", (False, False, True)),
        ("Leaves", (False, False, False)),
    ]
    assert found.rows[0].cells == ("2", "–", "1")
    assert compared_maps({"reducers": maps}) is None


@pytest.mark.usefixtures("blank_pictures")
def test_a_report_keeps_nothing_of_reducers_that_are_no_longer_there(tmp_path):
    write_report(tmp_path, title="two", atlas=atlas_of(a_map("one"), a_map("two")), findings={}, record={})
    (tmp_path / "mine.txt").touch()
    two = {path for path in tmp_path.rglob("*") if path.is_file()}
    write_report(tmp_path, title="one", atlas=atlas_of(a_map("one")), findings={}, record={})
    one = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert one < two
    assert {path.stem.partition("-")[0] for path in two - one} == {"two", "profiles"}  # one has nothing to compare
    assert tmp_path / "mine.txt" in one


def test_the_numbers_behind_the_figures_lie_beside_them_under_readable_names(tmp_path):
    drawn = a_map("my map")
    write_values(tmp_path, atlas_of(drawn))
    (name,) = drawn.landscapes
    with np.load(tmp_path / "landscapes" / f"my-map-{slug(name)}.npz", allow_pickle=False) as found:
        np.testing.assert_array_equal(found["points"], drawn.landscape.samples.points)
        np.testing.assert_array_equal(found["train_loss"], drawn.landscape.fields["train_loss"])
    (path,) = (tmp_path / "topology").iterdir()
    tree = json.loads(path.read_text())["simplified"]
    assert tree["counts"]["minima"] == len(drawn.topology.tree.minima)
    assert [pair["death"] for pair in tree["pairs"]].count(None) == 1
    assert {tuple(arc) for arc in tree["arcs"]} == {tuple(arc) for arc in drawn.topology.tree.arcs.tolist()}


def test_of_many_runs_few_are_named_and_all_are_drawn_thin_as_pixels():
    names = [f"run {number}" for number in range(200)]
    map_ = a_map(who=population(names))
    points = np.random.default_rng(0).uniform(-1, 1, (len(map_.population.members), 2))
    many = evolve(map_, chart=evolve(map_.chart, latents=points))
    atlas = Atlas(population=many.population, truth={}, maps=(many,))
    (scene,) = scenes_of(atlas)
    figure = plot(many, atlas)
    axes = figure.axes[0]
    named = [text for text in axes.texts if isinstance(text, Name)]
    assert len({text.get_text() for text in named}) == MOST_NAMES
    figure.draw_without_rendering()
    distances = pdist([text.xy for text in named])
    assert distances.min() > 0.2  # of a square of side 2, in which 24 points far apart lie on a lattice of step 0.5
    drawn = [line for line in axes.lines if len(line.get_xdata()) > 5]  # neither minima nor runs that are named
    assert len(drawn) < 50
    assert sum(np.isnan(line.get_xdata()).sum() for line in drawn) == len(names) - MOST_NAMES
    assert all(line.get_rasterized() for line in drawn)
    words, alternative = caption(scene)
    which = "the best, the worst, and those that end farthest apart; the others are faint."
    assert words.endswith(f"24 of 200 runs are named: {which}")
    assert "run 17" not in alternative
