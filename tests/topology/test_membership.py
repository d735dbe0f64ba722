"""A network lies in a basin only where the map shows that very network; else it is not on this map."""

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings, strategies as st
from matplotlib.text import Text
from support.maps import scene_of

from globscope.api import (
    AffineSpace,
    Atlas,
    Chart,
    FullSpace,
    Layout,
    Map,
    Member,
    Passes,
    Population,
    RunsOnMap,
    Samples,
    depiction,
    last_networks,
    membership,
    neighbours,
    sweep_order,
)
from globscope.builtin.analyses.fidelity.analysis import Fidelity
from globscope.builtin.analyses.fidelity.pairs_of_runs import pairs
from globscope.builtin.topology import Gudhi
from globscope.report import plot
from globscope.report.map.trajectory import variants_not_shown
from globscope.report.style.palette import RIM
from globscope.report.topology.figures import plot_tree
from globscope.report.topology.landscape_profile import ProfileScales, caption
from globscope.testing import tiny_bench
from globscope.testing.tiny.landscapes import bowls, height, landscape, lattice, path, vertex
from globscope.topology import membership as why
from globscope.topology.surroundings import Surroundings

# Three runs: two at the bowls' floors, one on the slope of the deep bowl.
ENDS = np.array([[-1.0, 0.0], [1.0, 0.0], [-1.3, 0.2]])
DEEP, SHALLOW = vertex(-1, 0), vertex(1, 0)


def a_map(landscape=None, points=ENDS, own=None, name="map", threshold=0.1, **changes):
    """Return a map of one network a run, at given points, that decodes them all without a loss."""
    landscape, names = landscape or bowls(), "ABCDEFG"[: len(points)]
    members = tuple(Member(variant=variant, step=1) for variant in names)
    weights = np.pad(10 * points, ((0, 0), (0, 1))).astype(np.float32)
    layout = Layout(names=("w",), shapes=((weights.shape[1],),))
    found = {"train_loss": height(points) if own is None else np.array(own, float)}
    known = {
        "name": name,
        "chart": Chart(space=FullSpace(mean=np.zeros(3)), latents=points, decode=np.array, members=members),
        "population": Population(members=members, weights=weights, layout=layout),
        "coordinates": weights.astype(float),
        "outside": np.zeros(len(points)),
        "reconstruction": weights.astype(float),
        "truth": found,
        "decoded": found,
        "landscapes": {"grid": landscape},
        "topologies": {"grid": {"gudhi": Gudhi(persistence=threshold).compute(landscape)}},
    }
    return Map(**known | changes)


def ends(one):
    found = last_networks(one, one.landscape, one.topology)
    return found.basins.tolist(), list(found.reasons)


def with_values(change, **changes):
    """Return the two bowls with their heights changed."""
    landscape, values = bowls(), height(lattice().points)
    for (x, y), value in change.items():
        values[vertex(x, y)] = value
    return evolve(landscape, fields=dict.fromkeys(landscape.fields, values), **changes)


def untrusted(*places):
    trusted = np.ones(81, bool)
    trusted[[vertex(*place) for place in places]] = False
    return trusted


def test_networks_that_a_map_shows_lie_in_the_basins_that_they_drain_to():
    assert ends(a_map()) == ([DEEP, SHALLOW, DEEP], ["", "", ""])


