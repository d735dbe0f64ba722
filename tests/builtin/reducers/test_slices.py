"""Slices around networks: exact charts, whose network is a sample of the grid."""

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from attrs import define, evolve
from support.study import ONE_RUN

from globscope import load
from globscope.api import Layout, Map, Member, Population, PopulationError
from globscope.builtin.reducers.slices.hessian import HessianSlice
from globscope.builtin.reducers.slices.random import Random
from globscope.builtin.reducers.slices.through import Line, Plane
from globscope.builtin.reducers.slices.trajectory import TrajectoryPca
from globscope.builtin.samplers.grid import Grid
from globscope.builtin.samplers.sobol import Sobol
from globscope.errors import GlobscopeError, SpecError
from globscope.pipeline.run import run
from globscope.testing import tiny_inputs
from globscope.testing.tiny.population import inputs_of

SLICES = [
    Random(latent_dim=3, centre="B", normalisation="none"),
    HessianSlice(latent_dim=4, precision="float64"),
    TrajectoryPca(latent_dim=3, variant="C"),
    Plane(members=("A", "B@2", "C")),
]
CENTRED = [*SLICES[:3], Random(normalisation="filter", centre="C@1"), Random(normalisation="layer")]

MISSES = " puts no sample on the network around which the slice is made; the nearest odd one"

# A quadratic: weights x, loss (x − lowest)ᵀ H (x − lowest) / 2, with a Hessian of known eigenvectors.
SIZE = 12
_rng = np.random.default_rng(5)
AXES = np.linalg.qr(_rng.normal(size=(SIZE, SIZE)))[0]
VALUES = np.array([9.0, -7.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.5, 0.3, 0.2, 0.1, 0.05])
HESSIAN = AXES @ np.diag(VALUES) @ AXES.T
LOWEST = _rng.normal(size=SIZE)


@define
class Quadratic:
    """A task whose loss is the quadratic, whatever the batch."""

    def build(self, device: str) -> "Quadratic":
        return self

    layout = Layout(names=("w",), shapes=((3, 4),))
    splits = ("train",)
    measures = ("loss",)
    statistics = ()
    grad_inside = False

    def examples(self, split: str) -> int:
        return 4

    def batch(self, split: str, indices: Any) -> Any:
        return indices.float()

    def initialise(self, seed: int) -> Any:
        return {"w": torch.zeros(3, 4)}, {}

    def objective(self, parameters: Any, buffers: Any, batch: Any, *, training: bool) -> Any:
        off = parameters["w"].reshape(-1) - torch.as_tensor(LOWEST)
        return off @ torch.as_tensor(HESSIAN) @ off / 2

    def reduce(self, parameters: Any, buffers: Any, batch: Any) -> Any:
        loss = self.objective(parameters, buffers, batch, training=False)
        return {"loss": (loss * len(batch), torch.tensor(float(len(batch))))}


def quadratic_inputs():
    weights = np.random.default_rng(1).normal(size=(3, SIZE)).astype(np.float32)
    members = tuple(Member(variant=name, step=0) for name in "ABC")
    found = inputs_of(Population(members=members, weights=weights, layout=Quadratic.layout))
    return evolve(found, task=Quadratic)


def made(component, seed=0, inputs=None):
    return component.reduce(inputs or tiny_inputs(), np.random.default_rng(seed))


def lifted(chart, points):
    return chart.space.lift(chart.decode(np.atleast_2d(points)))


def test_a_slice_through_a_quadratic_has_the_quadratics_own_shape():
    inputs = quadratic_inputs()
    chart = made(HessianSlice(latent_dim=4, precision="float64", tolerance=1e-10), inputs=inputs)
    found = [chart.notes[f"eigenvalue_{k}"] for k in (1, 2, 3, 4)]
    np.testing.assert_allclose(found, VALUES[:4], rtol=1e-9)
    assert max(chart.notes[f"residual_{k}"] for k in (1, 2, 3, 4)) < 1e-9
    points = np.random.default_rng(2).uniform(-1, 1, size=(50, 4))
    centre = inputs.population.weights[0].astype(np.float64) - LOWEST
    # By decoded coordinates, since float32 weights carry 1e-7 of rounding of their own.
    offsets = centre + chart.decode(points) @ chart.space.basis
    losses = np.einsum("nd,de,ne->n", offsets, HESSIAN, offsets) / 2
    slopes = chart.space.basis @ HESSIAN @ centre
    wanted = centre @ HESSIAN @ centre / 2 + points @ slopes + points**2 @ VALUES[:4] / 2
    np.testing.assert_allclose(losses, wanted, atol=1e-9)
    networks = lifted(chart, points).astype(np.float64) - LOWEST
    lifted_losses = np.einsum("nd,de,ne->n", networks, HESSIAN, networks) / 2
    np.testing.assert_allclose(lifted_losses, wanted, rtol=1e-6, atol=1e-6 * np.abs(wanted).max())


