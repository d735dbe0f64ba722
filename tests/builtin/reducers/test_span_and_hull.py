"""The span of all members and the hull of some: flat maps that give back their networks to the last bit."""

import itertools

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, strategies as st
from safetensors.numpy import load as load_arrays, save as save_arrays
from support.reduction import inputs, reduce
from support.study import TINY, study_in, values

from globscope.api import FullSpace, PopulationError, PrincipalSpace, ReducerInputs, ReducerTraits
from globscope.builtin.reducers import Hull, Pca, Plane, Span
from globscope.errors import SpecError
from globscope.files.plain import run_landscape
from globscope.report.page.files import write_values
from globscope.testing import ContractError, check_component, tiny_inputs
from globscope.testing.tiny.population import inputs_of

HULLS = [Hull(), Hull(points="ends and starts"), Hull(of=("A", "B@0", "C")), Hull(of=("B",), points="ends and starts")]
MAPS = TINY.replace(
    '[[reducer]]\nuse = "pca"', '[[reducer]]\nuse = "span"\nsampler = "sobol"\n[[reducer]]\nuse = "hull"'
)


class Twelfth(Pca):
    """Announce an axis for twelve members."""

    traits = ReducerTraits(latent_dim=lambda members, runs: members // 12)


def labels(given, chart):
    return [given.members[row].label for row in chart.arrays["rows"]]


def lifted(chart, points):
    return chart.space.lift(chart.decode(points))


@pytest.mark.parametrize("given", [tiny_inputs(), inputs(size=4000), inputs(per_variant=30)], ids=["12", "24", "90"])
def test_the_span_decodes_every_member_to_its_own_weights_bit_for_bit(given):
    chart = reduce(Span(), given)
    assert chart.dimension == min(len(given.members) - 1, given.population.layout.size)
    assert np.array_equal(chart.latents, given.coordinates)
    assert np.array_equal(lifted(chart, chart.encode(given.coordinates)), given.population.weights)


@pytest.mark.parametrize("hull", HULLS, ids=str)
@pytest.mark.parametrize("given", [tiny_inputs(), inputs(size=4000), inputs(size=2)], ids=["12", "24", "2 weights"])
def test_the_networks_of_a_hull_lie_on_it_bit_for_bit(hull, given):
    chart = reduce(hull, given)
    rows = chart.arrays["rows"]
    assert np.array_equal(lifted(chart, chart.latents[rows]), given.population.weights[rows])


@pytest.mark.parametrize(
    ("hull", "networks"),
    [
        (Hull(), ["A@3", "B@3", "C@3"]),
        (Hull(points="ends and starts"), ["A@3", "B@3", "C@3", "A@0", "B@0", "C@0"]),
        (Hull(of=("A", "B@0")), ["A@3", "B@0"]),
        (Hull(of=("A", "B@0"), points="ends and starts"), ["A@3", "B@0", "A@0"]),
        (Hull(of=("A", "A@0"), points="ends and starts"), ["A@3", "A@0"]),
    ],
)
def test_a_hull_has_an_axis_fewer_than_networks(hull, networks):
    given = tiny_inputs()
    chart = reduce(hull, given)
    assert labels(given, chart) == networks
    assert chart.notes == {"origin": networks[0], "through": ", ".join(networks[1:])}
    assert chart.dimension == len(networks) - 1


@pytest.mark.parametrize("component", [Span(), *HULLS], ids=str)
def test_distances_on_a_flat_map_are_those_in_weight_space(component):
    chart = reduce(component, tiny_inputs())
    points = np.random.default_rng(0).normal(size=(5, chart.dimension))
    networks = lifted(chart, points).astype(np.float64)
    for one, two in itertools.combinations(range(5), 2):
        # Lifted weights are float32.
        wanted = np.linalg.norm(points[one] - points[two])
        assert np.linalg.norm(networks[one] - networks[two]) == pytest.approx(wanted, rel=1e-5)


def test_a_network_beside_a_hull_is_projected_onto_it():
    given = tiny_inputs()
    chart = reduce(Hull(), given)
    outside = given.population.weights.astype(np.float64) - lifted(chart, chart.latents)
    np.testing.assert_allclose(outside @ (lifted(chart, np.eye(2)) - lifted(chart, np.zeros((1, 2)))).T, 0, atol=1e-5)


def test_the_hull_of_three_networks_is_the_plane_through_them():
    given = tiny_inputs()
    hull, plane = (reduce(one, given) for one in (Hull(of=("A", "B@2", "C")), Plane(members=("A", "B@2", "C"))))
    points = np.random.default_rng(0).normal(size=(20, 2))
    on_plane, outside = plane.space.coordinates(lifted(hull, points))
    np.testing.assert_allclose(outside, 0, atol=1e-5)  # lifted weights are float32
    np.testing.assert_allclose(lifted(plane, on_plane), lifted(hull, points), atol=1e-5)


@pytest.mark.parametrize("hull", HULLS, ids=str)
def test_barycentric_coordinates_are_the_shares_of_the_networks(hull):
    given = tiny_inputs()
    chart = reduce(hull, given)
    rows = chart.arrays["rows"]
    # Rounding of float64 alone.
    np.testing.assert_allclose(chart.space.barycentric(chart.latents[rows]), np.eye(len(rows)), atol=1e-12)
    shares = np.random.default_rng(0).dirichlet(np.ones(len(rows)), size=7)
    networks = shares @ given.population.weights[rows].astype(np.float64)
    points, outside = chart.space.coordinates(networks)
    np.testing.assert_allclose(chart.space.barycentric(points), shares, atol=1e-12)
    np.testing.assert_allclose(outside, 0, atol=1e-12)


@given(seed=st.integers(0, 2**16))
def test_networks_that_coincide_or_are_means_of_others_add_no_axis(seed):
    rng, given = np.random.default_rng(seed), tiny_inputs(seed)
    weights = np.array(given.population.weights)
    weights[4] = weights[0]
    weights[8] = rng.choice([weights[0], weights[3], (weights[3] + weights[7]) / 2])
    given = inputs_of(evolve(given.population, weights=weights))
    chart = reduce(Hull(points="ends and starts"), given)
    assert chart.dimension == 3
    shares = chart.space.barycentric(chart.latents)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-12)
    rows = chart.arrays["rows"]
    np.testing.assert_allclose(shares[rows] @ weights[rows], weights[rows], atol=1e-6)


