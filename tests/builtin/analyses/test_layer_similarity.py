"""CKA of layers: against its definitions, on layers of every kind, and in a study."""

from functools import partial

import numpy as np
import pytest
import torch
from attrs import define, evolve, field
from hypothesis import given, settings, strategies as st
from support.study import TINY, study_in
from torch import nn

from globscope.api import CheckFacts, EvaluationError, Layout, Member, Population, ProbeTraits
from globscope.builtin.analyses.layer_similarity import network_layers
from globscope.builtin.analyses.layer_similarity.analysis import LayerSimilarity
from globscope.builtin.analyses.layer_similarity.kernels import (
    LayerKernel,
    alignment,
    inner_product,
    kernel_of,
    unbiased_product,
)
from globscope.builtin.analyses.layer_similarity.network_layers import LayerOptions, NetworkLayers
from globscope.builtin.analyses.layer_similarity.recorded_layers import LayerRecorder
from globscope.builtin.analyses.layer_similarity.report import LAYERS_DRAWN, PAIRS_DRAWN, LayerComparison
from globscope.pipeline.run import run
from globscope.testing import tiny_atlas, tiny_bench, tiny_task
from globscope.testing.tiny.task import LAYOUT

COUNT = 20
WIDTHS = {"narrow": (3, 5), "wide": (30, 41), "one of each": (4, 33)}


def features(width, seed=0, count=COUNT):
    return np.random.default_rng(seed).normal(size=(count, width)).astype(np.float32)


def grams(one, other):
    return [of.astype(float) @ of.T.astype(float) for of in (one, other)]


def hsic(K, L):
    """Kornblith et al., section 3: HSIC(K, L) = tr(KHLH) / (n − 1)²."""
    centring = np.eye(len(K)) - 1 / len(K)
    return np.trace(K @ centring @ L @ centring) / (len(K) - 1) ** 2


def unbiased_hsic(K, L):
    """Nguyen et al., equation 3: HSIC₁, of kernels whose diagonals are 0."""
    count = len(K)
    K, L = K - np.diag(np.diag(K)), L - np.diag(np.diag(L))
    sums = K.sum() * L.sum() / ((count - 1) * (count - 2))
    return (np.trace(K @ L) + sums - 2 / (count - 2) * (K @ L).sum()) / (count * (count - 3))


@pytest.mark.parametrize("debiased", [False, True])
@pytest.mark.parametrize("case", WIDTHS)
def test_cka_is_that_of_the_papers_for_layers_of_any_width(case, debiased):
    one, other = (features(width, seed) + 5 * seed for seed, width in enumerate(WIDTHS[case]))
    other[:, :2] += 3 * one[:, :2]
    of = unbiased_hsic if debiased else hsic
    K, L = grams(one, other)
    wanted = of(K, L) / np.sqrt(of(K, K) * of(L, L))
    # Kernels are stored in single precision.
    assert alignment(kernel_of(one), kernel_of(other), debiased=debiased) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("case", WIDTHS)
def test_both_estimates_of_hsic_are_those_of_the_papers_up_to_scale(case):
    one, other = (features(width, seed) for seed, width in enumerate(WIDTHS[case]))
    K, L = grams(*(of / np.sqrt(((of - of.mean(0)) ** 2).sum() / COUNT) for of in (one, other)))
    kernels = kernel_of(one), kernel_of(other)
    assert inner_product(*kernels) / (COUNT - 1) ** 2 == pytest.approx(hsic(K, L), rel=1e-5)
    assert unbiased_product(*kernels) / (COUNT * (COUNT - 3)) == pytest.approx(unbiased_hsic(K, L), rel=1e-4, abs=1e-6)


def test_unrelated_wide_layers_look_alike_unless_debiased():
    kernels = [kernel_of(features(500, seed)) for seed in range(8)]
    pairs = [(kernels[a], kernels[b]) for a in range(8) for b in range(a)]
    assert min(alignment(*pair, debiased=False) for pair in pairs) > 0.9
    debiased = [alignment(*pair, debiased=True) for pair in pairs]
    # 28 values of standard deviation near 1/20 each.
    assert abs(np.mean(debiased)) < 0.05
    assert min(debiased) < 0 < max(debiased)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000), st.sampled_from([4, 32]), st.floats(1e-6, 1e6), st.booleans())
