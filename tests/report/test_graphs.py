"""Pictures of graphs of samples: points and paths on two axes, and minima and passes by height in any dimension."""

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from support.graphs import search_graph
from support.maps import CENTRES, Page, a_map, a_scatter, atlas_of, drawn_figure, grid, population, scene_of, texts

from globscope.api import Landscape, Samples
from globscope.builtin.topology import Gudhi
from globscope.errors import RunError
from globscope.report import scenes_of, write_report
from globscope.report.map.captions import caption
from globscope.report.map.figure import plot_scene
from globscope.report.map.graph import leading_edges
from globscope.report.map.scattered import DENSE
from globscope.report.map.tree_scene import MOST_MINIMA, TreeScene
from globscope.report.style.palette import FAINT, INK, MINIMUM, UNTRUSTED
from globscope.report.topology.figures import plot_tree
from globscope.report.topology.network import Network, caption as network_caption, plot_network
from globscope.session import Result
from globscope.topology.passes import tree_passes
from globscope.values.findings import Finding

SEARCH = search_graph(CENTRES, descents=9, steps=6, images=9)


def a_search(**about):
    """A map of two axes that a search has sampled."""
    return a_map("search", samples=SEARCH, **about)


def beside_a_lattice():
    """The same with a lattice of a second sampler."""
    search, lattice = a_search(), a_map()
    return evolve(
        search,
        landscapes={"search": search.landscape, **lattice.landscapes},
        topologies={"search": search.topologies["grid"], **lattice.topologies},
    )


def in_eight_dimensions():
    centres = np.random.default_rng(3).normal(size=(3, 8))
    samples = search_graph(centres, descents=6, steps=5, images=7)
    values = 0.01 + ((samples.points[:, None] - centres) ** 2).sum(axis=2).min(axis=1)
    drawn = a_map("search", samples=samples, values=values, d=8)
    ends = np.concatenate([np.linspace(centre * 0.5, centre, 4) for centre in centres])
    nearest = drawn.landscape.nearest(ends)
    losses = {name: found[nearest] for name, found in drawn.landscape.fields.items()}
    return evolve(drawn, chart=evolve(drawn.chart, latents=ends), decoded=losses, truth=losses)


def lines_of(axes, colour):
    """The polylines of the collection of lines in a colour."""
    found = [c for c in axes.collections if isinstance(c, LineCollection) and tuple(c.get_colors()[0][:3]) == colour]
    return [line for one in found for line in one.get_segments()]


# --- on two axes ------------------------------------------------------------------------------------


def test_a_graph_is_drawn_as_its_edges_and_its_samples_in_the_colours_of_their_own_values():
    axes = plot_scene(scene_of(a_search())).axes[0]
    edges = lines_of(axes, to_rgba(INK)[:3])
    np.testing.assert_array_equal(np.array(edges), SEARCH.points[SEARCH.edges])
    samples = max(axes.collections, key=lambda one: len(one.get_offsets()))
    losses = np.maximum(a_search().landscape.fields["train_loss"], 0.3 * 0.1)  # of the threshold
    np.testing.assert_allclose(samples.get_array(), losses, rtol=1e-15)


def test_edges_to_single_samples_beside_a_path_are_not_drawn_and_counted_but_a_path_is_drawn_to_its_ends():
    path, fan = np.array([[0, 1], [1, 2], [2, 3], [3, 4]]), np.array([[2, 5], [6, 2], [2, 7]])
    np.testing.assert_array_equal(leading_edges(np.concatenate([path, fan]), 8), path)
    samples = evolve(SEARCH, points=np.random.default_rng(0).random((8, 2)), edges=np.concatenate([path, fan]))
    scene = scene_of(a_map("search", samples=samples, values=np.arange(8.0), who=population()))
    assert len(lines_of(plot_scene(scene).axes[0], to_rgba(INK)[:3])) == len(path)
    assert "joined by 7 edges, of which 3 to single samples beside the paths are not drawn" in caption(scene)[0]


def test_the_paths_between_basins_lead_over_edges_from_minimum_to_minimum_and_no_higher_than_the_saddle():
    scene = scene_of(a_search())
    tree, values = scene.tree.topology.tree, scene.values
    joined = {tuple(sorted(edge)) for edge in SEARCH.edges.tolist()}
    paths = tree_passes(scene.landscape, values, scene.tree.topology)
    assert len(paths) == len(tree.minima) - 1
    for path in paths:
        assert {path[0], path[-1]} <= set(tree.minima.tolist())
        assert all(tuple(sorted(step)) in joined for step in zip(path[:-1].tolist(), path[1:].tolist(), strict=True))
        assert values[path].max() == tree.minimax(int(path[0]), int(path[-1]))[1]


