"""Networks that are scored layer by layer get what they get one by one, and their weights are never formed whole."""

import numpy as np
import pytest
from attrs import evolve
from support.arrays import assert_same_arrays
from support.evaluation import evaluated
from support.layers import OneTensorAtATime, adapted_networks, fields_of, members_of, networks_of, text_task
from support.paths import NETS

from globscope.api import GRADIENT, Code, EvaluationError, Networks
from globscope.builtin.evaluators import pytorch
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.pools.processes import Processes
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.pinn import PinnConvection
from globscope.builtin.tasks.regression import Regression
from globscope.builtin.tasks.segmentation import Segmentation
from globscope.pipeline.disk.journal import DiskJournal
from globscope.testing import check_component, tiny_task
from globscope.workers import ThisProcess

MLP = Classification(hidden=(8,), train_examples=200)
TASKS = {
    "mlp": MLP,
    "regression": Regression(hidden=(8,)),
    "BatchNorm": Classification(model=Code(str(NETS), "batch_norm"), train_examples=100),
    "convolution": Classification(model=Code(str(NETS), "convolution"), train_examples=50),
    "segmentation": Segmentation(
        model_options={"widths": [2, 4], "norm": "group"}, data_options={"train": 8, "test": 2}
    ),
    "recurrent": Classification(model=Code(str(NETS), "recurrent"), train_examples=30),
    "attention": Classification(model=Code(str(NETS), "attention"), train_examples=30),
    "conv1d of GPT-2, tied": Classification(model=Code(str(NETS), "transposed_and_tied"), train_examples=30),
}
LAYERS, LOOP = Torch(method="layers"), Torch(method="loop")
# Of float32 sums whose terms are added in another order.
ROUNDING = 1e-6
# Of gradients, whose terms partly cancel, relative to the largest.
CANCELLING = 3e-5


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return text_task(tmp_path_factory.mktemp("text"))


class StopsAfterOne(ThisProcess):
    """A worker that is stopped after its first unit."""

    def map(self, prepare, shared, items):
        yield next(iter(super().map(prepare, shared, items)))
        raise KeyboardInterrupt


def assert_alike(found, wanted):
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        scale = CANCELLING * np.abs(values).max() if name == GRADIENT else ROUNDING
        np.testing.assert_allclose(found[name], values, rtol=ROUNDING, atol=scale, err_msg=name)


@pytest.mark.parametrize("name", TASKS)
def test_fields_are_those_of_networks_one_by_one(name):
    networks = networks_of(TASKS[name])
    plan = LAYERS.plan(networks, TASKS[name])
    assert plan.method == "layers"
    assert_alike(fields_of(LAYERS, networks, TASKS[name]), fields_of(LOOP, networks, TASKS[name]))


@pytest.mark.parametrize("name", ["mlp", "BatchNorm", "attention", "conv1d of GPT-2, tied"])
def test_gradients_are_those_of_networks_one_by_one(name):
    networks = evolve(networks_of(TASKS[name]), gradient="train_loss")
    assert_alike(fields_of(LAYERS, networks, TASKS[name]), fields_of(LOOP, networks, TASKS[name]))


def test_a_transformer_is_scored_and_differentiated_like_one_by_one(text):
    networks = networks_of(text)
    assert len(LAYERS.plan(networks, text).units) == 1
    assert_alike(fields_of(LAYERS, networks, text), fields_of(LOOP, networks, text))
    networks = evolve(networks, gradient="test_loss")
    assert_alike(fields_of(LAYERS, networks, text), fields_of(LOOP, networks, text))


def test_networks_with_weights_of_their_own_are_scored_by_layers_and_one_that_is_not_finite_spoils_no_other():
    weights, _ = members_of(MLP)
    weights[1] = np.nan
    found, wanted = (fields_of(evaluator, Networks.of(weights), MLP) for evaluator in (LAYERS, LOOP))
    assert np.isnan(found["train_loss"][1])
    assert_alike(found, wanted)


@pytest.mark.parametrize("gradient", [None, "train_loss"])
def test_no_network_is_formed_and_no_gradient_by_all_its_weights(gradient):
    networks = networks_of(MLP)
    space = OneTensorAtATime(networks.space)
    found = fields_of(LAYERS, evolve(networks, space=space, gradient=gradient), MLP)
    assert_alike(found, fields_of(LOOP, evolve(networks, gradient=gradient), MLP))
    assert max(space.widths) == max(MLP.build("cpu").layout.sizes)


