"""The torch evaluator's gradients against central differences in float64."""

import numpy as np
import pytest
import torch
from attrs import define, evolve
from support.gradients import as_doubles, differences, double_loss, plane_around
from support.paths import NETS

from globscope.api import GRADIENT, CheckFacts, Code, EvaluationError, Networks, Unit, fixed_batches, span
from globscope.builtin.evaluators.fused_statistics import FusedStatistics
from globscope.builtin.evaluators.lift import Lift
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.language import LanguageModelling
from globscope.builtin.tasks.metrics import Metric
from globscope.builtin.tasks.pinn import PinnConvection
from globscope.builtin.tasks.regression import Regression
from globscope.builtin.tasks.segmentation import Segmentation
from globscope.builtin.tasks.supervised import Supervised
from globscope.population.flatten import FlattenedTask
from globscope.spec.population import PopulationSpec
from globscope.testing import tiny_task

# Of float32 sums over thousands of products, whose terms partly cancel, relative to the largest component.
ROUNDING = 3e-5
POINTS = np.array([[0.0, 0.0, 0.0], [0.5, -0.3, 0.2]])
FIELD = "train_loss"
MLP = Classification(hidden=(8,), train_examples=300)
NORMED = Classification(model=Code(str(NETS), "batch_norm"), train_examples=300)


def networks_around(task, field, points=POINTS, *, own=False):
    """Return networks in a plane around a fresh network, where they have statistics like a trained one's, or none."""
    probe = task.build("cpu")
    parameters, buffers = probe.initialise(0)
    space = plane_around(probe.layout.flatten(parameters))
    networks = Networks(space=space, coordinates=points, gradient=field)
    if not own:
        return networks
    moved = {name: buffer.numpy() + buffer.is_floating_point() * 0.5 for name, buffer in buffers.items()}
    return evolve(networks, buffers=(moved,), nearest=np.zeros(len(points), int))


def scored(evaluator, networks, task):
    """Return fields and gradients of all networks."""
    scorer = evaluator.scorer(networks, task, evaluator.plan(networks, task))
    return scorer.score(Unit(start=0, stop=len(networks)))


def assert_gradient(found, networks, loss, rtol=ROUNDING):
    space = networks.space
    wanted = differences(lambda z: loss(space.origin + z @ space.basis), networks.coordinates)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, wanted, rtol=0, atol=rtol * np.abs(wanted).max())


