"""Second derivatives, beside the exact Hessian of a small network in float64."""

import numpy as np
import pytest
import torch
from attrs import evolve
from support.paths import NETS

from globscope.api import CheckFacts, Code, EvaluationError, Loss, Networks, eigenpairs, trace
from globscope.builtin.analyses.curvature.analysis import Curvature
from globscope.builtin.analyses.curvature.loss_at_network import LossAtNetwork, LossOptions
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.tasks.classification import Classification
from globscope.errors import SpecError
from globscope.registry import installed_registry
from globscope.store import fingerprint
from globscope.testing import score_units, tiny_task
from globscope.testing.tiny.atlas import tiny_atlas
from globscope.testing.tiny.bench import tiny_bench


@pytest.fixture(scope="module")
def network():
    """The Hessian of a network of 473 weights on the diabetes data, by its products and as it is."""
    task = installed_registry().role("task")["regression"].cls(hidden=(24, 8))
    probe = task.build("cpu")
    weights = probe.layout.flatten({name: p.numpy() for name, p in probe.initialise(3)[0].items()})
    loss = Loss.of(probe, "cpu", None, np.random.default_rng(0), precision="float64", batch_size=100)
    exact = exact_hessian(whole(probe), weights)
    return loss.at(weights, {}), exact


def exact_hessian(loss, weights):
    return torch.autograd.functional.hessian(loss, torch.from_numpy(np.float64(weights))).numpy()


def whole(probe):
    rows = torch.arange(probe.examples("train"))
    inputs, targets = (t.double() if t.is_floating_point() else t for t in probe.batch("train", rows))

    def loss(flat):
        return probe.objective(probe.layout.unflatten(flat), {}, (inputs, targets), training=False)

    return loss


def test_products_are_those_of_the_exact_hessian(network):
    hessian, exact = network
    assert hessian.size <= 500
    vectors = np.random.default_rng(0).normal(size=(3, hessian.size))
    np.testing.assert_allclose(hessian.products(vectors), vectors @ exact, atol=1e-10 * np.abs(exact).max())


@pytest.mark.parametrize("which", ["magnitude", "largest"])
def test_eigenpairs_are_those_of_the_exact_hessian(network, which):
    hessian, exact = network
    start = np.random.default_rng(1).normal(size=hessian.size)
    found = eigenpairs(hessian.products, hessian.size, 6, which=which, tolerance=1e-9, start=start)
    values, vectors = np.linalg.eigh(exact)
    order = np.argsort(-(np.abs(values) if which == "magnitude" else values))[:6]
    np.testing.assert_allclose(found.values, values[order], rtol=1e-6)
    assert (found.residuals < 1e-8).all()
    for row, exactly in zip(found.vectors, vectors.T[order], strict=True):
        assert abs(row @ exactly) == pytest.approx(1, abs=1e-6)
        assert row[np.abs(row).argmax()] > 0
    again = eigenpairs(hessian.products, hessian.size, 6, which=which, tolerance=1e-9, start=start)
    np.testing.assert_array_equal(again.vectors, found.vectors)


def test_pairs_that_do_not_reach_the_tolerance_are_left_out(monkeypatch):
    monkeypatch.setattr("globscope.curvature.eigen.RESTARTS", 1)
    values = np.linspace(1, 2, 400)  # no gaps: hard to tell apart
    found = eigenpairs(lambda v: v * values, 400, 4, tolerance=1e-12, start=np.ones(400))
    assert len(found.values) < 4


@pytest.mark.parametrize("estimator", ["hutchinson", "hutch++"])
def test_the_trace_is_within_three_standard_errors(network, estimator):
    hessian, exact = network
    rng = np.random.default_rng(2)
    found, error = trace(hessian.products, hessian.size, 60, rng, estimator=estimator)
    assert 0 < error < abs(np.trace(exact))
    assert abs(found - np.trace(exact)) < 3 * error


@pytest.mark.parametrize("estimator", ["hutchinson", "hutch++"])
def test_the_traces_standard_error_is_its_spread(estimator):
    rng = np.random.default_rng(0)
    matrix = np.diag(np.linspace(-1, 3, 40))
    matrix[0, 1:] = matrix[1:, 0] = 0.5
    found = [trace(lambda v: v @ matrix, 40, 12, rng, estimator=estimator) for _ in range(400)]
    values, errors = np.array(found).T
    # 400 draws know the spread to about 4 %, and the mean to a twentieth of it.
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(values.std(), rel=0.15)
    assert values.mean() == pytest.approx(np.trace(matrix), abs=4 * values.std() / 20)


