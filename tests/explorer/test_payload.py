"""What the explorer's page knows, decoded as the page does it: equal to what the study found."""

import json
import re

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st
from matplotlib.colors import to_hex
from support.explorer import Decoded
from support.maps import a_map, a_path_map, a_scatter, a_slice, atlas_of, grid, scene_of

from globscope.builtin.topology import Gudhi
from globscope.files.member_points import read_member_points
from globscope.pipeline.stages.topology import with_adjacency
from globscope.report.explorer import field_data
from globscope.report.explorer.blocks import Blocks
from globscope.report.explorer.field_data import add_field, add_figure
from globscope.report.explorer.look import look
from globscope.report.explorer.page import explorer
from globscope.report.explorer.study_data import study_data
from globscope.report.map.trajectory import trajectories_of
from globscope.report.page.files import write_values
from globscope.report.style.palette import DEPTHS, VARIANTS
from globscope.report.style.scale import Scale, shared_scale
from globscope.spec.entries import KNOWN_PATHS
from globscope.spec.style import Style
from globscope.store import claim
from globscope.topology.adjacency import edge_ends, neighbours
from globscope.topology.joins import RunPasses
from globscope.topology.tree import sweep_order
from globscope.values.field import Field
from globscope.values.findings import Finding
from globscope.values.known_path import KnownPath
from globscope.values.landscape import Samples
from globscope.values.pictures import Overlay, Trail

# Few different numbers, close together and far apart, so that many samples share a level, a value, or nothing.
VALUES = st.lists(
    st.sampled_from([0.1, np.nextafter(0.1, 1), 0.1000001, 2.0, 7e3, np.nan, np.inf, -np.inf])
    | st.floats(0.1, 0.1001)
    | st.floats(-1, 1),
    min_size=1,
    max_size=60,
)


def decoded_field(values, nodes=()):
    blocks = Blocks()
    about = add_field(blocks, "field", np.array(values, float), np.array(nodes, int))
    return about, *Decoded({}, blocks.places, blocks.text).field(about)


@settings(deadline=None)
@given(VALUES)
@pytest.mark.parametrize(("exact", "few", "kept"), [(5000, -1, "exact"), (0, 4096, "few"), (0, -1, "levels")])
def test_the_order_of_samples_is_that_of_the_sweep_with_ties_and_missing_values(exact, few, kept, values):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(field_data, "EXACT", exact)
        patch.setattr(field_data, "FEW", few)
        about, _, order = decoded_field(values, nodes=[0])
    assert about["as"] == kept or len(set(values)) > len(values) // 2  # where all differ, "few" saves nothing
    finite = np.isfinite(values)
    np.testing.assert_array_equal(order, sweep_order(np.array(values), finite))


def test_a_field_of_5000_samples_with_a_merge_tree_is_kept_bit_by_bit():
    values = np.random.default_rng(0).lognormal(size=5000)
    about, found, _ = decoded_field(values, nodes=[7])
    assert about["as"] == "exact"
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("shift", [0.0, -0.5])
def test_a_larger_field_is_kept_to_a_part_in_65534_of_its_range_and_its_nodes_bit_by_bit(shift):
    values, nodes = np.random.default_rng(0).lognormal(size=5001) + shift, np.arange(0, 5001, 7)
    about, found, _ = decoded_field(values, nodes)
    assert about["log"] == (shift == 0)
    scale = np.log if about["log"] else np.asarray
    span = np.ptp(scale(values))
    # Rounding to the nearest level errs by half a step; another thousandth is for the logarithm's own rounding.
    assert about["as"] == "levels"
    assert np.abs(scale(found) - scale(values)).max() <= 0.501 * span / 65_534
    np.testing.assert_array_equal(found[nodes], values[nodes])


def test_an_accuracy_on_some_examples_is_kept_bit_by_bit_however_many_samples_it_has():
    values = np.random.default_rng(0).integers(0, 1438, 6000) / 1437
    values[17] = np.nan
    about, found, order = decoded_field(values)
    assert about["as"] == "few"
    np.testing.assert_array_equal(found, values)
    np.testing.assert_array_equal(order, sweep_order(values, np.isfinite(values)))


