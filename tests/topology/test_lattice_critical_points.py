"""Critical points of lattices: against TTK's recorded ones, against the definition, and by the Euler characteristic."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from support.landscapes import landscape_of
from support.paths import ROOT

from globscope.api import EvaluationError, critical_points, edge_ends, neighbours, sweep_order
from globscope.builtin.topology import Gudhi

# Few levels, so that plateaus and ties are common, and samples that are not finite.
HOLES = st.sampled_from([0.0, 0.25, 0.5, 0.5, 1.0, 2.0, np.nan])
SHAPES = st.sampled_from([(6,), (4, 5), (1, 4), (3, 3, 3), (2, 3, 4)])
few = settings(max_examples=20, deadline=None, derandomize=True)


def found_in(landscape):
    return critical_points(landscape, Gudhi().compute(landscape))


@pytest.mark.parametrize("name", ["grid2d_wells", "grid2d_ties", "grid3d_ties"])
def test_ttk_finds_the_same_critical_points_on_the_boundary_too(name):
    recorded = np.load(ROOT / "tests/data/ttk" / f"{name}.npz")
    found = found_in(landscape_of(recorded["values"]))
    saddles = {1: "saddle"} if found.axes == 2 else {1: "1-saddle", 2: "2-saddle"}
    kinds = {0: "minimum", 3: "maximum", 4: "multi-saddle"} | saddles
    wanted = (kinds[kind] for kind in recorded["critical_types"].tolist())
    rows = zip(recorded["critical_vertices"].tolist(), wanted, recorded["critical_on_boundary"].tolist(), strict=True)
    assert sorted(zip(found.vertices.tolist(), found.kinds, found.on_boundary.tolist(), strict=True)) == sorted(rows)


@few
@given(values=SHAPES.flatmap(lambda shape: arrays(float, shape, elements=HOLES)))
def test_the_contributions_of_all_samples_add_up_to_the_euler_characteristic_of_the_triangulation(values):
    around = neighbour_sets(values)
    counts = [0, 0, 0, 0]
    for vertex, near in around.items():
        later = [other for other in near if other > vertex]
        for size in range(4):
            counts[size] += sum(
                all(b in around[a] for a, b in combinations(group, 2)) for group in combinations(later, size)
            )
    assert found_in(landscape_of(values)).euler == counts[0] - counts[1] + counts[2] - counts[3]


@few
@given(values=SHAPES.flatmap(lambda shape: arrays(float, shape, elements=HOLES)))
def test_a_kind_is_the_number_of_pieces_of_the_lower_and_of_the_upper_neighbours(values):
    around, known = neighbour_sets(values), {}
    order = sweep_order(values.ravel(), np.isfinite(values.ravel()))
    for vertex, near in around.items():
        sides = [[one for one in near if one < vertex], [one for one in near if one > vertex]]
        kind = kind_of(values.ndim, *(pieces(side, around) for side in sides))
        whole = 2 ** (values.ndim + 1) - 2
        if kind == "regular" and values.ndim == 3 and len(near) < whole:
            low, high = (any(len(around[one]) < whole for one in side) for side in sides)
            kind = {(False, True): "1-saddle", (True, False): "2-saddle"}.get((low, high), kind)
        known[int(order[vertex])] = kind
    found = found_in(landscape_of(values))
    kinds = dict(zip(found.vertices.tolist(), found.kinds, strict=True))
    assert {vertex: kinds.get(vertex, "regular") for vertex in known} == known


def neighbour_sets(values):
    """Return the neighbours of each finite sample, by place in the sweep."""
    landscape = landscape_of(values)
    order = sweep_order(values.ravel(), np.isfinite(values.ravel()))
    edges = list(zip(*(ends.tolist() for ends in edge_ends(neighbours(landscape.samples, order))), strict=True))
    return {vertex: {a + b - vertex for a, b in edges if vertex in (a, b)} for vertex in range(len(order))}


def pieces(side, around):
    joined = [(i, j) for i, a in enumerate(side) for j, b in enumerate(side) if b in around[a]]
    matrix = coo_array((np.ones(len(joined)), np.array(joined, int).reshape(-1, 2).T), shape=(len(side),) * 2)
    return connected_components(matrix, directed=False)[0] if side else 0


def kind_of(axes, lower, upper):
    if not lower or not upper:
        return "maximum" if lower else "minimum"
    if (lower, upper) == (1, 1):
        return "regular"
    if axes < 3:
        return "saddle" if max(lower, upper) == 2 else "multi-saddle"
    return {(2, 1): "1-saddle", (1, 2): "2-saddle"}.get((lower, upper), "multi-saddle")


def test_a_quadratic_saddle_in_three_axes_has_the_number_of_its_falling_axes_as_index():
    x, y, z = np.meshgrid(*3 * [np.linspace(-1, 1, 5)], indexing="ij")
    for index, field in enumerate([x**2 + y**2 + z**2, x**2 + y**2 - z**2, x**2 - y**2 - z**2, -(x**2) - y**2 - z**2]):
        found = found_in(landscape_of(field))
        centre = found.vertices.tolist().index(62)
        assert found.indices[centre] == index
        assert not found.on_boundary[centre]


def test_samples_that_form_no_lattice_of_up_to_three_axes_are_refused():
    with pytest.raises(EvaluationError, match="lattice of up to 3 axes; samples are scattered"):
        found_in(landscape_of([0.0, 1.0, 0.0], points=[[0, 0], [1, 0], [2, 0]]))
    with pytest.raises(EvaluationError, match="samples are a lattice of 4 axes"):
        found_in(landscape_of(np.zeros((2, 2, 2, 2))))