def test_below_a_graph_lies_the_field_of_the_maps_lattice_cut_at_its_edge():
    figure = plot_scene(scenes_of(atlas_of(beside_a_lattice()))[0])
    (text,) = [text for text in texts(figure) if "joined by" in text]
    assert "The field below is of the map's lattice." in text
    axes = figure.axes[0]
    cells = next(one for one in axes.collections if type(one).__name__ == "QuadMesh")
    seen = cells.get_clip_box().transformed(axes.transData.inverted()).extents
    np.testing.assert_allclose(seen, (-1, -1, 1, 1), atol=1e-9)
    for k, limits in enumerate((axes.get_xlim(), axes.get_ylim())):
        assert limits[0] < min(-1, SEARCH.points[:, k].min())
        assert limits[1] > max(1, SEARCH.points[:, k].max())


def test_without_a_lattice_colours_lie_between_samples_only_where_these_are_dense():
    axes = plot_scene(scene_of(a_search())).axes[0]
    (mesh,) = [one for one in axes.collections if type(one).__name__ == "TriMesh"]
    triangles = mesh._triangulation
    corners = np.stack([triangles.x, triangles.y], axis=1)[triangles.get_masked_triangles()]
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2)
    assert len(sides)
    assert sides.max() <= DENSE * np.linalg.norm(np.ptp(SEARCH.points, axis=0))


def test_samples_that_are_not_trusted_are_grey():
    trusted = SEARCH.points[:, 0] < 0.3
    figure = plot_scene(scene_of(a_search(trusted=trusted)))
    assert UNTRUSTED in texts(figure)
    counts = {one.cmap.name: len(one.get_offsets()) for one in figure.axes[0].collections if one.get_zorder() == 3.4}
    assert counts == {"depth": trusted.sum(), "grey": (~trusted).sum()}


def test_samples_of_a_graph_without_a_finite_value_are_crosses():
    values = a_search().landscape.fields["train_loss"].copy()
    values[[5, 9]] = np.nan, np.inf
    figure = plot_scene(scene_of(a_search(values=values)))
    assert "NaN or infinite" in texts(figure)
    assert any("2 NaN or infinite" in text for text in texts(figure))


def test_a_graph_of_more_than_two_axes_shows_its_members_alone_beside_the_network():
    scene = scene_of(in_eight_dimensions())
    assert scene.kind == "members"
    assert "Members only: the samples form a graph." in caption(scene)[0]


# --- as a network -----------------------------------------------------------------------------------


@st.composite
def networks(draw):
    """A connected graph of up to twelve samples with distinct values, its tree, and a threshold."""
    count = draw(st.integers(2, 12))
    values = np.array(draw(st.permutations(range(count))), float) + 1
    tree = [(k, draw(st.integers(0, k - 1))) for k in range(1, count)]
    more = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda ends: ends[0] != ends[1])
    edges = np.array(tree + draw(st.lists(more, max_size=10)), int)
    landscape = Landscape(
        samples=Samples(points=np.arange(2.0 * count).reshape(-1, 2), edges=edges),
        fields={"train_loss": values},
        distance_to_member=np.zeros(count),
        trusted=np.ones(count, bool),
    )
    topology = Gudhi(persistence=draw(st.sampled_from([0.0, 1.0, 2.0, 4.0]))).compute(landscape)
    return TreeScene.of("graph", topology, values), edges


@settings(deadline=None, max_examples=150)
@given(networks())
def test_the_strong_passes_are_as_high_as_the_saddles_of_the_merge_tree(made):
    scene, edges = made
    deaths = scene.topology.tree.deaths
    finite = sorted(deaths[np.isfinite(deaths)].tolist())
    assert sorted(Network.of(scene, edges).joining.values()) == finite
    assert sorted(Network.of(scene, None).joining.values()) == finite


def test_an_arc_rises_from_two_minima_to_the_height_of_their_pass():
    scene = scene_of(in_eight_dimensions())
    edges = scene.landscape.samples.edges
    network, axes = Network.of(scene.tree, edges), plot_network(scene.tree, edges).axes[0]
    strong = lines_of(axes, to_rgba(INK)[:3])
    assert len(strong) == len(network.joining) == len(scene.tree.topology.tree.minima) - 1
    for arc, ((one, other), height) in zip(strong, network.joining.items(), strict=True):
        np.testing.assert_allclose(arc[[0, -1], 1], scene.values[[one, other]], rtol=1e-12)
        assert arc[:, 1].max() == pytest.approx(height, rel=1e-12)
    assert len(lines_of(axes, to_rgba(FAINT)[:3])) == len(network.further)


