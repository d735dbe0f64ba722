"""What of a network is flattened, where the rest comes from, and statistics that travel through the map."""

import json
import pickle

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from support.arrays import assert_same_arrays
from support.nets import batch_norm
from support.paths import NETS
from support.study import run_undrawn, study_in, values
from torch import nn
from torch.nn.functional import cross_entropy

from globscope import load
from globscope.api import EvaluationError, PopulationError, SpecError
from globscope.builtin.tasks.data.embedded import digits
from globscope.population.recorded_scores import numbers_beside
from globscope.values.rows import Rows

SPEC = """
[task]
use = "classification"
model = "{nets}:batch_norm"
model_options = {{ width = 12 }}
data = "digits"
[population]
checkpoints = "{{variant}}-{{step}}.{suffix}"
{choice}
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
resolution = 3
[evaluator]
use = "torch"
batch_norm = "{mode}"
[[topology]]
use = "gudhi"
"""


def module(seed, trunk=0):
    """Return a network whose first layers come from one seed and whose head comes from another."""
    torch.manual_seed(trunk)
    made = batch_norm(12)
    made.train()(torch.rand(50, 64) * (1 + seed))  # statistics of its own
    torch.manual_seed(seed)
    nn.init.normal_(made[3].weight)
    return made.eval()


def study(folder, choice="", mode="stored", suffix="safetensors", overrides=()):
    return study_in(folder, SPEC.format(nets=NETS, choice=choice, mode=mode, suffix=suffix), *overrides)


def saved(folder, trunk=lambda seed: 0):
    made = {(v, s): module(3 * i + s, trunk(i)) for i, v in enumerate("AB") for s in (0, 1)}
    for (variant, step), one in made.items():
        save_file(one.state_dict(), folder / f"{variant}-{step}.safetensors")
    return list(made.values())


def own_loss(one):
    inputs, targets = map(torch.from_numpy, digits(0.2, 0).test)
    with torch.no_grad():
        return float(cross_entropy(one(inputs), targets))


def test_only_the_head_is_flattened_and_members_score_as_whole_networks(tmp_path):
    modules = saved(tmp_path)
    result = run_undrawn(study(tmp_path, 'include = ["3.*"]'))
    assert result.atlas.population.layout.names == ("3.weight", "3.bias")
    assert result.record["population"]["parameters"] == 130
    kept = {"1.running_mean", "1.running_var", "1.num_batches_tracked"}
    assert all(set(member.buffers) == kept for member in result.atlas.population.members)
    # float32 sums
    np.testing.assert_allclose(result.atlas.truth["test_loss"], [own_loss(one) for one in modules], rtol=1e-5)
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["flattened"] == {
        "flatten": "parameters",
        "include": ["3.*"],
        "exclude": [],
        "weights": 130,
        "tensors": ["3.weight", "3.bias"],
    }


def test_excluding_the_rest_is_including_the_head(tmp_path):
    saved(tmp_path)
    one = values(study(tmp_path, 'include = ["3.*"]'))
    two = values(study(tmp_path, 'exclude = ["0.*", "1.*"]'))
    assert_same_arrays(one.atlas.maps[0].landscape.fields, two.atlas.maps[0].landscape.fields)


def test_a_member_that_differs_in_what_is_left_out_is_reported(tmp_path):
    saved(tmp_path, trunk=lambda seed: seed)
    with pytest.raises(PopulationError) as caught:
        values(study(tmp_path, 'include = ["3.*"]'))
    assert str(caught.value) == (
        f"{tmp_path}/B-0.safetensors: tensor '0.weight' is not flattened (population.include, exclude) and is not that "
        "of the first checkpoint; what is not flattened must be the same in all"
    )