def test_a_run_between_untrusted_samples_of_high_loss_is_not_in_the_basin_that_they_drain_to():
    """Kernel-PCA's case: a loss of 0.634 whose nearest sample, of loss 4,312, drains to another run's minimum."""
    values = 4312 + height(lattice().points)
    values[DEEP] = 0.02
    far = np.linalg.norm(lattice().points - (-1, 0), axis=1) > 0.1
    landscape = evolve(bowls(), fields={"train_loss": values}, trusted=~far)
    one = a_map(landscape, np.array([[-1.0, 0.0], [-0.8, 1.7]]), own=[0.021, 0.634])
    assert one.topology.tree.minima.tolist() == [DEEP, SHALLOW]
    nearest = one.landscape.nearest(one.chart.latents)
    assert one.topology.tree.basin[nearest].tolist() == [DEEP, DEEP]
    assert ends(one) == ([DEEP, -1], ["", why.BETWEEN])
    found = fidelity(one)
    assert found.records["map"]["loss_gap_max"] == 0
    assert (found.records["map"]["basins_of_variants"], found.records["map"]["runs_not_on_map"]) == (1, 1)
    assert found.warnings == (
        "map: 1 of 2 runs is not on this map, and in none of its basins (B: the basin lies between the samples)",
    )
    # Nor where its own dent is not deep: the sample beside it is not trusted.
    assert ends(evolve(one, truth=(sunk := {"train_loss": np.array([0.021, 4314.2])}), decoded=sunk)) == (
        [DEEP, -1],
        ["", why.EXTRAPOLATED],
    )


def test_fidelity_counts_the_runs_that_are_not_on_the_map_and_says_why():
    one = a_map(own=[0.0, 0.25, 0.13], decoded={"train_loss": np.array([0.0, 0.25, 0.63])})
    found = fidelity(one)
    assert (found.records["map"]["basins_of_variants"], found.records["map"]["runs_not_on_map"]) == (2, 1)
    assert found.warnings == (
        "map: 1 of 3 runs is not on this map, and in none of its basins (C: the decoded network has another loss)",
    )
    assert fidelity(a_map()).warnings == ()


def fidelity(*maps):
    atlas = Atlas(population=maps[0].population, truth=maps[0].truth, maps=maps)
    return Fidelity().analyse(atlas, tiny_bench(), np.random.default_rng(0))


