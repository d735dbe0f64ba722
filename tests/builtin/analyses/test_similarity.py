"""Likeness of outputs beside distances: CKA, disagreement, and their rank correlation with a map."""

from functools import partial

import numpy as np
import pytest
import torch
from attrs import evolve
from hypothesis import given, settings, strategies as st
from hypothesis.extra.numpy import arrays
from support.paths import NETS
from support.study import TINY, study_in

from globscope.api import (
    CheckFacts,
    Code,
    EvaluationError,
    Layout,
    Member,
    Networks,
    Population,
    SpecError,
    fixed_examples,
)
from globscope.builtin.analyses.outputs.network_outputs import cycle_places
from globscope.builtin.analyses.outputs.pair_similarity import differences, disagreements, linear_cka
from globscope.builtin.analyses.rank_correlation import correlations, intervals
from globscope.builtin.analyses.similarity.analysis import Similarity
from globscope.builtin.analyses.similarity.pairwise import MOST
from globscope.builtin.analyses.weight_distances import distances_in_weight_space
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.language import LanguageModelling
from globscope.builtin.tasks.regression import Regression
from globscope.pipeline.run import run
from globscope.population.flatten import FlattenedProbe
from globscope.testing import tiny_atlas, tiny_bench, tiny_task
from globscope.testing.tiny.bench import TinyBench
from globscope.testing.tiny.task import LAYOUT

SIMILARITY = '[[analysis]]\nuse = "similarity"\n'


def analysed(atlas, seed=0, bench=None, **options):
    found = Similarity(**options).analyse(atlas, bench or tiny_bench(), np.random.default_rng(seed))
    return found, {table.name: table.rows for table in found.tables}


@pytest.fixture(scope="module")
def everything():
    """The tiny atlas with all of its members compared; the bootstrap makes this the slow part."""
    return analysed(tiny_atlas(), members="all")


def network(seed):
    return tiny_task().build("cpu").initialise(seed)[0]


def atlas_of(*networks, variants="ABCDEFGH"):
    """Return the finished values of networks, one a variant, on a linear map."""
    weights = np.stack([LAYOUT.flatten(one) for one in networks])
    members = tuple(Member(variant=variants[at], step=0) for at in range(len(networks)))
    population, bench = Population(members=members, weights=weights, layout=LAYOUT), tiny_bench()
    linear = bench.landscape(bench.fit("linear", population))
    return evolve(tiny_atlas(), population=population, truth=bench.measure(Networks.of(weights)), maps=(linear,))


def permuted(network, order):
    """Return the same function with the hidden neurons in another order."""
    own = {name: network[name][order] for name in ("inner.weight", "inner.bias")}
    return own | {"outer.weight": network["outer.weight"][:, order], "outer.bias": network["outer.bias"]}


def test_a_permuted_copy_answers_alike_although_its_weights_are_far():
    one = network(0)
    _, tables = analysed(atlas_of(one, permuted(one, [3, 4, 5, 0, 1, 2]), network(1)))
    copy, other, _ = tables["pairs"]
    assert copy["cka"] == pytest.approx(1, abs=1e-5)  # float32 sums in another order
    assert copy["disagreement"] == 0
    assert copy["weight_distance"] > 1
    assert other["cka"] < 0.9
    assert other["disagreement"] > 0


@given(
    arrays(np.float64, (12, 3), elements=st.floats(-1, 1)),
    arrays(np.float64, (12, 3), elements=st.floats(-1, 1)),
    st.floats(0.1, 10),
    st.integers(0, 1000),
)
@settings(deadline=None)
def test_cka_sees_neither_rotation_nor_scale_nor_shift_of_the_values(noise, other, scale, seed):
    rng = np.random.default_rng(seed)
    one = noise + np.eye(12, 3)  # never constant
    turned = scale * one @ np.linalg.qr(rng.normal(size=(3, 3)))[0] + rng.normal(size=3)
    two = other + np.eye(12, 3)[::-1]
    alike, first, second = linear_cka(np.stack([one, turned, two]))
    # Doubles of magnitude 10 less their mean.
    assert alike == pytest.approx(1, abs=1e-9)
    assert first == pytest.approx(second, abs=1e-9)
    assert -1e-9 <= first <= 1 + 1e-9