def test_ties_of_more_samples_than_16_bits_count_keep_their_order(monkeypatch):
    monkeypatch.setattr(field_data, "FEW", 2)
    values = np.repeat([0.5, np.nextafter(0.5, 1), 9.0], 70_000)[::-1].copy()
    _, _, order = decoded_field(values)
    np.testing.assert_array_equal(order, sweep_order(values, np.ones(len(values), bool)))


def test_figures_that_are_only_shown_take_two_bytes_each():
    blocks = Blocks()
    add_figure(blocks, "distance", np.linspace(1, 2, 6000))
    assert len(blocks.content) == 12_000


@pytest.mark.parametrize(("adjacency", "kind"), [("auto", "freudenthal"), ("full", "full")])
def test_a_lattice_s_neighbours_follow_from_the_name_of_the_adjacency(adjacency, kind):
    decoded = Decoded.of(atlas_of(with_tree(a_map(), adjacency=adjacency)))
    [landscape] = decoded.study["maps"]
    assert landscape["form"] == "lattice"
    assert landscape["topologies"][0]["graph"] == {
        "adjacency": kind, "neighbours": None, "edges": None, "assumed": False
    }  # fmt: skip


def with_tree(map_, samples=None, **options):
    """A map whose tree a method with these options computed in a study."""
    method, landscape = Gudhi(**options), map_.landscape
    landscape = evolve(landscape, samples=samples or landscape.samples)
    topology = with_adjacency(method.compute(landscape), method, landscape.samples)
    return evolve(map_, landscapes={"grid": landscape}, topologies={"grid": {"gudhi": topology}})


POINTS = np.random.default_rng(1).uniform(-1, 1, (121, 2))
RING = np.stack([np.arange(121), np.roll(np.arange(121), 1)], axis=1)


@pytest.mark.parametrize(
    ("adjacency", "k", "kind", "count"),
    [
        ("auto", None, "knn", 8),
        ("knn", 3, "knn", 3),
        ("mutual-knn", 5, "mutual-knn", 5),
        ("gabriel", None, "gabriel", None),
    ],
)
def test_scattered_samples_have_the_edges_from_which_the_tree_was_made(adjacency, k, kind, count):
    samples = Samples(points=POINTS)
    map_ = with_tree(a_map(samples=samples), adjacency=adjacency, neighbours=k)
    decoded = Decoded.of(atlas_of(map_))
    [landscape] = decoded.study["maps"]
    graph = landscape["topologies"][0]["graph"]
    assert (landscape["form"], graph["adjacency"], graph["neighbours"]) == ("scattered", kind, count)
    assert pairs(decoded.array(graph["edges"])) == python_pairs(samples, adjacency, k)
    np.testing.assert_array_equal(decoded.array(landscape["points"]).reshape(-1, 2), POINTS.astype(np.float32))


def test_samples_with_edges_of_their_own_have_these():
    samples = Samples(points=POINTS, edges=RING)
    decoded = Decoded.of(atlas_of(with_tree(a_map(samples=samples))))
    graph = decoded.study["maps"][0]["topologies"][0]["graph"]
    assert graph["adjacency"] == "own"
    assert pairs(decoded.array(graph["edges"])) == python_pairs(samples, "auto", None)


def pairs(edges):
    return {tuple(sorted(pair)) for pair in edges.reshape(-1, 2).tolist()}


def python_pairs(samples, adjacency, k):
    low, high = edge_ends(neighbours(samples, np.arange(len(samples.points)), adjacency, k))
    return {tuple(sorted(pair)) for pair in zip(low.tolist(), high.tolist(), strict=True)}


def test_a_tree_whose_neighbours_nobody_knows_is_computed_with_the_usual_ones_and_says_so():
    [landscape] = Decoded.of(atlas_of(a_map())).study["maps"]  # its method was not asked in a study
    assert landscape["topologies"][0]["graph"]["assumed"]
    assert landscape["topologies"][0]["graph"]["adjacency"] == "freudenthal"


