"""Reducers other than the autoencoder: best plane, same answer twice, indifferent to rotation, clear refusals."""

import re

import numpy as np
import pytest
from safetensors.numpy import load, save
from scipy.spatial.distance import pdist
from sklearn.kernel_ridge import KernelRidge
from support.reduction import MEMBERS, inputs, reduce

from globscope.api import FullSpace, GlobscopeError, PopulationError, ReducerInputs
from globscope.builtin.reducers import Isomap, KernelPca, Mds, Pca, TSne, Umap


def of(coordinates, seed=0):
    """The same population seen through other coordinates."""
    given = inputs(seed)
    return ReducerInputs(coordinates=coordinates, population=given.population, space=given.space)


def planar():
    """24 members in a plane of a space of 5 coordinates."""
    rng = np.random.default_rng(3)
    return of(rng.normal(size=(MEMBERS, 2)) @ np.linalg.qr(rng.normal(size=(5, 5)))[0][:2])


def same_up_to_sign(one, two, atol):
    signs = np.sign((one * two).sum(axis=0))
    np.testing.assert_allclose(one, two * signs, atol=atol)


def squared_error(chart, given):
    return ((chart.decode(chart.latents) - given.coordinates) ** 2).sum()


ALL = [Pca, KernelPca, Mds, Isomap, TSne, Umap]
NAMES = ["pca", "kernel-pca", "mds", "isomap", "t-sne", "umap"]
SEEDLESS = [Pca(), KernelPca(), Mds(), Isomap(), TSne(max_iterations=250)]


@pytest.mark.parametrize("dimension", [1, 2, 5])
def test_pca_restores_the_weights_as_well_as_any_affine_map_can(dimension):
    given = inputs()
    centred = given.population.weights - given.population.weights.mean(axis=0, dtype=np.float64)
    tail = (np.linalg.svd(centred, compute_uv=False)[dimension:] ** 2).sum()  # Eckart & Young
    # Both are float64 sums of the same squares.
    assert squared_error(reduce(Pca(latent_dim=dimension), given), given) == pytest.approx(tail, rel=1e-9)


def test_pca_claims_an_exact_inverse_only_with_an_axis_for_every_direction():
    given = inputs()
    rank = given.coordinates.shape[1]
    assert not reduce(Pca(latent_dim=rank - 1), given).exact_inverse
    full = reduce(Pca(latent_dim=rank), given)
    assert full.exact_inverse
    np.testing.assert_allclose(full.decode(full.encode(given.coordinates)), given.coordinates, atol=1e-12)


def test_a_restored_pca_is_the_chart_bit_for_bit():
    given = inputs()
    chart = reduce(Pca(), given)
    again = Pca().restore(given, load(save(dict(chart.arrays))))
    points = np.random.default_rng(1).normal(size=(7, 2))
    assert np.array_equal(again.latents, chart.latents)
    assert np.array_equal(again.decode(points), chart.decode(points))
    assert np.array_equal(again.encode(given.coordinates), chart.encode(given.coordinates))
    assert again.exact_inverse == chart.exact_inverse


@pytest.mark.parametrize("reducer", SEEDLESS, ids=lambda r: type(r).__name__)
def test_two_runs_agree_bit_for_bit_and_no_seed_enters(reducer):
    one, two = reduce(reducer, inputs(), seed=0), reduce(reducer, inputs(), seed=1)
    assert np.array_equal(one.latents, two.latents)
    assert one.notes == two.notes
    if one.decode is not None:
        assert np.array_equal(one.decode(one.latents), two.decode(two.latents))


@pytest.mark.parametrize("reducer", SEEDLESS, ids=lambda r: type(r).__name__)
def test_rotating_the_coordinates_leaves_the_map_alone(reducer):
    given = inputs()
    rank = given.coordinates.shape[1]
    rotation = np.linalg.qr(np.random.default_rng(5).normal(size=(rank, rank)))[0]
    one, two = reduce(reducer, given), reduce(reducer, of(given.coordinates @ rotation))
    # Distances agree to 1e-15 of their size; SMACOF stops a little earlier or later on that.
    same_up_to_sign(one.latents, two.latents, atol=1e-3 if isinstance(reducer, Mds) else 1e-8)
    if one.decode is not None:
        np.testing.assert_allclose(one.decode(one.latents) @ rotation, two.decode(two.latents), atol=1e-6)


@pytest.mark.parametrize("reducer", SEEDLESS, ids=lambda r: type(r).__name__)
def test_numpys_global_generator_and_the_inputs_stay_untouched(reducer):
    given = inputs()
    state, coordinates = np.random.get_state(), given.coordinates.copy()  # noqa: NPY002
    chart = reduce(reducer, given)
    for transform, rows in ((chart.encode, given.coordinates), (chart.decode, chart.latents)):
        if transform is not None:
            transform(rows)
    assert np.array_equal(state[1], np.random.get_state()[1])  # noqa: NPY002
    assert np.array_equal(coordinates, given.coordinates)


