"""Regression and next-token language modelling: users of these write no class either."""

import tomllib
from math import log

import numpy as np
import pytest
import torch
from support.paths import ROOT
from support.study import MAP, TWO_RUNS, study_in

from globscope.api import Code, UserCodeError
from globscope.builtin.tasks.language import LanguageModelling
from globscope.builtin.tasks.regression import Regression

TEXT = "In the beginning the loss was without form, and large. " * 40


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


def test_the_diabetes_target_is_standardised_so_that_the_mean_scores_one():
    probe = Regression(hidden=(4,)).build("cpu")
    splits = [probe.batch(split, torch.arange(probe.examples(split)))[1] for split in probe.splits]
    targets = torch.cat(splits)
    assert targets.shape == (442, 1)
    assert float((targets**2).mean()) == pytest.approx(1, abs=1e-5)  # float32
    assert probe.measures == ("loss",)


@pytest.mark.parametrize(("loss", "power"), [("mse", 2), ("l1", 1)])
def test_a_regressions_loss_is_the_mean_over_examples_and_values(loss, power, tmp_path):
    (tmp_path / "data.py").write_text(
        "import numpy as np\ndef load():\n    x = np.eye(6)\n    return x, 2 * np.ones((6, 3)), x, np.ones((6, 3))\n"
    )
    probe = Regression(data=Code(str(tmp_path / "data.py"), "load"), loss=loss, hidden=(4,)).build("cpu")
    silent = {name: torch.zeros(shape) for name, shape in zip(probe.layout.names, probe.layout.shapes, strict=True)}
    for split, target in (("train", 2.0), ("test", 1.0)):
        total, weight = probe.reduce(silent, {}, probe.batch(split, torch.arange(6)))["loss"]
        assert float(total) / weight == target**power


def test_a_text_is_cut_into_examples_each_with_its_next_bytes(text):
    probe = LanguageModelling(path=text, context=16).build("cpu")
    inputs, targets = probe.batch("train", torch.arange(probe.examples("train")))
    assert bytes(inputs.flatten().tolist()) == TEXT.encode()[: inputs.numel()]
    assert bytes(targets.flatten().tolist()) == TEXT.encode()[1 : inputs.numel() + 1]
    held = probe.batch("test", torch.arange(probe.examples("test")))[0]
    assert bytes(held.flatten().tolist()) == TEXT.encode()[inputs.numel() : inputs.numel() + held.numel()]
    assert probe.examples("test") == round((len(TEXT) - 1) // 16 * 0.1)


def test_the_transformer_does_not_look_ahead(text):
    probe = LanguageModelling(path=text, context=16).build("cpu")
    parameters, buffers = probe.initialise(0)
    tokens = probe.batch("train", torch.arange(1))[0]
    other = tokens.clone()
    other[0, 9] += 1
    one, two = (probe._forward(parameters, buffers, x) for x in (tokens, other))
    torch.testing.assert_close(one[0, :9], two[0, :9])
    assert not torch.allclose(one[0, 9:], two[0, 9:])


def test_silent_weights_score_the_chance_that_a_report_compares_with(text):
    probe = LanguageModelling(path=text, context=16).build("cpu")
    silent = {name: torch.zeros(shape) for name, shape in zip(probe.layout.names, probe.layout.shapes, strict=True)}
    found = probe.reduce(silent, {}, probe.batch("train", torch.arange(4)))
    total, weight = found["loss"]
    assert float(total) / weight == pytest.approx(log(256), rel=1e-6)
    assert probe.traits.chance == {"train_loss": log(256), "test_loss": log(256)}
    assert found["accuracy"][1] == 4 * 16


@pytest.mark.parametrize(
    ("task", "says"),
    [
        (
            LanguageModelling(),
            "task.path: data = 'text' is read from a file of yours, whose bytes are the tokens",
        ),
        (
            Regression(data="files"),
            "task.path: data = 'files' is read from your own files: an .npz, an image folder or zip, ***",
        ),
    ],
)
def test_data_that_is_not_named_is_asked_for(task, says):
    with pytest.raises(UserCodeError) as caught:
        task.build("cpu")
    assert str(caught.value).startswith(says.removesuffix("***"))


def test_a_text_that_is_too_short_is_reported(tmp_path):
    (tmp_path / "short.txt").write_text("too short")
    with pytest.raises(UserCodeError) as caught:
        LanguageModelling(path=tmp_path / "short.txt", context=8).build("cpu")
    assert str(caught.value) == (
        f"task.path: {tmp_path}/short.txt has 9 bytes, too few for two examples of task.context = 8"
    )


STUDY = f"""
[task]
{{task}}
{TWO_RUNS}{MAP}
"""
TASKS = {
    "regression": 'use = "regression"\nhidden = [8]',
    "language": (
        'use = "language-modelling"\npath = "text.txt"\ncontext = 16\nmodel_options = { dim = 8, depth = 1, heads = 1 }'
    ),
}


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.usefixtures("blank_pictures")
def test_a_study_of_every_task_runs_whole_and_training_lowers_its_loss(name, text):
    result = study_in(text.parent, STUDY.replace("{task}", TASKS[name])).run()
    truth, who = result.atlas.truth, result.atlas.population
    for variant in who.variants:
        rows = who.of(variant)
        assert truth["train_loss"][rows[-1]] < truth["train_loss"][rows[0]]
    assert ("train_accuracy" in truth) == (name == "language")
    assert result.record["reducers"][0]["loss_gap_median"] is not None
    assert np.isfinite(result.map().landscape.fields["test_loss"]).all()


def test_the_flagship_specs_name_the_models_of_the_paper():
    used = {path.stem: tomllib.loads(path.read_text())["task"].get("model") for path in (ROOT / "specs").glob("*.toml")}
    assert used["resnet56"] == used["resnet56-3d"] == "resnet56"
    assert used["cnn-cifar10"] == used["cnn-cifar100"] == "cnn"
    assert used["vit"] == "vit-10m"