def test_a_tensor_that_is_nowhere_to_be_had_is_reported(tmp_path):
    for name in ("A-0", "A-1"):
        save_file(
            {n: t for n, t in module(len(name)).state_dict().items() if n != "0.bias"}, tmp_path / f"{name}.safetensors"
        )
    with pytest.raises(PopulationError) as caught:
        values(study(tmp_path, 'include = ["3.*"]'))
    assert str(caught.value) == (
        f"{tmp_path}/A-0.safetensors: has no tensor '0.bias'; it is not flattened, and the model draws it anew"
    )


def test_a_pattern_that_matches_nothing_names_what_is_near(tmp_path):
    saved(tmp_path)
    with pytest.raises(PopulationError) as caught:
        values(study(tmp_path, 'include = ["3.weighty"]'))
    assert str(caught.value) == "population.include: no tensor matches '3.weighty'; did you mean '3.weight'?"
    with pytest.raises(PopulationError, match=r"population\.exclude: leaves no tensor to flatten"):
        values(study(tmp_path, 'exclude = ["*"]'))


def test_choosing_tensors_of_runs_trained_here_is_refused(tmp_path):
    text = SPEC.format(nets=NETS, choice='include = ["3.*"]', mode="stored", suffix="x").replace(
        'checkpoints = "{variant}-{step}.x"', ""
    )
    (tmp_path / "study.toml").write_text(text + '[population.train]\nepochs = 1\n[[population.variant]]\nname = "A"\n')
    with pytest.raises(SpecError, match="include and exclude are for checkpoints"):
        load(tmp_path / "study.toml")


def test_what_a_model_does_not_train_comes_from_the_checkpoints(tmp_path):
    modules = saved(tmp_path)
    result = values(study(tmp_path, overrides=["task.model_options.frozen=true"]))
    assert result.atlas.population.layout.names == ("1.weight", "1.bias", "3.weight", "3.bias")
    np.testing.assert_allclose(result.atlas.truth["test_loss"], [own_loss(one) for one in modules], rtol=1e-5)


def test_statistics_travel_through_the_map_and_come_back(tmp_path):
    modules = saved(tmp_path, trunk=lambda seed: seed)
    result = values(study(tmp_path, 'flatten = "all"', "encoded"))
    names = result.atlas.population.layout.names
    assert "1.running_mean" in names
    assert "1.running_var.log" in names
    assert not any("num_batches" in name for name in names)
    wanted = [own_loss(one) for one in modules]
    np.testing.assert_allclose(result.atlas.truth["test_loss"], wanted, rtol=1e-5)
    variances = np.stack([np.log(one[1].running_var.numpy()) for one in modules])
    tensors = result.atlas.population.layout.unflatten(np.asarray(result.atlas.population.weights))
    np.testing.assert_allclose(tensors["1.running_var.log"], variances, rtol=1e-6)


def test_travelling_statistics_need_to_be_flattened(tmp_path):
    saved(tmp_path)
    with pytest.raises(EvaluationError) as caught:
        values(study(tmp_path, mode="encoded"))
    assert str(caught.value) == "evaluator.batch_norm: 'encoded' needs population.flatten = 'all'"
    assert not (tmp_path / "run" / "stages" / "population").exists()


def test_a_dead_channel_has_a_finite_logarithm(tmp_path):
    modules = saved(tmp_path)
    modules[0][1].running_var[2] = 0
    save_file(modules[0].state_dict(), tmp_path / "A-0.safetensors")
    result = values(study(tmp_path, 'flatten = "all"', "encoded"))
    np.testing.assert_allclose(result.atlas.truth["test_loss"][0], own_loss(modules[0]), rtol=1e-5)