def test_cka_is_that_of_the_paper_also_with_more_values_than_examples():
    """Kornblith et al. define it by examples × examples Gram matrices: HSIC(K, L) / √(HSIC(K, K) HSIC(L, L))."""
    rng = np.random.default_rng(0)
    for values in (3, 40):
        answers = rng.normal(size=(2, 12, values))
        centring = np.eye(12) - 1 / 12
        K, L = (centring @ own @ own.T @ centring for own in answers)
        wanted = (K * L).sum() / np.sqrt((K * K).sum() * (L * L).sum())
        assert linear_cka(answers)[0] == pytest.approx(wanted, rel=1e-9)


def test_outputs_that_are_constant_or_not_finite_have_no_figure():
    rng = np.random.default_rng(0)
    answers = rng.normal(size=(4, 10, 3)).astype(np.float32)
    answers[2], answers[3, 0, 0] = 0.1, np.inf
    known = np.array([True, False, False, False, False, False])
    np.testing.assert_array_equal(np.isfinite(linear_cka(answers)), known)
    # A constant network has a largest output still.
    np.testing.assert_array_equal(np.isfinite(disagreements(answers)), [True, True, False, True, False, False])
    still = np.broadcast_to(np.float32(0.1), (2, 10, 3))
    assert np.isnan(differences(still)).all()


def test_differences_are_0_for_equal_outputs_and_near_2_for_unrelated_ones():
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(2, 4000, 1))
    same, unrelated, _ = differences(np.stack([one, one, two]))
    assert same == 0
    assert unrelated == pytest.approx(2, rel=0.1)  # 4000 draws: 1/√4000 = 0.016, six times over


def test_a_map_that_is_an_isometry_agrees_with_weight_space_entirely():
    atlas = tiny_atlas()
    chart = evolve(atlas.maps[0].chart, latents=atlas.maps[0].coordinates)
    atlas = evolve(atlas, maps=(evolve(atlas.maps[0], chart=chart),))
    _, tables = analysed(atlas, members="all")
    linear, itself = (row for row in tables["agreement"] if row["of"] == "all pairs")
    assert linear["weight_distance"] == pytest.approx(1, abs=1e-12)
    assert [linear[f"weight_distance_{end}"] for end in ("low", "high")] == pytest.approx([1, 1], abs=1e-12)
    # So its agreement with outputs is that of the weights.
    assert linear["cka"] == pytest.approx(itself["cka"], abs=1e-12)
    assert itself["weight_distance"] is None


def test_distances_of_weights_are_euclidean_also_in_chunks():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(3, 3_000_000)).astype(np.float32)
    wanted = [np.linalg.norm(weights[a].astype(float) - weights[b]) for a, b in ((0, 1), (0, 2), (1, 2))]
    np.testing.assert_allclose(distances_in_weight_space(weights), wanted, rtol=1e-12)


def test_correlations_are_spearmans_and_their_interval_holds_them_and_follows_the_seed():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(0)
    figures = rng.normal(size=(2, 45))
    figures[1] += figures[0]
    every = np.ones(45, bool)
    found = correlations(figures)[0, 1]
    assert found == pytest.approx(spearmanr(*figures).statistic, abs=1e-12)
    low, high = intervals(figures, 10, every, np.random.default_rng(1))[:, 0, 1]
    assert low < found < high
    np.testing.assert_array_equal(intervals(figures, 10, every, np.random.default_rng(1))[:, 0, 1], [low, high])
    assert not np.array_equal(intervals(figures, 10, every, np.random.default_rng(2))[:, 0, 1], [low, high])


def test_three_networks_have_no_interval_and_pairs_that_are_not_chosen_no_say():
    rng = np.random.default_rng(0)
    figures, chosen = rng.normal(size=(2, 45)), np.arange(45) != 7
    clean = intervals(figures, 10, chosen, np.random.default_rng(1))
    figures[0, 7] = np.nan
    np.testing.assert_array_equal(intervals(figures, 10, chosen, np.random.default_rng(1)), clean)
    assert np.isnan(intervals(figures[:, :3], 3, chosen[:3], np.random.default_rng(1))[:, 0, 1]).all()


def test_pairs_of_one_variant_and_of_two_are_reported_apart(everything):
    _, tables = everything
    counts = {row["of"]: row["pairs"] for row in tables["agreement"]}
    assert counts == {"all pairs": 66, "one variant": 18, "two variants": 48}
    _, tables = analysed(tiny_atlas())
    assert {row["of"] for row in tables["agreement"]} == {"all pairs"}