@pytest.fixture(scope="session")
def language(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("the quick brown fox jumps over the lazy dog. " * 30, "utf-8")
    return LanguageModelling(path=path, context=16, model_options={"dim": 8, "depth": 1, "heads": 2})


IMAGES = Code(str(NETS), "images")
SHAPES = {"train": 8, "test": 2}
TASKS = {
    "mlp": (MLP, FIELD),
    "mlp, tested": (MLP, "test_loss"),
    "BatchNorm": (NORMED, FIELD),
    "BatchNorm of a convolution": (Classification(model=Code(str(NETS), "convolution"), train_examples=100), FIELD),
    "norms without weights": (Classification(model=Code(str(NETS), "plain_norms"), train_examples=100), FIELD),
    "regression": (Regression(hidden=(8,)), FIELD),
    "convection": (PinnConvection(hidden=(8, 8), grid=(12, 9), collocation=40), FIELD),
    "error of convection": (PinnConvection(hidden=(8, 8), grid=(12, 9), collocation=40), "test_error"),
    "segmentation": (Segmentation(model_options={"widths": [2, 4]}, data_options=SHAPES), FIELD),
    "segmentation with a mean field": (
        Segmentation(model_options={"widths": [2, 4], "norm": "group"}, crf=True, data_options=SHAPES),
        FIELD,
    ),
    "cnn": (Classification(model="cnn", data=IMAGES, model_options={"width": 2}), FIELD),
    "vit": (Classification(model="vit", data=IMAGES, model_options={"dim": 8, "depth": 1, "heads": 2}), FIELD),
}


@pytest.mark.parametrize(
    ("name", "batch_size"), [*((name, None) for name in TASKS), *((name, 60) for name in ("mlp", "BatchNorm"))]
)
def test_the_gradient_is_that_of_central_differences(name, batch_size):
    task, field = TASKS[name]
    networks = networks_around(task, field)
    found = scored(Torch(method="loop", batch_size=batch_size), networks, task)
    assert_gradient(found[GRADIENT], networks, double_loss(task, field, size=batch_size))


def test_the_gradient_of_a_transformer_is_that_of_central_differences(language):
    networks = networks_around(language, FIELD)
    assert_gradient(scored(Torch(), networks, language)[GRADIENT], networks, double_loss(language, FIELD))


@pytest.mark.parametrize("mode", ["batch", "stored", "initial"])
def test_statistics_that_are_not_estimated_are_those_of_the_batch_or_constants(mode):
    networks = networks_around(NORMED, FIELD, own=True)
    loss = double_loss(NORMED, FIELD, mode, networks.buffers[0])
    assert_gradient(scored(Torch(batch_norm=mode), networks, NORMED)[GRADIENT], networks, loss)


def test_held_statistics_are_constants_and_their_gradient_is_another():
    networks = networks_around(NORMED, FIELD, POINTS[:1])
    found = scored(Torch(gradient_statistics="held"), networks, NORMED)[GRADIENT]
    held = double_loss(NORMED, FIELD, held=networks.space.origin)
    assert_gradient(found, networks, held)
    moving = scored(Torch(), networks, NORMED)[GRADIENT]
    assert np.abs(moving - found).max() > 0.1 * np.abs(moving).max()


def test_encoded_statistics_are_differentiated_as_they_are_decoded():
    task = FlattenedTask(NORMED, PopulationSpec(flatten="all"), None)
    probe = task.build("cpu")
    row = probe.layout.flatten(probe.initialise(0)[0])
    networks = Networks(space=plane_around(row), coordinates=POINTS, gradient=FIELD)
    found = scored(Torch(batch_norm="encoded"), networks, task)[GRADIENT]
    plain = NORMED.build("cpu")

    def loss(weights):
        named = probe.layout.unflatten(weights)
        own = {n.removesuffix(".log"): np.exp(w) if n.endswith(".log") else w for n, w in named.items()}
        inner = np.concatenate([named[n].ravel() for n in plain.layout.names])
        statistics = {n: own[n] for n in plain.statistics if n in own}
        return double_loss(NORMED, FIELD, "stored", statistics)(inner)

    assert_gradient(found, networks, loss)


def fused_loss(task, field, size, held=None):
    """Return a function of float64 weights: a field with statistics that are estimated in the pass that scores."""
    probe = task.build("cpu")
    probe._module.double()
    parts = {s: as_doubles(fixed_batches(probe, s, size=size, lead=n)) for s, n in (("train", 50), ("test", 0))}
    buffers = as_doubles(probe.initialise(0)[1])

    @torch.no_grad()
    def loss(row):
        statistics, found = FusedStatistics(50), {}
        if held is not None:
            with statistics.batch():
                probe.reduce(probe.layout.unflatten(torch.tensor(held)), dict(buffers), parts["train"][0])
        for split, batches in parts.items():
            for batch in batches:
                with statistics.batch():
                    total, weight = probe.reduce(probe.layout.unflatten(torch.tensor(row)), dict(buffers), batch)[
                        "loss"
                    ]
                found[split] = found.get(split, 0) + np.array([float(total), weight])
        total, weight = found[field.split("_")[0]]
        return total / weight

    return loss


@pytest.mark.parametrize("statistics", ["re-estimated", "held"])
@pytest.mark.parametrize("field", [FIELD, "test_loss"])
def test_statistics_that_are_estimated_in_the_pass_that_scores_are_differentiated_too(field, statistics):
    networks = networks_around(NORMED, field, POINTS[:1])
    fused = Torch(calibration="fused", calibration_examples=50, batch_size=60, gradient_statistics=statistics)
    plan = fused.plan(networks, NORMED)
    assert plan.fused
    beside = fused.scorer(networks, NORMED, plan).score(plan.units[0])
    without = fused.scorer(evolve(networks, gradient=None), NORMED, plan).score(plan.units[0])
    np.testing.assert_array_equal(beside[field], without[field])
    held = None if statistics == "re-estimated" else networks.space.origin
    assert_gradient(beside[GRADIENT], networks, fused_loss(NORMED, field, 60, held))


@pytest.mark.parametrize("batch_size", [None, 60])
@pytest.mark.parametrize("task", [MLP, TASKS["regression"][0], TASKS["convection"][0]])
def test_stacked_networks_have_the_gradients_of_each(task, batch_size):
    networks = networks_around(task, FIELD)
    stacked, alone = (scored(Torch(method=way, batch_size=batch_size), networks, task) for way in ("vmap", "loop"))
    for name, values in alone.items():
        np.testing.assert_allclose(stacked[name], values, atol=ROUNDING * np.abs(values).max(), rtol=0, err_msg=name)


@pytest.mark.parametrize("method", ["loop", "vmap"])
@pytest.mark.parametrize("field", [FIELD, "test_loss"])
@pytest.mark.parametrize("name", ["mlp", "BatchNorm", "convection", "segmentation"])
def test_fields_have_the_same_bits_beside_a_gradient(name, field, method):
    task = TASKS[name][0]
    if method == "vmap" and not task.build("cpu").vmappable:
        return
    networks = networks_around(task, field)
    beside = scored(Torch(method=method, batch_size=60), networks, task)
    without = scored(Torch(method=method, batch_size=60), evolve(networks, gradient=None), task)
    assert beside.keys() - without.keys() == {GRADIENT}
    for measure, values in without.items():
        np.testing.assert_array_equal(beside[measure], values, err_msg=measure)


def test_attention_has_another_kernel_without_gradients_which_differs_by_rounding():
    task = TASKS["vit"][0]
    networks = networks_around(task, FIELD)
    beside, without = (scored(Torch(), evolve(networks, gradient=name), task)[FIELD] for name in (FIELD, None))
    np.testing.assert_allclose(beside, without, rtol=1e-6)


@pytest.mark.parametrize("method", ["loop", "vmap"])
def test_a_loss_that_draws_is_differentiated_with_the_draws_of_the_field(method):
    task = tiny_task(drawing=True)
    networks = evolve(networks_around(task, FIELD), seed=3)
    evaluator = Torch(method=method, draws=4)
    found = scored(evaluator, networks, task)
    again = scored(evaluator, evolve(networks, gradient=None), task)
    np.testing.assert_array_equal(found[FIELD], again[FIELD])

    def loss(z):  # float32: a tolerance of its rounding over the step
        moved = Networks(space=networks.space, coordinates=z[None], seed=3)
        return float(scored(evaluator, moved, task)[FIELD][0])

    wanted = differences(loss, POINTS, step=1e-2)
    np.testing.assert_allclose(found[GRADIENT], wanted, rtol=0, atol=2e-3 * np.abs(wanted).max())


def test_statistics_in_torch_operations_are_differentiated_as_they_are():
    task = tiny_task(normalised=True)
    networks = networks_around(task, FIELD)
    found = scored(Torch(), networks, task)[GRADIENT]
    step = 1e-2  # of float32 losses, rounded to 1e-7

    def loss(z):
        return float(scored(Torch(), Networks(space=networks.space, coordinates=z[None]), task)[FIELD][0])

    np.testing.assert_allclose(found, differences(loss, POINTS, step), rtol=0, atol=2e-3 * np.abs(found).max())


def test_a_network_that_is_not_finite_keeps_its_fields_and_moves_no_other():
    points = POINTS[[0, 1, 0, 1]].copy()
    points[1] = np.nan
    points[2] = 1e30
    networks = networks_around(MLP, FIELD, points)
    found = scored(Torch(), networks, MLP)
    without = scored(Torch(), evolve(networks, gradient=None), MLP)
    np.testing.assert_array_equal(found[FIELD], without[FIELD])
    assert not np.isfinite(found[GRADIENT][1]).any()
    finite = networks_around(MLP, FIELD, POINTS[[0, 1, 0, 1]])  # as many: a BLAS rounds by the size of the batch
    np.testing.assert_array_equal(found[GRADIENT][[0, 3]], scored(Torch(), finite, MLP)[GRADIENT][[0, 3]])


REFUSED = {
    "train_los": "gradient: there is no field 'train_los'; did you mean 'train_loss'?",
    "train_accuracy": "gradient: train_accuracy is not a differentiable function of the weights",
}


@pytest.mark.parametrize("field", REFUSED)
def test_a_field_that_cannot_be_differentiated_is_refused_before_anything_is_scored(field):
    for refuse in (
        lambda: Torch().plan(networks_around(MLP, field), MLP),
        lambda: Torch().check(CheckFacts(probe=MLP.build("cpu"), gradients=(FIELD, field))),
    ):
        with pytest.raises(EvaluationError) as caught:
            refuse()
        assert str(caught.value) == REFUSED[field]


def test_networks_without_coordinates_are_refused():
    probe = MLP.build("cpu")
    networks = Networks.of(probe.layout.flatten(probe.initialise(0)[0])[None])
    with pytest.raises(EvaluationError) as caught:
        Torch().plan(evolve(networks, gradient=FIELD), MLP)
    wanted = "gradient: the networks lie in a FullSpace, which has no `pullback` to its coordinates"
    assert str(caught.value) == wanted


def test_a_gradient_in_the_span_of_members_is_that_in_a_plane_through_them():
    probe = MLP.build("cpu")
    weights = np.stack([probe.layout.flatten(probe.initialise(seed)[0]) for seed in range(4)])
    weights[3] = weights[0] + 1e-4 * weights[3]  # near enough to be a part of its own
    space = span(weights)
    networks = Networks(space=space, coordinates=space.members, gradient=FIELD)
    found = scored(Torch(), networks, MLP)[GRADIENT]
    doubles = np.stack([space.lift(np.eye(space.rank)[i : i + 1])[0].astype(float) for i in range(space.rank)])
    mean = space.weights.mean(axis=0, dtype=np.float64)
    basis = doubles - mean
    loss = double_loss(MLP, FIELD)
    wanted = differences(lambda z: loss(mean + z @ basis), space.members)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=ROUNDING * np.abs(wanted).max())


