"""`globscope init FOLDER`: the spec that a folder of checkpoints seems to ask for."""

import json
import os
import tomllib

import pytest
import torch
from support import adapters
from support.commands import assert_refused, run
from support.paths import ROOT

from globscope.builtin.tasks.classification import Classification
from globscope.errors import PopulationError
from globscope.population.adapter_config import ACCEPTED
from globscope.population.proposal.groups import checkpoint_groups
from globscope.population.proposal.write import propose
from globscope.registry import installed_registry
from globscope.spec import read as spec

PROBE = Classification(hidden=(8,)).build("cpu")
NETWORK = {name: tensor.clone() for name, tensor in PROBE.initialise(3)[0].items()}


def laid(folder, *names, content=None):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch() if content is None else torch.save(content, path)


# Files, the pattern, the runs' template where the pattern has none, and the patterns of what is left.
LAYOUTS = {
    "Lightning's": (
        ["A/epoch=3-step=72.ckpt", "A/epoch=12-step=234.ckpt", "B/epoch=3-step=72.ckpt", "A/last.ckpt"],
        ("{variant}/epoch={step}-step=*.ckpt", None, ["{variant}/last.ckpt"]),
    ),
    "Lightning's of a logger": (
        ["v0/checkpoints/epoch=3-step=72.ckpt", "v1/checkpoints/epoch=5-step=99.ckpt"],
        ("{variant}/checkpoints/epoch={step}-step=*.ckpt", None, []),
    ),
    "a monitored loss": (
        ["A/epoch_012-val0.31.ckpt", "A/epoch_007-val0.35.ckpt", "B/epoch_007-val0.35.ckpt"],
        ("{variant}/epoch_{step}-val*.ckpt", None, []),
    ),
    "one final network a run": (["A/last.pt", "B/last.pt"], ("{variant}/last.pt", None, [])),
    "runs in folders of several levels": (
        ["lr0.1/seed0/last.pt", "lr0.1/seed1/last.pt", "base/last.pt"],
        ("{variant}/last.pt", None, []),
    ),
    "Hugging Face's": (
        ["A/checkpoint-500/model.safetensors", "A/checkpoint-1000/model.safetensors", "A/checkpoint-500/optimizer.pt"],
        ("{variant}/checkpoint-{step}/model.safetensors", None, []),
    ),
    "shards": (
        ["A/1/model.safetensors.index.json", "A/1/model-00001-of-00002.safetensors"],
        ("{variant}/1/model.safetensors.index.json", None, []),
    ),
    "raw and averaged": (
        ["A/1.pt", "A/2.pt", "A/3.pt", "A/1_ema.pt", "A/2_ema.pt"],
        ("{variant}/{step}.pt", None, ["{variant}/{step}_ema.pt"]),
    ),
    "the run's name again": (["A/A_1.pt", "A/A_2.pt", "B/B_1.pt"], ("{variant}/{variant}_{step}.pt", None, [])),
    "all in one folder": (["big_net-1.pt", "big_net-2.pt", "small-1.pt"], ("{variant}-{step}.pt", None, [])),
    "seeds in names": (
        ["net_seed0_ep1.pt", "net_seed1_ep1.pt", "net_seed0_ep2.pt"],
        ("net_{variant}_ep{step}.pt", None, []),
    ),
    "one run": (["epoch_1.pt", "epoch_10.pt"], ("epoch_{step}.pt", "FOLDER", [])),
    "names with nothing in common": (["alice.pt", "bob.pt", "notes.txt"], ("{variant}.pt", None, [])),
    "a step that does not tell files apart": (
        ["A/step_1_4.pt", "A/step_1_8.pt"],
        ("{variant}/step_1_{step}.pt", None, []),
    ),
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_the_pattern_of_a_folder_is_that_of_how_people_lay_them_out(case, tmp_path):
    files, (pattern, variant, others) = LAYOUTS[case]
    laid(tmp_path, *files)
    found = checkpoint_groups(tmp_path)
    assert found[0].pattern == pattern
    assert found[0].variant == (tmp_path.name if variant == "FOLDER" else variant)
    assert [one.pattern for one in found[1:]] == others


RESNET = {"model": "resnet20", "data": "cifar10", "path": "~/data/cifar10"}
KNOWN = {
    "digits": ({"hidden": (8, 6)}, {"model": "mlp", "hidden": [8, 6], "data": "digits"}),
    "resnet20": ((3, 10, {"shortcut": "A"}), RESNET),
    "a wide resnet20 of 7 classes": (
        (3, 7, {"width": 8}),
        {"model": "resnet20", "model_options": {"width": 8}, "data": "my_data.py:load"},
    ),
}


@pytest.mark.parametrize("case", KNOWN)
def test_a_named_model_is_recognised_by_its_tensors(case):
    from globscope.builtin.tasks.models import builder

    made, wanted = KNOWN[case]
    if isinstance(made, dict):
        layout = Classification(**made).build("cpu").layout
        shapes = dict(zip(layout.names, layout.shapes, strict=True))
    else:
        module = builder("resnet20", made[2])((made[0], 32, 32), made[1])
        public = {name.replace("linear", "fc"): tuple(t.shape) for name, t in module.state_dict().items()}
        shapes = {name.replace("shortcut", "downsample"): shape for name, shape in public.items()}
    assert Classification.recognise(shapes) == wanted
    assert Classification.recognise({name: (*shape, 1) for name, shape in shapes.items()}) is None
    assert Classification.recognise({f"x{name}": shape for name, shape in shapes.items()}) is None


def test_the_proposal_is_a_spec_that_check_takes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrapped = {"state_dict": {f"model.{name}": tensor for name, tensor in NETWORK.items()}, "epoch": 3}
    for run_name in "AB":
        laid(tmp_path / "runs", *(f"{run_name}/epoch={n}-step={8 * n}.ckpt" for n in (1, 2)), content=wrapped)
    result = run("init", "runs")
    assert result.stdout.splitlines() == [
        "4 networks of 2 runs, by the pattern {variant}/epoch={step}-step=*.ckpt",
        "  A: steps 1, 2",
        "  B: steps 1, 2",
        "each of 4 tensors, 610 numbers: model.1.weight (8, 64) … model.3.bias (10,)",
        "recognised as mlp",
        "study.toml written; next: globscope check study.toml",
    ]
    document = tomllib.loads((tmp_path / "study.toml").read_text("utf-8"))
    assert document["task"] == {"use": "classification", "model": "mlp", "hidden": [8], "data": "digits"}
    assert document["population"] == {"checkpoints": "runs/{variant}/epoch={step}-step=*.ckpt"}
    assert document["analysis"] == [{"use": "linear-barrier"}]
    assert "4 of 2 training runs" in run("check", "study.toml").stdout
    assert_refused(run("init", "runs"), "study.toml: exists already; give another name, such as --out other.toml")
    assert run("init", "runs", "--out", "other.toml").exit_code == 0


# Names of runs, the analyses that are proposed, and the beginning of the line that says why there is none.
RUNS = {
    "one": (1, None, None),
    "ten": (10, [{"use": "linear-barrier"}], None),
    "eleven": (11, None, "# The 11 runs have 55 lines; "),
}


@pytest.mark.parametrize("case", RUNS)
def test_the_lines_between_runs_are_proposed_where_there_are_some_and_not_too_many(case, tmp_path):
    count, wanted, says = RUNS[case]
    laid(tmp_path / "c", *(f"run{run}/{step}.pt" for run in range(count) for step in (1, 2)), content=NETWORK)
    text = propose(tmp_path / "c", tmp_path / "study.toml", installed_registry()).text
    assert tomllib.loads(text).get("analysis") == wanted
    assert ("linear-barrier" in text) == (count > 1)
    if says is not None:
        start = text.index(says)
        uncommented = text[:start] + text[text.index("\n", start) :].replace("\n# ", "\n")
        assert tomllib.loads(uncommented)["analysis"] == [{"use": "linear-barrier"}]


def test_the_how_to_page_shows_what_init_prints(tmp_path, monkeypatch):
    from globscope.builtin.tasks.models import builder

    monkeypatch.chdir(tmp_path)
    network = builder("resnet20", {})((3, 32, 32), 10).state_dict()
    torch.save({"state_dict": {f"model.{name}": tensor for name, tensor in network.items()}}, tmp_path / "one.ckpt")
    for seed in range(6):
        for epoch in range(0, 31, 5):
            path = tmp_path / f"runs/seed{seed}/epoch={epoch}-step={390 * epoch}.ckpt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.hardlink_to(tmp_path / "one.ckpt")
    page = (ROOT / "docs/how-to/checkpoints.md").read_text("utf-8")
    assert f"```text\n{run('init', 'runs').stdout}```" in page


def test_what_is_not_recognised_is_to_be_filled_in_and_nothing_else(tmp_path):
    content = {"model": {"w": torch.ones(3, 4)}, "model_ema": {"w": torch.ones(3, 4)}}
    laid(tmp_path / "c", "A/1.pt", "A/2.pt", "A/3.pt", content=content)
    found = propose(tmp_path / "c", tmp_path / "study.toml", installed_registry())
    assert found.lines[-2:] == (
        "each file holds several state dicts: model, model_ema",
        "no model that GlobScope knows",
    )
    assert tomllib.loads(found.text)["population"] == {"checkpoints": "c/{variant}/{step}.pt", "key": "model"}
    filled = found.text.replace("my_nets.py:build", "mlp").replace("my_data.py:load", "digits")
    (tmp_path / "filled.toml").write_text(filled)
    assert spec.read_spec(tmp_path / "filled.toml").population.key == "model"


def test_what_a_file_is_called_and_holds_adds_no_line_to_the_spec(tmp_path):
    laid(tmp_path / "c", "A/1.pt", "A/2.pt", content={"w\n[zoo]\nseed = 3 #": torch.ones(2)})
    found = propose(tmp_path / "c", tmp_path / "study.toml", installed_registry())
    assert "zoo" not in tomllib.loads(found.text)
    assert all(line.isprintable() for line in found.lines)
    laid(tmp_path / "d", "A\n[zoo]/1.pt", content=NETWORK)
    other = propose(tmp_path / "d", tmp_path / "other.toml", installed_registry())
    assert "zoo" not in tomllib.loads(other.text)
    assert all(line.isprintable() for line in other.lines)


def test_a_file_that_would_run_code_is_not_read_and_the_spec_says_so(tmp_path):
    laid(tmp_path / "c", "A/1.pt", "B/1.pt", content={"model": NETWORK, "made": tmp_path})
    found = propose(tmp_path / "c", tmp_path / "study.toml", installed_registry())
    assert found.lines[-1].startswith(f"cannot be read: {tmp_path}/c/B/1.pt: needs pathlib.")
    tomllib.loads(found.text)


def test_a_folder_without_checkpoints_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    known = ".safetensors, .pt, .pth, .th, .ckpt, .bin, .t7, .tar, .index.json"
    wanted = f"empty: holds no checkpoint; known suffixes: {known}"
    assert_refused(run("init", "empty"), wanted)
    assert_refused(
        run("init", "new.toml", "--out", "x.toml"), "--out goes with a folder of checkpoints; new.toml is none"
    )
    assert_refused(run("init", "no_folder"), "no_folder: there is no such folder, and a spec's name ends in .toml")
    assert not (tmp_path / "no_folder").exists()


def test_a_proposal_goes_into_a_folder_that_is_there_as_a_spec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    laid(tmp_path / "my nets", "A/1.pt", content=NETWORK)
    assert_refused(run("init", "my nets", "--out", "none/x.toml"), "none/x.toml: there is no folder none")
    assert_refused(run("init", "my nets", "--out", "x.txt"), "--out x.txt: a spec's name ends in .toml")
    said = run("init", "my nets", "--out", "my spec.toml").stdout.splitlines()
    assert said[-1] == "my spec.toml written; next: globscope check 'my spec.toml'"


def test_a_folder_that_cannot_be_listed_is_refused_before_a_pattern_misses_its_run(tmp_path, monkeypatch):
    laid(tmp_path / "c", "A/1.pt", "B/1.pt", ".hidden/1.pt", content=NETWORK)
    listed = os.scandir

    def scandir(path):
        if str(path).endswith(("/B", "/.hidden")):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)  # root, which may run these tests, lists whatever its mode is
    with pytest.raises(PopulationError) as caught:
        checkpoint_groups(tmp_path / "c")
    assert str(caught.value) == f"{tmp_path}/c/B: cannot be listed: Permission denied"


