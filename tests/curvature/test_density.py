"""Spectral density and traces of blocks, beside the eigenvalues and blocks of explicit matrices in float64."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from support.small_networks import BATCH_NORM, MLP, TASKS, ExactNetwork

from globscope.api import SpectralDensity, block_traces, lanczos_quadrature, random_signs, trace
from globscope.builtin.analyses.curvature.density_results import count_plot, density_plot

# Of sums of some hundred float64 products, relative.
ROUNDING = 1e-10
VECTORS, STEPS, WIDTH = 8, 45, 0.02


def symmetric(size, seed=0):
    matrix = np.random.default_rng(seed).normal(size=(size, size))
    return (matrix + matrix.T) / 2


def quadratures(products, size, vectors=VECTORS, steps=STEPS, seed=3):
    rng = np.random.default_rng(seed)
    found = [lanczos_quadrature(products, start, steps) for start in random_signs(rng, vectors, size)]
    return SpectralDensity(size=size, nodes=[nodes for nodes, _ in found], weights=[weights for _, weights in found])


def test_a_quadrature_is_exact_for_polynomials_of_twice_its_degree():
    matrix, start = symmetric(40), np.random.default_rng(1).normal(size=40)
    nodes, weights = lanczos_quadrature(lambda v: v @ matrix, start, 5)
    values, vectors = np.linalg.eigh(matrix)
    shares = (vectors.T @ start / np.linalg.norm(start)) ** 2
    for power in range(10):
        assert weights @ nodes**power == pytest.approx(shares @ values**power, rel=ROUNDING, abs=ROUNDING)
    assert weights @ nodes**10 != pytest.approx(shares @ values**10, rel=1e-3)


@given(st.integers(1, 12), st.integers(1, 15), st.integers(0, 2**32))
@settings(deadline=None, max_examples=40)
def test_nodes_lie_between_the_outermost_eigenvalues_and_weights_are_shares(size, steps, seed):
    matrix = symmetric(size, seed)
    nodes, weights = lanczos_quadrature(lambda v: v @ matrix, np.random.default_rng(seed).normal(size=size), steps)
    values = np.linalg.eigvalsh(matrix)
    assert len(nodes) <= min(size, steps)
    assert (np.diff(nodes) >= 0).all()
    assert values[0] - ROUNDING <= nodes[0] <= nodes[-1] <= values[-1] + ROUNDING
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1, rel=ROUNDING)


def test_as_many_steps_as_columns_give_every_eigenvalue():
    matrix = symmetric(30)
    nodes, weights = lanczos_quadrature(lambda v: v @ matrix, np.ones(30), 100)
    np.testing.assert_allclose(nodes, np.linalg.eigvalsh(matrix), atol=ROUNDING)
    assert weights.sum() == pytest.approx(1, rel=ROUNDING)


@pytest.mark.parametrize(("rank", "nodes"), [(0, 1), (2, 3)])
def test_a_quadrature_ends_where_the_matrix_has_no_further_direction(rank, nodes):
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(50, 2)))[0][:, :rank]
    matrix = basis @ np.diag([5.0, -3.0][:rank]) @ basis.T
    found, weights = lanczos_quadrature(lambda v: v @ matrix, np.ones(50), 20)
    np.testing.assert_allclose(found, np.sort([5.0, -3.0, 0.0][-nodes:] if rank else [0.0]), atol=ROUNDING)
    assert weights.sum() == pytest.approx(1, rel=ROUNDING)


FAST = {(MLP, "hessian")}
CASES = [(name, kind) for name in TASKS for kind in ("hessian", "ggn")]


@pytest.mark.parametrize(
    ("name", "kind"), [pytest.param(*case, marks=() if case in FAST else pytest.mark.slow) for case in CASES]
)
def test_the_density_is_that_of_the_eigenvalues_within_its_standard_error(name, kind):
    network = ExactNetwork(TASKS[name], batch_size=None)
    matrix = network.loss.at(network.weights, {}, kind)
    values, vectors = np.linalg.eigh(network.explicit(kind))
    density = quadratures(matrix.products, matrix.size)
    np.testing.assert_allclose(density.ends, (values[0], values[-1]), atol=1e-6 * values[-1])
    width = WIDTH * np.ptp(values)
    at = np.linspace(values[0] - 3 * width, values[-1] + 3 * width, 40)
    found, error = density.smooth_counts(at, width)
    bumps = np.exp(-0.5 * ((at[:, None] - values) / width) ** 2)
    known = np.sqrt(np.array([variance_of_signs(vectors * bump @ vectors.T) for bump in bumps]) / VECTORS)
    # Where the curve is not the tail of a Gaussian. The mean of eight squares, which are skewed, at forty points.
    seen = bumps.sum(1) > 0.1
    assert (np.abs(found - bumps.sum(1)) < 5 * known)[seen].all()
    # Errors of eight vectors vary by a quarter and more, and those of neighbouring points together.
    assert 0.5 < np.sqrt(np.mean((error / known)[seen] ** 2)) < 2
    value, _ = density.trace()
    assert abs(value - values.sum()) < 4 * np.sqrt(variance_of_signs(network.explicit(kind)) / VECTORS)


def variance_of_signs(matrix):
    """Return the variance of vᵀMv over vectors of random signs."""
    return 2 * ((matrix**2).sum() - (np.diag(matrix) ** 2).sum())


def test_the_densitys_trace_is_hutchinsons_with_the_same_vectors():
    matrix = symmetric(40)
    density = quadratures(lambda v: v @ matrix, 40, steps=7, seed=5)
    found = trace(lambda v: v @ matrix, 40, VECTORS, np.random.default_rng(5))
    assert density.trace() == pytest.approx(found, rel=ROUNDING)


def test_the_densitys_standard_error_is_its_spread():
    matrix, at = symmetric(20), np.array([-2.0, 0.0, 3.0])
    found = [quadratures(lambda v: v @ matrix, 20, 6, 20, seed).smooth_counts(at, 0.7) for seed in range(150)]
    values, errors = np.array(found).transpose(1, 0, 2)
    # 150 estimates know their spread to about 6 %.
    np.testing.assert_allclose(np.sqrt((errors**2).mean(0)), values.std(0), rtol=0.2)
    wanted = np.exp(-0.5 * ((at[:, None] - np.linalg.eigvalsh(matrix)) / 0.7) ** 2).sum(1)
    assert (np.abs(values.mean(0) - wanted) < 4 * values.std(0) / np.sqrt(150)).all()


@pytest.mark.parametrize("plot", [density_plot, lambda *args: count_plot(*args, "magnitude")])
@pytest.mark.parametrize(("vectors", "factor"), [(2, 12.706), (4, 3.182), (10, 2.262)])
def test_bands_are_as_wide_as_student_s_t_of_95_percent_requires_for_few_vectors(plot, vectors, factor):
    density = quadratures(lambda v: v @ symmetric(20), 20, vectors, steps=20)
    own = SimpleNamespace(density=density, values=np.array([1.0]))
    picture = plot({"A": own}, WIDTH, "Hessian") if plot is density_plot else plot({"A": own}, "Hessian")
    line = next(series for series in picture.panels[0].series if series.error)
    at = np.array(line.x)
    low, high = density.ends
    _, errors = (
        density.smooth_counts(at, WIDTH * (high - low))
        if plot is density_plot
        else density.counts(at, np.full(len(at), np.inf))
    )
    np.testing.assert_allclose(line.error, factor * errors, rtol=3e-4)  # half the last of three printed decimals
    assert "95 % interval by Student's t" in picture.caption


def test_parts_of_the_spectrum_are_counted():
    values = np.array([-3.0, -1.0, 0.0, 0.0, 0.5, 4.0])
    density = quadratures(lambda v: v * values, 6, vectors=4)
    counts, errors = density.counts(np.array([-np.inf, -0.1, 0.1]), np.array([-0.5, 0.1, np.inf]))
    # The entries of a vector of signs have one square, so that each of a diagonal matrix's eigenvalues has its share.
    np.testing.assert_allclose(counts, [2, 2, 2], atol=ROUNDING)
    assert (errors < ROUNDING).all()


@pytest.mark.parametrize("name", [MLP, BATCH_NORM])
def test_traces_of_blocks_are_those_of_the_diagonal_blocks(name):
    network = ExactNetwork(TASKS[name], batch_size=None)
    matrix, exact = network.loss.at(network.weights, {}, "ggn"), network.explicit("ggn")
    found = block_traces(matrix.products, matrix.sizes, 40, np.random.default_rng(2))
    assert found.shape == (40, len(network.probe.layout.names))
    ends = np.cumsum([0, *matrix.sizes])
    wanted = [np.trace(exact[low:high, low:high]) for low, high in pairwise(ends)]
    errors = found.std(axis=0, ddof=1) / np.sqrt(40)
    assert (np.abs(found.mean(0) - wanted) < 4 * errors).all()
    whole = trace(matrix.products, matrix.size, 40, np.random.default_rng(2))
    total = found.sum(axis=1)
    assert (total.mean(), total.std(ddof=1) / np.sqrt(40)) == pytest.approx(whole, rel=ROUNDING)