@pytest.mark.parametrize("reducer", [Pca(), KernelPca(), Isomap()], ids=lambda r: type(r).__name__)
def test_networks_that_were_not_in_the_fit_are_encoded(reducer):
    given = inputs()
    chart = reduce(reducer, given)
    unseen = np.random.default_rng(2).normal(size=(4, given.coordinates.shape[1]))
    assert chart.encode(unseen).shape == (4, 2)
    assert np.isfinite(chart.encode(unseen)).all()
    # Isomap's own transform takes distances by another route than its fit, through square roots.
    np.testing.assert_allclose(chart.encode(given.coordinates), chart.latents, atol=1e-5)


@pytest.mark.parametrize(("reducer", "name"), list(zip(ALL, NAMES, strict=True)))
def test_more_axes_than_directions_are_refused(reducer, name):
    expected = f"reducer {name!r} wants latent_dim = 3, but the 24 members in the fit span only 2 directions"
    flat = of(np.random.default_rng(0).normal(size=(MEMBERS, 2)))
    with pytest.raises(PopulationError, match=f"^{re.escape(expected)}$"):
        reduce(reducer(latent_dim=3), flat)


def test_members_count_one_direction_less_than_they_are():
    expected = "reducer 'pca' wants latent_dim = 2, but the 2 members in the fit span only 1 direction"
    with pytest.raises(PopulationError, match=f"^{re.escape(expected)}$"):
        reduce(Pca(), of(np.eye(2, 6)))


@pytest.mark.parametrize("reducer", ALL)
def test_members_that_all_coincide_are_refused(reducer):
    with pytest.raises(PopulationError, match=r"has nothing to map: the 24 members in the fit all coincide$"):
        reduce(reducer(), of(np.ones((MEMBERS, 5))))


@pytest.mark.parametrize("reducer", [Pca, KernelPca, Mds, Isomap, TSne])
def test_a_few_members_that_coincide_are_mapped_to_one_place(reducer):
    given = inputs()
    coordinates = given.coordinates.copy()
    coordinates[1] = coordinates[0]
    chart = reduce(reducer(), of(coordinates))
    assert np.isfinite(chart.latents).all()
    extent = np.ptp(chart.latents, axis=0).max()
    assert np.abs(chart.latents[0] - chart.latents[1]).max() <= 1e-6 * extent


def test_weight_space_itself_gives_the_same_plane_as_the_isometric_coordinates():
    given = inputs()
    space = FullSpace(mean=given.population.weights.mean(axis=0, dtype=np.float64).astype(np.float32))
    wide = ReducerInputs(
        coordinates=space.coordinates(given.population.weights)[0], population=given.population, space=space
    )
    chart = reduce(Pca(), wide)
    # Centred weights are float32, of size 1.
    same_up_to_sign(chart.latents, reduce(Pca(), given).latents, atol=1e-5)


def test_directions_are_at_most_one_less_than_members_in_weight_space_too():
    given = inputs()
    wide = of(np.asarray(given.population.weights - given.population.weights.mean(axis=0)))
    with pytest.raises(PopulationError, match=r"'pca' wants latent_dim = 24, .* span only 23 directions$"):
        reduce(Pca(latent_dim=24), wide)


@pytest.mark.parametrize("kernel", ["rbf", "poly", "sigmoid", "cosine", "linear"])
def test_every_kernel_gives_a_finite_map_both_ways(kernel):
    given = inputs()
    chart = reduce(KernelPca(kernel=kernel, gamma=0.3, alpha=1e-2), given)
    assert chart.latents.shape == (MEMBERS, 2)
    assert chart.decode(chart.latents).shape == given.coordinates.shape
    assert np.isfinite(chart.decode(chart.latents)).all()


def test_the_linear_kernel_is_pca_in_units_of_the_median_distance():
    given = inputs()
    kernel = reduce(KernelPca(kernel="linear", alpha=1e-2), given)
    median = np.sqrt(np.median(pdist(given.coordinates) ** 2))
    same_up_to_sign(kernel.latents * median, reduce(Pca(), given).latents, atol=1e-9)


def test_gamma_has_no_unit():
    given = inputs()
    one, two = reduce(KernelPca(), given), reduce(KernelPca(), of(1000 * given.coordinates))
    # Equal up to the rounding of the division, 1e-16, which a ridge of 1e-8 may enlarge 1e8 times.
    np.testing.assert_allclose(one.latents, two.latents, atol=1e-10)
    np.testing.assert_allclose(1000 * one.decode(one.latents), two.decode(two.latents), atol=1e-3)