def test_minima_stand_at_their_loss_and_are_named_by_the_runs_that_end_there():
    figure, _ = drawn_figure(plot_network(scene_of(in_eight_dimensions()).tree, None))
    (marks,) = [line for line in figure.axes[0].lines if line.get_markerfacecolor() == MINIMUM]
    scene = scene_of(in_eight_dimensions())
    assert sorted(marks.get_ydata()) == sorted(scene.values[scene.tree.topology.tree.minima])
    assert {"A", "B", "C"} <= set(texts(figure))
    assert any("an upper bound: a lower path may lie outside the map" in text for text in texts(figure))


def test_of_very_many_minima_the_most_persistent_are_drawn_and_runs_named_at_what_is_left():
    """A path of 300 wells, each deeper than the one before."""
    count = 300
    values = np.stack([1 - np.arange(count) / count, 1.5 - np.arange(count) / count], axis=1).ravel() + 0.001
    samples = Samples(
        points=np.stack([np.arange(2.0 * count), np.zeros(2 * count)], axis=1),
        edges=np.stack([np.arange(2 * count - 1), np.arange(1, 2 * count)], axis=1),
    )
    drawn = a_map("search", samples=samples, values=values, who=population(), threshold=0.0)
    tree = scene_of(drawn).tree
    network = Network.of(evolve(tree, runs={0: [], 2: []}), samples.edges)
    assert len(tree.topology.tree.minima) == count
    assert len(network.tree.minima) <= MOST_MINIMA
    assert set(network.runs) <= set(network.tree.minima.tolist())
    said = f"Drawn are the {len(network.tree.minima)} of persistence > "
    assert said in network_caption(tree, samples.edges)
    figure = plot_tree(tree)
    assert any(said in text for text in texts(figure))
    tips = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 2 and len({*line.get_xdata()}) == 1]
    assert len(tips) == len(network.tree.minima)


def test_a_landscape_without_a_finite_value_has_a_network_that_says_so():
    figure = plot_network(scene_of(a_search(values=np.full(len(SEARCH.points), np.nan))).tree, SEARCH.edges)
    assert any("There is no minimum" in text for text in texts(figure))


@pytest.mark.usefixtures("blank_pictures")
def test_the_report_shows_networks_of_scattered_samples_and_of_no_lattice(tmp_path):
    scattered = a_map("scattered", samples=Samples(points=np.random.default_rng(0).uniform(-1, 1, (60, 2))))
    maps = (beside_a_lattice(), evolve(in_eight_dimensions(), name="deep"), scattered, a_map("lattice", samples=grid()))
    write_report(tmp_path, title="", atlas=atlas_of(*maps), findings={}, record={})
    page = Page((tmp_path / "report.html").read_text("utf-8"))
    networks = [image for image in page.images if image["data-picture"].endswith("-network")]
    stems = [stem for stem in page.pictures if stem.endswith("-network")]
    assert stems == ["search-search-network", "deep-network", "scattered-network"]
    assert all("of the merge tree, strong" in image["alt"] for image in networks)


def test_where_no_colour_is_drawn_no_value_is_counted_that_lies_beyond_the_colours():
    deep = in_eight_dimensions()
    values = np.array(deep.landscape.fields["train_loss"])
    values[:2] = 1e9
    high = evolve(deep, landscapes={"search": evolve(deep.landscape, fields={"train_loss": values})})
    (scene,) = scenes_of(atlas_of(high))
    assert scene.scale.beyond(scene.values)
    assert " evaluated, joined by " in caption(scene)[0]


@pytest.mark.usefixtures("blank_pictures")
@pytest.mark.parametrize(("count", "place"), [(12, "warnings"), (13, "cautions")])
def test_the_warnings_of_many_searches_stand_with_their_maps_and_are_counted_above(tmp_path, count, place):
    found = Finding(warnings=tuple(f"Warning {number}." for number in range(count)))
    searched = evolve(beside_a_lattice(), explanations={"search": found})
    path = write_report(tmp_path, title="", atlas=atlas_of(searched), findings={}, record={})
    text = path.read_text("utf-8")
    head, _, section = text.partition('<details class="map"')
    assert ("Warning 3." in head) == (place == "warnings")
    assert ("Warning 3." in section) == (place == "cautions")
    assert ("13 warnings of 1 search " in head) == (place == "cautions")


def test_python_gives_the_network_of_one_sampler_or_says_why_there_is_none(tmp_path):
    atlas = atlas_of(beside_a_lattice(), a_scatter("mds", "MDS has no inverse"))
    result = Result(atlas=atlas, findings={}, record={}, report=tmp_path)
    assert result.passes()._repr_png_().startswith(b"\x89PNG")
    assert "Minima and passes of search" in result.passes("search", "grid").axes[0].get_title(loc="left")
    with pytest.raises(RunError, match="map 'search' has no sampler 'grids'; did you mean 'grid'"):
        result.passes("search", "grids")
    with pytest.raises(RunError, match="map 'mds' has no merge tree, hence no network: MDS has no inverse"):
        result.passes("mds")
