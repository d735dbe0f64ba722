"""Which scattered samples are neighbours."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from globscope.api import EvaluationError, Samples, edges, neighbours, resolve_adjacency
from globscope.topology import neighbour_rules as descent
from globscope.topology.neighbour_rules import nearest

SQUARE = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
# Coordinates on a coarse lattice, so that equal distances are common.
POINTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=14, unique=True).map(
    lambda rows: np.array(rows, float)
)


def tuples(rows):
    return {tuple(sorted(row)) for row in np.asarray(rows).tolist()}


def plain_nearest(points, k):
    """Return each point's k nearest others by (squared distance, number), exact for whole coordinates."""
    squares = ((points[:, None] - points) ** 2).sum(-1)
    rows = [sorted((d, other) for other, d in enumerate(row) if other != one) for one, row in enumerate(squares)]
    return [{other for _, other in row[:k]} for row in rows]


@settings(deadline=None)
@given(POINTS, st.integers(1, 6))
def test_nearest_neighbours_are_those_by_distance_then_number(points, k):
    wanted = plain_nearest(points, k)
    either = {tuple(sorted((a, b))) for a, near in enumerate(wanted) for b in near}
    both = {(a, b) for a, b in either if b in wanted[a] and a in wanted[b]}
    assert tuples(nearest(points, k, mutual=False)) == either
    assert tuples(nearest(points, k, mutual=True)) == both


@settings(deadline=None)
@given(POINTS)
def test_gabriel_edges_are_those_whose_ball_holds_no_third_point(points):
    def apart(a, b):
        return ((points[a] - points[b]) ** 2).sum()

    others = range(len(points))
    wanted = {
        (a, b)
        for a in others
        for b in range(a + 1, len(points))
        if all(apart(a, c) + apart(b, c) > apart(a, b) for c in others if c not in (a, b))
    }
    assert tuples(edges(points, "gabriel")) == wanted


def test_gabriel_edges_of_a_lattice_are_along_its_axes():
    points = np.stack(np.meshgrid(np.arange(4.0), np.arange(5.0), indexing="ij"), -1).reshape(-1, 2)
    lengths = [np.linalg.norm(points[a] - points[b]) for a, b in edges(points, "gabriel")]
    assert lengths == [1.0] * (3 * 5 + 4 * 4)


@settings(deadline=None)
@given(POINTS, st.data())
def test_gabriel_edges_stay_where_a_point_is_there_twice(points, data):
    """The twin is joined with its point, and takes away none of the edges of the places."""
    twin = data.draw(st.integers(0, len(points) - 1))
    place = np.append(np.arange(len(points)), twin)
    found = edges(np.concatenate([points, points[[twin]]]), "gabriel")
    once = {one for one in tuples(place[found]) if one[0] != one[1]}
    assert once == tuples(edges(points, "gabriel"))
    assert (twin, len(points)) in tuples(found)


def test_equal_distances_that_differ_by_rounding_are_still_equal():
    turned = SQUARE @ np.linalg.qr(np.random.default_rng(0).normal(size=(2, 2)))[0]
    assert (
        tuples(nearest(turned, 1, mutual=False)) == tuples(nearest(SQUARE, 1, mutual=False)) == {(0, 1), (0, 2), (1, 3)}
    )


@pytest.mark.parametrize("adjacency", ["delaunay", "gabriel", "knn", "mutual-knn"])
@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_edges_do_not_depend_on_the_unit(adjacency, scale):
    points = np.random.default_rng(0).random((40, 2))
    assert tuples(edges(points * scale, adjacency)) == tuples(edges(points, adjacency))


@pytest.mark.slow
def test_neighbours_by_descent_are_nearly_all_of_the_exact_ones(monkeypatch):
    points = np.random.default_rng(0).random((2000, 3))
    exact = tuples(nearest(points, 12, mutual=False))
    monkeypatch.setattr(descent, "MANY", 100)
    found = tuples(nearest(points, 12, mutual=False))
    assert found != exact or len(found) == len(exact)
    assert len(found & exact) > 0.95 * len(exact)


@pytest.mark.parametrize("asked", ["auto", "freudenthal", "full"])
def test_scattered_samples_are_joined_with_their_nearest_by_default(asked):
    assert resolve_adjacency(Samples(points=SQUARE), asked) == "knn"
    assert resolve_adjacency(Samples(points=SQUARE), "delaunay") == "delaunay"
    assert resolve_adjacency(Samples(points=SQUARE[:, :1]), asked) == "delaunay"  # on a line, each with the next


def test_a_lattice_takes_freudenthals_edges_or_any_that_are_asked_for():
    index = np.indices((3, 3)).reshape(2, -1).T
    samples = Samples(points=index.astype(float), index=index, shape=(3, 3))
    assert resolve_adjacency(samples, "auto") == "freudenthal"
    assert resolve_adjacency(samples, "gabriel") == "gabriel"
    around = neighbours(samples, np.arange(9), "gabriel")
    assert sum(map(len, around)) == 12  # the lattice's own edges, each listed once


@pytest.mark.parametrize("adjacency", ["delaunay", "gabriel", "knn", "mutual-knn"])
@pytest.mark.parametrize("count", [1, 2])
def test_few_points_have_few_edges(adjacency, count):
    assert tuples(edges(SQUARE[:count], adjacency)) == ({(0, 1)} if count == 2 else set())


def test_as_many_neighbours_as_there_are_is_all_of_them():
    assert len(edges(SQUARE, "knn", 100)) == 6


@pytest.mark.parametrize("adjacency", ["delaunay", "gabriel"])
def test_a_mesh_of_many_axes_is_refused_and_one_of_few_among_many_is_not(adjacency):
    points = np.random.default_rng(0).normal(size=(30, 6))
    assert len(edges(np.pad(points[:, :3], ((0, 0), (0, 9))), adjacency))
    assert len(edges(points, adjacency))
    with pytest.raises(EvaluationError) as error:
        edges(np.random.default_rng(0).normal(size=(30, 76)), adjacency)
    assert str(error.value) == (
        "topology.adjacency: 'delaunay' and 'gabriel' mesh at most 6 axes, and these samples span 29; 'knn' and "
        "'mutual-knn' take any number"
    )


@pytest.mark.parametrize("adjacency", ["auto", "knn", "mutual-knn"])
def test_neighbours_by_distance_need_no_mesh_in_any_number_of_axes(adjacency):
    samples = Samples(points=np.random.default_rng(0).normal(size=(400, 76)))
    assert len(neighbours(samples, np.arange(400), adjacency)) == 400