def test_cka_sees_neither_rotation_nor_scale_nor_shift(seed, width, scale, debiased):
    rng, one = np.random.default_rng(seed), features(width, seed)
    rotation = np.linalg.qr(rng.normal(size=(width, width)))[0]
    turned = (scale * (one @ rotation + rng.normal(size=width))).astype(np.float32)
    assert alignment(kernel_of(one), kernel_of(turned), debiased=debiased) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("width", [3, 40])
def test_layers_that_are_constant_or_not_finite_have_no_figure(width):
    constant = np.broadcast_to(np.float32(0.1) + np.arange(width, dtype=np.float32), (COUNT, width))
    infinite = features(width)
    infinite[3, 1] = np.inf
    for flat in (constant, infinite):
        for debiased in (False, True):
            assert np.isnan(alignment(kernel_of(features(4)), kernel_of(flat), debiased=debiased))


def test_a_kernel_is_stored_in_its_smaller_form_and_comes_back():
    narrow, wide = kernel_of(features(3)), kernel_of(features(50))
    assert (narrow.features.shape, narrow.triangle.shape) == ((COUNT, 3), (0,))
    assert (wide.features.shape, wide.triangle.shape) == ((0,), (COUNT * (COUNT + 1) // 2,))
    for kernel in (narrow, wide):
        again = LayerKernel.from_arrays(kernel.arrays)
        assert inner_product(again, kernel) == inner_product(kernel, kernel)
        assert again.width == kernel.width


# --- what is recorded -------------------------------------------------------------------------------


@define(frozen=True)
class Carrier:
    """A probe of a module alone, which takes batches as they are."""

    module: nn.Module = field(eq=False)

    @property
    def traits(self):
        return ProbeTraits(module=self.module)

    def inputs(self, batch):
        return (batch,)


def recorded(module, batch, patterns=(), places="each", wanted=None):
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    with torch.no_grad():
        return LayerRecorder(Carrier(module.eval()), patterns, places).record(tensors, batch, len(batch), wanted)


def test_layers_with_matrices_of_weights_are_recorded_in_the_order_of_their_calls():
    module = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(12, 5))
    batch = torch.randn(4, 2, 4, 4)
    found = recorded(module, batch)
    assert {name: value.shape for name, value in found.items()} == {"0": (4, 12), "4": (4, 5)}
    with torch.no_grad():
        assert torch.equal(found["0"], module[0](batch).flatten(1))
        assert torch.equal(found["4"], module(batch))


def test_what_a_later_layer_writes_into_a_value_is_not_recorded():
    module = nn.Sequential(nn.Linear(3, 6), nn.ReLU(inplace=True), nn.Linear(6, 2))
    assert (recorded(module, torch.randn(9, 3))["0"] < 0).any()


def test_means_over_places_are_one_value_a_channel():
    image = nn.Sequential(nn.Conv2d(2, 3, 1), nn.Flatten(), nn.Linear(12, 5))
    batch = torch.randn(4, 2, 2, 2)
    found = recorded(image, batch, places="mean")
    assert found["0"].shape == (4, 3)
    with torch.no_grad():
        torch.testing.assert_close(found["0"], image[0](batch).mean(dim=(2, 3)))
        tokens = nn.Linear(6, 4)
        value = recorded(nn.Sequential(tokens), torch.ones(2, 7, 6) * torch.arange(7)[:, None], places="mean")["0"]
        torch.testing.assert_close(value, tokens(torch.full((2, 6), 3.0)))


class Unusual(nn.Module):
    """Calls one layer twice, returns a tuple of one, and merges places with examples in another."""

    def __init__(self):
        super().__init__()
        self.twice, self.recurrent, self.places = nn.Linear(3, 3), nn.GRU(3, 2, batch_first=True), nn.Linear(2, 2)
        self.total = nn.Linear(2, 2)

    def forward(self, x):
        x = self.twice(self.twice(x))
        x, _ = self.recurrent(x)
        x = self.places(x.flatten(0, 1)).reshape(x.shape)
        self.total(x.sum(dim=(0, 1)))
        return {"logits": x.mean(dim=1)}


def test_calls_are_numbered_tuples_opened_and_merged_axes_taken_apart():
    found = recorded(Unusual(), torch.randn(5, 4, 3))
    shapes = {name: tuple(value.shape) for name, value in found.items()}
    # `total` returns nothing for each example.
    assert shapes == {"twice": (5, 12), "twice (2)": (5, 12), "recurrent": (5, 8), "places": (5, 8), "output": (5, 2)}


def test_layers_are_chosen_by_patterns_of_names():
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    assert list(recorded(module, torch.randn(5, 3), ("[13]",))) == ["1", "3", "output"]
    assert list(recorded(module, torch.randn(5, 3), wanted=("2",))) == ["2"]
    with pytest.raises(EvaluationError, match=r"analysis layer-similarity: layers: 'relu\*' matches none; known: 0, 1"):
        LayerRecorder(Carrier(module), ("relu*",), "each")


def test_layers_that_do_not_fit_into_memory_together_take_several_passes(monkeypatch):
    [row] = [tiny_atlas().population.finals[0]]
    options = LayerOptions(layers=(), places="each", split="train", examples=40, device="cpu")
    network = tiny_atlas().population.take([row])
    work = NetworkLayers(options=options, task=tiny_task(), network=network, seed=0)
    passes = []
    whole = work(None, lambda done, of: passes.append(of))
    monkeypatch.setattr(network_layers, "HELD", 1)
    again = work(None, lambda done, of: passes.append(of))
    assert set(passes) == {1, 2}
    assert whole.keys() == again.keys()
    assert all(np.array_equal(whole[name], again[name]) for name in whole)


# --- the analysis -----------------------------------------------------------------------------------


def analysed(atlas=None, **options):
    found = LayerSimilarity(**options).analyse(atlas or tiny_atlas(), tiny_bench(), np.random.default_rng(0))
    return found, {table.name: table.rows for table in found.tables}


def permuted(weights, order):
    network = {name: np.array(tensor) for name, tensor in LAYOUT.unflatten(weights).items()}
    network |= {name: network[name][order] for name in ("inner.weight", "inner.bias")}
    return LAYOUT.flatten(network | {"outer.weight": network["outer.weight"][:, order]})


def test_the_layers_of_a_permuted_copy_are_the_networks_own():
    one, other = (np.random.default_rng(seed).normal(size=LAYOUT.size).astype(np.float32) for seed in range(2))
    weights = np.stack([one, permuted(one, [3, 4, 5, 0, 1, 2]), other])
    members = tuple(Member(variant=name, step=0) for name in "ABC")
    atlas = evolve(tiny_atlas(), population=Population(members=members, weights=weights, layout=LAYOUT), maps=())
    _, tables = analysed(atlas)
    found = {(row["one"], row["other"], row["layer"]): row["cka"] for row in tables["pairs"]}
    for layer in ("inner", "output"):
        assert found["A", "B", layer] == pytest.approx(1, abs=1e-5)
        assert found["A", "C", layer] < 0.95
    grid = {(row["one_layer"], row["other_layer"]): row["cka"] for row in tables["grid-2"]}
    itself = {(row["one_layer"], row["other_layer"]): row["cka"] for row in tables["grid-1"]}
    assert grid == pytest.approx(itself, abs=1e-5)
    assert grid["inner", "output"] == pytest.approx(grid["output", "inner"], abs=1e-5)


def test_pictures_are_of_pairs_by_layer_and_of_the_grids_that_are_named():
    found, tables = analysed(of=("C", "A@1", "A"), grids=(("A@1", "C"),))
    layers, grid = found.pictures
    assert layers.columns == ("C – A@1", "C – A", "A@1 – A")
    assert layers.rows == grid.rows == grid.columns == ("inner", "output")
    assert grid.sides == ("layer of A@1", "layer of C")
    assert grid.values[0][1] == tables["grid-1"][1]["cka"]
    assert layers.values[1][2] == tables["pairs"][-1]["cka"]
    assert [row["features"] for row in tables["layers"]] == [6, 3]


def test_many_networks_and_layers_are_drawn_in_part():
    count = PAIRS_DRAWN + 1
    names = [f"layer {number}" for number in range(LAYERS_DRAWN + 20)]
    kernels = [kernel_of(features(3, seed)) for seed in range(count)]
    networks = [dict.fromkeys(names, kernel) for kernel in kernels]
    compared = LayerComparison(networks=networks, names=tuple(map(str, range(count))), debiased=True, split="test")
    same = np.tile(np.random.default_rng(0).random(len(compared.pairs)), (len(names), 1))
    [layers] = compared.pictures({}, same)
    assert (len(layers.rows), len(layers.columns)) == (LAYERS_DRAWN, count)
    assert (layers.rows[0], layers.rows[-1]) == (names[0], names[-1])
    assert layers.caption.endswith("40 of 60 layers are drawn.")
    own = [value for value, pair in zip(same[0], compared.pairs, strict=True) if 3 in pair]
    assert layers.values[0][3] == pytest.approx(np.mean(own))
    assert [table.name for table in compared.tables({}, same)] == ["layers"]


def test_wide_layers_that_are_not_debiased_are_reported():
    found, _ = analysed(examples=5, debiased=False)
    assert found.warnings == (
        "1 layers have more values than there are examples, so that their CKA is too high: set debiased = true",
    )
    assert analysed(examples=5)[0].warnings == ()


# Without a landscape, which none of this looks at.
SPEC = TINY[: TINY.index("[[reducer]]")] + '[[reducer]]\nuse = "mds"\n[[analysis]]\nuse = "layer-similarity"\n'


@pytest.fixture
def study(tmp_path):
    return partial(study_in, tmp_path, SPEC)


def test_a_study_runs_each_network_once_for_all_that_is_asked_of_its_layers(study, notes):
    found = run(study().workshop(notes)).findings["layer-similarity"]
    assert [label for label in notes.ran if label.startswith("layers of")] == [f"layers of {name}@2" for name in "ABC"]
    assert [row["layer"] for row in found.table("layers").rows] == ["1", "3"]
    assert all(0 < row["mean"] <= 1 for row in found.table("layers").rows)
    notes.ran.clear()
    run(study("analysis.0.debiased=false", 'analysis.0.grids=[["B", "C"]]').workshop(notes))
    assert "layer-similarity" in notes.ran
    assert not [label for label in notes.ran if label.startswith("layers of")]


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ('analysis.0.split="tset"', "analysis layer-similarity: no split 'tset'; did you mean 'test'?"),
        ('analysis.0.of=["A"]', "analysis layer-similarity: compares two networks or more, and there is one"),
        ('analysis.0.of=["A", "A"]', "analysis layer-similarity: of names 'A' twice"),
        ('analysis.0.of=["A", "Q@1"]', "analysis layer-similarity: of: there is no network 'Q@1'; known: A, B, C"),
        ('analysis.0.grids=[["A", "Q"]]', "analysis layer-similarity: grids: 'Q' is not compared; known: A, B, C"),
        ('analysis.0.layers=["layer9"]', "analysis layer-similarity: layers: 'layer9' matches none; known: "),
        ("analysis.0.examples=3", "analysis.0.examples: must be >= 4, got 3"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_long(override, says, study, notes):
    with pytest.raises(Exception, match="analysis") as raised:
        run(study(override).workshop(notes))
    assert says in str(raised.value)
    assert notes.ran == []


def test_a_task_that_does_not_tell_its_module_is_refused():
    @define
    class Mute:
        layout = Layout(names=(), shapes=())
        splits = ("train",)

    with pytest.raises(EvaluationError, match="compares layers, and this task does not say which module it runs"):
        LayerSimilarity().check(CheckFacts(probe=Mute(), variants=("A", "B")))
