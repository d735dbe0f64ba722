"""Gradients as measurements: what samplers ask for, what is scored for it, and what they are sent."""

import numpy as np
import pytest
from attrs import evolve
from support.components import BUILT_IN
from support.searches import SEARCH, Bare, Descend, Flat, Plain, Steep
from support.study import TINY_TASK, values

from globscope.api import Chart, EvaluationError, Mixtures, Networks, PluginError, Samples
from globscope.builtin.pools.processes import Processes
from globscope.pipeline.bench import StudyBench
from globscope.pipeline.latent_gradients import SHIFT, central_differences, decode_shifted
from globscope.returned.maps import check_gradient, checked_samples
from globscope.session import Study
from globscope.spec.read import read_spec
from globscope.store import read_json
from globscope.testing import registry_of, tiny_chart
from globscope.testing.tiny.task import TinyTask
from globscope.values.evaluation import GRADIENT
from globscope.values.space import AffineSpace
from globscope.workers import ThisProcess

HERE = ThisProcess(threads=1)
BUILT_IN_GRADIENTS = SEARCH.replace("flat", "pca").replace("steep", "torch")
ROUNDS, DESCENTS = 4, 3


@pytest.fixture
def study(tmp_path):
    """A function that returns a study of the tiny task, of a search."""

    def made(text=SEARCH, folder="run"):
        (tmp_path / "study.toml").write_text(TINY_TASK + text, "utf-8")
        registry = registry_of(BUILT_IN, tiny=TinyTask, descend=Descend, flat=Flat, steep=Steep, bare=Bare, plain=Plain)
        return Study(spec=read_spec(tmp_path / "study.toml", (), registry), folder=tmp_path / folder, registry=registry)

    return made


def landscape_of(study, workers=HERE):
    [map_] = values(study, workers=workers).atlas.maps
    return map_.landscape


def assert_same(one, two):
    for name in one.fields:
        np.testing.assert_array_equal(one.fields[name], two.fields[name])
    np.testing.assert_array_equal(one.gradients, two.gradients)
    np.testing.assert_array_equal(one.samples.edges, two.samples.edges)


def test_a_search_is_sent_gradients_and_the_landscape_has_the_edges_of_all_rounds(study):
    found = landscape_of(study())
    assert found.samples.gradient == "train_loss"
    assert found.gradients.shape == found.samples.points.shape == (ROUNDS * DESCENTS, 2)
    assert set(found.fields) == {"train_loss", "train_accuracy", "test_loss", "test_accuracy"}
    ends = [[n, n + DESCENTS] for n in range((ROUNDS - 1) * DESCENTS)]
    assert found.samples.edges.tolist() == ends
    points = found.samples.points.reshape(ROUNDS, DESCENTS, 2)
    steps = found.gradients.reshape(ROUNDS, DESCENTS, 2)
    np.testing.assert_array_equal(points[1:], points[:-1] - 0.1 * steps[:-1])
    losses = found.fields["train_loss"].reshape(ROUNDS, DESCENTS)
    assert (np.diff(losses, axis=0) < 0).all()


@pytest.mark.parametrize("change", [('"flat"', '"bare"'), ('"steep"', '"plain"')])
def test_who_does_not_differentiate_gets_central_differences(study, change):
    exact, found = landscape_of(study(folder="exact")), landscape_of(study(SEARCH.replace(*change), "differences"))
    first = slice(DESCENTS)
    np.testing.assert_array_equal(found.fields["train_loss"][first], exact.fields["train_loss"][first])
    # Losses in float32 and the curvature over the shift: 1e-5 of a gradient each, as `SHIFT` has it, and a kink or two.
    scale = np.abs(exact.gradients[first]).max()
    np.testing.assert_allclose(found.gradients[first], exact.gradients[first], atol=1e-3 * scale)
    assert not np.array_equal(found.gradients, exact.gradients)


