"""The built-ins keep the contract of their role, and the contract kit finds out who does not."""

import subprocess
import sys
from importlib.metadata import entry_points

import numpy as np
import pytest
from support.arrays import assert_same_arrays
from support.contract_components import Announced, Corners, Counts, Kept2D, Pictures, asking

from globscope.api import (
    Code,
    GivesQuickExamples,
    Networks,
    PreparedTask,
    capability,
)
from globscope.registry import HOOKS, METHODS, discover
from globscope.testing import (
    ContractError,
    check_component,
    parametrize_contract,
    registry_of,
    role_of,
    score_units,
    tiny_inputs,
    tiny_task,
)

REGISTRY = discover(entry_points(group="globscope"))

# They need files, and are checked in files of their own, `test_custom.py` and `test_transformers.py`.
ELSEWHERE = {("task", "custom"), ("task", "transformers")}
BUILT_IN = {
    (one.role, one.name): one.cls
    for one in REGISTRY.components
    if one.distribution == "globscope" and (one.role, one.name) not in ELSEWHERE
}


def built_in(role, name, options):
    return REGISTRY.role(role)[name].cls(**options)


def quick_examples(cls):
    giving = capability(cls, GivesQuickExamples)
    return [cls()] if giving is None else giving.quick_examples()


@parametrize_contract([example for cls in BUILT_IN.values() for example in quick_examples(cls)])
def test_every_built_in_keeps_the_contract_of_its_role(check):
    check()


@parametrize_contract(
    [built_in("evaluator", "torch", {"method": "vmap"})],
    expected_failures=dict.fromkeys(
        (
            "records_networks_with_statistics",
            "survives_a_failing_network",
        ),
        "asked to stack networks, it refuses models that cannot be stacked",
    ),
)
def test_the_evaluator_keeps_the_contract_when_networks_are_stacked(check):
    check()


@parametrize_contract(
    [built_in("aligner", "sinkhorn", {}), built_in("aligner", "straight-through", {"steps": 20, "learning_rate": 0.3})],
    expected_failures={
        "recovers_a_permuted_copy": "for an untrained network it finds a mean with another order of the copy's units "
        "whose loss is below the network's own"
    },
)
def test_an_aligner_that_lowers_the_loss_between_networks_keeps_the_rest_of_the_contract(check):
    check()


def test_every_role_has_a_method_by_which_it_is_known():
    assert set(METHODS) == set(HOOKS)
    for component in REGISTRY.components:
        assert role_of(component.cls) == component.role


NORMALISED = """
import torch
from torch import nn

def net():
    return nn.Sequential(nn.Linear(64, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 10))

def loss(outputs, targets):
    if not torch.isfinite(outputs).all():
        raise RuntimeError("this loss was made to fail")
    return nn.functional.cross_entropy(outputs, targets)
"""


@pytest.fixture
def normalised(tmp_path):
    """Return a classification task with a user's BatchNorm and dropout, or with a user's loss as well."""
    path = tmp_path / "nets.py"
    path.write_text(NORMALISED, "utf-8")

    def task(loss="cross-entropy"):
        loss = loss if loss == "cross-entropy" else Code(str(path), loss)
        return built_in("task", "classification", {"model": Code(str(path), "net"), "loss": loss})

    return task


def test_a_users_network_with_statistics_and_dropout_keeps_the_contract_of_tasks(normalised):
    check_component(normalised())


def test_a_loss_that_raises_in_the_middle_leaves_the_model_in_evaluation_mode(normalised):
    probe = normalised("loss").build("cpu")
    weights = np.stack([probe.layout.flatten(probe.initialise(seed)[0]) for seed in range(3)])
    broken = weights.copy()
    broken[1] = np.nan

    def losses(rows):
        evaluator = built_in("evaluator", "torch", {"examples": 64})
        return score_units(evaluator, Networks.of(rows), PreparedTask(probe), width=1)

    clean = losses(weights)
    with pytest.raises(RuntimeError, match="made to fail"):
        losses(broken)
    assert not any(module.training for module in probe._module.modules())
    assert_same_arrays(losses(weights), clean)