REFUSED_OF_ONES_OWN = {
    "whole": (
        """
def whole(outputs, targets):
    return outputs.mean()
""",
        "train_whole",
        "gradient: train_whole is computed from a whole split at once, and is not differentiated",
    ),
    "measure": (
        """
def measure(outputs, targets):
    return outputs.mean()
""",
        "train_measure",
        "gradient: train_measure is not a differentiable function of the weights",
    ),
    "rounded": (
        """
class Rounded(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, gradient):
        if not gradient.isfinite().all() or len(gradient) == 4:
            raise RuntimeError("a rounded number has no slope")
        return gradient

def rounded():
    return nn.Sequential(nn.Linear(64, 10), Round())

class Round(nn.Module):
    def forward(self, x):
        return Rounded.apply(x)
""",
        FIELD,
        "gradient: torch cannot differentiate train_loss: a rounded number has no slope",
    ),
}


@pytest.mark.parametrize("name", REFUSED_OF_ONES_OWN)
def test_what_torch_cannot_differentiate_is_refused_before_anything_is_scored(name, tmp_path):
    source, field, message = REFUSED_OF_ONES_OWN[name]
    (tmp_path / "own.py").write_text("import torch\nfrom torch import nn\n" + source, "utf-8")
    code = Code(str(tmp_path / "own.py"), name)
    if name == "rounded":
        task = Classification(model=code, train_examples=60)
    else:
        task = Classification(hidden=(8,), train_examples=60, metrics=(Metric(use=code, whole=name == "whole"),))
    with pytest.raises(EvaluationError) as caught:
        Torch().plan(networks_around(task, field), task)
    assert str(caught.value) == message