@pytest.mark.parametrize("kernel", ["rbf", "poly", "cosine", "linear"])
def test_the_pre_image_of_kernel_pca_takes_gamma_in_units_of_the_latents_median_distance(kernel):
    given = inputs()
    chart = reduce(KernelPca(kernel=kernel, gamma=0.3, alpha=1e-2), given)
    latents = chart.latents / np.sqrt(np.median(pdist(chart.latents) ** 2))
    regression = KernelRidge(kernel=kernel, gamma=0.3, alpha=1e-2, degree=3, coef0=1.0)
    wanted = regression.fit(latents, given.coordinates).predict(latents)
    # Two solvers of one system of condition 1e4.
    np.testing.assert_allclose(chart.decode(chart.latents), wanted, rtol=1e-7, atol=1e-9)


def test_a_smaller_ridge_restores_the_members_better():
    given = inputs()
    errors = [squared_error(reduce(KernelPca(alpha=alpha), given), given) for alpha in (1e-1, 1e-3, 1e-6)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 2


def test_a_way_back_that_cannot_be_solved_for_names_the_option_to_raise():
    with pytest.raises(GlobscopeError, match=r"cannot be solved for .* alpha = 0; raise alpha$"):
        reduce(KernelPca(kernel="linear", alpha=0.0), inputs())


def test_mds_keeps_the_distances_of_members_in_a_plane_exactly():
    given = planar()
    chart = reduce(Mds(), given)
    # SMACOF starts at the exact solution and stays.
    np.testing.assert_allclose(pdist(chart.latents), pdist(given.coordinates), rtol=1e-6)
    assert chart.notes["stress"] <= 1e-9 * (pdist(given.coordinates) ** 2).sum()


def test_mds_has_less_stress_than_the_best_plane():
    given = inputs()
    true = pdist(given.coordinates)

    def stress(latents):
        return ((pdist(latents) - true) ** 2).sum()

    assert stress(reduce(Mds(), given).latents) < 0.9 * stress(reduce(Pca(), given).latents)


def test_maps_without_a_way_back_tell_the_reader_why():
    mds, isomap = reduce(Mds(), inputs()), reduce(Isomap(), inputs())
    assert mds.encode is None
    assert isomap.encode is not None
    assert mds.decode is None
    assert isomap.decode is None
    assert mds.why_no_inverse.startswith("MDS places the members alone")
    assert isomap.why_no_inverse.startswith("Isomap places networks on the map")
    t_sne = reduce(TSne(max_iterations=250), inputs())
    assert (t_sne.encode, t_sne.decode) == (None, None)
    assert t_sne.why_no_inverse.startswith("t-SNE places the members alone")


def test_isomap_joins_variants_whose_neighbourhoods_do_not_meet():
    apart = inputs().coordinates.copy()
    apart[:8] += 100
    chart = reduce(Isomap(n_neighbors=3), of(apart))
    assert np.isfinite(chart.latents).all()


def two_groups(apart, members=30):
    rng = np.random.default_rng(4)
    points = rng.normal(size=(members, 5))
    points[: members // 2] += apart
    return of(points)


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e12])
def test_t_sne_keeps_groups_apart_in_any_unit(unit):
    given = of(two_groups(20).coordinates * unit)
    latents = reduce(TSne(), given).latents
    distances = np.linalg.norm(latents[:, None] - latents, axis=2)
    near = np.argsort(distances, axis=1)[:, 1:6]
    assert ((near < 15) == (np.arange(30) < 15)[:, None]).all()


@pytest.mark.parametrize(
    ("asked", "members", "used"), [(None, 12, 11 / 3), (None, 100, 30), (2.5, 12, 2.5), (99, 31, 10)]
)
def test_the_perplexity_of_t_sne_is_at_most_a_third_of_the_others(asked, members, used):
    chart = reduce(TSne(perplexity=asked, max_iterations=250), two_groups(1, members))
    assert chart.notes["perplexity"] == pytest.approx(used)
    assert chart.notes["kl_divergence"] > 0


def test_three_members_have_a_t_sne():
    assert np.isfinite(reduce(TSne(max_iterations=250), two_groups(1, 3)).latents).all()


def test_a_random_start_of_t_sne_depends_on_the_seed_alone():
    given, reducer = two_groups(1, 12), TSne(start="random", max_iterations=250)
    one, same, other = (reduce(reducer, given, seed=seed).latents for seed in (0, 0, 1))
    assert np.array_equal(one, same)
    assert not np.allclose(one, other)


@pytest.mark.slow
def test_the_approximate_gradient_of_t_sne_gives_equal_bits_on_any_number_of_threads():
    from threadpoolctl import threadpool_limits

    given, found = two_groups(5, 400), list[np.ndarray]()
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="openmp"):
            found.append(reduce(TSne(max_iterations=250), given).latents)
    assert np.array_equal(*found)


def test_neighbourhoods_are_at_most_all_the_others():
    assert reduce(Isomap(n_neighbors=99), inputs()).notes["n_neighbors"] == MEMBERS - 1


def test_the_registry_finds_every_reducer(registry):
    assert set(NAMES) | {"autoencoder"} <= set(registry.role("reducer"))
