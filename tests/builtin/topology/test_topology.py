"""The topology `gudhi`: against TTK's recorded trees, against a plain sweep, and by its own laws."""

import subprocess
import sys

import numpy as np
import pytest
from attrs import asdict
from hypothesis import assume, given, settings, strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from support.landscapes import landscape_of
from support.paths import ROOT

from globscope.api import MergeTree, SpecError, Topology, neighbours
from globscope.builtin.topology import Gudhi, globscope_topologies
from globscope.builtin.topology.tomato import branches
from globscope.topology.adjacency import earlier_neighbours
from globscope.topology.neighbour_rules import delaunay as scattered, lattice_neighbours, offsets
from globscope.topology.tree import simplify, sweep_order, trees

RECORDED = ROOT / "tests/data/ttk"
FIELDS = ["grid2d_wells", "delaunay2d_wells", "grid2d_ties"]
KINDS = {0: "minimum", 1: "saddle", 3: "root", 4: "multi-saddle"}
# The first call imports GUDHI, so a deadline would only measure the machine.
few = settings(max_examples=60, deadline=None, derandomize=True)


def topology(values, persistence=0.0, adjacency="auto", mask=False, **more) -> Topology:
    method = Gudhi(persistence=persistence, adjacency=adjacency, mask=mask)
    return method.compute(landscape_of(values, **more))


def tuples(rows) -> set[tuple[int, ...]]:
    return set(map(tuple, np.asarray(rows).tolist()))


def ends(tree: MergeTree) -> list[tuple[int, ...] | None]:
    """Return the vertices at the ends of each sample's arc."""
    return [tuple(tree.nodes[tree.arcs[arc]].tolist()) if arc >= 0 else None for arc in tree.arc]


# --- TTK ---------------------------------------------------------------------------------------


def computed(name: str):
    """Return what TTK recorded of a field, and our trees of it: simplified and whole."""
    recorded = np.load(RECORDED / f"{name}.npz")
    values, threshold = recorded["values"], float(recorded["threshold"])
    if "edges" not in recorded:
        found = topology(values, threshold)
        return recorded, {"simpmin_": found.tree, "": found.full}
    swept = sweep_order(values, np.isfinite(values))
    pair = trees(values, swept, branches(earlier_neighbours(recorded["edges"], swept, len(values))), threshold)
    return recorded, dict(zip(("simpmin_", ""), pair, strict=True))


@pytest.mark.parametrize("part", ["", "simpmin_"], ids=["whole", "simplified"])
@pytest.mark.parametrize("name", FIELDS)
def test_ttk_finds_the_same_tree(name, part):
    """Pairs in both vertices, nodes, kinds, arcs, and the arc of every single sample."""
    recorded, found = computed(name)
    tree = found[part]
    nodes, arcs = recorded[part + "nodes"], recorded[part + "arcs"]
    assert tuples(tree.pairs) == tuples(recorded[part + "pairs"])
    assert tree.nodes.tolist() == nodes.tolist()
    assert tree.kinds == tuple(KINDS[kind] for kind in recorded[part + "types"].tolist())
    assert tree.arcs.tolist() == arcs.tolist()
    row = np.argsort(recorded[part + "labels"])  # TTK labels arcs by a permutation of their rows
    assert tree.arc.tolist() == row[recorded[part + "segmentation"]].tolist()


@pytest.mark.parametrize("part", ["", "simpmin_"], ids=["whole", "simplified"])
@pytest.mark.parametrize("name", FIELDS)
def test_a_basin_is_the_lowest_leaf_below_the_arc_that_ttk_gives(name, part):
    recorded, found = computed(name)
    nodes, arcs = recorded[part + "nodes"], recorded[part + "arcs"]
    lowest = list(range(len(nodes)))  # nodes are in sweep order, so a lower row is a lower leaf
    for down, up in arcs[np.argsort(arcs[:, 0])].tolist():
        lowest[up] = min(lowest[up], lowest[down])
    row = np.argsort(recorded[part + "labels"])
    below = arcs[row[recorded[part + "segmentation"]], 0]
    assert found[part].basin.tolist() == nodes[np.array(lowest)[below]].tolist()