def test_hutch_plus_plus_is_exact_where_the_rank_is_small():
    vectors = np.linalg.qr(np.random.default_rng(0).normal(size=(100, 3)))[0]
    matrix = vectors @ np.diag([5.0, 3.0, -1.0]) @ vectors.T
    found, error = trace(lambda v: v @ matrix, 100, 30, np.random.default_rng(1), estimator="hutch++")
    assert found == pytest.approx(7, abs=1e-9)
    assert error < 1e-9


def test_batchnorm_statistics_are_constants_recalibrated_or_stored():
    task = tiny_task(normalised=True)
    probe, weights = task.build("cpu"), np.random.default_rng(0).normal(size=51).astype(np.float32)
    vectors = np.eye(51)
    stored = {"mean": np.full(6, 0.3, np.float32), "variance": np.full(6, 2.0, np.float32)}
    found = {}
    for kind, own in (("recalibrate", {}), ("stored", stored)):
        loss = Loss.of(probe, "cpu", None, np.random.default_rng(0), precision="float64", batch_norm=kind)
        hessian = loss.at(weights, own)
        buffers = {name: value.double() for name, value in hessian.buffers.items()}
        batch = probe.batch("train", torch.arange(48))
        points, classes = batch[0].double(), batch[1]

        def at(flat, buffers=buffers, points=points, classes=classes):
            return probe.objective(probe.layout.unflatten(flat), buffers, (points, classes), training=False)

        exact = exact_hessian(at, weights)
        found[kind] = hessian.products(vectors)
        np.testing.assert_allclose(found[kind], exact, atol=1e-9)
    assert np.abs(found["recalibrate"] - found["stored"]).max() > 1e-3
    with pytest.raises(EvaluationError, match="'stored' needs the networks' own statistics; 'mean' is missing"):
        Loss.of(probe, "cpu", None, np.random.default_rng(0), batch_norm="stored").at(weights, {})


def test_the_analysis_tells_of_negative_curvature_and_finds_the_networks_asked_for():
    atlas, bench = tiny_atlas(), tiny_bench()
    finding = Curvature(members=("A@0", "B"), count=3, draws=50, precision="float64").analyse(
        atlas, bench, np.random.default_rng(0)
    )
    summary, listed = finding.tables
    assert [row["network"] for row in summary.rows] == ["A@0", "B@3"]
    assert [row["network"] for row in listed.rows] == ["A@0"] * 3 + ["B@3"] * 3
    probe = bench.task.build("cpu")
    rows = torch.arange(48)
    points, classes = probe.batch("train", rows)

    def loss(flat):
        return probe.objective(probe.layout.unflatten(flat), {}, (points.double(), classes), training=False)

    for row, at in zip(summary.rows, (0, 7), strict=True):
        exact = exact_hessian(loss, atlas.population.weights[at])
        values = np.linalg.eigvalsh(exact)
        assert row["top_eigenvalue"] == pytest.approx(values[np.abs(values).argmax()], rel=1e-6)
        assert abs(row["trace"] - values.sum()) < 3 * row["trace_standard_error"]
        leading = values[np.argsort(-np.abs(values))[:3]]
        warned = [text for text in finding.warnings if text.startswith(f"{row['network']}: not a minimum")]
        assert bool(warned) == bool((leading < 0).any()) == bool(row["negative"])