@pytest.mark.parametrize("adjacency", ["gabriel", "auto"])
def test_fields_without_a_tree_have_the_neighbours_of_the_first_tree_or_the_usual_ones(adjacency):
    map_ = with_tree(a_map(samples=Samples(points=POINTS)), adjacency=adjacency)
    decoded = Decoded.of(atlas_of(map_, evolve(map_, name="two", topologies={})))
    first, bare = (landscape["graph"] for landscape in decoded.study["maps"])
    assert first["adjacency"] == {"gabriel": "gabriel", "auto": "knn"}[adjacency]
    assert (bare["adjacency"], bare["assumed"]) == ("knn", False)


def test_samples_that_a_tree_leaves_out_though_they_are_finite_are_named():
    map_ = a_map(trusted=np.arange(121) % 3 > 0)
    decoded = Decoded.of(atlas_of(with_tree(map_, mask=True), evolve(with_tree(map_), name="two")))
    masked, whole = (landscape["topologies"][0] for landscape in decoded.study["maps"])
    np.testing.assert_array_equal(decoded.array(masked["swept"]), map_.landscape.trusted)
    assert whole["swept"] is None


def test_a_lattice_with_absent_vertices_names_each_sample_s_place():
    whole = grid()
    kept = np.random.default_rng(0).permutation(121)[:90]
    samples = Samples(points=whole.points[kept], index=whole.index[kept], shape=whole.shape)
    decoded = Decoded.of(atlas_of(a_map(samples=samples)))
    [landscape] = decoded.study["maps"]
    np.testing.assert_array_equal(decoded.array(landscape["vertices"]), kept)
    line_x, line_y = landscape["lines"]
    np.testing.assert_allclose([[line_x[v // 11], line_y[v % 11]] for v in kept], samples.points)


def test_a_path_on_a_map_is_a_lattice_of_one_axis_with_its_points():
    decoded = Decoded.of(atlas_of(a_path_map()))
    along, across = decoded.study["maps"]
    assert [one["form"] for one in (along, across)] == ["path", "path"]
    assert (along["shape"], across["shape"], along["lines"], along["vertices"]) == ([4], [6], None, None)
    assert decoded.array(across["points"]).shape == (12,)


def test_a_map_without_a_landscape_says_why_and_keeps_its_members():
    [map_] = Decoded.of(atlas_of(a_scatter("mds", "MDS has no inverse"))).study["maps"]
    assert map_["hidden"] == "MDS has no inverse"
    assert map_["sampler"] == ""
    assert "fields" not in map_


def test_every_member_has_its_sample_its_basin_its_residual_and_whether_the_map_shows_it():
    drawn = with_tree(a_map())
    far = np.where(np.arange(12) == 5, 9.0, 0.0)[:, None] * np.ones(3)
    map_ = evolve(drawn, coordinates=np.eye(12)[:, :3] * 4, reconstruction=np.eye(12)[:, :3] * 4 + far)
    decoded = Decoded.of(atlas_of(map_))
    [landscape] = decoded.study["maps"]
    [tree] = landscape["topologies"]
    np.testing.assert_allclose(decoded.array(landscape["residual"]), far.sum(axis=1) / np.sqrt(3), rtol=1e-6)
    assert decoded.array(landscape["shown"]).tolist() == [int(row != 5) for row in range(12)]
    np.testing.assert_array_equal(decoded.array(landscape["nearest"]), map_.landscape.nearest(map_.chart.latents))
    basins, why = decoded.array(tree["basins"]), [tree["reasons"][k] for k in decoded.array(tree["why"])]
    assert sorted(basins[[3, 7, 11]].tolist()) == sorted(tree["leaves"])  # each run ends in a basin of its own
    assert (basins[5], why[5], why[3]) == (-1, "the decoded network lies far from the network itself", "")


def test_a_run_is_drawn_as_absent_where_the_report_draws_it_so():
    """Also where the decoded network is like the run's last one, but lies in no basin."""
    drawn = with_tree(a_map())
    truth = {key: values + 5.0 * (np.arange(12) == 11) for key, values in drawn.truth.items()}
    map_ = evolve(drawn, truth=truth)
    decoded = Decoded.of(atlas_of(map_))
    [landscape] = decoded.study["maps"]
    absent = [decoded.study["variants"][k] for k in landscape["runs_not_shown"]]
    assert set(absent) == scene_of(map_).not_shown == {"C"}
    assert decoded.array(landscape["shown"])[11] == 1


def test_a_slice_draws_no_run_that_lies_beside_it_as_the_report_does():
    map_ = a_slice()
    decoded = Decoded.of(atlas_of(map_))
    [landscape] = decoded.study["maps"]
    assert decoded.array(landscape["drawn"]).tolist() == [1] * 4 + [0] * 4 + [1] * 4
    assert [trajectory.variant for trajectory in trajectories_of(map_)] == ["A", "C"]


def test_the_public_file_of_members_says_what_the_explorer_says_of_each(tmp_path):
    map_ = with_tree(a_map())
    claim(tmp_path, "study")
    write_values(tmp_path, atlas_of(map_))
    listed = read_member_points(tmp_path / "members/one.csv").fields
    decoded = Decoded.of(atlas_of(map_))
    [landscape] = decoded.study["maps"]
    for column, name in {
        "sample_grid": landscape["nearest"],
        "basin_grid_gudhi": landscape["topologies"][0]["basins"],
        "decoded_train_loss": landscape["decoded"]["train_loss"],
        "trusted": landscape["shown"],
        "distance_to_decoded": landscape["residual"],
    }.items():
        np.testing.assert_array_equal(listed[column], decoded.array(name))


def test_layers_know_their_analysis_their_picture_and_their_points():
    measured = {"train_loss": np.array([0.125, np.inf])}
    trail = Trail.of("curve A to B", [(0, 0), (0.5, 0.25)], "dashed", measured)
    overlay = Overlay(name="curves", caption="The curves.", map="one", trails=(trail,))
    decoded = Decoded.of(atlas_of(a_map()), {"mode-connectivity": Finding(pictures=(overlay,))})
    [layer] = decoded.study["maps"][0]["trails"]
    assert decoded.array(layer.pop("points")).tolist() == [0, 0, 0.5, 0.25]
    assert decoded.array(layer.pop("values")["train_loss"]).tolist() == pytest.approx([0.125, np.nan], nan_ok=True)
    assert list(layer) == ["source", "picture", "caption", "label", "style"]
    assert list(layer.values()) == ["mode-connectivity", "curves", "The curves.", "curve A to B", "dashed"]


def test_the_page_s_colours_are_those_of_the_pictures():
    assert look()["runs"] == list(VARIANTS)
    assert look()["dashes"][0] == []


def test_of_everything_that_found_paths_between_two_runs_the_best_is_known_and_the_best_of_all_comes_first():
    atlas = atlas_of(a_map())
    ways = [("line", 0.7, ""), ("curve", 0.3, ""), ("curve", 0.2, ""), ("walk", 0.1, "other examples")]
    paths = tuple(
        KnownPath(one="A", other="C", field="train_loss", worst=worst, found_by=finder, examples=examples)
        for finder, worst, examples in ways
    )
    data = Decoded.of(atlas, {KNOWN_PATHS: Finding(paths=paths)})
    about = data.study["paths"]["fields"]["train_loss"]
    finders = [data.study["paths"]["finders"][number] for number in data.array(about["found_by"])]
    assert finders == ["curve", "line"]  # the walk was measured on other examples
    assert data.array(about["worst"]).tolist() == [0.2, 0.7]
    assert (data.array(about["one"]).tolist(), data.array(about["other"]).tolist()) == ([0, 0], [2, 2])


def test_a_path_through_a_third_run_is_known_where_it_is_lower_than_any_of_two_runs_own():
    between = {("A", "B"): 0.3, ("B", "C"): 0.2, ("A", "C"): 0.9}
    paths = tuple(
        KnownPath(one=one, other=other, field="train_loss", worst=worst, found_by="line")
        for (one, other), worst in between.items()
    )
    data = Decoded.of(atlas_of(a_map()), {KNOWN_PATHS: Finding(paths=paths)})
    about, finders = data.study["paths"]["fields"]["train_loss"], data.study["paths"]["finders"]
    arrays = (data.array(about[key]).tolist() for key in ("one", "other", "worst", "found_by"))
    found = {(one, other, finders[k]): worst for one, other, worst, k in zip(*arrays, strict=True)}
    assert found[0, 2, "through B: line"] == 0.3
    assert found[0, 2, "line"] == 0.9


def test_of_accuracies_the_highest_is_the_best_path():
    paths = tuple(
        KnownPath(one="A", other="B", field="test_accuracy", worst=worst, found_by="line") for worst in (0.4, 0.9)
    )
    data = Decoded.of(atlas_of(a_map()), {KNOWN_PATHS: Finding(paths=paths)})
    assert data.array(data.study["paths"]["fields"]["test_accuracy"]["worst"]).tolist() == [0.9]


def test_a_map_has_its_verdict_its_figures_and_the_study_its_warnings_and_recipes():
    figure = {"key": "stress", "label": "stress", "meaning": "of distances", "better": "low"}
    record = {
        "verdict": {"maps": [{"name": "one", "belief": "believe", "shows": "it shows all", "reasons": [], "more": 1}]},
        "reducers": [{"name": "one", "stress": 0.25}],
        "comparison": [figure | {"over": ""}],
        "warnings": ["Beware."],
        "recipes": {"B": "SGD"},
    }
    study = Decoded.of(atlas_of(a_map(), a_map("two")), record=record).study
    one, two = study["maps"]
    assert one["verdict"] == {"belief": "believe", "shows": "it shows all", "reasons": []}
    assert (one["figures"], two["verdict"], two["figures"]) == ({"stress": 0.25}, None, {"stress": None})
    assert study["figures"] == [figure]
    assert (study["warnings"], study["recipes"]) == (["Beware."], ["", "SGD", ""])


def test_the_passes_of_every_two_runs_are_those_of_the_study():
    map_ = with_tree(a_map())
    decoded = Decoded.of(atlas_of(map_))
    [tree] = decoded.study["maps"][0]["topologies"]
    heights = RunPasses.of(map_, "grid", map_.topology).heights
    wanted = [heights[1, 0], heights[2, 0], heights[2, 1]]
    np.testing.assert_array_equal(decoded.array(tree["passes"]), wanted)
    assert np.isfinite(wanted).all()


def test_colours_begin_and_end_where_those_of_the_report_do():
    atlas, style = atlas_of(a_map()), Style(limits=(0.5, 1.0))
    blocks = Blocks()
    study = study_data("study", atlas, {}, {}, blocks, style=style)
    scales = next(field for field in study["fields"] if field["key"] == "train_loss")["scales"]
    assert scales["auto"] == {"low": 0.5, "high": 1.0, "log": False}  # not a decade
    assert scales["log"] == {"low": 0.5, "high": 1.0, "log": True}
    unset = Decoded.of(atlas).study["fields"][0]["scales"]
    drawn = shared_scale(atlas, "train_loss")
    assert unset["auto"] == {"low": drawn.low, "high": drawn.high, "log": drawn.log}


@pytest.mark.parametrize("name", ["viridis", "tab10"])
def test_the_colours_are_those_of_the_pictures(name):
    """Also where they change at once: every one of the 256 that a page has."""
    scale = Scale(field=Field.of("train_loss"), low=0, high=1, log=False, colours=name)
    found, places = look(name), np.linspace(0, 1, 256)
    for kind, colours in (("depths", scale.colour_map), ("greys", scale.grey_map)):
        assert found[kind] == [to_hex(colour) for colour in colours(places)]


def test_a_page_has_the_colours_for_which_all_its_studies_ask():
    def drawn(*names):
        text = explorer("page", [{"colours": name} for name in names], ["" for _ in names])
        return json.loads(re.search(r'id="look">(.*?)</script>', text)[1])["depths"]

    assert drawn("viridis", "viridis") == look("viridis")["depths"]
    assert drawn("viridis", "magma") == drawn("depth") == list(DEPTHS)