def test_shares_among_more_networks_than_weights_still_make_the_network():
    given = inputs(size=2)
    chart = reduce(Hull(points="ends and starts"), given)
    assert isinstance(chart.space, PrincipalSpace)
    shares, rows = chart.space.barycentric(chart.latents), chart.arrays["rows"]
    np.testing.assert_allclose(shares @ given.population.weights[rows], given.population.weights, atol=1e-6)


@pytest.mark.parametrize("component", [Span(), *HULLS], ids=str)
@pytest.mark.parametrize("given", [tiny_inputs(), inputs(size=2)], ids=["12", "2 weights"])
def test_a_flat_map_is_restored_without_a_fit(component, given):
    chart = reduce(component, given)
    again = component.restore(given, load_arrays(save_arrays(dict(chart.arrays))) if chart.arrays else {})
    points = np.random.default_rng(1).normal(size=(9, chart.dimension))
    for one, two in ((lifted(chart, points), lifted(again, points)), (chart.latents, again.latents)):
        assert np.array_equal(one, two)
    assert again.extent is chart.extent is None or np.array_equal(again.extent, chart.extent)


@pytest.mark.parametrize("component", [Span(), *HULLS], ids=str)
def test_a_gradient_on_a_flat_map_is_the_one_in_its_space(component):
    chart = reduce(component, tiny_inputs())
    points, gradients = np.random.default_rng(1).normal(size=(2, 9, chart.dimension))
    assert chart.differentiates
    assert np.array_equal(chart.pullback(points, gradients), gradients)


@pytest.mark.parametrize(
    ("component", "says"),
    [
        (Hull(of=("A", "D")), "reducer 'hull': there is no network 'D'; known: "),
        (Hull(of=("A", "B", "A@3")), "reducer 'hull': of names one network twice: A, B, A@3"),
    ],
)
def test_a_hull_of_networks_that_are_not_there_is_refused(component, says):
    with pytest.raises(PopulationError) as error:
        reduce(component, tiny_inputs())
    assert str(error.value).startswith(says)


def test_a_hull_of_equal_networks_is_refused():
    given = tiny_inputs()
    weights = np.array(given.population.weights)
    weights[7] = weights[3]
    with pytest.raises(PopulationError, match=r"^reducer 'hull' needs two different networks: name them by of"):
        reduce(Hull(of=("A", "B")), evolve(given, population=evolve(given.population, weights=weights)))


def test_a_network_that_a_hull_names_twice_is_refused_with_its_options():
    with pytest.raises(ValueError, match=r"^of names one network twice: A, B, A$"):
        Hull(of=("A", "B", "A"))


def test_a_hull_of_one_network_is_refused_with_its_options():
    with pytest.raises(ValueError, match=r"^of must name at least 2 networks, or none$"):
        Hull(of=("A",))
    with pytest.raises(ValueError, match=r"^of must name at least 2 networks, or none$"):
        Hull(of=("A@3",), points="ends and starts")