def test_the_recorded_mesh_is_delaunay_but_for_slivers_along_the_border():
    """Its maker left 45 triangles at the hull out; where they lie, the pairs above 0.1 do not care."""
    recorded = np.load(RECORDED / "delaunay2d_wells.npz")
    points, theirs = recorded["points"], tuples(np.sort(recorded["edges"], axis=1))
    ours = tuples(np.sort(scattered(points), axis=1))
    more = points[np.array(sorted(ours - theirs))]
    assert theirs < ours
    assert len(more) == 45
    # The mean distance of 4,000 uniform points is 0.016; both ends lie well within one of the border.
    assert np.minimum(more, 1 - more).min(axis=-1).max() < 0.01
    found = topology(recorded["values"], 0.1, "delaunay", points=points)
    assert tuples(found.tree.pairs) == tuples(recorded["simpmin_pairs"])


def test_lattices_have_the_edges_that_ttk_gives_images():
    """Steps (dx, dy) and (dx, dy, dz) of TTK, whose x is our last axis."""
    plane = [(1, 0), (0, 1), (-1, 1)]
    solid = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (-1, 1, 0), (0, 1, 1), (-1, 0, 1), (-1, 1, 1)]
    for ttk in (plane, solid):
        both = np.array([*ttk, *(-np.array(ttk)).tolist()])[:, ::-1]
        assert tuples(offsets(len(ttk[0]), "freudenthal")) == tuples(both)


@pytest.mark.parametrize(("axes", "freudenthal", "full"), [(1, 2, 2), (2, 6, 8), (3, 14, 26), (4, 30, 80)])
def test_neighbours_on_a_lattice_number(axes, freudenthal, full):
    assert len(tuples(offsets(axes, "freudenthal"))) == freudenthal
    assert len(tuples(offsets(axes, "full"))) == full


# --- a plain sweep -----------------------------------------------------------------------------


def plain(earlier: list[set[int]]) -> dict[str, object]:
    """Return tree, pairs, arcs and basins of vertices in sweep order, by the definition."""
    label, parts, arc, basin = {}, {}, {}, {}
    arcs, pairs = set(), set()

    def close(part, end):
        arcs.add((part["node"], end))
        arc.update(dict.fromkeys(part["open"], (part["node"], end)))

    for vertex, near in enumerate(earlier):
        met = sorted({label[other] for other in near})  # parts are named by their lowest vertex
        elder = met[0] if met else vertex
        label[vertex] = basin[vertex] = elder
        if len(met) == 1:
            parts[elder]["open"].append(vertex)
            continue
        for name in met:
            close(parts[name], vertex)
        last = (parts[elder]["node"], vertex) if met else None
        parts[elder] = {"node": vertex, "open": [vertex], "below": last}
        pairs |= {(name, vertex) for name in met[1:]}
        for name in met[1:]:
            del parts[name]
            label.update({other: elder for other, own in label.items() if own == name})
    for name, part in parts.items():
        pairs.add((name, None))
        if part["open"][-1] > part["node"]:
            close(part, part["open"][-1])
        else:
            arc[part["node"]] = part["below"]
    count = range(len(earlier))
    return {"pairs": pairs, "arcs": arcs, "arc": [arc[v] for v in count], "basin": [basin[v] for v in count]}


def in_samples(found: dict[str, object], swept: list[int], size: int) -> dict[str, object]:
    """Return a plain sweep's result in sample numbers."""

    def name(pair):
        return None if pair is None else tuple(-1 if end is None else swept[end] for end in pair)

    arc, basin = [None] * size, [-1] * size
    for place, sample in enumerate(swept):
        arc[sample], basin[sample] = name(found["arc"][place]), swept[found["basin"][place]]
    return {
        "pairs": set(map(name, found["pairs"])),
        "arcs": set(map(name, found["arcs"])),
        "arc": arc,
        "basin": basin,
    }


def plainly(tree: MergeTree) -> dict[str, object]:
    return {
        "pairs": tuples(tree.pairs),
        "arcs": tuples(tree.nodes[tree.arcs]),
        "arc": ends(tree),
        "basin": tree.basin.tolist(),
    }


def swept_plainly(swept: list[int], neighbours: dict[int, set[int]], size: int) -> dict[str, object]:
    place = {sample: number for number, sample in enumerate(swept)}
    earlier = [
        {place[other] for other in neighbours[sample] if place.get(other, size) < place[sample]} for sample in swept
    ]
    return in_samples(plain(earlier), swept, size)