def test_the_analysis_shows_the_density_and_the_layers_beside_the_same_eigenvalues_and_trace():
    atlas, bench, rng = tiny_atlas(), tiny_bench(), np.random.default_rng(0)
    options = {"members": ("A@0", "B"), "count": 6, "draws": 40, "precision": "float64"}
    plain = Curvature(**options).analyse(atlas, bench, rng)
    finding = Curvature(**options, layers=True, density_draws=8, density_steps=51).analyse(atlas, bench, rng)
    tables = {table.name: table.rows for table in finding.tables}
    assert tables["eigenvalues"] == plain.tables[1].rows
    for row, old in zip(tables["curvature"], plain.tables[0].rows, strict=True):
        # The layers' traces are sums of the same products, in another order.
        assert [row[name] for name in ("trace", "trace_standard_error")] == pytest.approx(
            [old[name] for name in ("trace", "trace_standard_error")], rel=1e-9
        )
        own = [layer for layer in tables["layers"] if layer["network"] == row["network"]]
        assert [(layer["layer"], layer["weights"]) for layer in own] == [("inner", 30), ("outer", 21)]
        assert sum(layer["layer_trace"] for layer in own) == pytest.approx(row["trace"], rel=1e-9)
    for row, network in zip(tables["spectral_density"], (0, 7), strict=True):
        values = np.linalg.eigvalsh(exact_hessian(whole(bench.task.build("cpu")), atlas.population.weights[network]))
        assert (row["lowest"], row["highest"]) == pytest.approx((values[0], values[-1]), rel=1e-6)
        assert row["width"] == pytest.approx(0.01 * np.ptp(values), rel=1e-6)
        parts = values < -row["width"], np.abs(values) <= row["width"], values > row["width"]
        for name, part in zip(("below", "near_zero", "above"), parts, strict=True):
            assert abs(row[name] - part.sum()) < 4 * row[f"{name}_standard_error"]
        assert abs(row["density_trace"] - values.sum()) < 4 * row["density_trace_standard_error"]
    assert [picture.name for picture in finding.pictures] == [
        "eigenvalues", "spectral_density", "eigenvalue_counts", "layer_traces"
    ]  # fmt: skip
    assert [picture.flaw for picture in finding.pictures] == [""] * 4
    marked = finding.pictures[1].panels[0].series[1]
    assert marked.x == tuple(row["eigenvalue"] for row in tables["eigenvalues"] if row["network"] == "A@0")


def test_a_gaussian_that_is_narrower_than_the_quadrature_gets_a_warning():
    finding = Curvature(members=("A",), draws=6, density_draws=2, density_steps=20).analyse(
        tiny_atlas(), tiny_bench(), np.random.default_rng(0)
    )
    assert finding.warnings[-1] == (
        "density_width = 0.01 is narrower than density_steps = 20 resolve: single bumps may be nodes of the "
        "quadrature, not eigenvalues; take at least 80 steps"
    )


def test_options_that_came_later_leave_the_keys_of_earlier_results_as_they_are():
    options = fingerprint(Curvature(device="cpu"))
    assert [*options] == [
        "members", "count", "which", "tolerance", "trace", "draws", "examples", "batch_size", "batch_norm", "precision"
    ]  # fmt: skip
    loss = LossOptions(examples=None, batch_size=None, batch_norm="stored", precision="float32")
    network = tiny_atlas().population.take([0])
    at = LossAtNetwork(options=loss, task=tiny_task(), device="cpu", network=network, seed=0)
    assert at.inputs[2:] == [None, None, "stored", "float32"]
    assert evolve(at, matrix="ggn").inputs[2:] == [None, None, "stored", "float32", "ggn"]


def test_the_analysis_refuses_unknown_networks():
    facts = CheckFacts(probe=tiny_task().build("cpu"), variants=("A", "B", "C"))
    with pytest.raises(SpecError, match="analysis curvature: there is no variant 'D'; known: A, B, C"):
        Curvature(members=("A@0", "D")).check(facts)
    with pytest.raises(SpecError, match="analysis curvature: count = 60, but a network has 51 weights"):
        Curvature(count=60).check(facts)


@pytest.mark.parametrize("batch_size", [None, 300])
def test_curvature_is_of_the_very_loss_that_the_evaluator_gives_a_batch_norm_network(batch_size):
    task = Classification(model=Code(str(NETS), "batch_norm"))
    probe = task.build("cpu")
    weights = probe.layout.flatten({name: p.numpy() for name, p in probe.initialise(1)[0].items()})
    fields = score_units(Torch(batch_size=batch_size), Networks.of(weights[None]), task)
    loss = Loss.of(probe, "cpu", None, np.random.default_rng(0), batch_size=batch_size)
    at = loss.at(weights, {})
    with torch.no_grad():
        found = sum(
            share * float(probe.objective(at.parameters, at.buffers, batch, training=False))
            for batch, share in loss.batches()
        )
    np.testing.assert_allclose(found, fields["train_loss"][0], rtol=1e-6)  # float32 sums