@pytest.mark.parametrize("named", ["absolute", "beside", "elsewhere"])
def test_adapters_are_proposed_with_the_base_that_their_configuration_names(named, tmp_path):
    adapters.population(tmp_path)
    place = {"absolute": str(tmp_path / "base"), "beside": "somebody/base", "elsewhere": "somebody/else"}[named]
    for config in tmp_path.glob("adapters/*/*/adapter_config.json"):
        config.write_text(json.dumps({**json.loads(config.read_text()), "base_model_name_or_path": place}))
    proposal = propose(tmp_path / "adapters", tmp_path / "study.toml", installed_registry())
    document = tomllib.loads(proposal.text)
    population = document["population"]
    assert document["analysis"] == [{"use": "linear-barrier"}]
    assert population["base"] == ("somebody/else" if named == "elsewhere" else "base")
    assert population["checkpoints"] == "adapters/{variant}/checkpoint-{step}/adapter_model.safetensors"
    says = "somebody/else, which is not here: name its folder as the base"
    assert f"LoRA adapters of {says if named == 'elsewhere' else tmp_path / 'base'}" in proposal.lines


def test_a_proposal_says_which_adapters_are_of_a_kind_that_is_not_read(tmp_path):
    adapters.population(tmp_path)
    config = tmp_path / "adapters/A/checkpoint-20/adapter_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "use_dora": True}))
    proposal = propose(tmp_path / "adapters", tmp_path / "study.toml", installed_registry())
    assert f"1 of 4 adapters cannot be read: {config}: uses DoRA (use_dora); {ACCEPTED}" in proposal.lines
    assert "(use_dora)" in proposal.text