@st.composite
def graphs(draw):
    """Values with ties and gaps on a sparse graph: several components, plateaus, multi-saddles."""
    size = draw(st.integers(1, 24))
    vertex = st.integers(0, size - 1)
    edges = draw(st.lists(st.tuples(vertex, vertex), min_size=0, max_size=3 * size))
    level = st.sampled_from([*range(10), np.nan, np.inf])
    values = np.array(draw(st.lists(level, min_size=size, max_size=size)), float)
    return values, np.array(edges, int).reshape(-1, 2)


def neighbours_of(edges, size):
    around = {sample: set() for sample in range(size)}
    for first, second in np.asarray(edges).tolist():
        if first != second:
            around[first].add(second)
            around[second].add(first)
    return around


@few
@given(graphs())
def test_the_whole_tree_is_that_of_a_plain_sweep(graph):
    values, edges = graph
    swept = sweep_order(values, np.isfinite(values))
    _, full = trees(values, swept, branches(earlier_neighbours(edges, swept, len(values))), 0)
    assert plainly(full) == swept_plainly(swept.tolist(), neighbours_of(edges, len(values)), len(values))


def flooded(full: MergeTree, kept, swept, neighbours):
    """Return the samples' order once removed branches are flooded from the saddle where they die.

    Flooded samples come right after that saddle, by their number of steps from it. Also returns the
    saddles flooded from.
    """
    place = {sample: number for number, sample in enumerate(swept)}
    dies = {birth: death for birth, death in full.pairs.tolist() if (birth, death) not in kept}
    source = {}
    for sample in swept:
        source[sample] = sample
        while (branch := full.basin[source[sample]]) in dies:
            source[sample] = dies[branch]
    steps = {sample: 0 for sample in swept if source[sample] == sample}
    while reached := {
        near: steps[sample] + 1
        for sample in steps
        for near in neighbours[sample]
        if near not in steps and source.get(near) == source[sample]
    }:
        steps |= reached
    order = sorted(swept, key=lambda sample: (place[source[sample]], steps[sample], place[sample]))
    return order, {source[sample] for sample in swept if source[sample] != sample}


@few
@given(graphs(), st.integers(0, 5))
def test_the_simplified_tree_is_that_of_the_field_flooded_to_its_saddles(graph, threshold):
    values, edges = graph
    swept = sweep_order(values, np.isfinite(values))
    tree, full = trees(values, swept, branches(earlier_neighbours(edges, swept, len(values))), threshold)
    neighbours = neighbours_of(edges, len(values))
    order, saddles = flooded(full, tuples(tree.pairs), swept.tolist(), neighbours)
    # Flooding from a component's highest sample would give the component another one.
    assume(saddles <= set(full.nodes[full.arcs[:, 0]].tolist()))
    assert plainly(tree) == swept_plainly(order, neighbours, len(values))


@few
@given(graphs(), st.integers(0, 5))
def test_a_whole_tree_is_simplified_as_the_field_was(graph, threshold):
    values, edges = graph
    swept = sweep_order(values, np.isfinite(values))
    tree, full = trees(values, swept, branches(earlier_neighbours(edges, swept, len(values))), threshold)
    again = simplify(full, values, threshold)
    for name in ("nodes", "values", "kinds", "arcs", "pairs", "births", "deaths", "elders", "arc", "basin"):
        np.testing.assert_array_equal(getattr(again, name), getattr(tree, name), name)


def lowest_pass(values, edges, one, two):
    """Return the vertex by whose sweep two samples are first connected, or None."""
    joined, around = set(), neighbours_of(edges, len(values))
    for sample in sweep_order(values, np.isfinite(values)).tolist():
        joined.add(sample)
        reached, ahead = set(), [one] if one in joined else []
        while ahead:
            now = ahead.pop()
            reached.add(now)
            ahead += [near for near in around[now] if near in joined and near not in reached]
        if two in reached:
            return sample
    return None


@few
@given(graphs(), st.data())
def test_the_minimax_of_two_minima_is_where_a_sweep_first_connects_them(graph, data):
    values, edges = graph
    swept = sweep_order(values, np.isfinite(values))
    assume(len(swept))
    _, full = trees(values, swept, branches(earlier_neighbours(edges, swept, len(values))), 0)
    one, two = (data.draw(st.sampled_from(full.minima.tolist())) for _ in range(2))
    top = lowest_pass(values, edges, one, two)
    assert full.minimax(one, two) == (None if top is None else (top, values[top]))