def test_a_network_that_diverged_is_left_out_of_the_correlations_and_reported():
    networks = [network(seed) for seed in range(6)]
    networks[5] = {name: tensor * np.float32(1e30) for name, tensor in networks[5].items()}
    found, tables = analysed(atlas_of(*networks))
    assert tables["agreement"][0]["pairs"] == 10
    assert found.warnings[0].startswith("5 of 15 pairs cannot be compared")
    assert [row["cka"] is None for row in tables["pairs"]].count(True) == 5


def test_members_are_the_last_of_each_variant_or_all_or_every_kth_back_from_the_last(everything):
    chosen = {}
    for members in ("last", "all", 2, 9):
        _, tables = everything if members == "all" else analysed(tiny_atlas(), members=members)
        chosen[members] = {row[key] for row in tables["pairs"] for key in ("one", "other")}
    assert chosen["last"] == {"A@3", "B@3", "C@3"} == chosen[9]
    assert len(chosen["all"]) == 12
    assert chosen[2] == {f"{variant}@{step}" for variant in "ABC" for step in (1, 3)}


def test_pictures_are_of_the_last_networks_and_of_all_pairs(everything):
    found, tables = everything
    cka, disagreement, distances = found.pictures
    assert cka.rows == disagreement.columns == ("A", "B", "C")
    by = {(row["one"], row["other"]): row for row in tables["pairs"]}
    assert cka.values[0][2] == cka.values[2][0] == by["A@3", "C@3"]["cka"]
    assert disagreement.values[1][2] == by["B@3", "C@3"]["disagreement"]
    assert [panel.title for panel in distances.panels] == ["linear", "scatter", "barren"]
    two, one = distances.panels[0].series
    assert (len(two.x), len(one.x)) == (66 - 18, 18)


def test_more_pairs_than_anyone_reads_are_neither_listed_nor_drawn():
    rng = np.random.default_rng(0)
    count = 102  # 5,151 pairs
    weights = rng.normal(size=(count, LAYOUT.size)).astype(np.float32)
    members = tuple(Member(variant="A", step=step) for step in range(count))
    population, bench = Population(members=members, weights=weights, layout=LAYOUT), tiny_bench()
    atlas = evolve(tiny_atlas(), population=population, maps=(bench.fit("linear", population),))
    found, tables = analysed(atlas, members="all")
    assert count * (count - 1) // 2 > MOST
    assert list(tables) == ["agreement"]
    assert "The 5,151 pairs themselves are neither listed nor drawn" in found.tables[0].caption
    assert [picture.name for picture in found.pictures] == ["cka", "disagreement"]


def test_a_map_on_which_distance_says_nothing_of_the_outputs_is_reported():
    rng = np.random.default_rng(0)
    atlas = atlas_of(*map(network, range(8)))
    chart = evolve(atlas.maps[0].chart, latents=rng.normal(size=(8, 2)))
    found, tables = analysed(evolve(atlas, maps=(evolve(atlas.maps[0], chart=chart),)))
    row, _ = tables["agreement"]
    assert row["cka_low"] < 0 < row["cka_high"]
    assert "linear: nearness on the map does not show which networks have similar outputs" in found.warnings[0]


def test_statistics_are_re_estimated_so_that_an_affine_change_before_normalisation_is_not_seen():
    one = network(0)
    moved = one | {"inner.weight": 3 * one["inner.weight"], "inner.bias": one["inner.bias"] + 5}
    bench = TinyBench(task=tiny_task(normalised=True))
    _, tables = analysed(atlas_of(one, moved, network(1)), bench=bench)
    # Batch statistics undo it but for the 1e-5 that is added to a variance.
    assert tables["pairs"][0]["cka"] == pytest.approx(1, abs=1e-3)
    assert tables["pairs"][0]["disagreement"] == 0


def test_where_a_network_answers_at_several_places_each_example_gives_the_next_one():
    outputs = torch.arange(5 * 3 * 2).reshape(5, 3, 2)
    assert cycle_places(outputs, 4).tolist() == [outputs[row, (row + 4) % 3].tolist() for row in range(5)]
    assert torch.equal(cycle_places(outputs[:, 0], 1), outputs[:, 0].float())


def test_the_same_examples_are_drawn_every_time_and_no_more_than_there_are():
    probe = tiny_task().build("cpu")
    assert torch.equal(fixed_examples(probe, "test", 10), fixed_examples(probe, "test", 10))
    assert len(set(fixed_examples(probe, "test", 10).tolist())) == 10
    assert fixed_examples(probe, "test", 1000).tolist() == list(range(24))