def test_the_span_of_weight_space_itself_is_refused():
    members = inputs().population
    space = FullSpace(mean=members.weights.mean(axis=0))
    with pytest.raises(PopulationError, match=r"not one for each weight: leave out space = 'full'$"):
        reduce(
            Span(), ReducerInputs(coordinates=space.coordinates(members.weights)[0], population=members, space=space)
        )


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return study_in(tmp_path_factory.mktemp("study"), MAPS + '[[sampler]]\nuse = "sobol"\nsamples = 16\n')


@pytest.fixture(scope="module")
def atlas(study):
    return values(study).atlas


def test_a_study_maps_the_span_and_a_hull_and_restores_both(study, atlas, notes):
    span, hull = atlas.maps
    assert span.chart.dimension == 8
    assert np.array_equal(span.decoded["train_loss"], span.truth["train_loss"])
    assert span.landscape.fields["train_loss"].shape == (16,)
    assert not hull.elsewhere[[2, 5, 8]].any()
    assert hull.elsewhere[[0, 1, 3, 4, 6, 7]].all()
    again = values(study, notes).atlas.maps
    assert notes.ran == []
    for one, two in zip((span, hull), again, strict=True):
        points = np.random.default_rng(0).normal(size=(3, one.chart.dimension))
        assert np.array_equal(lifted(one.chart, points), lifted(two.chart, points))


def test_flat_maps_extrapolate_nowhere_also_when_they_are_restored(study, atlas):
    span, hull = values(study).atlas.maps
    assert span.chart.flat
    assert span.chart.extent is None
    for map_ in (*atlas.maps, span, hull):
        assert map_.landscape.trusted.all()
        assert (map_.landscape.distance_to_member > 0).any()


def test_the_shares_of_the_networks_lie_beside_the_samples_of_a_hull(tmp_path, atlas):
    write_values(tmp_path, atlas)
    with np.load(tmp_path / "landscapes/hull-grid.npz") as found:
        shares, points = found["barycentric"], found["points"]
        assert run_landscape(tmp_path, dict(found)).fields.keys() == atlas.maps[1].landscape.fields.keys()
    with np.load(tmp_path / "landscapes/span-sobol.npz") as found:
        assert "barycentric" not in found
    hull = atlas.maps[1]
    finals = hull.population.weights[hull.population.finals].astype(np.float64)
    np.testing.assert_allclose(shares @ finals, lifted(hull.chart, points), atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            ["reducer.0.sampler=grid", "sampler.0.resolution=41"],
            "sampler.0 on 'span': asks for 7,984,925,229,121 samples, which must be <= 100,000,000: every sample is a "
            "network that is decoded and scored; take a lower resolution, or a sampler without a lattice: 'sobol' or "
            "'critical-points'",
        ),
        (["sampler.0.resolution=[3, 4, 5]"], "sampler.0 on 'hull': resolution names 3 axes, but the map has 2"),
        (["reducer.1.of=['A', 'D']"], "reducer.1: there is no variant 'D'; known: A, B, C"),
        (
            ["reducer.1.of=['A', 'B@1']", "population.train.save_every=3"],
            "reducer.1: there is no network 'B@1'; did you mean 'B@2'?",
        ),
    ],
)
def test_check_counts_the_axes_of_a_map_that_has_as_many_as_its_members(tmp_path, changes, says):
    study = study_in(tmp_path, MAPS + '[[sampler]]\nuse = "sobol"\nsamples = 16\n', *changes)
    with pytest.raises(SpecError) as error:
        study.estimate()
    assert error.value.problems == (f"{tmp_path / 'study.toml'}: {says}",)


def test_a_reducer_whose_axes_follow_from_the_members_is_held_to_the_most_that_it_announces():
    with pytest.raises(ContractError, match=r"latents have 2 axes, its traits say at most 1 for these members"):
        check_component(Twelfth())
    check_component(Twelfth(latent_dim=1))


def test_a_lattice_on_the_span_of_a_few_networks_is_counted_before_the_training(tmp_path):
    study = study_in(
        tmp_path, MAPS.replace('sampler = "sobol"\n', ""), "sampler.0.resolution=2", "population.train.save_every=2"
    )
    # Two networks of each of three runs: five axes, and two of the hull, beside nine scores of members and two maps'.
    assert study.estimate().evaluations == study.evaluations() == 6 + 6 + 6 + 2**5 + 2**2


def test_one_run_has_no_hull_of_ends(tmp_path):
    one = TINY[: TINY.index('[[population.variant]]\nname = "B"')] + MAPS[MAPS.index("[[reducer]]") :]
    study = study_in(tmp_path, one.replace('sampler = "sobol"\n', "").replace("resolution = 5", "resolution = 2"))
    with pytest.raises(PopulationError, match=r"reducer 'hull' needs two different networks"):
        study.estimate()
    assert study_in(tmp_path, one.replace('sampler = "sobol"\n', ""), "reducer.1.points=ends and starts").estimate()