def test_the_largest_eigenvalues_are_not_those_of_largest_magnitude():
    chart = made(HessianSlice(which="largest", precision="float64"), inputs=quadratic_inputs())
    assert [chart.notes["eigenvalue_1"], chart.notes["eigenvalue_2"]] == pytest.approx([9, 5])


@pytest.mark.parametrize("component", SLICES, ids=lambda c: type(c).__name__)
def test_directions_are_orthonormal_and_coordinates_are_displacements(component):
    chart = made(component)
    dimension = chart.dimension
    directions = chart.decode(np.eye(dimension)) @ chart.space.basis
    np.testing.assert_allclose(directions @ directions.T, np.eye(dimension), atol=1e-6)
    assert chart.notes["largest_cosine"] <= 1e-6
    points = np.random.default_rng(0).normal(size=(6, dimension))
    networks = lifted(chart, points).astype(np.float64)
    for one, two in itertools.combinations(range(6), 2):
        # Weights are float32: some 1e-7 of their size.
        wanted = np.linalg.norm(points[one] - points[two])
        assert np.linalg.norm(networks[one] - networks[two]) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("component", CENTRED, ids=lambda c: f"{type(c).__name__}-{getattr(c, 'normalisation', '')}")
@pytest.mark.parametrize("resolution", [3, 7, 41])
def test_the_network_itself_is_the_middle_sample_of_the_grid(component, resolution):
    component = evolve(component, latent_dim=2)
    inputs = tiny_inputs()
    chart = made(component, inputs=inputs)
    samples = Grid(resolution=resolution, margin=0.3).ask(chart, None, np.random.default_rng(0))
    middle = samples.points[len(samples.points) // 2]
    assert (middle == 0).all()
    centre = next(m for m in range(12) if inputs.members[m].label == chart.notes["origin"])
    assert (lifted(chart, middle)[0] == inputs.population.weights[centre]).all()
    np.testing.assert_array_equal(chart.latents[centre], 0)
    low, high = samples.points.min(axis=0), samples.points.max(axis=0)
    np.testing.assert_allclose([low, high], chart.extent, rtol=1e-15)  # without the margin


def test_axes_may_reach_unequally_far_and_every_sampler_keeps_to_them():
    chart = made(Random(distance=(0.5, 2.0)))
    for sampler in (Grid(resolution=(5, 9)), Sobol(samples=256)):
        points = np.abs(sampler.ask(chart, None, np.random.default_rng(0)).points)
        assert (points.max(axis=0) <= [0.5, 2.0]).all()
        assert (points.max(axis=0) >= [0.48, 1.9]).all()


@pytest.mark.parametrize(
    ("resolution", "says"),
    [
        (40, f"resolution = 40{MISSES}s are 39 and 41"),
        ((5, 8), f"resolution = 8{MISSES}s are 7 and 9"),
        (2, f"resolution = 2{MISSES} is 3"),
    ],
)  # fmt: skip
def test_an_even_resolution_is_refused_with_the_nearest_odd_ones(resolution, says):
    with pytest.raises(PopulationError) as error:
        Grid(resolution=resolution).ask(made(Random()), None, np.random.default_rng(0))
    assert str(error.value) == says
    plane = Grid(resolution=resolution).ask(made(Plane()), None, np.random.default_rng(0))
    assert plane is not None  # without a centre there is none to miss


def filters(tensor):
    return np.linalg.norm(tensor.reshape(len(tensor), -1), axis=1)


def test_a_filter_normalised_direction_has_every_filters_norm_and_leaves_biases_alone():
    inputs = tiny_inputs()
    chart = made(Random(latent_dim=3, centre="B@1"), inputs=inputs)
    row = next(r for r, m in enumerate(inputs.members) if m.label == "B@1")
    own = inputs.population.layout.unflatten(inputs.population.weights[row])
    for direction in chart.decode(np.eye(3)) @ chart.space.basis:
        for name, tensor in inputs.population.layout.unflatten(direction).items():
            if tensor.ndim > 1:
                np.testing.assert_allclose(filters(tensor), filters(own[name]), rtol=1e-6)
            else:
                assert np.abs(tensor).max() < 1e-12


@pytest.mark.parametrize("normalisation", ["filter", "layer", "model", "none"])
def test_units_and_angles_of_random_directions_are_measured(normalisation):
    inputs = tiny_inputs()
    chart = made(Random(latent_dim=3, normalisation=normalisation), inputs=inputs)
    directions = lifted(chart, np.eye(3)).astype(np.float64) - lifted(chart, np.zeros((1, 3)))
    norms = np.linalg.norm(directions, axis=1)
    np.testing.assert_allclose([chart.notes[f"unit_{k}"] for k in (1, 2, 3)], norms, rtol=1e-5)
    cosines = [abs(directions[i] @ directions[j]) / norms[i] / norms[j] for i, j in ((0, 1), (0, 2), (1, 2))]
    assert chart.notes["largest_cosine"] == pytest.approx(max(cosines), abs=1e-5)
    weights = inputs.population.weights[3].astype(np.float64)
    matrices = np.concatenate([t.ravel() for t in inputs.population.layout.unflatten(weights).values() if t.ndim > 1])
    wanted = {"model": np.linalg.norm(weights), "none": 1.0}.get(normalisation, np.linalg.norm(matrices))
    np.testing.assert_allclose(norms, wanted, rtol=1e-5)
    assert (max(cosines) < 1e-5) == (normalisation in ("model", "none"))  # normalising destroys orthogonality


def test_a_run_lies_on_the_slice_of_all_its_directions_around_its_last_checkpoint():
    inputs = tiny_inputs()
    chart = made(TrajectoryPca(latent_dim=3, variant="B"), inputs=inputs)
    rows = inputs.population.of("B")
    np.testing.assert_allclose(lifted(chart, chart.latents[rows]), inputs.population.weights[rows], atol=1e-6)
    assert chart.notes["explained_variance"] == pytest.approx(1)
    assert (np.abs(chart.latents[rows]) < chart.extent[1]).all()
    differences = inputs.population.weights[rows[:-1]].astype(np.float64) - inputs.population.weights[rows[-1]]
    singular = np.linalg.svd(differences, compute_uv=False)
    np.testing.assert_allclose(np.linalg.norm(chart.latents[rows], axis=0), singular, rtol=1e-6)


def test_the_plane_holds_its_three_networks_where_gram_and_schmidt_put_them():
    inputs = tiny_inputs()
    chart = made(Plane(members=("A", "B@2", "C")), inputs=inputs)
    rows = [3, 6, 11]
    np.testing.assert_allclose(lifted(chart, chart.latents[rows]), inputs.population.weights[rows], atol=1e-6)
    a, b, c = inputs.population.weights[rows].astype(np.float64)
    one = np.linalg.norm(b - a)
    along = (c - a) @ (b - a) / one
    across = np.linalg.norm(c - a - along * (b - a) / one)
    np.testing.assert_allclose(chart.latents[rows], [[0, 0], [one, 0], [along, across]], atol=1e-9)


def test_the_line_leads_from_0_to_1_and_its_ends_are_its_networks():
    inputs = tiny_inputs()
    chart = made(Line(members=("B", "A@0")), inputs=inputs)
    np.testing.assert_allclose(chart.latents[[7, 0]], [[0], [1]], atol=1e-12)
    found = lifted(chart, [[0.0], [0.25], [1.0]])
    b, a = inputs.population.weights[[7, 0]].astype(np.float64)
    np.testing.assert_allclose(found, [b, 0.75 * b + 0.25 * a, a], atol=1e-6)
    assert chart.notes["unit_1"] == pytest.approx(np.linalg.norm(a - b))
    points = Grid(resolution=5, margin=0.0).ask(chart, None, np.random.default_rng(0)).points
    np.testing.assert_array_equal(points[[0, -1]], [[0], [1]])


@pytest.mark.parametrize(
    ("component", "says"),
    [
        (Random(centre="D"), "reducer 'random': there is no network 'D'; known: "),
        (Random(latent_dim=43), "reducer 'random': normalisation = 'filter' moves 42 weights of this network, fewer"),
        (HessianSlice(latent_dim=52), "reducer 'hessian' wants 52 eigenvectors of 51 weights"),
        (TrajectoryPca(latent_dim=4), "reducer 'trajectory-pca' wants latent_dim = 4, but the 4 checkpoints"),
        (TrajectoryPca(variant="D"), "reducer 'trajectory-pca': there is no variant 'D'; known: A, B, C"),
        (Plane(members=("A", "A@3", "B")), "reducer 'plane': members names one network twice: A, A@3, B"),
    ],
)  # fmt: skip
def test_what_cannot_be_sliced_is_refused(component, says):
    with pytest.raises(GlobscopeError) as error:
        made(component)
    assert str(error.value).startswith(says)


def test_three_networks_on_a_line_have_no_plane():
    inputs = tiny_inputs()
    weights = np.array(inputs.population.weights)
    weights[11] = (weights[3] + weights[7]) / 2
    with pytest.raises(PopulationError) as error:
        made(Plane(), inputs=evolve(inputs, population=evolve(inputs.population, weights=weights)))
    assert str(error.value) == "reducer 'plane': A@3, B@3, C@3 lie on a line; name three networks that do not"


def spec(folder, use, resolution, options=""):
    path = folder / f"{use}.toml"
    path.write_text(ONE_RUN.format(use=use, resolution=resolution, options=options), "utf-8")
    return load(path, folder=folder / use)


@pytest.mark.parametrize(
    ("use", "resolution", "options", "says"),
    [
        ("random", 4, "", f"sampler.0 on 'random': resolution = 4{MISSES}s are 3 and 5"),
        ("hessian", 5, 'centre = "B@1"', "reducer.0: there is no variant 'B@1'; known: A"),
    ],
)  # fmt: skip
def test_a_study_refuses_a_slice_that_cannot_be_before_it_trains(tmp_path, use, resolution, options, says):
    study = spec(tmp_path, use, resolution, options)
    with pytest.raises(SpecError) as error:
        study.run()
    assert str(error.value) == f"{tmp_path / use}.toml: {says}"
    assert not list((tmp_path / use).glob("**/train*"))


def test_a_study_of_one_run_slices_in_four_dimensions_and_restores_without_a_refit(tmp_path, notes):
    study = spec(tmp_path, "hessian", 3, "latent_dim = 4\nexamples = 50\ncentre = 'A@1'")
    first = run(study.workshop())
    [drawn] = first.atlas.maps
    landscape = drawn.landscape
    assert landscape.samples.shape == (3, 3, 3, 3)
    middle = len(landscape.samples.points) // 2
    assert landscape.fields["train_loss"][middle] == pytest.approx(first.atlas.truth["train_loss"][-1], rel=1e-6)
    assert landscape.trusted.all()  # a slice shows what is there
    [figures] = first.record["reducers"]
    assert figures["origin_test_accuracy"] == first.atlas.truth["test_accuracy"][-1]
    assert set(first.record["manifest"]["charts"]["hessian"]) >= {"eigenvalue_4", "residual_4", "largest_cosine"}
    assert len(drawn.topology.tree.nodes) >= 1
    [again] = run(study.workshop(notes)).atlas.maps
    assert notes.ran == []
    values = [figures["notes"][f"eigenvalue_{axis}"] for axis in range(1, 5)]
    named = tuple(f"eigenvector {axis}, λ = {value:.4g}" for axis, value in enumerate(values, 1))
    assert again.chart.axis_names == drawn.chart.axis_names == named
    np.testing.assert_array_equal(again.chart.space.basis, drawn.chart.space.basis)
    np.testing.assert_array_equal(again.chart.extent, drawn.chart.extent)
    np.testing.assert_array_equal(again.chart.centre, np.zeros(4))
    points = np.random.default_rng(0).normal(size=(3, 4))
    np.testing.assert_array_equal(again.chart.decode(points), drawn.chart.decode(points))


@pytest.mark.parametrize("distance", [0.0, float("inf"), (1.0, -1.0)])
def test_half_widths_are_positive_and_finite(distance):
    with pytest.raises(ValueError, match=r"^distance must be > 0 and finite$"):
        Random(distance=distance)


def test_half_widths_are_as_many_as_axes():
    with pytest.raises(ValueError, match=r"^distance names 3 axes, and latent_dim is 2$"):
        HessianSlice(distance=(1.0, 2.0, 3.0))


def test_runs_with_no_network_on_a_slice_lie_elsewhere():
    inputs = tiny_inputs()
    chart = made(Plane(members=("A", "A@0", "C")), inputs=inputs)
    coordinates, outside = chart.space.coordinates(inputs.population.weights)
    drawn = Map(name="plane", chart=chart, population=inputs.population, coordinates=coordinates, outside=outside)
    here = [inputs.members[row].label for row in np.flatnonzero(~drawn.elsewhere)]
    assert here == ["A@0", "A@3", "C@3"]