@pytest.mark.parametrize("kind", ["classification", "batch norm", "regression", "language"])
def test_outputs_are_those_that_the_loss_and_the_accuracy_are_of(kind, tmp_path):
    from torch.nn import functional

    (tmp_path / "text.txt").write_text("The loss was without form, and large. " * 60)
    small = {"dim": 8, "depth": 1, "heads": 1}
    task, loss = {
        "classification": (Classification(hidden=(8,)), functional.cross_entropy),
        "batch norm": (Classification(model=Code(str(NETS), "batch_norm")), functional.cross_entropy),
        "regression": (Regression(hidden=(8,)), functional.mse_loss),
        "language": (LanguageModelling(path=tmp_path / "text.txt", context=16, model_options=small), None),
    }[kind]
    probe = task.build("cpu")
    parameters, buffers = probe.initialise(0)
    batch = probe.batch("train", torch.arange(10))
    outputs = probe.outputs(parameters, buffers, batch)
    loss = loss or (lambda said, targets: functional.cross_entropy(said.flatten(0, 1), targets.flatten()))
    wanted = probe.objective(parameters, buffers, batch, training=False)
    torch.testing.assert_close(loss(outputs, batch[1]), wanted)
    if "accuracy" in probe.measures:
        right, weight = probe.reduce(parameters, buffers, batch)["accuracy"]
        assert (outputs.argmax(-1) == batch[1]).sum() == right
        assert outputs.argmax(-1).numel() == weight


@pytest.fixture
def study(tmp_path):
    return partial(study_in, tmp_path, TINY + SIMILARITY)


def test_a_study_compares_its_networks_and_asks_none_of_them_twice(study, notes):
    first = run(study().workshop())
    agreement = first.findings["similarity"].tables[1].rows
    assert [row["name"] for row in agreement] == ["pca", "(weight space)"]
    assert agreement[0]["pairs"] == 3
    assert set(first.findings["similarity"].records["pca"]) >= {"similarity_cka"}
    # Another reducer asks for another finding, and for no network's outputs.
    run(study("reducer.0.latent_dim=1", "sampler.0.resolution=3").workshop(notes))
    assert "similarity" in notes.ran
    assert [label for label in notes.ran if label.startswith("outputs")] == []


def test_a_network_of_which_a_part_is_flattened_answers_with_the_rest():
    probe = tiny_task().build("cpu")
    parameters, batch = network(0), probe.batch("test", torch.arange(5))
    own = Layout(names=LAYOUT.names[:2], shapes=LAYOUT.shapes[:2])
    part = FlattenedProbe(probe, own, {name: parameters[name] for name in LAYOUT.names[2:]})
    flattened = {name: parameters[name] for name in own.names}
    torch.testing.assert_close(part.outputs(flattened, {}, batch), probe.outputs(parameters, {}, batch))
    assert not hasattr(FlattenedProbe(Mute(), own, {}), "outputs")


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ('analysis.0.split="tset"', "analysis similarity: no split 'tset'; did you mean 'test'?"),
        ("analysis.0.members=0", "analysis.0.members: must be >= 1"),
        ('analysis.0.members="lst"', "did you mean 'last'?"),
        ("analysis.0.examples=1", "analysis.0.examples: must be >= 2, got 1"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_long(override, says, study, notes):
    with pytest.raises((EvaluationError, SpecError)) as raised:
        run(study(override).workshop(notes))
    assert says in str(raised.value)
    assert notes.ran == []


def test_one_variant_has_no_last_networks_to_compare(tmp_path, notes):
    alone = TINY[: TINY.index('[[population.variant]]\nname = "B"')] + TINY[TINY.index("[[reducer]]") :]
    with pytest.raises(EvaluationError, match="needs at least two variants, and there is one; use 'all'"):
        run(study_in(tmp_path, alone + SIMILARITY).workshop(notes))
    assert notes.ran == []


class Mute:
    """A probe that scores networks and does not say what they answer."""

    layout, splits = LAYOUT, ("train", "test")

    def initialise(self, seed):
        return {}, {}


def test_a_task_that_does_not_tell_outputs_is_refused():
    with pytest.raises(EvaluationError, match=r"outputs, and this task has none: .* outputs\("):
        Similarity().check(CheckFacts(probe=Mute(), variants=("A", "B")))
    Similarity().check(CheckFacts(probe=tiny_task().build("cpu"), variants=("A", "B")))


def test_the_plan_says_what_is_compared(study):
    assert study().estimate().stages[-1] == "similarity of the final networks of 3 training runs, by their outputs"
    assert "every 2-th network" in study("analysis.0.members=2").estimate().stages[-1]
