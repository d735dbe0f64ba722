"""The built-in aligners: what they find, and what they keep."""

from itertools import permutations

import numpy as np
import pytest
import torch
from support.arrays import assert_same_arrays

from globscope.api import PreparedTask, SpecError, symmetry
from globscope.builtin.aligners import ActivationMatching, WeightMatching
from globscope.builtin.tasks.classification import Classification
from globscope.spec.describe import resolved_document
from globscope.spec.read import read_spec

ALIGNERS = {
    "weights": WeightMatching(),
    "inner product": ActivationMatching(),
    "correlation": ActivationMatching(similarity="correlation"),
}


def built(**options):
    return PreparedTask(Classification(**options).build("cpu"))


@pytest.fixture(scope="module")
def digits():
    return built(hidden=(32, 16))


@pytest.fixture(scope="module")
def convolutional():
    return built(
        model="resnet20", data="digits-images", model_options={"width": 4, "shortcut": "A"}, train_examples=200
    )


def fresh(task, seed):
    parameters, buffers = task.probe.initialise(seed)
    if task.probe.statistics:
        buffers = task.probe.calibrate(parameters, buffers, [task.probe.batch("train", torch.arange(200))])
    return {name: tensor.numpy() for name, tensor in {**parameters, **buffers}.items()}


def shuffled(task, network, seed):
    found = symmetry(task.probe)
    drawn = found.random(np.random.default_rng(seed))
    return found.permute(network, drawn), drawn


@pytest.mark.parametrize("name", ALIGNERS)
def test_an_mlp_is_recovered_exactly_from_a_permuted_copy_of_itself(digits, name):
    recovered = 0
    for seed in range(20):
        a = fresh(digits, seed)
        copy, drawn = shuffled(digits, a, seed)
        found = ALIGNERS[name].align(digits, a, copy, np.random.default_rng(seed))
        recovered += all(np.array_equal(found[group], np.argsort(drawn[group])) for group in drawn)
    assert recovered == 20


@pytest.mark.parametrize("name", ALIGNERS)
def test_a_residual_network_with_statistics_is_recovered_from_a_permuted_copy(convolutional, name):
    a = fresh(convolutional, 0)
    copy, _ = shuffled(convolutional, a, 1)
    found = ALIGNERS[name].align(convolutional, a, copy, np.random.default_rng(0))
    back = symmetry(convolutional.probe).permute(copy, found)
    assert_same_arrays(back, a)


def product(a, b):
    return sum(float(np.vdot(a[name].astype(float), b[name].astype(float))) for name in a)


def test_weight_matching_of_one_layer_is_the_best_of_all_permutations():
    task = built(hidden=(5,))
    a, b, found = fresh(task, 0), fresh(task, 1), symmetry(task.probe)
    matched = WeightMatching().align(task, a, b, np.random.default_rng(0))
    best = max(product(a, found.permute(b, {"1": np.array(order)})) for order in permutations(range(5)))
    # Sums of the same doubles in another order.
    assert product(a, found.permute(b, matched)) == pytest.approx(best, rel=1e-12)


def test_weight_matching_ends_where_no_layer_alone_can_gain(digits):
    a, b, found = fresh(digits, 0), fresh(digits, 1), symmetry(digits.probe)
    matched = WeightMatching().align(digits, a, b, np.random.default_rng(0))
    reached = product(a, found.permute(b, matched))
    assert reached > product(a, b)
    rng = np.random.default_rng(1)
    for group in found.groups:
        for _ in range(20):
            other = matched[group.name].copy()
            one, two = rng.choice(group.size, 2, replace=False)
            other[[one, two]] = other[[two, one]]
            assert product(a, found.permute(b, {**matched, group.name: other})) <= reached * (1 + 1e-12)


def test_one_sweep_may_be_too_few(digits):
    a, b, found = fresh(digits, 0), fresh(digits, 1), symmetry(digits.probe)
    reached = [
        product(a, found.permute(b, WeightMatching(sweeps=sweeps).align(digits, a, b, np.random.default_rng(0))))
        for sweeps in (1, 100)
    ]
    assert reached[0] < reached[1]


def test_running_statistics_do_not_count_in_weight_matching(convolutional):
    a, b = fresh(convolutional, 0), fresh(convolutional, 1)
    names = symmetry(convolutional.probe).statistics
    assert len(names) == 2 * 19
    other = b | {name: b[name] * 100 for name in names}
    one, two = (WeightMatching().align(convolutional, a, theirs, np.random.default_rng(0)) for theirs in (b, other))
    assert_same_arrays(two, one)


def test_activation_matching_does_not_ask_for_the_weights_that_made_them(digits):
    # A unit's output scaled up by its layer and down by the next: other weights, correlated all the same.
    a = fresh(digits, 0)
    b, drawn = shuffled(digits, a, 1)
    scale = np.linspace(0.5, 20, 32, dtype=np.float32)
    b = b | {
        "1.weight": b["1.weight"] * scale[:, None],
        "1.bias": b["1.bias"] * scale,
        "3.weight": b["3.weight"] / scale,
    }
    found = ALIGNERS["correlation"].align(digits, a, b, np.random.default_rng(0))
    assert_same_arrays(found, {group: np.argsort(permutation) for group, permutation in drawn.items()})


def test_a_unit_that_never_changes_has_no_correlation(digits):
    a = fresh(digits, 0)
    silent = a | {"1.weight": a["1.weight"].copy(), "1.bias": a["1.bias"].copy()}
    silent["1.weight"][3], silent["1.bias"][3] = 0, -1
    copy, drawn = shuffled(digits, silent, 1)
    found = ALIGNERS["correlation"].align(digits, silent, copy, np.random.default_rng(0))
    np.testing.assert_array_equal(found["1"], np.argsort(drawn["1"]))


def test_more_examples_than_there_are_is_all_of_them(convolutional):
    a, b = fresh(convolutional, 0), fresh(convolutional, 1)
    several = [
        ActivationMatching(examples=count).align(convolutional, a, b, np.random.default_rng(0)) for count in (200, 1000)
    ]
    assert_same_arrays(several[1], several[0])


SPEC = """
[task]
use = "classification"
[population]
checkpoints = "{variant}-{step}.pt"
[[reducer]]
use = "pca"
"""


def test_a_spec_lists_aligners_by_name_and_has_none_otherwise(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(SPEC, "utf-8")
    assert read_spec(path).aligner == ()
    path.write_text(SPEC + '[[aligner]]\nuse = "weight-matching"\nname = "short"\nsweeps = 3\n', "utf-8")
    [entry] = read_spec(path, ["aligner.0.sweeps=2"]).aligner
    assert (entry.name, entry.component) == ("short", WeightMatching(sweeps=2))
    assert resolved_document(read_spec(path))["aligner"] == [{"use": "weight-matching", "name": "short", "sweeps": 3}]


def test_aligners_of_one_name_and_unknown_ones_are_refused(tmp_path):
    path = tmp_path / "study.toml"
    tables = "".join(
        f'[[aligner]]\nuse = "{use}"\n' for use in ("weight-matching", "weight-matching", "wieght-matching")
    )
    path.write_text(SPEC + tables, "utf-8")
    with pytest.raises(SpecError) as caught:
        read_spec(path)
    assert list(caught.value.problems) == [
        f"{path}: aligner.2.use: there is no aligner 'wieght-matching'; did you mean 'weight-matching'?",
        f"{path}: aligner.1.name: 'weight-matching' is the name of aligner.0 too; give this one its own 'name'",
    ]