def test_each_part_is_read_once_for_a_unit_and_batch():
    networks = networks_of(MLP)
    read = {}
    for size in (100, 200):
        space = OneTensorAtATime(networks.space)
        evaluator = Torch(method="layers", batch_size=size, examples=200)
        plan = evaluator.plan(evolve(networks, space=space), MLP)
        scorer = evaluator.scorer(evolve(networks, space=space), MLP, plan)
        scorer.score(plan.units[0])
        read[size] = sum(space.widths)
    weights = MLP.build("cpu").layout.size
    # 200 training and 200 test examples in passes of 100 or 200; all five networks are one unit.
    assert read == {100: 4 * weights, 200: 2 * weights}


def test_a_model_that_draws_is_scored_with_the_draws_that_it_has_one_by_one():
    task = tiny_task(drawing=True)
    networks = evolve(networks_of(task), seed=3)
    assert_alike(fields_of(LAYERS, networks, task), fields_of(LOOP, networks, task))


def test_units_cut_in_two_score_alike_down_to_one_network():
    networks = networks_of(MLP)
    whole = fields_of(LAYERS, networks, MLP)
    assert_alike(fields_of(LAYERS, networks, MLP, width=1), whole)


def test_a_matrix_with_few_ranks_about_its_origin_is_never_formed():
    (networks, dense), signs = adapted_networks(MLP)
    found = fields_of(LAYERS, evolve(networks, gradient="train_loss"), MLP)
    wanted = fields_of(LOOP, evolve(dense, gradient="train_loss"), MLP)
    assert_alike(found, {**wanted, GRADIENT: wanted[GRADIENT] * signs})
    assert Torch().plan(networks, MLP).method == "layers"
    assert max(networks.space.widths) == 10  # a bias, which has no ranks


def test_the_choice_follows_from_the_memory_for_weights(monkeypatch):
    networks, size = networks_of(MLP), MLP.build("cpu").layout.size
    monkeypatch.setattr(pytorch, "MEMORY", 4 * 2 * size)
    assert Torch(examples=1).plan(networks, MLP).method == "vmap"
    # No two networks fit, but the activations of several for one example do.
    monkeypatch.setattr(pytorch, "MEMORY", 4 * 2 * size - 1)
    assert Torch(examples=1).plan(networks, MLP).method == "layers"
    assert Torch(examples=1).plan(Networks.of(members_of(MLP)[0]), MLP).method == "vmap"
    assert Torch().plan(networks, MLP).method == "loop"


@pytest.mark.slow
def test_the_bits_are_the_same_here_in_other_processes_and_after_a_stop(tmp_path, monkeypatch):
    monkeypatch.setattr("globscope.builtin.evaluators.layer_plan.WIDEST", 2)
    networks, few = networks_of(MLP), Torch(method="layers", batch_size=100)
    assert len(few.plan(networks, MLP).units) == 3
    here, _ = evaluated(tmp_path / "here", few, networks, MLP)
    with Processes(workers=2, threads=1).open() as workers:
        elsewhere, _ = evaluated(tmp_path / "elsewhere", few, networks, MLP, workers)
    assert_same_arrays(elsewhere, here)
    with pytest.raises(KeyboardInterrupt):
        evaluated(tmp_path / "stopped", few, networks, MLP, StopsAfterOne())
    journal = DiskJournal(tmp_path / "stopped", len(networks))
    assert len(journal.pending()) == 2
    resumed, _ = evaluated(tmp_path / "stopped", few, networks, MLP)
    assert_same_arrays(resumed, here)


def test_a_space_that_only_lifts_is_refused():
    class Lifts:
        rank = 2

        def lift(self, coordinates):
            return coordinates

    with pytest.raises(EvaluationError, match=r"'layers' needs networks that are sums of parts, and a Lifts does not"):
        LAYERS.plan(Networks(space=Lifts(), coordinates=np.zeros((1, 2))), MLP)


def test_the_contract_of_evaluators_holds():
    check_component(LAYERS, expected_failures={"scores_what_a_unit_has_and_no_more": "its space only lifts"})


@pytest.mark.parametrize("task", [MLP, PinnConvection(hidden=(8, 8), grid=(12, 9), collocation=40)])
def test_gradients_of_batches_and_of_roots_add_up(task):
    measure = "test_loss" if task is MLP else "test_error"
    networks = evolve(networks_of(task, 3), gradient=measure)
    layers, loop = Torch(method="layers", batch_size=30, examples=50), Torch(method="loop", examples=50)
    assert_alike(fields_of(layers, networks, task), fields_of(loop, networks, task))
    assert_alike(fields_of(layers, networks, task, width=1), fields_of(loop, networks, task))