@pytest.mark.parametrize(
    "component",
    [
        Kept2D(),
        Corners(),
        Announced(),
        Counts(),
        Pictures(),
        tiny_task(),
        tiny_task(normalised=True),
        tiny_task(shifted=True),
        tiny_task(drawing=True),
        tiny_task(normalised=True, shifted=True, drawing=True),
    ],
)
def test_components_that_are_right_pass(component):
    check_component(component)


def test_a_component_of_keywords_that_is_no_attrs_class_is_reported_to_become_one():
    class Plain:
        def ask(self, chart, landscape, rng):
            return None

    with pytest.raises(ContractError, match=r"Plain: is_an_attrs_class: is no attrs class: decorate"):
        check_component(Plain())


def test_all_violations_are_reported_at_once_with_the_component_the_check_and_what_is_wrong():
    silent = asking("Ask for corners.", kw_only=False)()
    with pytest.raises(ContractError) as raised:
        check_component(silent)
    assert str(raised.value) == (
        "Asking: takes_options_by_name: takes ['size'] by position: decorate it with kw_only=True\n"
        "Asking: is_documented: does not say what ['size'] mean: list them under Attributes: in its docstring"
    )


def test_an_expected_failure_is_not_reported():
    check_component(asking("Ask.")(), expected_failures={"is_documented": "its author is shy"})


def test_an_expected_failure_that_passes_is_one():
    with pytest.raises(ContractError, match="Asking: is_documented: passes, although it is expected to fail: why not"):
        check_component(asking()(), expected_failures={"is_documented": "why not"})


def test_an_expected_failure_of_no_check_is_refused_with_a_suggestion():
    for use in (check_component, lambda one, **options: parametrize_contract([one], **options)):
        with pytest.raises(ValueError, match=r"no check 'is_document'; did you mean 'is_documented'\?"):
            use(asking()(), expected_failures={"is_document": "misspelt"})


def test_the_decorator_expects_failures_strictly_and_names_cases_by_component_and_check():
    mark = parametrize_contract([Corners(), Counts()], expected_failures={"ends": "never"})
    names, cases = mark.args
    assert names == "check"
    assert "Corners-is_a_pure_function" in [case.id for case in cases]
    expected = [case for case in cases if case.marks]
    assert [case.id for case in expected] == ["Corners-ends"]
    assert expected[0].marks[0].kwargs == {"reason": "never", "raises": ContractError, "strict": True}


def test_the_kit_does_not_need_pytest():
    code = (
        "import sys; sys.modules['pytest'] = None; import globscope.testing as t; t.checks_for(t.tiny_task())[0][1]()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_class_with_the_methods_of_no_role_or_of_two_has_none():
    class Both:
        ask = build = len

    with pytest.raises(TypeError, match=r"Both must have the method of one role.*; it has those of task and sampler"):
        role_of(Both)
    with pytest.raises(TypeError, match=r"int must have the method of one role.*; it has none"):
        role_of(int)


def test_a_registry_of_classes_knows_them_by_name_and_role_and_nothing_else():
    alone = registry_of(corners=Corners, **{"keep-two": Kept2D})
    assert [(c.role, c.name, c.cls) for c in alone.components] == [
        ("sampler", "corners", Corners),
        ("reducer", "keep-two", Kept2D),
    ]
    both = registry_of(alone, REGISTRY, counts=Counts)
    assert set(both.role("sampler")) == {
        "adaptive",
        "corners",
        "critical-points",
        "gaussian-ball",
        "grid",
        "path",
        "sobol",
    }
    assert both.of(Counts()).role == "analysis"


def test_the_tiny_population_spans_eleven_directions_and_is_the_same_for_the_same_seed():
    one, two, other = tiny_inputs(3), tiny_inputs(3), tiny_inputs(4)
    np.testing.assert_array_equal(one.coordinates, two.coordinates)
    assert not np.array_equal(one.coordinates, other.coordinates)
    assert one.coordinates.shape == (12, 11)
    assert [member.label for member in one.members[:5]] == ["A@0", "A@1", "A@2", "A@3", "B@0"]
    # The span holds the members to float32, of which these weights have magnitude 1.
    np.testing.assert_allclose(one.space.lift(one.coordinates), one.population.weights, atol=1e-5)