@few
@given(graphs())
def test_basin_sizes_count_the_samples_of_each_basin(graph):
    values, edges = graph
    swept = sweep_order(values, np.isfinite(values))
    tree, _ = trees(values, swept, branches(earlier_neighbours(edges, swept, len(values))), 1)
    assert tree.basin_sizes.tolist() == [(tree.basin == birth).sum() for birth in tree.pairs[:, 0]]
    assert tree.basin_sizes.sum() == len(swept)
    assert values[tree.nodes].tolist() == tree.values.tolist()


# --- its own laws ------------------------------------------------------------------------------


@st.composite
def lattices(draw):
    """Values of a lattice of one to three axes, with ties, gaps, and either adjacency."""
    shape = tuple(draw(st.lists(st.integers(1, 5), min_size=1, max_size=3)))
    level = st.sampled_from([*range(6), np.nan])
    size = int(np.prod(shape))
    values = np.array(draw(st.lists(level, min_size=size, max_size=size)), float)
    return values.reshape(shape), draw(st.sampled_from(["freudenthal", "full"]))


@few
@given(lattices())
def test_neighbours_that_are_looked_up_block_by_block_give_the_branches_of_the_whole_table(field):
    values, adjacency = field
    landscape = landscape_of(values)
    swept = sweep_order(landscape.fields["train_loss"], np.isfinite(values.ravel()))
    rows = neighbours(landscape.samples, swept, adjacency)
    whole = branches(np.asarray(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("globscope.topology.adjacency.ROWS", 3)
        patch.setattr("globscope.builtin.topology.tomato.GATHERED", 2)
        for name, array in asdict(branches(rows)).items():
            np.testing.assert_array_equal(array, getattr(whole, name))


PEAK = """
import resource
import numpy as np
from globscope.api import Landscape, Samples
from globscope.builtin.topology import Gudhi
index = np.indices((200,) * 3).reshape(3, -1).T
values, trusted = np.random.default_rng(0).random(len(index)), np.ones(len(index), bool)
samples = Samples(points=index / 199, index=index, shape=(200,) * 3)
landscape = Landscape(samples=samples, fields={"train_loss": values}, distance_to_member=values, trusted=trusted)
assert len(Gudhi().compute(landscape).full.pairs) == 539142
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is in kilobytes on Linux alone")
def test_the_trees_of_eight_million_samples_take_less_than_one_and_a_half_gigabytes():
    done = subprocess.run([sys.executable, "-c", PEAK], check=True, capture_output=True, text=True)
    assert int(done.stdout) < 1.5e9


def same(first: MergeTree, second: MergeTree) -> bool:
    names = ("nodes", "arcs", "pairs", "arc", "basin")
    equal = all(np.array_equal(getattr(first, name), getattr(second, name)) for name in names)
    return equal and first.kinds == second.kinds


def components(values, adjacency) -> int:
    """Return the number of components of a lattice's finite samples, by SciPy."""
    kept = np.flatnonzero(np.isfinite(values))
    around = np.asarray(lattice_neighbours(np.argwhere(np.isfinite(values)), values.shape, adjacency))
    rows = np.repeat(np.arange(len(kept)), around.shape[1])
    graph = coo_array((np.ones(around.size), (rows, around.ravel())), shape=(len(kept), len(kept)))
    return connected_components(graph, directed=False)[0]


@few
@given(lattices())
def test_leaves_less_deaths_are_the_components(field):
    values, adjacency = field
    assume(np.isfinite(values).any())
    found = topology(values, 2, adjacency)
    for tree in (found.tree, found.full):
        dead = np.isfinite(tree.deaths).sum()
        assert len(tree.minima) - dead == components(values, adjacency) == len(tree.nodes) - len(tree.arcs)
        assert len(tree.minima) == len(tree.pairs)


@few
@given(lattices(), st.lists(st.floats(0.001, 1000), min_size=6, max_size=6))
def test_order_preserving_rescaling_keeps_the_tree(field, rises):
    values, adjacency = field
    scale = np.cumsum(rises) - 500
    rescaled = np.where(np.isnan(values), np.nan, scale[np.nan_to_num(values).astype(int)])
    before, after = topology(values, 0, adjacency), topology(rescaled, 0, adjacency)
    assert same(before.full, after.full)
    assert same(before.tree, after.tree)


@few
@given(lattices(), st.floats(0, 6))
def test_simplification_keeps_exactly_the_pairs_above_the_threshold(field, threshold):
    values, adjacency = field
    found = topology(values, threshold, adjacency)
    above = found.full.persistences > threshold
    assert found.tree.pairs.tolist() == found.full.pairs[above].tolist()
    assert found.tree.births.tolist() == found.full.births[above].tolist()
    assert found.tree.deaths.tolist() == found.full.deaths[above].tolist()


@few
@given(lattices(), st.randoms(use_true_random=False))
def test_samples_may_come_in_any_order(field, random):
    """Without ties, the tree is the same up to the samples' numbers."""
    values, adjacency = field
    values = values + np.arange(values.size).reshape(values.shape) / (2 * values.size)
    order = list(range(values.size))
    random.shuffle(order)
    order = np.array(order)
    before, after = topology(values, 1, adjacency), topology(values, 1, adjacency, order=order)
    for tree, shuffled in ((before.tree, after.tree), (before.full, after.full)):
        number = np.append(order, -1)  # −1 stays −1
        assert tree.nodes.tolist() == number[shuffled.nodes].tolist()
        assert tree.arcs.tolist() == shuffled.arcs.tolist()
        assert tree.pairs.tolist() == number[shuffled.pairs].tolist()
        assert tree.arc[order].tolist() == shuffled.arc.tolist()
        assert tree.basin[order].tolist() == number[shuffled.basin].tolist()


# --- degenerate fields -------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(7,), (4, 5), (3, 2, 4)])
def test_a_constant_field_has_one_minimum_and_its_root(shape):
    found = topology(np.ones(shape))
    for tree in (found.tree, found.full):
        assert tree.kinds == ("minimum", "root")
        assert tree.nodes.tolist() == [0, np.prod(shape) - 1]
        assert tree.pairs.tolist() == [[0, -1]]
        assert tree.arcs.tolist() == [[0, 1]]
        assert set(tree.arc.tolist()) == {0}
        assert set(tree.basin.tolist()) == {0}
        assert tree.average_persistence == 0


def test_a_path_has_the_tree_read_off_by_eye():
    """Minima 1 (at 0.0) and 4 (at 0.5); they meet at 3 (at 2.0); the top is 6."""
    tree = topology([1.0, 0.0, 1.5, 2.0, 0.5, 0.7, 3.0], 1.0).tree
    assert tree.nodes.tolist() == [1, 4, 3, 6]
    assert tree.kinds == ("minimum", "minimum", "saddle", "root")
    assert tree.arcs.tolist() == [[0, 2], [1, 2], [2, 3]]
    assert tree.pairs.tolist() == [[1, -1], [4, 3]]
    assert tree.persistences.tolist() == [np.inf, 1.5]
    assert tree.arc.tolist() == [0, 0, 0, 2, 1, 1, 2]
    assert tree.basin.tolist() == [1, 1, 1, 1, 4, 4, 1]
    assert tree.average_persistence == 1.5


def test_a_removed_branch_lies_on_the_arc_that_leads_up_from_its_saddle():
    tree = topology([1.0, 0.0, 1.5, 2.0, 0.5, 0.7, 3.0], 1.5).tree  # a pair of exactly 1.5 goes
    assert tree.nodes.tolist() == [1, 6]
    assert set(tree.arc.tolist()) == {0}
    assert set(tree.basin.tolist()) == {1}


def test_a_removed_branch_joins_the_branch_that_goes_on_where_it_dies():
    """Sample 4 dies at 3 beside the branch of 2, but that one died before, at 1, into that of 0."""
    tree = topology([-0.5, 2.0, 0.0, 4.0, 3.5, 9.0], 1.0).tree
    assert tuples(tree.pairs) == {(0, -1), (2, 1)}
    assert tree.basin.tolist() == [0, 0, 2, 0, 0, 0]
    assert ends(tree)[4] == (1, 5)


def test_a_branch_removed_within_a_removed_one_is_flooded_from_the_outer_saddle():
    """6 dies at 5 into the branch of 4, which dies at 3: above the saddle 1 that stays."""
    tree = topology([0.0, 5.0, -1.0, 6.0, 4.9, 4.97, 4.95, 9.0], 1.5).tree
    assert tuples(tree.pairs) == {(2, -1), (0, 1)}
    assert [ends(tree)[sample] for sample in (3, 4, 5, 6)] == [(1, 7)] * 4


def test_a_saddle_where_more_than_two_branches_meet_is_one_node():
    star = np.array([[0, 3], [1, 3], [2, 3], [3, 4]])
    values = np.array([0.0, 1.0, 2.0, 5.0, 6.0])
    tree, _ = trees(values, np.arange(5), branches(earlier_neighbours(star, np.arange(5), 5)), 0)
    assert tree.kinds == ("minimum", "minimum", "minimum", "multi-saddle", "root")
    assert tuples(tree.pairs) == {(0, -1), (1, 3), (2, 3)}
    assert tree.saddles.tolist() == [3]


def test_a_last_merge_at_the_top_is_the_root_without_an_arc_above():
    tree = topology([0.0, 2.0, 1.0]).tree
    assert tree.kinds == ("minimum", "minimum", "saddle")
    assert tree.arcs.tolist() == [[0, 2], [1, 2]]
    assert ends(tree) == [(0, 1), (0, 1), (2, 1)]


def test_the_later_of_equal_samples_is_the_higher():
    tree = topology([0.0, 1.0, 0.0, 1.0, 1.0], -0.0).full
    assert tree.pairs.tolist() == [[0, -1], [2, 1]]
    assert tree.nodes.tolist() == [0, 2, 1, 4]


def test_a_plateau_may_hold_minima_of_no_persistence_and_any_threshold_removes_them():
    """On a constant path swept 0, 2, 1 the third sample is a minimum until the second joins both."""
    found = topology([0.0, 0.0, 0.0], order=np.array([0, 2, 1]))
    assert found.full.pairs.tolist() == [[0, -1], [1, 2]]
    assert found.full.persistences.tolist() == [np.inf, 0]
    assert found.tree.pairs.tolist() == [[0, -1]]


@pytest.mark.parametrize("gap", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_left_out_and_part_the_components(gap):
    found = topology([[2.0, gap, 0.0], [1.0, gap, 3.0]])
    tree = found.tree
    assert found.left_out == 2
    assert tuples(tree.pairs) == {(2, -1), (3, -1)}
    assert tree.kinds == ("minimum", "minimum", "root", "root")
    assert ends(tree) == [(3, 0), None, (2, 5), (3, 0), None, (2, 5)]
    assert tree.basin.tolist() == [3, -1, 2, 3, -1, 2]


def test_a_component_of_one_sample_is_a_minimum_without_an_arc():
    tree = topology([5.0, np.nan, 1.0, 2.0]).tree
    assert tree.nodes.tolist() == [2, 3, 0]
    assert tree.kinds == ("minimum", "root", "minimum")
    assert tree.arc.tolist() == [-1, -1, 0, 0]
    assert tree.basin.tolist() == [0, -1, 2, 2]


@pytest.mark.parametrize("values", [[[np.nan, 7.0]], [7.0]])
def test_a_single_finite_sample_is_one_minimum(values):
    tree = topology(values).tree
    assert tree.kinds == ("minimum",)
    assert tree.arcs.shape == (0, 2)
    assert tree.deaths.tolist() == [np.inf]
    assert tree.average_persistence == 0


@pytest.mark.parametrize("values", [np.full((3, 4), np.nan), np.empty((0,)), np.empty((0, 3))])
def test_without_a_finite_sample_the_tree_is_empty(values):
    found = topology(values)
    for tree in (found.tree, found.full):
        assert (tree.nodes.shape, tree.kinds) == ((0,), ())
        assert tree.arcs.shape == tree.pairs.shape == (0, 2)
        assert tree.births.shape == tree.deaths.shape == (0,)
        assert tree.arc.tolist() == tree.basin.tolist() == [-1] * values.size
        assert tree.minima.size == tree.saddles.size == tree.average_persistence == 0
    assert found.left_out == values.size


def test_masked_samples_are_left_out():
    values, trusted = [[0.0, 5.0, 1.0]], [[True, False, True]]
    assert topology(values, trusted=trusted).left_out == 0
    found = topology(values, mask=True, trusted=trusted)
    assert found.left_out == 1
    assert found.tree.basin.tolist() == [0, -1, 2]


# --- adjacency ---------------------------------------------------------------------------------


def test_full_adjacency_joins_diagonals_that_freudenthal_does_not():
    values = [[0.0, 2.0], [3.0, 1.0]]  # 0 and 1 lie on the diagonal that TTK leaves out
    assert len(topology(values).tree.minima) == 2
    assert len(topology(values, adjacency="full").tree.minima) == 1


def test_lattice_vertices_without_a_sample_are_absent():
    values = np.arange(12.0).reshape(3, 4)
    known = np.array([0, 1, 4, 5, 7, 11])  # none in the third column
    found = topology(values, order=known)
    assert found.tree.basin.tolist() == [0, 0, 0, 0, 4, 4]
    assert found.left_out == 0


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ([[0, 0], [0, 0]], "two samples share one lattice vertex"),
        ([[0, 0], [0, 2]], r"a sample lies outside its lattice of shape \(2, 2\)"),
        ([[0, 0], [-1, 0]], r"a sample lies outside its lattice of shape \(2, 2\)"),
    ],
)
def test_impossible_lattice_indices_are_refused(index, message):
    with pytest.raises(ValueError, match=message):
        lattice_neighbours(np.array(index), (2, 2), "full")


def test_scattered_samples_on_a_line_are_joined_in_order():
    along = np.array([3.0, 0.0, 2.0, 1.0])
    for points in (along[:, None], np.outer(along, [1.0, -2.0]) + 5, np.outer(along, [0.1, 0.7, -0.3])):
        assert tuples(np.sort(scattered(points), axis=1)) == {(1, 3), (2, 3), (0, 2)}


def test_scattered_samples_on_a_plane_in_space_are_triangulated_within_it():
    rng = np.random.default_rng(0)
    flat = rng.random((30, 2))
    axes = np.linalg.qr(rng.standard_normal((3, 2)))[0]
    tilted = flat @ axes.T + 1
    assert tuples(np.sort(scattered(tilted), axis=1)) == tuples(np.sort(scattered(flat), axis=1))


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_scattered_samples_are_all_joined(count):
    points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])[:count]
    assert len(scattered(points)) == count * (count - 1) // 2