def test_a_table_that_lists_the_networks_of_a_folder_is_proposed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "zoo/nets").mkdir(parents=True)
    for number in range(3):
        torch.save(NETWORK, tmp_path / f"zoo/nets/{number}.pt")
    (tmp_path / "zoo/log.csv").write_text("epoch,loss\n1,0.5\n")
    (tmp_path / "zoo/zoo.csv").write_text("path,run,loss\n" + "".join(f"nets/{n}.pt,r{n},0.{n}\n" for n in range(3)))
    found = propose(tmp_path / "zoo", tmp_path / "study.toml", installed_registry())
    assert found.lines[0] == "3 networks of 3 runs, by the table zoo.csv"
    assert tomllib.loads(found.text)["population"] == {"table": "zoo/zoo.csv"}


def test_trials_of_ray_tune_are_proposed_with_their_options_and_results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for trial in ("trial_a", "trial_b"):
        for step in (0, 10):
            path = tmp_path / "zoo" / trial / f"checkpoint_{step:06d}" / "checkpoints"
            path.parent.mkdir(parents=True)
            torch.save(NETWORK, path)
        (tmp_path / "zoo" / trial / "params.json").write_text('{"lr": 0.1}')
        lines = (json.dumps({"training_iteration": step, "acc": step / 10}) for step in range(11))
        (tmp_path / "zoo" / trial / "result.json").write_text("\n".join(lines))
    found = propose(tmp_path / "zoo", tmp_path / "study.toml", installed_registry())
    table = tomllib.loads(found.text)["population"]
    assert table == {
        "checkpoints": "zoo/{variant}/checkpoint_{step}/checkpoints",
        "table": ["zoo/{variant}/params.json", "zoo/{variant}/result.json"],
        "columns": {"step": "training_iteration"},
    }