def test_built_in_gradients_are_those_of_plain_torch(study):
    exact = landscape_of(study(folder="exact"))
    found = landscape_of(study(BUILT_IN_GRADIENTS, "built-in"))
    first = slice(DESCENTS)  # later rounds are elsewhere
    scale = np.abs(exact.gradients[first]).max()
    np.testing.assert_allclose(found.gradients[first], exact.gradients[first], atol=1e-5 * scale)  # float32 sums


@pytest.mark.parametrize(("reducer", "times"), [("flat", 1), ("bare", 5)])
def test_differences_cost_two_networks_an_axis_and_gradients_none(reducer, times, study):
    place = study(SEARCH.replace("flat", reducer))
    landscape_of(place)
    [later] = [read_json(file)["units"] for file in place.folder.glob("stages/search/*/search.json")]
    assert [unit["stop"] for unit in later] == [times * DESCENTS] * (ROUNDS - 1)


BARE = SEARCH.replace('"flat"', '"bare"')


@pytest.mark.slow
@pytest.mark.parametrize("text", [BUILT_IN_GRADIENTS, BARE])
def test_a_search_is_the_same_to_the_last_bit_in_other_processes(study, text):
    here = landscape_of(study(text + "memory = 1e-6\n", "here"))
    with Processes(workers=2).open() as workers:
        there = landscape_of(study(text + "memory = 1e-6\n", "there"), workers)
    assert_same(here, there)


def test_a_search_that_runs_again_computes_nothing_and_has_the_same_gradients(study, monkeypatch):
    first, again = landscape_of(study()), study()
    monkeypatch.setattr(Steep, "scorer", None)
    monkeypatch.setattr(Flat, "reduce", None)
    assert_same(landscape_of(again), first)


def test_a_gradient_of_no_field_is_refused_with_the_fields_that_there_are(study):
    text = SEARCH.replace('"descend"', '"descend"\ngradient = "train_lost"')
    fields = "train_loss, train_accuracy, test_loss, test_accuracy"
    wanted = rf"^sampler 'descend' \(.*\): asks for the gradient of 'train_lost', which is none of {fields}$"
    with pytest.raises(PluginError, match=wanted):
        landscape_of(study(text))


def test_an_evaluator_that_scores_no_gradient_though_it_says_so_is_refused(study, monkeypatch):
    monkeypatch.setattr("support.searches.GRADIENT", "slope")
    with pytest.raises(PluginError, match=r"^evaluator 'steep' \(.*\): .*'gradient'"):
        landscape_of(study())


def test_rounds_of_which_only_some_ask_for_gradients_have_none_in_the_others(study):
    found = landscape_of(study())
    bare = evolve(found, samples=evolve(found.samples, gradient=None, edges=None), gradients=None)
    joined = bare.concatenate(found)
    assert np.isnan(joined.gradients[: len(bare.samples.points)]).all()
    np.testing.assert_array_equal(joined.gradients[len(bare.samples.points) :], found.gradients)
    assert bare.concatenate(bare).gradients is None


def test_given_points_of_a_map_have_the_gradients_that_they_ask_for(study):
    outcome = values(study(), workers=HERE)
    [map_] = outcome.atlas.maps
    bench, points = StudyBench(study().workshop(workers=HERE)), map_.landscape.samples.points[:DESCENTS]
    found = bench.sample(map_, Samples(points=points, gradient="train_loss", edges=np.array([[0, 1]])))
    np.testing.assert_array_equal(found.gradients, map_.landscape.gradients[:DESCENTS])
    assert found.samples.edges.tolist() == [[0, 1]]
    assert bench.sample(map_, Samples(points=points)).gradients is None


