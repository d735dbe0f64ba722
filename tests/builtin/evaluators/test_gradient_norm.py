"""The norm of the training loss's gradient as a field: against autograd and central differences in float64."""

import numpy as np
import pytest
import torch
from support.gradients import as_doubles, differences, double_loss
from support.paths import NETS
from support.study import ONE_RUN, study_in, values

from globscope.api import GRADIENT, Code, EvaluationError, Mixtures, Networks, Unit, fixed_batches
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.pools.processes import Processes
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.pinn import PinnConvection
from globscope.builtin.tasks.regression import Regression
from globscope.errors import SpecError
from globscope.pipeline.extent import Extent, Shard
from globscope.pipeline.stage_keys import Stage
from globscope.store import fingerprint

NORM, LOSS = "train_gradient_norm", "train_loss"
# Of float32 sums over thousands of products, whose terms partly cancel.
ROUNDING = 3e-5
MLP = Classification(hidden=(8,), train_examples=300)
NORMED = Classification(model=Code(str(NETS), "batch_norm"), model_options={"width": 2}, train_examples=60)
TASKS = {
    "mlp": MLP,
    "regression": Regression(hidden=(8,)),
    "convection": PinnConvection(hidden=(8, 8), grid=(12, 9), collocation=40),
}


def fresh_networks(task, count=2):
    probe = task.build("cpu")
    return Networks.of(np.stack([probe.layout.flatten(probe.initialise(seed)[0]) for seed in range(count)]))


def scored(evaluator, networks, task):
    plan = evaluator.plan(networks, task)
    return evaluator.scorer(networks, task, plan).score(Unit(start=0, stop=len(networks)))


def norms_by_autograd(task, networks):
    """Differentiate the mean over all training examples at once, in float64."""
    probe = task.build("cpu")
    probe._module.double()
    [batch] = as_doubles(fixed_batches(probe, "train", size=10**6))
    found = []
    for row in networks.weights(Unit(start=0, stop=len(networks))).astype(np.float64):
        weights = torch.tensor(row, requires_grad=True)
        total, count = probe.reduce(probe.layout.unflatten(weights), {}, batch)["loss"]
        found.append(float(torch.autograd.grad(total / count, weights)[0].norm()))
    return found


def norms_by_differences(task, networks, **statistics):
    """Shift each weight to both sides, in float64."""
    rows = networks.weights(Unit(start=0, stop=len(networks))).astype(np.float64)
    return np.linalg.norm(differences(double_loss(task, LOSS, **statistics), rows), axis=1)


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize(
    "options", [{"method": "loop"}, {"method": "vmap"}, {"method": "loop", "batch_size": 60}], ids=str
)
def test_the_norm_is_that_of_autograd_in_float64_however_networks_are_scored(name, options):
    networks = fresh_networks(TASKS[name])
    found = scored(Torch(gradient_norm=True, **options), networks, TASKS[name])[NORM]
    assert found.shape == (2,)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, norms_by_autograd(TASKS[name], networks), rtol=ROUNDING)


def test_the_norm_is_that_of_central_differences_in_every_weight():
    networks = fresh_networks(TASKS["regression"])
    found = scored(Torch(gradient_norm=True), networks, TASKS["regression"])[NORM]
    np.testing.assert_allclose(found, norms_by_differences(TASKS["regression"], networks), rtol=ROUNDING)


def test_estimated_statistics_are_functions_of_the_weights_or_held_as_in_every_gradient():
    networks = fresh_networks(NORMED, 1)
    [row] = networks.weights(Unit(start=0, stop=1)).astype(np.float64)
    moving, held = (
        scored(Torch(gradient_norm=True, gradient_statistics=way), networks, NORMED)[NORM]
        for way in ("re-estimated", "held")
    )
    np.testing.assert_allclose(moving, norms_by_differences(NORMED, networks), rtol=ROUNDING)
    np.testing.assert_allclose(held, norms_by_differences(NORMED, networks, held=row), rtol=ROUNDING)
    assert abs(held - moving) > 0.01 * moving


