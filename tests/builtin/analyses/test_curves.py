"""Curves between networks: their shapes, their training, what is read off them, and what the maps make of them."""

import numpy as np
import pytest
import torch
from attrs import evolve
from hypothesis import given, strategies as st
from support.paths import NETS
from support.progress import StopAt
from support.study import TINY, Notes, study_in, values

import globscope
from globscope.api import (
    CheckFacts,
    Field,
    GlobscopeError,
    Layout,
    Networks,
    SpecError,
    area,
    barrier,
    lengths_along,
    mean_along,
)
from globscope.builtin.analyses.curves import training
from globscope.builtin.analyses.curves.projection import Projection
from globscope.builtin.analyses.curves.shapes import basis, curve_points, straight_bends
from globscope.builtin.analyses.curves.training import train
from globscope.builtin.analyses.curves.training_step import Settings
from globscope.builtin.analyses.linear_barrier import LinearBarrier
from globscope.builtin.analyses.mode_connectivity.analysis import ModeConnectivity
from globscope.builtin.analyses.mode_connectivity.measured_curve import MeasuredCurve, curve_table
from globscope.builtin.analyses.mode_connectivity.project_curves import CurveProjection, table, warnings
from globscope.pipeline.disk.draft import DiskDraft
from globscope.testing import tiny_atlas, tiny_bench, tiny_task
from globscope.testing.tiny.population import tiny_population
from globscope.values.chart import Progress

SHAPES = ("Bezier", "PolyChain")
CURVES = '[[analysis]]\nuse = "mode-connectivity"\nepochs = 3\npoints = 7\n'