@pytest.mark.parametrize(("gap", "there"), [(0.0, True), (0.099, True), (0.101, False), (np.nan, False), (5, False)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_gap_of_more_than_the_persistence_threshold_is_another_network(gap, there, sign):
    one = a_map()
    decoded = {"train_loss": one.truth["train_loss"] + sign * np.array([gap, 0, 0])}
    assert ends(evolve(one, decoded=decoded))[1] == ["" if there else why.LOSS, "", ""]


def test_a_hundredth_of_a_loss_is_no_gap_however_small_the_threshold_is():
    one = a_map(threshold=0.0)
    for share, reason in ((0.009, ""), (0.011, why.LOSS)):
        decoded = {"train_loss": one.truth["train_loss"] * (1 + share)}
        assert ends(evolve(one, decoded=decoded))[1][1] == reason


@pytest.mark.parametrize("decoded", [0.0, np.inf, -np.inf])
def test_a_network_whose_own_loss_is_infinite_is_shown_by_no_finite_one(decoded):
    one = a_map(own=[np.inf, 0.25, 0.13])
    values = {"train_loss": np.array([decoded, 0.25, 0.13])}
    assert ends(evolve(one, decoded=values))[1] == [why.LOSS, "", ""]


def test_a_network_that_decodes_far_from_itself_is_not_shown():
    one = a_map()
    moved = one.reconstruction + np.array([[0, 0, 0], [0, 0, 0], [0, 0, 5]])
    assert ends(evolve(one, reconstruction=moved))[1] == ["", "", why.FAR]


def test_a_network_that_decodes_beyond_all_numbers_is_not_shown_and_no_warning_of_numpy_says_so():
    one = a_map()
    one = evolve(one, reconstruction=one.reconstruction * 1e300)
    assert last_networks(one, one.landscape, one.topology).reasons == (why.FAR,) * 3


def test_a_dent_deeper_than_the_threshold_between_the_samples_is_a_basin_that_the_map_does_not_show():
    # The lowest corner around (0.3, 1.2) is (0.5, 1), of height 1.5.
    for own, reason in ((1.45, ""), (1.2, why.BETWEEN)):
        found = a_map(points=np.array([[-1.0, 0.0], [1.0, 0.0], [0.3, 1.2]]), own=[0, 0.25, own])
        assert ends(found)[1] == ["", "", reason]


def test_what_lies_below_its_basins_minimum_deepens_it():
    """A coarse lattice has no sample at a floor, and the networks that lie there are in its basin all the same."""
    one = a_map(points=ENDS + 0.2, own=[-1.0, -1.0, 0.13])
    assert ends(one) == ([DEEP, SHALLOW, DEEP], ["", "", ""])


def test_a_network_beside_which_the_map_extrapolates_is_in_no_basin():
    assert ends(a_map(bowls_with(untrusted((1, 0)))))[1] == ["", why.EXTRAPOLATED, ""]
    # Where the lowest sample around the point is trusted, the others need not be.
    corners = np.array([[-1.0, 0.0], [1.0, 0.0], [-1.3, 0.8]])
    for corner, reason in (((-1.5, 1), ""), ((-1.5, 0.5), ""), ((-1, 0.5), why.EXTRAPOLATED)):
        assert ends(a_map(bowls_with(untrusted(corner)), points=corners))[1] == ["", "", reason]


def test_a_low_way_to_the_minimum_joins_a_network_with_it_though_it_is_not_trusted():
    """Its samples are networks whose losses were measured, as between the children of one network."""
    trusted = np.isin(np.arange(81), [DEEP, SHALLOW, vertex(-1, 1)])
    point = np.array([[-1.0, 0.0], [1.0, 0.0], [-1.0, 1.0]])
    assert ends(a_map(bowls_with(trusted), points=point)) == ([DEEP, SHALLOW, DEEP], ["", "", ""])
    # Nor need the minimum be: on level ground it is chance which sample is the lowest.
    level = np.where(height(lattice().points) < 1.3, 0.1, 2.0) + np.linspace(0.01, 0, 81)
    ground = evolve(bowls(), fields={"train_loss": level}, trusted=trusted)
    one = a_map(ground, points=point, own=[0.1, 0.1, 0.1])
    (minimum,) = one.topology.tree.minima.tolist()
    assert not trusted[minimum]
    assert ends(one) == ([minimum] * 3, ["", "", ""])


def bowls_with(trusted):
    return evolve(bowls(), trusted=trusted)


def test_a_loss_that_nobody_measured_is_no_evidence():
    assert ends(a_map(truth={}))[1] == [why.UNKNOWN] * 3


def test_samples_that_are_not_finite_are_not_beside_a_network():
    corners = {(x, y): np.nan for x in (0.5, 1, 1.5) for y in (-0.5, 0, 0.5)}
    assert ends(a_map(with_values(corners)))[1] == ["", why.OUTSIDE, ""]


def test_a_point_outside_the_samples_is_in_no_basin():
    beyond = np.array([[-1.0, 0.0], [1.0, 0.0], [9.0, 0.0]])
    assert ends(a_map(points=beyond, own=[0, 0.25, 65]))[1] == ["", "", why.OUTSIDE]
    points = np.random.default_rng(0).uniform((0.5, -0.5), (1.5, 0.5), (200, 2))
    surface = landscape(height(points), Samples(points=points), "train_loss")
    one = a_map(surface, np.array([[1.0, 0.0], [-1.0, 0.0]]), own=[0.25, 0.0])
    assert ends(one)[1] == ["", why.OUTSIDE]


def test_a_path_has_no_basins_for_networks_that_are_not_on_it():
    landscape = path(np.array([0.0, 3.0, 1.0]))
    assert ends(a_map(landscape))[1] == [why.PATH] * 3
    assert fidelity(a_map(landscape)).warnings == ()


def test_a_slice_shows_the_networks_on_it_and_warns_of_no_other():
    one = a_map()
    chart = evolve(one.chart, extent=np.array([[-2.0, -2.0], [2.0, 2.0]]))
    cut = evolve(one, chart=chart, outside=np.array([0.0, 0.0, 5.0]))
    assert ends(cut) == ([DEEP, SHALLOW, -1], ["", "", why.OFF_SLICE])
    assert fidelity(cut).warnings == ()


def test_the_end_of_a_run_that_is_not_on_the_map_is_a_hollow_star():
    one = a_map(decoded={"train_loss": height(ENDS) + np.array([0, 0, 0.5])})
    figure = plot(one)
    stars = [line for line in figure.axes[0].lines if line.get_marker() == "*"]
    assert [line.get_mfc() == RIM for line in stars] == [False, False, True]
    assert variants_not_shown(one) == {"C"}
    said = " ".join(text.get_text() for text in figure.findobj(Text))
    assert "end of a run that is not on this map" in said
    shown = plot(a_map())
    assert not any(line.get_mfc() == "white" for line in shown.axes[0].lines if line.get_marker() == "*")
    assert "not on this map" not in " ".join(text.get_text() for text in shown.findobj(Text))


def test_leaves_captions_and_profiles_name_the_runs_that_are_not_on_the_map():
    one = a_map(decoded={"train_loss": height(ENDS) + np.array([0, 0, 0.5])})
    tree = scene_of(one).tree
    assert tree.run_ends == "2 runs end in 2 basins; 1 of 3 runs is not on this map (C)"
    assert tree.missing_runs == "Not on this map: C."
    assert "Not on this map: C." in " ".join(text.get_text() for text in plot_tree(tree).findobj(Text))
    assert " Not on this map: C. " in caption(tree, ProfileScales.of([tree]))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**16), st.sampled_from([0.0, 0.05, 0.3]), st.integers(0, 20))