def test_the_same_networks_in_another_space_have_gradients_of_their_own(study):
    own = study(BUILT_IN_GRADIENTS)
    weights = np.asarray(values(own).atlas.population.weights[:2], np.float32)
    origin, axes = weights[0], np.eye(weights.shape[1])
    spaces = [AffineSpace(origin=origin, basis=axes[:2]), AffineSpace(origin=origin, basis=axes[2:4])]
    there = [Networks(space=space, coordinates=np.zeros((1, 2)), gradient="train_loss") for space in spaces]
    mixed = Networks(space=Mixtures(weights=weights), coordinates=np.eye(2)[:1], gradient="train_loss")
    bench = StudyBench(own.workshop(workers=HERE))
    one, other, mixture = (bench.measure(networks)[GRADIENT] for networks in (*there, mixed))
    assert not np.array_equal(one, other)
    fresh = StudyBench(study(BUILT_IN_GRADIENTS, "fresh").workshop(workers=HERE))
    np.testing.assert_array_equal(fresh.measure(there[1])[GRADIENT], other)
    with pytest.raises(EvaluationError, match="coordinates"):
        bench.measure(evolve(Networks.of(weights[:1]), gradient="train_loss"))
    assert mixture.shape == (1, 2)


def test_central_differences_of_a_quadratic_field_are_exact():
    chart, matrix = tiny_chart(), np.array([[2.0, 0.5], [0.5, 1.0]])
    points = np.random.default_rng(0).normal(size=(5, 2))
    assert chart.encode is not None
    moved = chart.encode(decode_shifted(chart, points))
    found = central_differences(chart, np.einsum("ni,ij,nj->n", moved, matrix, moved) / 2)
    np.testing.assert_allclose(found, points @ matrix, rtol=1e-9)  # float64 sums over a shift of a thousandth


def test_a_flat_axis_is_shifted_by_the_extent_of_the_widest():
    chart = evolve(tiny_chart(), latents=np.array([[0.0, 1.0], [4.0, 1.0]]), members=(), encode=None)
    moved = np.asarray(chart.decode(np.zeros((1, 2))))
    forwards, back, up, down = decode_shifted(chart, np.zeros((1, 2))) - moved
    np.testing.assert_allclose(np.linalg.norm(forwards) / np.linalg.norm(up), 1.0)
    np.testing.assert_allclose([forwards, up], [-back, -down])
    np.testing.assert_allclose(forwards, chart.decode(np.array([[4 * SHIFT, 0.0]]))[0] - moved[0])


def test_on_a_chart_that_is_not_pointwise_shifted_points_keep_their_company():
    """Each network is shifted by its batch's mean, and every shift is a batch of its own."""
    sizes, chart = [], tiny_chart()

    def decode(points):
        sizes.append(len(points))
        return chart.decode(points) + len(points)

    together = Chart(space=chart.space, latents=chart.latents, decode=decode)
    decode_shifted(together, np.zeros((3, 2)))
    assert sizes == [3, 3, 3, 3]
    sizes.clear()
    decode_shifted(evolve(together, pointwise=True), np.zeros((3, 2)))
    assert sizes == [12]


CHART = tiny_chart()
EARLIER = Samples(points=np.zeros((2, 2)), gradient="train_loss")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"edges": np.array([[0, 3]])}, "edges: 0 … 3; values >= 0 and < 3 are accepted"),
        ({"edges": np.array([[0, 1], [2, 2]])}, "edges join a sample with itself"),
        ({"points": np.zeros((0, 2))}, "asks for no point; None ends its samples"),
    ],
)
def test_edges_lead_to_samples_of_all_rounds_so_far(changes, says):
    later = Samples(points=np.zeros((1, 2)), edges=np.array([[0, 2]]))
    assert checked_samples("x", later, CHART, len(EARLIER.points)).edges.tolist() == [[0, 2]]
    with pytest.raises(PluginError) as caught:
        checked_samples("x", evolve(later, **changes), CHART, len(EARLIER.points))
    assert str(caught.value) == f"x: {says}"


def test_a_search_asks_for_the_gradient_of_one_field_only():
    check_gradient("x", "train_loss", ("train_loss", "test_loss"), EARLIER.gradient)
    with pytest.raises(PluginError, match=r"^x: asks for the gradient of 'test_loss', after that of 'train_loss'$"):
        check_gradient("x", "test_loss", ("train_loss", "test_loss"), EARLIER.gradient)