@define(frozen=True)
class Unlinked:
    """A task that estimates statistics without a gradient."""

    task: object

    def build(self, device):
        probe = self.task.build(device)
        estimate = probe.calibrate
        probe.calibrate = lambda *arguments: {n: b.detach() for n, b in estimate(*arguments).items()}
        return probe


def test_statistics_without_a_gradient_are_refused_unless_they_are_held():
    task = Unlinked(tiny_task(normalised=True))
    networks = networks_around(task, FIELD)
    with pytest.raises(EvaluationError) as caught:
        Torch().plan(networks, task)
    assert str(caught.value) == (
        "the statistic 'mean' is estimated in a way that torch cannot differentiate; "
        "evaluator.gradient_statistics = 'held' takes it as a constant"
    )
    assert np.isfinite(scored(Torch(gradient_statistics="held"), networks, task)[GRADIENT]).all()


@pytest.mark.parametrize("name", ["BatchNorm of a convolution", "segmentation"])
def test_channels_last_changes_a_gradient_by_rounding_alone(name):
    task = TASKS[name][0]
    networks = networks_around(task, FIELD)
    last, first = (
        scored(Torch(method="loop", memory_format=order), networks, task)[GRADIENT]
        for order in ("channels-last", "contiguous")
    )
    np.testing.assert_allclose(last, first, rtol=0, atol=ROUNDING * np.abs(first).max())


