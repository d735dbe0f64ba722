"""The analysis `merging`: recipes by their definitions, soups and pairs of real networks, and honest correlations."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from scipy.linalg import subspace_angles
from scipy.stats import kendalltau, spearmanr
from support.mergeable import analysed, atlas_of, children, network
from support.study import CHILDREN, study_in

from globscope.api import Field, Layout, Networks, SpecError
from globscope.builtin.analyses.merging.gradients import LossGradient, gradient_figures
from globscope.builtin.analyses.merging.merges import greedy, measure_mixtures
from globscope.builtin.analyses.merging.networks import mergeable
from globscope.builtin.analyses.merging.pictures import in_words
from globscope.builtin.analyses.merging.predictors import ALIKE, predictor_name, separate
from globscope.builtin.analyses.merging.recipes import dare, merge_tensors, slerp, ties
from globscope.builtin.analyses.merging.significance import forecast
from globscope.builtin.analyses.merging.soups import sets_of
from globscope.builtin.analyses.merging.subspaces import subspace_overlap
from globscope.pipeline.run import run
from globscope.testing import tiny_atlas, tiny_bench, tiny_task
from globscope.testing.tiny.task import LAYOUT

LOSS, ACCURACY = Field.of("train_loss"), Field.of("train_accuracy")
FLOATS = st.floats(-4, 4, width=32)


# Recipes.


@given(arrays(np.float64, (2, 6), elements=FLOATS))
@settings(deadline=None)
def test_slerp_is_the_point_of_the_arc_as_far_from_both_ends_and_linear_where_there_is_no_arc(tensors):
    middle, lengths = slerp(tensors), np.linalg.norm(tensors, axis=1)
    cosine = tensors[0] @ tensors[1] / (lengths.prod() or 1)
    if abs(cosine) > 0.9995 or not lengths.all():
        np.testing.assert_allclose(middle, tensors.mean(axis=0))
        return
    angle = np.arccos(cosine)
    wanted = sum(np.sin(angle / 2) / np.sin(angle) * one for one in tensors)
    np.testing.assert_allclose(middle, wanted, atol=1e-9)


def test_slerp_between_vectors_of_one_length_keeps_the_length():
    one, other = np.array([[3.0, 0, 0], [0, 3, 0]])
    assert np.linalg.norm(slerp(np.stack([one, other]))) == pytest.approx(3)


def test_ties_keeps_the_largest_changes_elects_a_sign_and_averages_those_that_agree():
    base = np.array([1.0, 1, 1, 1])
    changes = np.array([[4.0, -3, 0.1, 0], [2, 5, 0.1, 0], [-1, -1, 0.2, 0.1]])
    merged = ties(np.vstack([base + changes, base]), density=0.5)
    # Two of four are kept of each: the first weight of all three, the second of all three; signs + and +.
    np.testing.assert_allclose(merged - base, [3.0, 5.0, 0, 0])


def test_ties_that_keeps_all_of_equal_changes_is_their_mean():
    base = np.arange(5.0)
    np.testing.assert_allclose(ties(np.vstack([base + 2, base + 2, base]), density=1.0), base + 2)


def test_dare_keeps_the_mean_change_on_average_and_follows_its_seed():
    base, change = np.zeros(200_000), np.ones(200_000)
    tensors = np.vstack([base + change, base + change, base])
    merged = dare(tensors, 0.2, np.random.default_rng(0))
    # Of weights 0, 2.5 and 5 with a deviation of √2: the mean of 200,000 is off by 0.003, four times over.
    assert merged.mean() == pytest.approx(1, abs=0.015)
    assert set(np.unique(merged)) == {0.0, 2.5, 5.0}
    np.testing.assert_array_equal(merged, dare(tensors, 0.2, np.random.default_rng(0)))
    assert not np.array_equal(merged, dare(tensors, 0.2, np.random.default_rng(1)))


def test_a_recipe_sees_one_tensor_at_a_time():
    weights, seen = np.arange(12, dtype=np.float32).reshape(2, 6), []

    def keep_first(tensors):
        seen.append(tensors.tolist())
        return tensors[0]

    np.testing.assert_array_equal(merge_tensors(weights, (2, 4), keep_first), weights[0])
    assert seen == [[[0, 1], [6, 7]], [[2, 3, 4, 5], [8, 9, 10, 11]]]


# What is merged.


def test_runs_with_one_start_have_a_base_and_others_none_unless_it_is_named():
    atlas = children()
    assert mergeable(atlas, (), None).base.members[0].label == "A@0"
    apart = tiny_atlas()
    assert mergeable(apart, (), None).base is None
    assert mergeable(apart, (), "B@1").base.members[0].label == "B@1"
    # Of runs of one checkpoint the start is the network itself.
    assert mergeable(atlas_of(network(0), network(0)), (), None).base is None


def test_the_greedy_soup_takes_the_best_first_and_keeps_what_does_not_harm():
    members, bench = mergeable(atlas_of(*map(network, range(6))), (), None), tiny_bench()
    kept, fields = greedy(members, LOSS, bench)
    order = [int(row) for row in np.argsort(members.fields["train_loss"])]
    wanted, lowest = order[:1], members.fields["train_loss"][order[0]]
    for row in order[1:]:
        mean = members.networks.weights[[*wanted, row]].mean(axis=0, keepdims=True)
        value = bench.measure(Networks.of(mean))["train_loss"][0]
        if value <= lowest:
            wanted, lowest = [*wanted, row], value
    assert kept == wanted
    assert fields["train_loss"] == pytest.approx(lowest, abs=1e-6)  # a float32 mean in another order
    assert 1 < len(kept) < 6


def test_a_greedy_soup_is_never_worse_than_the_best_member_in_the_field_of_selection():
    _, tables = analysed(children(4, 1.0))
    assert all(row["worse"] <= 0 for row in tables["soups"] if row["recipe"] == "greedy")


def test_task_arithmetic_of_scale_one_is_the_uniform_soup():
    _, tables = analysed(children(), scales=(1.0,))
    rows = {row["recipe"]: row for row in tables["soups"]}
    assert set(rows) == {"uniform", "greedy", "task arithmetic", "TIES", "DARE"}
    assert rows["task arithmetic"]["train_loss"] == pytest.approx(rows["uniform"]["train_loss"], abs=1e-6)


def test_scales_are_chosen_by_the_field_of_selection_not_by_the_one_reported():
    atlas = children(3, 1.0)
    scales = (0.25, 1.0, 3.0)
    by_train, by_test = (
        {row["recipe"]: row for row in analysed(atlas, scales=scales, field="test_loss", select=select)[1]["soups"]}
        for select in ("train_loss", "test_loss")
    )
    for recipe in ("task arithmetic", "TIES", "DARE"):
        assert by_test[recipe]["test_loss"] <= by_train[recipe]["test_loss"]
        assert by_train[recipe]["train_loss"] <= by_test[recipe]["train_loss"]


def test_a_network_merged_with_itself_is_itself():
    _, tables = analysed(atlas_of(network(0), network(0)))
    (row,) = tables["pairs"]
    assert (row["worse"], row["barrier"], row["distance"], row["disagreement"]) == (0, 0, 0, 0)
    assert row["cosine"] == pytest.approx(1)
    assert row["gradient_ends"] == pytest.approx(1)


def test_an_accuracy_is_worse_by_its_fall():
    atlas = atlas_of(*map(network, range(3)))
    _, tables = analysed(atlas, field="train_accuracy")
    truth = atlas.truth["train_accuracy"]
    for row, (a, b) in zip(tables["pairs"], combinations(range(3), 2), strict=True):
        assert row["best"] == max(truth[a], truth[b])
        assert row["worse"] == pytest.approx(row["best"] - row["merged"])


def test_the_barrier_is_that_of_the_straight_line():
    atlas = atlas_of(*map(network, range(2)))
    found, tables = analysed(atlas, points=5)
    t = np.linspace(0, 1, 5)
    line = measure_mixtures(atlas.population, np.column_stack([1 - t, t]), tiny_bench())["train_loss"]
    wanted = (line - ((1 - t) * line[0] + t * line[-1])).max()
    assert tables["pairs"][0]["barrier"] == pytest.approx(max(wanted, 0), abs=1e-6)
    (path,) = found.paths
    assert path.worst == pytest.approx(line.max(), abs=1e-6)


def test_merging_after_alignment_leaves_members_fields_and_measures_no_path_between_the_runs():
    atlas = atlas_of(*map(network, range(3)))
    plain, tables = analysed(atlas)
    aligned, moved = analysed(atlas, aligner="weight-matching")
    assert [row["best"] for row in moved["pairs"]] == [row["best"] for row in tables["pairs"]]
    assert [row["disagreement"] for row in moved["pairs"]] == [row["disagreement"] for row in tables["pairs"]]
    assert moved["pairs"][0]["distance"] != tables["pairs"][0]["distance"]
    assert (len(plain.paths), len(aligned.paths)) == (3, 0)


def test_sets_are_all_networks_each_basin_and_given_lists_without_doubles():
    members = mergeable(atlas_of(*map(network, range(4))), (), None)
    basins = np.array([7, 7, 3, -1])
    found = dict(sets_of(members, basins, [("A", "D"), ("B", "A")]))
    assert found == {"all": [0, 1, 2, 3], "basin 2": [0, 1], "A + D": [0, 3]}
    assert list(dict(sets_of(members, None, []))) == ["all"]


def test_networks_in_no_basin_are_neither_apart_nor_together():
    np.testing.assert_array_equal(separate(np.array([1, 1, 2, -1])), [0, 1, np.nan, 1, np.nan, np.nan])


# Which figures may predict a merge.


def test_gradients_are_those_of_the_training_loss():
    weights, step = network(3), 1e-2
    found = LossGradient(tiny_task(), 1000, 0, "cpu")(weights, {})
    ways = np.eye(LAYOUT.size, dtype=np.float32)[:6] * step
    ends = [tiny_bench().measure(Networks.of(weights + sign * ways))["train_loss"] for sign in (1, -1)]
    # Central differences: an error of a third derivative times 1e-4 / 6, and float32 sums over 2e-2.
    np.testing.assert_allclose(found[:6], (ends[0] - ends[1]) / (2 * step), atol=1e-3)


def test_gradient_cosines_of_a_bowl_are_known():
    weights = np.array([[1.0, 0.0], [-1.0, 1.0]], np.float32)
    found = gradient_figures(lambda vector, _: 2 * vector.astype(float), weights, ({}, {}))
    assert found["gradient_ends"] == pytest.approx(-1 / np.sqrt(2))
    assert found["gradient_middle"] == pytest.approx(1)
    way = weights[1] - weights[0]
    down = [way @ -weights[0] / np.linalg.norm(way), way @ weights[1] / np.linalg.norm(way) / np.sqrt(2)]
    assert found["descent"] == pytest.approx(np.mean(down))


def test_subspaces_that_coincide_overlap_by_one_whatever_the_scale_and_random_ones_by_nothing():
    rng, layout = np.random.default_rng(0), Layout(names=("w", "b"), shapes=((30, 20), (30,)))
    low = rng.normal(size=(30, 2)) @ rng.normal(size=(2, 20))
    changes = np.stack([np.append(low, np.zeros(30)), np.append(-1e-6 * low, np.ones(30))])
    assert subspace_overlap(changes, layout, 8) == pytest.approx(1, abs=1e-6)
    drawn = [subspace_overlap(rng.normal(size=(2, 630)), layout, 4) for _ in range(200)]
    assert np.mean(drawn) == pytest.approx(0, abs=4 * np.std(drawn) / np.sqrt(200))


def test_the_overlap_is_that_of_principal_angles_less_chance():
    rng, layout = np.random.default_rng(1), Layout(names=("w",), shapes=((12, 40),))
    one, other = rng.normal(size=(2, 12, 40))
    wanted = []
    for first, second in ((one, other), (one.T, other.T)):
        left = [np.linalg.svd(matrix)[0][:, :3] for matrix in (first, second)]
        chance = 3 / len(first)
        wanted.append((np.mean(np.cos(subspace_angles(*left)) ** 2) - chance) / (1 - chance))
    assert subspace_overlap(np.stack([one, other]).reshape(2, -1), layout, 3) == pytest.approx(np.mean(wanted))


def test_networks_without_a_matrix_or_a_change_have_no_overlap():
    vector, matrix = Layout(names=("b",), shapes=((9,),)), Layout(names=("w",), shapes=((6, 6),))
    assert np.isnan(subspace_overlap(np.ones((2, 9)), vector, 8))
    assert np.isnan(subspace_overlap(np.zeros((2, 36)), matrix, 8))


def made_up(networks, noise=0.0, seed=0):
    """Return gaps of pairs and a predictor of them: distances of points, with noise."""
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(networks, 2))
    gaps = np.array([np.linalg.norm(a - b) for a, b in combinations(places, 2)])
    return gaps, gaps + noise * rng.normal(size=len(gaps))


def test_a_predictor_that_orders_all_pairs_is_the_strongest_and_correlations_are_those_of_scipy():
    gaps, rough = made_up(8, 0.8)
    found = forecast(
        {"rough": rough, "exact": gaps**2, "barrier": gaps}, {"best": gaps}, 8, 500, np.random.default_rng(0)
    )
    rows = {row["predictor"]: row for row in found.rows}
    assert found.best("best")["predictor"] == "exact"
    assert [rows["exact"][name] for name in ("spearman", "low", "high")] == pytest.approx([1, 1, 1])
    assert rows["rough"]["spearman"] == pytest.approx(spearmanr(rough, gaps).statistic)
    assert rows["rough"]["kendall"] == pytest.approx(kendalltau(rough, gaps).statistic)
    # A draw of three networks may be in order by the rough one too.
    assert rows["exact"]["strongest"] > 0.95
    assert rows["barrier"]["strongest"] is None
    assert rows["exact"]["p"] == pytest.approx(1 / 500)


def test_a_gap_that_is_not_known_costs_its_pair_and_the_null_and_a_constant_predictor_has_no_figures():
    gaps, rough = made_up(6, 0.5)
    gaps[0] = np.nan
    same = np.ones(len(gaps))
    found = forecast({"rough": rough, "same": same}, {"best": gaps}, 6, 100, np.random.default_rng(0))
    one, other = found.rows
    assert (one["pairs"], one["p"], one["spearman"] is None) == (14, None, False)
    assert (other["spearman"], other["low"], other["p"], other["strongest"]) == (None, None, None, None)


# Where it should not be believed.


def test_few_networks_show_no_predictor_to_be_better():
    found, _ = analysed(atlas_of(*map(network, range(3))))
    assert found.warnings == (
        "3 networks have 3 pairs that are not independent: no p-value can be below 0.17, and no predictor is shown to "
        "be better than another",
    )


def test_a_merge_that_is_not_finite_is_named_and_stays_as_it_is():
    huge = network(0) * np.float32(1e30)
    found, tables = analysed(atlas_of(*map(network, range(4)), huge))
    lost = [row for row in tables["pairs"] if row["merged"] is None]
    assert len(lost) == 4
    assert found.warnings[0].startswith("the merged training loss is not finite for A and E, B and E, C and E, D and E")


MESSAGES = {
    'members = ["A"]': "merging: merges 2 to 100 networks, here are 1",
    'members = ["A", "Bb"]': "merging.members.1: there is no network 'Bb'; did you mean 'B'?",
    'sets = [["A"]]': "merging.sets.0: needs two networks or more, each named once",
    'sets = [["A", "C"]]': "merging.sets.0: 'C' is not among the networks that are merged",
    'select = "val_loss"': "merging.select: the task measures no 'val_loss'; did you mean 'train_loss'?",
    'select = "train_gradient_norm"': "merging.select: the task measures no 'train_gradient_norm'; "
    "evaluator.gradient_norm = true adds it",
}


@pytest.mark.parametrize("line", MESSAGES)
def test_a_spec_that_cannot_work_is_refused_before_anything_is_trained(tmp_path, line):
    study = study_in(tmp_path, SPEC + line)
    with pytest.raises(SpecError) as refused:
        study.run()
    assert MESSAGES[line] in str(refused.value)


SPEC = f"""
[task]
use = "classification"
hidden = [8]
{CHILDREN.strip()}
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
resolution = 3
[evaluator]
use = "torch"
examples = 64
[[analysis]]
use = "merging"
points = 3
scales = [1.0]
"""


def test_a_study_merges_the_children_of_its_parent(tmp_path):
    found = run(study_in(tmp_path, SPEC).workshop()).findings["merging"]
    recipes = [row["recipe"] for row in found.table("soups").rows]
    assert recipes == ["uniform", "greedy", "slerp", "task arithmetic", "TIES", "DARE"]
    assert {row["predictor"] for row in found.table("predictors").rows} >= {"distance", "1 − cosine", "disagreement"}
    assert [picture.name for picture in found.pictures][:2] == ["merged pairs", "soups"]


def test_the_axes_of_predictors_are_in_words():
    names = [in_words(predictor_name(figure)) for figure in (*ALIKE, "distance", "separate basins")]
    assert [name for name in names if "_" in name] == []
    assert in_words("1 − gradient_middle") == "1 − cosine of the gradient half-way"
    assert in_words("distance") == "distance"