def test_a_network_at_a_sample_is_in_the_samples_basin(seed, threshold, holes):
    """Whatever the field, the threshold and the samples that are not finite."""
    rng = np.random.default_rng(seed)
    values = np.round(rng.uniform(0, 1, 81), 2)
    values[rng.permutation(81)[:holes]] = np.nan
    surface = landscape(values, lattice(), "train_loss")
    topology = Gudhi(persistence=threshold).compute(surface)
    one = a_map(points=lattice().points[:7], own=values[:7])
    networks = evolve(depiction(one, "train_loss", range(7)), distance=np.zeros(7))
    np.testing.assert_array_equal(membership(one, surface, topology, networks).basins, topology.tree.basin[:7])


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**16), st.sampled_from([0.0, 0.05, 0.3]))
def test_no_way_from_a_sample_to_the_minimum_of_its_basin_climbs_more_than_the_threshold(seed, threshold):
    """Which is why a network that drains to a sample is joined with the minimum, and needs no further proof."""
    values = np.round(np.random.default_rng(seed).uniform(0, 1, 81), 2)
    tree = Gudhi(persistence=threshold).compute(landscape(values, lattice(), "train_loss")).tree
    swept = sweep_order(values, np.isfinite(values))
    passes = Passes.of(neighbours(lattice(), swept))
    for minimum in tree.minima.tolist():
        ceilings = values[swept][passes.highest(int(np.flatnonzero(swept == minimum)[0]))]
        own = tree.basin[swept] == minimum
        assert (ceilings[own] <= values[swept][own] + threshold + 1e-12).all()  # of sums of decimal fractions


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**16), st.integers(1, 3))
def test_the_samples_around_a_point_of_a_lattice_are_the_corners_of_its_cell(seed, axes):
    """Also where the lattice is turned and its steps differ."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(2, 5, axes).tolist())
    index = np.indices(shape).reshape(axes, -1).T
    turn, origin = np.linalg.qr(rng.normal(size=(axes, axes)))[0] * rng.uniform(0.1, 9, axes)[:, None], rng.normal()
    kept = rng.permutation(len(index))
    samples = Samples(points=index[kept] @ turn + origin, index=index[kept], shape=shape)
    inside = rng.uniform(0.01, 0.99, axes) + [rng.integers(0, size - 1) for size in shape]
    corners = (np.abs(index[kept] - inside) < 1).all(axis=1)
    found = Surroundings.of(samples).around(inside @ turn + origin)
    assert sorted(found.tolist()) == np.flatnonzero(corners).tolist()
    assert Surroundings.of(samples).around(samples.points[0]).tolist() == [0]


def test_maps_that_disagree_on_a_pair_are_named_with_the_one_to_believe():
    near = a_map(name="near", points=np.array([[-1.0, 0.0], [1.0, 0.0], [-1.3, 0.2]]))
    level = np.where(height(lattice().points) < 1.3, 0.1, 2.0)
    landscape = evolve(bowls(), fields={"train_loss": level})
    far = a_map(landscape, name="far", own=near.truth["train_loss"], decoded={"train_loss": np.array([0.09, 0.2, 0.5])})
    found = fidelity(near, far)
    pairs = {(row["one"], row["other"]): row for row in next(t for t in found.tables if t.name == "pairs").rows}
    assert pairs["A", "B"] == {
        "one": "A",
        "other": "B",
        "on near": "separate",
        "on far": "share",
        "answer": "separate",
        "closest_map": "near",
        "loss_gap": 0.0,
    }
    assert (pairs["A", "C"]["on near"], pairs["A", "C"]["on far"]) == ("share", "not on this map: C")
    assert pairs["A", "C"]["answer"] == "share"
    assert found.warnings[-1] == (
        "maps disagree on whether 1 pair of runs shares a basin: A and B are separate on near, which shows them best "
        "(loss gap 0)"
    )
    assert not fidelity(near).tables


def test_a_map_that_has_no_path_between_two_runs_does_not_say_that_they_are_separate():
    column = lattice().points[np.isclose(lattice().points[:, 0], 0)]
    cut = a_map(with_values({tuple(point): np.nan for point in column}), name="cut")
    whole = a_map(name="whole", decoded={"train_loss": height(ENDS) + 0.01})
    assert cut.topology.tree.parts.tolist() == [0, 1]
    assert whole.topology.tree.parts.tolist() == [0, 0]
    pairs = next(table for table in fidelity(cut, whole).tables if table.name == "pairs").rows
    assert [(row["on cut"], row["on whole"], row["answer"], row["closest_map"]) for row in pairs] == [
        ("no path", "separate", "separate", "whole"),
        ("share", "share", "share", "cut"),
        ("no path", "separate", "separate", "whole"),
    ]
    assert scene_of(cut).tree.leaves == "2 basins of persistence > 0.1, in 2 parts that no path joins"


def test_of_thousands_of_pairs_those_on_which_maps_disagree_are_listed():
    runs, zero = 120, np.zeros(120)
    alone, together = np.arange(runs), np.arange(runs)
    together[1] = 0
    maps = [
        RunsOnMap(
            name=name,
            variants=tuple(f"r{at}" for at in range(runs)),
            basins=basins,
            reasons=("",) * runs,
            gaps=zero,
            parts=zero,
        )
        for name, basins in (("one", alone), ("two", together))
    ]
    table, warnings = pairs(maps)
    assert [(row["one"], row["other"], row["on one"], row["on two"]) for row in table.rows] == [
        ("r0", "r1", "separate", "share")
    ]
    assert " Of 7,140 pairs, only those on which maps disagree are listed" in table.caption
    assert warnings[0].startswith(
        "maps disagree on whether 1 pair of runs shares a basin: r0 and r1 are separate on one"
    )


def test_a_pair_that_no_map_shows_has_no_answer():
    lost = [a_map(name=name, truth={}) for name in ("one", "answer")]
    (row, *_) = next(table for table in fidelity(*lost).tables if table.name == "pairs").rows
    assert (row["answer"], row["closest_map"], row["loss_gap"]) == (None, None, None)
    assert row["on answer"] == "not on this map: A, B"


def test_a_slice_of_one_network_shows_it_though_the_population_has_no_radius():
    one = a_map(points=ENDS[:1])
    extent = np.array([[-2.0, -2.0], [2.0, 2.0]])
    alone = AffineSpace(origin=np.zeros(3), basis=np.eye(2, 3))
    cut = evolve(one, chart=evolve(one.chart, extent=extent, space=alone), reconstruction=one.coordinates + 1e-6)
    assert ends(cut) == ([DEEP], [""])