@pytest.mark.parametrize("suffix", ["safetensors", "pt"])
def test_float32_checkpoints_are_mapped_where_they_lie_and_not_copied(tmp_path, suffix):
    modules = saved(tmp_path)
    if suffix == "pt":
        for path in list(tmp_path.glob("*.safetensors")):
            path.unlink()
        for name, one in zip(("A-0", "A-1", "B-0", "B-1"), modules, strict=True):
            torch.save({"net": one.state_dict(), "acc": 97.5}, tmp_path / f"{name}.pt")
    result = values(study(tmp_path, suffix=suffix))
    assert isinstance(result.atlas.population.weights, Rows)
    assert not list((tmp_path / "run").rglob("weights.npy"))
    state = modules[3].state_dict()
    wanted = np.concatenate([state[name].numpy().ravel() for name in result.atlas.population.layout.names])
    np.testing.assert_array_equal(result.atlas.population.weights[3], wanted)
    assert result.atlas.population.members[0].recorded == ({"test_accuracy": 0.975} if suffix == "pt" else {})


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_read_in_place_and_is_float32_where_it_is_read(dtype, tmp_path):
    modules = saved(tmp_path)
    for name, one in zip(("A-0", "A-1", "B-0", "B-1"), modules, strict=True):
        save_file({n: t.to(dtype) for n, t in one.state_dict().items()}, tmp_path / f"{name}.safetensors")
    population = values(study(tmp_path)).atlas.population
    assert not list((tmp_path / "run").rglob("weights.npy"))
    state = modules[3].state_dict()
    wanted = np.concatenate([state[name].to(dtype).float().numpy().ravel() for name in population.layout.names])
    np.testing.assert_array_equal(population.weights[3], wanted)
    again = pickle.loads(pickle.dumps(population.weights))
    assert len(pickle.dumps(population.weights)) < 4 * wanted.size  # names of files, no weights
    np.testing.assert_array_equal(again[:, 3:40], population.weights[:, 3:40])


def test_double_precision_is_copied_once_to_disk_and_reused(tmp_path):
    for name, one in zip(("A-0", "A-1", "B-0", "B-1"), saved(tmp_path), strict=True):
        save_file({n: t.double() for n, t in one.state_dict().items()}, tmp_path / f"{name}.safetensors")
    first = values(study(tmp_path))
    assert isinstance(first.atlas.population.weights, np.memmap)
    [copy] = (tmp_path / "run").rglob("weights.npy")
    before = copy.stat().st_mtime_ns
    values(study(tmp_path))
    assert copy.stat().st_mtime_ns == before


def test_members_that_score_far_worse_than_their_files_say_are_reported(tmp_path):
    for name, one in zip(("A-0", "A-1", "B-0", "B-1"), saved(tmp_path), strict=True):
        (tmp_path / f"{name}.safetensors").unlink()
        torch.save(
            {"state_dict": one.state_dict(), "best_prec1": torch.tensor(91.25), "val_loss": 0.31},
            tmp_path / f"{name}.pt",
        )
    result = values(study(tmp_path, suffix="pt", overrides=["evaluator.examples=64"]))
    assert result.atlas.examples == dict.fromkeys(result.atlas.truth, 64)
    warnings = result.findings["fidelity"].warnings
    messages = [text for text in warnings if "than their files record" in text]
    assert len(messages) == 2
    assert messages[0].startswith("2 of 2 final networks score far worse than their files record: A@1 has test loss ")
    assert ", recorded 0.31; usual causes: BatchNorm statistics" in messages[0]
    assert "recorded 0.9125" in messages[1]


def test_numbers_beside_the_weights_that_no_float_holds_are_no_scores():
    around = {"test_acc": 91, "seed": 2**63 + 1, "hash": 10**400, "steps": torch.tensor(2**60 + 1), "val_loss": 0.5}
    assert numbers_beside(around) == {"test_acc": 91.0, "val_loss": 0.5}


def test_members_that_score_as_their_files_say_are_not_doubted(tmp_path):
    for name, one in zip(("A-0", "A-1", "B-0", "B-1"), saved(tmp_path), strict=True):
        (tmp_path / f"{name}.safetensors").unlink()
        torch.save({"state_dict": one.state_dict(), "test_loss": own_loss(one)}, tmp_path / f"{name}.pt")
    result = values(study(tmp_path, suffix="pt"))
    assert not any("than their files record" in text for text in result.findings["fidelity"].warnings)