def test_samples_at_one_place_are_neighbours():
    """They decode to one network, so their losses are equal, and they are no minima of their own."""
    corners = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]
    points = np.array([[0.4, 0.3], *corners, [0.4, 0.3], [0.4, 0.3]])
    found = topology([4.0, 0.0, 1.0, 2.0, 3.0, 4.0, 4.0], adjacency="delaunay", points=points)
    assert found.tree.minima.tolist() == [1]
    assert np.isinf(found.full.deaths).sum() == 1
    assert len(topology([3.0, 1.0, 2.0], adjacency="delaunay", points=np.ones((3, 2))).tree.minima) == 1


def test_no_edge_crosses_scattered_samples_that_were_left_out():
    """Left and right points meet only through the column between them."""
    points = np.argwhere(np.ones((3, 5))).astype(float)
    values = np.where(points[:, 1] == 2, np.nan, points[:, 1])
    tree = topology(values, adjacency="delaunay", points=points).tree
    assert np.isinf(tree.deaths).sum() == 2


# --- the component -----------------------------------------------------------------------------


def test_the_hook_offers_it():
    assert globscope_topologies() == {"gudhi": Gudhi}


def test_a_field_that_the_landscape_lacks_is_named_with_the_near_one():
    with pytest.raises(SpecError) as caught:
        Gudhi(field="train_los").compute(landscape_of([1.0]))
    message = "topology.field = 'train_los': the landscape has no such field; did you mean 'train_loss'?"
    assert str(caught.value) == message


@pytest.mark.parametrize("wrong", [{"persistence": -0.1}, {"persistence": np.nan}, {"adjacency": "cubic"}])
def test_impossible_options_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Gudhi(**wrong)


def test_the_landscape_is_left_as_it_was():
    given_landscape = landscape_of([[3.0, 1.0], [np.nan, 2.0]])
    before = given_landscape.fields["train_loss"].copy()
    Gudhi(mask=True).compute(given_landscape)
    assert np.array_equal(given_landscape.fields["train_loss"], before, equal_nan=True)