@pytest.mark.parametrize("method", ["loop", "vmap"])
@pytest.mark.parametrize("field", [None, LOSS, "test_loss"])
def test_other_fields_and_the_gradient_that_a_sampler_wants_stay_as_they_are(method, field):
    weights = fresh_networks(MLP).weights(Unit(start=0, stop=2))
    networks = Networks(space=Mixtures(weights=weights), coordinates=np.eye(2), gradient=field)
    without = scored(Torch(method=method), networks, MLP)
    beside = scored(Torch(method=method, gradient_norm=True), networks, MLP)
    assert set(beside) == {*without, NORM}
    assert (GRADIENT in beside) == (field is not None)
    for name, found in without.items():
        np.testing.assert_array_equal(beside[name], found)


def test_a_loss_that_is_not_finite_has_no_finite_gradient_and_spoils_no_other():
    weights = np.array(fresh_networks(MLP, 3).weights(Unit(start=0, stop=3)))
    weights[1] = np.nan
    found = scored(Torch(gradient_norm=True, method="vmap"), Networks.of(weights), MLP)[NORM]
    assert np.isnan(found[1])
    assert np.isfinite(found[[0, 2]]).all()


def test_layers_form_no_gradient_by_weights_and_a_fresh_option_is_in_no_key():
    with pytest.raises(ValueError, match=r"^gradient_norm needs the gradients by all weights, which method = 'layers'"):
        Torch(gradient_norm=True, method="layers")
    assert "gradient_norm" not in fingerprint(Torch())
    assert fingerprint(Torch(gradient_norm=True))["gradient_norm"] is True


def test_a_task_without_a_loss_has_no_such_norm():
    task = Regression(hidden=(4,))

    class Other:
        def build(self, device):
            probe = task.build(device)
            probe.measures = ("error",)
            return probe

    with pytest.raises(EvaluationError) as error:
        Torch(gradient_norm=True).plan(fresh_networks(task), Other())
    assert str(error.value) == "evaluator.gradient_norm: the task measures no 'loss', only error"


STUDY = ONE_RUN.format(use="random", resolution=3, options="") + (
    f'gradient_norm = true\n[[topology]]\nuse = "gudhi"\nfield = "{NORM}"\n[report]\nfield = "{NORM}"\n'
)


def test_the_norm_is_a_field_of_the_map_its_tree_the_runs_and_the_files(tmp_path):
    study = study_in(tmp_path, STUDY)
    atlas = values(study).atlas
    [drawn] = atlas.maps
    found = drawn.landscape.fields[NORM]
    assert (found > 0).all()
    assert found[4] == pytest.approx(atlas.truth[NORM][-1], rel=1e-6)  # the run's end is the middle of its slice
    assert drawn.topology.field == NORM
    assert atlas.fields[NORM].name == "training gradient norm"
    assert atlas.fields[NORM].is_logarithmic


def test_a_norm_that_nothing_measures_is_no_field_of_a_tree(tmp_path):
    with pytest.raises(SpecError) as error:
        study_in(tmp_path, STUDY.replace("gradient_norm = true\n", "")).run()
    wanted = f"topology.0.field: the task measures no '{NORM}'; evaluator.gradient_norm = true adds it"
    assert wanted in str(error.value)


@pytest.mark.slow
def test_processes_and_shards_measure_the_same_norms_to_the_last_bit(tmp_path):
    wanted = norms_on_map(study_in(tmp_path, STUDY, run="here"))
    with Processes(workers=2).open() as workers:
        np.testing.assert_array_equal(norms_on_map(study_in(tmp_path, STUDY, run="there"), workers), wanted)
    study = study_in(tmp_path, STUDY, run="shards")
    assert study.advance(study.workshop(), Extent(until=Stage.EVALUATE))
    for number in (1, 2):
        left = study.advance(study.workshop(), Extent(shard=Shard(number=number, count=2)))
    assert not sum(stage.missing for stage in left)
    np.testing.assert_array_equal(norms_on_map(study), wanted)


def norms_on_map(study, workers=None):
    [drawn] = values(study, workers=workers).atlas.maps
    return drawn.landscape.fields[NORM]