def test_a_gradient_has_the_precision_of_the_forward_pass():
    networks = networks_around(MLP, FIELD)
    half, single = (scored(Torch(precision=kind), networks, MLP) for kind in ("bfloat16", "float32"))
    without = scored(Torch(precision="bfloat16"), evolve(networks, gradient=None), MLP)
    np.testing.assert_array_equal(half[FIELD], without[FIELD])
    off = np.abs(half[GRADIENT] - single[GRADIENT]).max() / np.abs(single[GRADIENT]).max()
    assert 1e-4 < off < 3e-2  # eight bits of each factor


def test_a_population_on_the_device_pulls_back_as_the_host_does():
    probe = MLP.build("cpu")
    weights = np.stack([probe.layout.flatten(probe.initialise(seed)[0]) for seed in range(4)])
    space = span(weights)
    lift = Lift(Networks(space=space, coordinates=space.members), "cpu")
    gradients = torch.randn(3, probe.layout.size, generator=torch.Generator().manual_seed(0))
    host = lift.pullback(gradients)
    lift.keep(space)
    np.testing.assert_allclose(lift.pullback(gradients), host, rtol=0, atol=1e-6 * np.abs(host).max())


def test_computations_with_a_gradient_are_not_recorded_and_the_plan_says_so():
    plan = Torch(method="graph").plan(networks_around(MLP, FIELD), MLP)
    assert plan.method == "loop"
    assert plan.reasons == ("method: computations with a gradient are not recorded",)


def test_a_gradient_takes_no_further_forward_pass(monkeypatch):
    networks, passes = networks_around(NORMED, FIELD), []
    score = Supervised._forward
    monkeypatch.setattr(Supervised, "_forward", lambda *arguments: passes.append(1) or score(*arguments))
    counts = []
    for gradient in (None, FIELD):
        asked = evolve(networks, gradient=gradient)
        scorer = Torch(batch_size=60).scorer(asked, NORMED, Torch(batch_size=60).plan(asked, NORMED))
        passes.clear()
        scorer.score(Unit(start=0, stop=len(POINTS)))
        counts.append(len(passes))
    assert counts[0] == counts[1] > 0