@given(shape=st.sampled_from(SHAPES), bends=st.integers(1, 6), t=st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_how_much_of_every_point_is_in_a_curve_sums_to_one(shape, bends, t):
    shares = basis(shape, bends, np.array(t))
    assert (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-12)  # rounding of at most eight terms


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("bends", [1, 3])
def test_a_curve_starts_and_ends_at_its_ends_to_the_last_bit(shape, bends):
    ends, inner = (np.random.default_rng(0).normal(size=(n, 5)).astype(np.float32) for n in (2, bends))
    found = curve_points(shape, ends, inner, 9)
    assert found.dtype == np.float32
    assert found[[0, -1]].tobytes() == ends.tobytes()


def test_a_polygonal_chain_passes_through_its_bends_and_is_straight_between():
    ends, inner = (np.random.default_rng(0).normal(size=(n, 5)).astype(np.float32) for n in (2, 3))
    found = curve_points("PolyChain", ends, inner, 9)
    np.testing.assert_array_equal(found[2:-1:2], inner)
    np.testing.assert_allclose(found[3], (inner[0] + inner[1]) / 2, rtol=1e-6)  # float32


@pytest.mark.parametrize("shape", SHAPES)
def test_an_untrained_curve_is_the_straight_line_at_even_speed(shape):
    ends = np.random.default_rng(0).normal(size=(2, 5)).astype(np.float32)
    t = np.linspace(0, 1, 7)[:, None]
    np.testing.assert_allclose(
        curve_points(shape, ends, straight_bends(ends, 2), 7), (1 - t) * ends[0] + t * ends[1], atol=1e-6
    )


def test_a_bezier_with_one_bend_is_garipovs_quadratic():
    t = np.array([0.25])
    np.testing.assert_allclose(basis("Bezier", 1, t), [[0.75**2, 2 * 0.25 * 0.75, 0.25**2]])


# What is read off a line.


@given(size=st.floats(0.1, 10), offset=st.floats(-5, 5), steps=st.integers(1, 20))
def test_the_barrier_of_a_concave_quadratic_is_a_quarter_of_the_squared_distance_and_of_a_convex_one_zero(
    size, offset, steps
):
    t = np.linspace(0, 1, 2 * steps + 1)  # holds the middle
    losses = -((offset + size * t) ** 2)
    assert barrier(losses, t, (losses[0], losses[-1])) == pytest.approx(size**2 / 4, abs=1e-9)
    # The trapezoids of −s² t (1 − t) leave out s²/6 of the squared step.
    assert area(losses, t) == pytest.approx(size**2 / 6 * (1 - 1 / (2 * steps) ** 2), abs=1e-9)
    assert barrier(-losses, t, (-losses[0], -losses[-1])) == pytest.approx(0, abs=1e-9)
    assert area(-losses, t) == 0


def test_a_loss_that_is_not_finite_leaves_no_barrier():
    t = np.linspace(0, 1, 3)
    for bad in (np.inf, -np.inf, np.nan):
        losses = np.array([0.0, bad, 0.0])
        assert np.isnan(barrier(losses, t, (0.0, 0.0)))
        assert np.isnan(area(losses, t))


def test_the_mean_is_weighted_by_the_length_of_the_way():
    way = lengths_along(np.array([[0, 0], [3, 4], [3, 5]], np.float32))
    np.testing.assert_array_equal(way, [0, 5, 6])
    # Five units at a mean of 1, one unit at a mean of 4.
    assert mean_along(np.array([0.0, 2.0, 6.0]), way) == pytest.approx((5 * 1 + 1 * 4) / 6)


# Training.


class Ring:
    """A task of two weights whose loss is 0 on the circle of radius 1 about (0, −1/2), and high in its middle."""

    layout = Layout(names=("x", "y"), shapes=((1,), ()))
    splits, measures = ("train",), ("loss",)
    vmappable, statistics = False, ()

    def __init__(self, grad_inside=False):
        self.grad_inside = grad_inside

    def initialise(self, seed):
        return {"x": torch.zeros(1), "y": torch.zeros(())}, {}

    def examples(self, split):
        return 10

    def batch(self, split, indices):
        return indices

    def objective(self, parameters, buffers, batch, *, training):
        height = ((parameters["x"] ** 2).sum() + (parameters["y"] + 0.5) ** 2 - 1) ** 2
        if not self.grad_inside:
            return height
        scale = torch.ones((), requires_grad=True)
        return torch.autograd.grad(height * scale, scale, create_graph=True)[0]

    def losses(self, networks):
        return ((networks**2).sum(axis=1) + networks[:, 1] + 0.25 - 1) ** 2


HALF = np.array([[-np.sqrt(0.75), 0], [np.sqrt(0.75), 0]], np.float32)


def settings(**options):
    usual = {"shape": "Bezier", "bends": 1, "epochs": 50, "learning_rate": 0.1, "batch_size": 2, "weight_decay": 0.0}
    return Settings(**usual | options)


class Drafts:
    """A draft in memory that counts."""

    def __init__(self):
        self.held, self.written = {}, 0

    def read(self):
        return self.held

    def write(self, arrays):
        self.held, self.written = {name: np.array(array) for name, array in arrays.items()}, self.written + 1


def trained(probe, ends, chosen, draft=None, progress=None, **more):
    return train(probe, ends, chosen, 7, name="A–B", draft=draft or Drafts(), progress=progress or Progress(), **more)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("grad_inside", [False, True])
def test_a_trained_curve_goes_around_the_hill_that_the_straight_line_climbs(shape, grad_inside):
    probe = Ring(grad_inside)
    bends = trained(probe, HALF, settings(shape=shape, bends=2))
    line, curve = (
        probe.losses(curve_points(shape, HALF, inner, 61)).max() for inner in (straight_bends(HALF, 2), bends)
    )
    assert line == pytest.approx(0.75**2)  # at the middle of the line, half a radius from the centre
    assert curve < line / 10  # two bends: three chords of an arc of 120 degrees, of which the best reach line / 40


def test_a_regularised_curve_is_nearer_to_the_origin():
    free, held = (trained(Ring(), HALF, settings(weight_decay=decay)) for decay in (0.0, 1.0))
    assert np.linalg.norm(held) < 0.9 * np.linalg.norm(free)


def test_bends_may_start_elsewhere_than_on_the_straight_line_and_what_is_handed_in_stays():
    start = np.array([[0.0, -4.0]], np.float32)
    below = trained(Ring(), HALF, settings(), start=start)
    above = trained(Ring(), HALF, settings())
    assert below[0, 1] < 0 < above[0, 1]
    assert start.tolist() == [[0, -4]]


@pytest.mark.parametrize("normalised", [False, True])
def test_a_killed_training_continues_from_its_draft_and_ends_bit_for_bit_as_it_would_have(normalised, monkeypatch):
    monkeypatch.setattr(training, "DRAFT_SECONDS", -1.0)  # a draft after every epoch
    probe, ends = tiny_task(normalised=normalised).build("cpu"), np.asarray(tiny_population().weights[[3, 7]])
    chosen, draft = settings(bends=2, epochs=6, batch_size=20), Drafts()
    with pytest.raises(KeyboardInterrupt):
        trained(probe, ends, chosen, draft, StopAt(4))
    assert (draft.written, int(draft.held["epoch"])) == (4, 4)
    again = trained(probe, ends, chosen, draft)
    assert draft.written == 6
    whole = trained(probe, ends, chosen)
    assert again.tobytes() == whole.tobytes()
    assert again.tobytes() != straight_bends(ends, 2).tobytes()


def test_drafts_are_ten_seconds_apart():
    draft = Drafts()
    trained(Ring(), HALF, settings(epochs=3), draft)
    assert draft.written == 0


def test_the_learning_rate_is_constant_for_half_of_the_time_and_then_falls_to_a_hundredth():
    rates = [settings(epochs=100, learning_rate=1.0).rate(epoch) for epoch in (0, 50, 70, 90, 99)]
    assert rates == pytest.approx([1, 1, 1 - 0.99 / 2, 0.01, 0.01])


def test_a_curve_that_diverges_is_reported_with_its_pair_and_its_learning_rate():
    with pytest.raises(GlobscopeError) as refused:
        trained(Ring(), HALF, settings(learning_rate=1e6))
    assert str(refused.value) == (
        "the Bezier A–B diverged in epoch 1 of its training: it is no longer finite; lower learning_rate, 1e+06"
    )


# The analyses.


def test_a_line_measured_by_the_analysis_is_that_of_the_networks_on_it():
    atlas, bench = tiny_atlas(), tiny_bench()
    found = LinearBarrier(points=5).analyse(atlas, bench, np.random.default_rng(0))
    (table,), (matrix,) = found.tables, found.pictures
    assert [(row["one"], row["other"]) for row in table.rows] == [("A", "B"), ("A", "C"), ("B", "C")]
    a, c = (np.asarray(atlas.population.weights[atlas.population.of(name)[-1]], float) for name in "AC")
    t = np.linspace(0, 1, 5)
    losses = bench.measure(Networks.of(np.stack([(1 - s) * a + s * c for s in t]).astype(np.float32)))["train_loss"]
    row = table.rows[1]
    # Float32 networks on the line and as mixtures differ in their last bits.
    assert row["barrier"] == pytest.approx(barrier(losses, t, (losses[0], losses[-1])), rel=1e-4)
    assert row["max"] == pytest.approx(losses.max(), rel=1e-4)
    assert row["at"] == t[losses.argmax()]
    assert matrix.rows == ("A", "B", "C")
    assert matrix.values[0][2] == matrix.values[2][0] == row["barrier"]
    assert [matrix.values[at][at] for at in range(3)] == [0, 0, 0]


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_all_figures_of_a_line_with_a_loss_that_is_not_finite_are_empty(bad):
    class Spoilt:
        def measure(self, networks):
            return {name: np.full(len(networks), bad) for name in tiny_bench().measure(networks)}

    found = LinearBarrier(points=5).analyse(tiny_atlas(), Spoilt(), np.random.default_rng(0))
    row = found.tables[0].rows[0]
    assert {name: row[name] for name in found.tables[0].columns[2:]} == dict.fromkeys(["barrier", "area", "max", "at"])


def test_repaired_lines_stand_beside_the_plain_ones():
    atlas, rng = tiny_atlas(), np.random.default_rng(0)
    weights = rng.normal(size=atlas.population.weights.shape).astype(np.float32)
    truth = tiny_bench().measure(Networks.of(weights))
    atlas = evolve(atlas, population=evolve(atlas.population, weights=weights, keys=()), truth=truth)
    plain, both = (
        LinearBarrier(points=5, repair=repair).analyse(atlas, tiny_bench(), np.random.default_rng(0))
        for repair in (False, True)
    )
    columns = plain.tables[0].columns
    assert both.tables[0].columns == (*columns, *(f"repaired_{name}" for name in columns[2:]))
    for before, after in zip(plain.tables[0].rows, both.tables[0].rows, strict=True):
        assert {name: after[name] for name in columns} == before
    assert any(row["repaired_barrier"] != row["barrier"] for row in both.tables[0].rows)
    assert [picture.name for picture in both.pictures] == ["barriers", "repaired barriers"]


def test_the_barrier_of_an_accuracy_is_its_fall():
    atlas = tiny_atlas()
    found = LinearBarrier(field="train_accuracy").analyse(atlas, tiny_bench(), np.random.default_rng(0))
    ends = atlas.truth["train_accuracy"][atlas.population.finals]
    assert len(found.tables[0].rows) == 3
    for row in found.tables[0].rows:
        one, other = (ends["ABC".index(row[key])] for key in ("one", "other"))
        assert row["min"] <= min(one, other)
        assert min(one, other) - row["min"] <= row["barrier"] + 1e-12 <= max(one, other) - row["min"] + 2e-12


def test_the_barrier_of_a_measure_that_its_task_describes_as_better_when_higher_is_its_fall():
    described = Field(key="train_loss", name="training score", higher_is_better=True)
    atlas = evolve(tiny_atlas(), fields={"train_loss": described})
    found = LinearBarrier(field="train_loss").analyse(atlas, tiny_bench(), np.random.default_rng(0))
    ends = atlas.truth["train_loss"][atlas.population.finals]
    assert len(found.tables[0].rows) == 3
    for row in found.tables[0].rows:
        one, other = (ends["ABC".index(row[key])] for key in ("one", "other"))
        assert row["min"] <= min(one, other)
        assert min(one, other) - row["min"] <= row["barrier"] + 1e-12
    assert found.pictures[0].label == "barrier in training score"


@pytest.fixture
def study(spec_file, tmp_path):
    def made(analysis, text=TINY):
        return globscope.load(spec_file(text + analysis), folder=tmp_path / "run")

    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("curves")


def asked(folder, line, observer=None):
    """Run the tiny study with curves, without its report."""
    return values(study_in(folder, TINY + CURVES + line + "\n"), observer)


@pytest.fixture(scope="module")
def first(folder):
    """A study of the curves C–A and C–B, with the stages that it worked out."""
    seen = Notes()
    return asked(folder, 'against = "C"', seen), seen.ran


def own(atlas, variant):
    return [row for row, member in enumerate(atlas.population.members) if member.variant == variant]


def test_the_points_of_a_curve_are_members_and_its_ends_are_the_networks_that_it_connects(first):
    atlas = first[0].atlas
    who = atlas.population
    assert len(who.members) == 9 + 2 * 7
    rows = own(atlas, "Bezier C–A")
    members = [who.members[row] for row in rows]
    assert [member.step for member in members] == list(range(7))
    assert [member.t for member in members] == pytest.approx(np.linspace(0, 1, 7))
    assert {(member.kind, member.parents, member.in_fit) for member in members} == {("curve", ("C@2", "A@2"), False)}
    for row, end in ((rows[0], who.of("C")[-1]), (rows[-1], who.of("A")[-1])):
        assert who.weights[row].tobytes() == who.weights[end].tobytes()
        for scores in atlas.truth.values():
            assert scores[row] == scores[end]


def test_the_tables_are_of_the_losses_and_of_both_fits(first):
    outcome = first[0]
    curves, projections = outcome.findings["mode-connectivity"].tables
    assert [(row["pair"], row["field"]) for row in curves.rows[:2]] == [
        ("C–A", "train_loss"),
        ("C–A", "train_accuracy"),
    ]
    losses = outcome.atlas.truth["train_loss"][own(outcome.atlas, "Bezier C–A")]
    row = curves.rows[0]
    assert (row["one"], row["other"], row["curve_max"]) == (losses[0], losses[-1], losses.max())
    assert row["curve_barrier"] == barrier(losses, np.linspace(0, 1, 7), (losses[0], losses[-1]))
    assert row["length_ratio"] >= 1
    counts = [(row["pair"], row["fit"], row["points"]) for row in projections.rows]
    assert counts == [
        ("C–A", "unseen", 5),
        ("C–B", "unseen", 5),
        ("C–A", "every second point", 3),
        ("C–B", "every second point", 3),
    ]
    unseen, seen = projections.rows[0], projections.rows[2]
    # The span of a quadratic's ends and of two points of it holds all of it, but for float32.
    assert unseen["outside"] > 1e-3 > 1e-5 > seen["outside"]
    assert unseen["residual_max"] >= unseen["residual_mean"] >= unseen["outside"]
    pictures = [picture.name for picture in outcome.findings["mode-connectivity"].pictures]
    assert pictures == ["curves, unseen", "curves, every second point", "curves on pca"]


def test_curves_that_are_not_in_the_fit_leave_the_maps_as_they_are_and_one_refit_sees_all_of_them(first):
    outcome, ran = first
    assert [label for label in ran if "fit" in label] == ["fit pca", "refit pca on 13 members"]
    assert len(outcome.atlas.maps[0].population.members) == 9


def test_another_pair_trains_that_pair_alone_and_a_second_run_nothing(first, folder, notes):
    three = 'pairs = [["B", "A"], ["C", "A"], ["C", "B"]]'
    outcome = asked(folder, three, notes)
    assert [label for label in notes.ran if label.startswith("Bezier")] == ["Bezier B–A"]
    before, now = (found.atlas.population.weights[own(found.atlas, "Bezier C–A")] for found in (first[0], outcome))
    assert before.tobytes() == now.tobytes()
    notes.ran.clear()
    assert asked(folder, three, notes).findings == outcome.findings
    assert notes.ran == []


def test_every_second_inner_point_joins_the_fit_where_that_is_asked_and_no_end_does():
    analysis = ModeConnectivity(epochs=1, points=7, in_fit=True, pairs=(("A", "B"),))
    found = analysis.derive(tiny_task(), tiny_population(), tiny_bench(), np.random.default_rng(0))
    assert [member.step for member in found.members if member.in_fit] == [2, 4]


@pytest.mark.parametrize("statistics", ["recalibrate", "stored"])
def test_the_ends_of_curves_of_networks_with_statistics_score_what_the_networks_do(statistics, tmp_path):
    text = TINY.replace("hidden = [8]", f'model = "{NETS}:batch_norm"') + f'batch_norm = "{statistics}"\n'
    atlas = values(study_in(tmp_path, text + CURVES + 'pairs = [["A", "B"]]\n')).atlas
    rows, losses = own(atlas, "Bezier A–B"), atlas.truth["train_loss"]
    for row, end in ((rows[0], "A"), (rows[-1], "B")):
        assert losses[row] == losses[atlas.population.of(end)[-1]]
    assert np.isfinite(losses[rows]).all()


@pytest.mark.parametrize("detour", [0.0, 0.5])
def test_a_curve_between_equal_networks_has_no_ratio_of_lengths(detour):
    t, flat = np.linspace(0, 1, 3), {"train_loss": np.ones(3)}
    curve = MeasuredCurve(
        pair="A–B", rows=(0, 1, 2), t=t, lengths=np.array([0, 1, 2]) * detour, distance=0.0, curve=flat, line=flat
    )
    (row,) = curve_table([curve], tiny_atlas()).rows
    assert row["length_ratio"] is None
    assert (row["curve_max"], row["line_mean"]) == (1, 1)


def test_a_map_that_fails_between_good_points_is_warned_of():
    """A map with a hole: one network of the curve comes back as one that guesses."""
    t = np.linspace(0, 1, 7)
    flat = {"train_loss": np.full(7, 0.001)}
    curve = MeasuredCurve(pair="A–B", rows=tuple(range(7)), t=t, lengths=t, distance=1.0, curve=flat, line=flat)
    # Four steps of which the second is ten times as long.
    way = np.array([[0, 0], [0.3, 0.4], [3.3, 4.4], [3.6, 4.8], [3.9, 5.2]])

    def projection(*shown):
        ones = dict.fromkeys(("residual", "outside", "norms"), np.ones(5))
        found = Projection(latents=way, fields={"train_loss": np.array(shown)}, **ones)
        return CurveProjection(curve=curve, name="umap", fit="unseen", steps=np.arange(1, 6), projection=found)

    # The second is as bad everywhere, which its median tells as well.
    both = [projection(0.002, 0.002, 0.52, 0.001, 0.001), projection(0.5, 0.6, 0.52, 0.5, 0.5)]
    assert [row["longest_step"] for row in table(both, Field.of("train_loss")).rows] == pytest.approx([10, 10])
    assert list(warnings(both, Field.of("train_loss"))) == [
        "umap, fitted without the curves: it does not show the curves as they are, although the median error is small: "
        "on A–B half of the points are off by at most 0.001 in training loss, but at t = 0.50 the network has 0.001 "
        "and the map shows 0.52; 1 of 2 curves are like this"
    ]


CURVED, BARRED = "mode-connectivity", "linear-barrier"
PAIRS = {
    "unknown variant": (
        {"pairs": (("A", "Bezier"), ("a", "C"))},
        [
            "{}.pairs.0: there is no variant 'Bezier'; known: A, B, C",
            "{}.pairs.1: there is no variant 'a'; known: A, B, C",
        ],
    ),
    "near variant": (
        {"against": "Control2"},
        ["{}.against: there is no variant 'Control2'; did you mean 'Control'?"],
    ),
    "itself": ({"pairs": (("A", "A"),)}, ["{}.pairs.0: connects 'A' with itself; name two variants"]),
    "twice": ({"pairs": (("A", "B"), ("A", "B"))}, ["{}.pairs.1: is pairs.0 too"]),
    "both": ({"pairs": (("A", "B"),), "against": "A"}, ["{}: takes one of 'pairs' and 'against', has both"]),
}


@pytest.mark.parametrize("case", PAIRS)
def test_pairs_that_are_none_are_reported_before_anything_long(case):
    options, messages = PAIRS[case]
    variants = ("A", "B", "Control") if case == "near variant" else ("A", "B", "C")
    with pytest.raises(SpecError) as error:
        ModeConnectivity(**options).check(CheckFacts(probe=None, variants=variants))
    assert list(error.value.problems) == [text.format(CURVED) for text in messages]


@pytest.mark.parametrize("use", [CURVED, BARRED])
def test_a_single_variant_has_nothing_to_be_connected_with(use, study):
    text = TINY.replace('[[population.variant]]\nname = "B"\nlearning_rate = 2e-2\n', "")
    alone = text.replace('[[population.variant]]\nname = "C"\nbatch_size = 128\nlearning_rate = 2e-2\n', "")
    with pytest.raises(SpecError) as error:
        study(f'[[analysis]]\nuse = "{use}"\n', text=alone).run()
    assert str(error.value) == f"{use}: needs at least two variants, this population has 1"


OPTIONS = {
    "bends = 0": "analysis.0.bends: must be >= 1, got 0",
    "points = 60": "analysis.0.points: must be odd and >= 5, got 60",
    "points = 3": "analysis.0.points: must be odd and >= 5, got 3",
    'curve = "bezier"': "analysis.0.curve: expected 'Bezier' or 'PolyChain', got 'bezier'; did you mean 'Bezier'?",
    'pairs = [["A"]]': "analysis.0.pairs.0: expected [text, text], got ['A'] (list)",
    'field = "train_los"': "analysis.0.field: the task measures no 'train_los'; did you mean 'train_loss'?",
}


@pytest.mark.parametrize("line", OPTIONS)
def test_options_that_cannot_be_are_reported_at_their_place(line, study, tmp_path):
    with pytest.raises(SpecError) as error:
        study(f'[[analysis]]\nuse = "mode-connectivity"\n{line}\n').estimate()
    assert [text.removeprefix(f"{tmp_path}/tiny.toml: ") for text in error.value.problems] == [OPTIONS[line]]


def test_the_plan_counts_curves_and_networks(study):
    more = study(CURVES + '[[analysis]]\nuse = "linear-barrier"\npoints = 5\n').estimate()
    # Three curves: seven points, five of the straight line, five and three projections. Three lines of three.
    assert more.evaluations == study("").estimate().evaluations + 3 * (7 + 5 + 5 + 3) + 3 * 3
    assert more.stages[-2:] == (
        "mode-connectivity: 3 curves (3 epochs each), with 1 refits: up to 60 more networks",
        "linear-barrier of 3 pairs: up to 9 more networks",
    )
    assert LinearBarrier().plan(1, 2) == "linear-barrier of 1 pair"


def test_drafts_on_disk_hold_what_a_training_needs(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "DRAFT_SECONDS", -1.0)
    probe, ends = tiny_task(normalised=True).build("cpu"), np.asarray(tiny_population().weights[[3, 7]])
    with pytest.raises(KeyboardInterrupt):
        trained(probe, ends, settings(epochs=4), DiskDraft(tmp_path), StopAt(2))
    again = trained(probe, ends, settings(epochs=4), DiskDraft(tmp_path))
    assert again.tobytes() == trained(probe, ends, settings(epochs=4)).tobytes()


def test_curves_and_the_lines_beside_them_are_known_paths_between_their_runs(first):
    found = first[0].findings["mode-connectivity"]
    rows = {(row["pair"], row["field"]): row for row in found.tables[0].rows}
    assert {(path.one, path.other) for path in found.paths} == {("C", "A"), ("C", "B")}
    for path in found.paths:
        loss = path.field.endswith("loss")
        side = "curve" if path.found_by == "Bezier curve" else "line"
        assert path.worst == rows[f"{path.one}–{path.other}", path.field][f"{side}_{'max' if loss else 'min'}"]
