"""Networks taken out of a finished run: loaded by plain torch, they have the fields that the study measured."""

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from support.commands import assert_refused, run
from support.documents import blocks
from support.paths import ROOT
from support.study import TWO_RUNS, run_undrawn, study_in
from torch import nn

from globscope.errors import RunError
from globscope.session import finished_result

SPEC = f"""
[task]
use = "classification"
hidden = [8]
{TWO_RUNS.strip()}
[[reducer]]
use = "pca"
[[reducer]]
use = "autoencoder"
steps = 20
[[reducer]]
use = "plane"
members = ["A", "B", "A@0"]
[[reducer]]
use = "mds"
[[sampler]]
use = "grid"
resolution = 7
[evaluator]
use = "torch"
examples = 64
[[topology]]
use = "gudhi"
persistence = 0.0
[[topology]]
use = "gudhi"
name = "test"
field = "test_loss"
persistence = 0.0
[[analysis]]
use = "mode-connectivity"
epochs = 1
points = 5
[[aligner]]
use = "weight-matching"
"""
FIELDS = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")
# Sums of float32 in another order.
ROUNDING = {"abs": 1e-6, "rel": 1e-6}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished run of two MLPs on digits."""
    folder = tmp_path_factory.mktemp("take")
    run_undrawn(study_in(folder, SPEC))
    shutil.copytree(folder / "run", folder / "untouched")
    return folder / "run"


@pytest.fixture(scope="module")
def result(finished):
    return finished_result(finished)


def perceptron():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 10))


def examples(result, split):
    """Return the examples on which the study scores."""
    probe = result.workshop.task.build("cpu")
    rows = torch.randperm(probe.examples(split), generator=torch.Generator().manual_seed(0))[:64].sort().values
    return probe.batch(split, rows)


@torch.no_grad()
def measure(module, result):
    """Return the fields of a torch module without anything of GlobScope's but the data."""
    found = {}
    for split in ("train", "test"):
        inputs, targets = examples(result, split)
        outputs = module.eval()(inputs)
        found[f"{split}_loss"] = float(nn.functional.cross_entropy(outputs, targets))
        found[f"{split}_accuracy"] = float((outputs.argmax(1) == targets).double().mean())
    return found


def loaded(path, module=None):
    """Return a torch module with the tensors of a file, loaded strictly."""
    module = module or perceptron()
    module.load_state_dict(load_file(path), strict=True)
    return module


def member_fields(result, label):
    row = result.atlas.population.row(label, "test")
    return {key: float(values[row]) for key, values in result.atlas.truth.items()}


def sample_fields(map_, vertex):
    return {key: float(values[vertex]) for key, values in map_.landscapes["grid"].fields.items()}


REQUESTS = {
    "member": {"member": "A@1"},
    "last network of a run": {"member": "B"},
    "point": {"map": "autoencoder", "at": (0.3, -0.2)},
    "minimum": {"map": "pca", "minimum": 1},
    "pass": {"map": "plane", "pass_between": ("A", "B")},
    "aligned": {"aligned": ("B", "A"), "aligner": "weight-matching"},
    "curve": {"curve": ("A", "B", 0.3)},
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_plain_torch_loads_a_taken_network_and_measures_the_same_fields(result, tmp_path, request_):
    taken = result.network(**request_)
    measured = measure(loaded(taken.save(tmp_path / "taken")), result)
    assert set(taken.fields) == set(FIELDS)
    assert measured == pytest.approx(dict(taken.fields), **ROUNDING)
    assert measure(taken.module(), result) == pytest.approx(measured, **ROUNDING)
    assert measured == pytest.approx(dict(taken.known or taken.fields), **ROUNDING)


def test_a_network_has_the_fields_that_the_study_measured_where_it_lies(result):
    pca = result.map("pca")
    tree = pca.topologies["grid"]["gudhi"].tree
    expected = {
        "member": member_fields(result, "A@1"),
        "last network of a run": member_fields(result, "B@2"),
        "minimum": sample_fields(pca, tree.minima[0]),
        "aligned": member_fields(result, "B@2"),
    }
    for name, fields in expected.items():
        assert dict(result.network(**REQUESTS[name]).fields) == pytest.approx(fields, **ROUNDING)
    on_curve = result.network(curve=("A", "B", 0.5)).fields
    assert dict(on_curve) == pytest.approx(member_fields(result, "Bezier A–B@2"), **ROUNDING)


def test_a_curve_is_the_same_from_either_end_and_its_ends_are_the_networks(result):
    there, back = (result.network(curve=curve).tensors for curve in (("A", "B", 0.3), ("B", "A", 0.7)))
    assert all(torch.equal(tensor, back[name]) for name, tensor in there.items())
    ends = {0: "A", 1: "B"}
    for t, variant in ends.items():
        own = result.network(member=variant).tensors
        assert all(torch.equal(one, own[n]) for n, one in result.network(curve=("A", "B", t)).tensors.items())


def test_the_pass_is_the_highest_point_of_the_lowest_path_on_the_lattice(result):
    from globscope.topology.joins import RunPasses

    plane = result.map("plane")
    height = RunPasses.of(plane, "grid", plane.topologies["grid"]["gudhi"]).heights[0, 1]
    assert height > max(member_fields(result, name)["train_loss"] for name in ("A@2", "B@2"))
    for runs in (("A", "B"), ("B", "A")):
        taken = result.network(map="plane", pass_between=runs)
        assert taken.fields["train_loss"] == pytest.approx(height, **ROUNDING)


def test_the_field_chooses_the_merge_tree(result):
    pca = result.map("pca")
    tree = pca.topologies["grid"]["test"].tree
    taken = result.network(map="pca", minimum=1, field="test_loss")
    assert taken.fields["test_loss"] == pytest.approx(tree.births.min(), **ROUNDING)
    assert "test_loss" in taken.title


def test_a_point_outside_of_the_trusted_region_is_taken_with_a_warning(finished, result, tmp_path):
    assert result.network(map="plane", at=result.map("plane").chart.latents[0]).warnings == ()
    taken = run("take", finished, "--map", "pca", "--at", "100,0", "--out", tmp_path / "far")
    assert taken.exit_code == 0
    [line] = taken.stderr.splitlines()
    assert line.startswith("warning: the map pca at (100, 0): outside of the trusted region; the network lies ")
    assert " times the distance up to which this map is trusted" in line
    assert line.removeprefix("warning: ") in (tmp_path / "far/README.md").read_text("utf-8")


MESSAGES = {
    ("--map", "mds", "--at", "0,0"): "map 'mds' has no inverse, so none of its points is a network: MDS places the "
    "members alone; it has no formula for other networks or for other points.",
    ("--map", "pcb", "--at", "0,0"): "this study has no map 'pcb'; did you mean 'pca'?",
    ("--map", "pca", "--at", "0"): "at: map 'pca' has 2 axes, got 1 coordinate",
    ("--at", "0,x"): "--at: 'x' is no number; numbers with commas between them, such as 0.3,-0.2",
    ("--at", "0,nan"): "at: (0, nan) is no point; finite numbers are accepted",
    ("--member", "A@12"): "member: there is no network 'A@12'; did you mean 'A@2'?",
    ("--map", "pca", "--minimum", "99", "--field", "test_los"): "map 'pca' has no merge tree of 'test_los'; did you "
    "mean 'test_loss'?",
    ("--map", "pca", "--minimum", "1", "--sampler", "grids"): "map 'pca' has no sampler 'grids'; did you mean 'grid'?",
    ("--pass", "A:D"): "pass: this study has no run 'D'; known: A, B",
    ("--pass", "A"): "--pass: 'A': two names with a colon between them are wanted, such as A:B",
    ("--aligned", "B:A", "--aligner", "weight"): "aligner: this study uses no aligner 'weight'; known: weight-matching",
    ("--aligned", "B:C"): "aligned: there is no network 'C'; known: A, A@0, A@1, A@2, B, B@0, B@1, B@2",
    ("--curve", "A:B"): "--curve: 'A:B': two runs and a number from 0 to 1 are wanted, such as A:B:0.5",
    ("--curve", "A:C:0.5"): "curve: this study has no run 'C'; known: A, B",
    ("--curve", "A:B:1.5"): "curve: t is 1.5; a curve has the places from 0, A, to 1, B",
    (): "name one network, by one of member, at, minimum, pass_between, aligned, curve, soup; got none",
    ("--member", "A", "--at", "0,0"): "name one network, by one of member, at, minimum, pass_between, aligned, curve, "
    "soup; got member and at",
    ("--member", "A", "--rank", "2"): "rank: goes with adapters, and this population has none",
    ("--member", "A", "--merged"): "merged: goes with adapters, and this population has none",
    ("--member", "A", "--map", "pca"): "map goes with at or minimum or pass_between, not with member",
}


@pytest.mark.parametrize("arguments", MESSAGES, ids=" ".join)
def test_what_is_not_there_is_refused_with_what_is_near(finished, result, tmp_path, arguments, monkeypatch):
    for read in ("finished_result", "finished_members"):  # it is read once
        monkeypatch.setattr(f"globscope.session.finished_run.{read}", lambda *_, **__: result)
    assert_refused(run("take", finished, *arguments, "--out", tmp_path / "out"), MESSAGES[arguments])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stages", [["reduce"], ["reduce", "evaluate", "derive", "analysis"]], ids=["map", "all else"])
def test_a_member_is_taken_where_only_the_stages_of_the_networks_are_left(finished, result, tmp_path, stages):
    shutil.copytree(finished, tmp_path / "run")
    for stage in stages:
        shutil.rmtree(tmp_path / "run/stages" / stage)
    refused = run("take", tmp_path / "run", "--map", "pca", "--at", "0,0", "--out", tmp_path / "out")
    assert "stages of this run are missing or were made with other code: " in refused.stderr
    assert run("take", tmp_path / "run", "--member", "A", "--out", tmp_path / "a.safetensors").exit_code == 0
    written, wanted = load_file(tmp_path / "a.safetensors"), result.network(member="A").tensors
    assert all(torch.equal(written[name], tensor) for name, tensor in wanted.items())
    shutil.rmtree(tmp_path / "run/stages/train")
    refused = run("take", tmp_path / "run", "--member", "A", "--out", tmp_path / "b.safetensors")
    assert (refused.exit_code, "with other code: train A, train B; the same" in refused.stderr) == (2, True)


def test_a_study_without_aligners_or_curves_says_what_would_find_some(tmp_path):
    run_undrawn(study_in(tmp_path, SPEC.partition("[[topology]]")[0]))
    found = finished_result(tmp_path / "run")
    with pytest.raises(RunError, match=r"aligned: this study uses no aligner; add an \[\[aligner\]\], or the analysis"):
        found.network(aligned=("B", "A"))
    with pytest.raises(RunError, match="between 'A' and 'B'; the analysis mode-connectivity finds some"):
        found.network(curve=("A", "B", 0.5))


def test_nothing_is_written_over_without_consent(finished, tmp_path):
    request = ("take", finished, "--member", "A")
    (tmp_path / "README.md").write_text("mine")
    mine = tmp_path / "README.md"
    for out in (tmp_path, tmp_path / "a.safetensors"):
        message = f"{mine}: exists already; --force overwrites it, or give another --out"
        assert_refused(run(*request, "--out", out), message)
        assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    assert run(*request, "--out", tmp_path / "a.safetensors", "--force").exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "a.safetensors"]
    assert mine.read_text("utf-8") != "mine"
    assert_refused(
        run(*request, "--out", tmp_path / "a.pt"),
        f"{tmp_path / 'a.pt'}: a new folder, or a .safetensors file, is wanted",
    )


def test_a_network_without_a_place_goes_into_the_run_folder_which_stays_as_it_was(finished, tmp_path):
    copy = shutil.copytree(finished, tmp_path / "run")
    before = (copy / "files.jsonl").read_bytes()
    taken = run("take", copy, "--member", "A@1")
    assert taken.exit_code == 0, taken.stderr
    path = copy / "taken/a-1-a-network-of-the-population/model.safetensors"
    assert taken.stdout.splitlines()[-1] == str(path)
    assert path.is_file()
    assert (copy / "files.jsonl").read_bytes() == before


def test_nothing_that_is_stored_is_computed_again(finished, tmp_path):
    copy = shutil.copytree(finished.with_name("untouched"), tmp_path / "run")
    before = {path for path in (copy / "stages").glob("*/*") if not path.name.startswith(".")}
    for number, source in enumerate((("--member", "A@1"), ("--curve", "A:B:0.5"), ("--map", "pca", "--minimum", "1"))):
        assert run("take", copy, *source, "--out", tmp_path / str(number)).exit_code == 0
    after = {path for path in (copy / "stages").glob("*/*") if not path.name.startswith(".")}
    assert {path.parent.name for path in after - before} == {"evaluate"}  # its own fields; no fit, no curve


def test_the_card_says_what_it_is_and_where_it_comes_from(finished, result, tmp_path):
    path = result.network(map="pca", at=(0.3, -0.2)).save(tmp_path / "taken")
    card = path.with_name("README.md").read_text("utf-8")
    nearest = result.network(map="pca", at=(0.3, -0.2)).nearest[0][0]
    for text in (
        "# The map pca at (0.3, -0.2)",
        f"| run folder | `{finished}` |",
        "| map | pca |",
        "| point | (0.3, -0.2) |",
        "| training loss | ",
        f"| {nearest} | ",
        f"torch {torch.__version__.partition('+')[0]}",
        'use = "autoencoder"',
    ):
        assert text in card


def checkpoints_spec(pattern, more="", model="hidden = [8]", evaluator=""):
    return f"""
[task]
use = "classification"
{model}
[population]
checkpoints = "{pattern}"
{more}
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
resolution = 3
[evaluator]
use = "torch"
examples = 64
{evaluator}
"""


def write_checkpoints(folder, make, change, write, name="{run}/{step}.pt"):
    """Write two runs of two networks each, as `change` makes them of a state dict."""
    for seed, where in enumerate(("A/0", "A/1", "B/0", "B/1")):
        torch.manual_seed(seed)
        module, path = make(), folder / name.format(run=where[0], step=where[2])
        path.parent.mkdir(parents=True, exist_ok=True)
        write(change(module.state_dict()), path)


ORIGINS = {
    "DataParallel": (lambda d: {f"module.{n}": t for n, t in d.items()}, "{run}/{step}.pt", "", torch.save),
    "Lightning": (
        lambda d: {"epoch": 3, "state_dict": {f"model.{n}": t for n, t in d.items()}},
        "{run}/epoch={step}-step=72.ckpt",
        "",
        torch.save,
    ),
    "renamed": (
        lambda d: {f"backbone.{n}": t for n, t in d.items()},
        "{run}/{step}.pt",
        'rename = { "backbone." = "" }',
        torch.save,
    ),
    "half precision": (
        lambda d: {n: t.bfloat16() for n, t in d.items()},
        "{run}/{step}.safetensors",
        "",
        save_file,
    ),
    "further tensors": (lambda d: {**d, "teacher": torch.arange(3)}, "{run}/{step}.safetensors", "", save_file),
    "one of two": (
        lambda d: {"model": d, "model_ema": {n: t + 1 for n, t in d.items()}},
        "{run}/{step}.pt",
        'key = "model_ema"',
        torch.save,
    ),
}


def content(path):
    """Return the network of a checkpoint, as the origins above hold it."""
    loaded = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
    return loaded.get("state_dict", loaded.get("model_ema", loaded))


SLOW = ("further tensors", "renamed", "one of two", "initial", "stored")


def some_slow(cases):
    """Return cases by name as parameters, of which one of a kind runs with the fast tests."""
    marks = {True: [pytest.mark.slow], False: []}
    return [pytest.param(*values, id=name, marks=marks[name in SLOW]) for name, values in cases.items()]


@pytest.mark.parametrize(("change", "name", "more", "write"), some_slow(ORIGINS))
def test_a_network_is_written_with_the_names_and_types_of_the_users_files(tmp_path, change, name, more, write):
    write_checkpoints(tmp_path, perceptron, change, write, name)
    pattern = name.format(run="{variant}", step="{step}").replace("=72", "=*")
    run_undrawn(study_in(tmp_path, checkpoints_spec(pattern, more)))
    found = finished_result(tmp_path / "run")
    file = tmp_path / name.format(run="A", step="1")
    own = content(file)
    member = load_file(found.network(member="A@1").save(tmp_path / "member"))
    assert member.keys() == own.keys()
    assert all(torch.equal(member[one], tensor) and member[one].dtype == tensor.dtype for one, tensor in own.items())
    taken = found.network(at=(0.1, 0.2))
    point = load_file(taken.save(tmp_path / "point.safetensors"))
    assert {one: (t.shape, t.dtype) for one, t in point.items()} == {one: (t.shape, t.dtype) for one, t in own.items()}
    assert measure(taken.module(), found) == pytest.approx(dict(taken.fields), **ROUNDING)
    wide = found.network(at=(0.1, 0.2), as_float32=True).tensors
    assert {t.dtype for t in wide.values() if t.is_floating_point()} == {torch.float32}


MODEL = """
from torch import nn

def build():
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(), nn.Linear(108, 10)
    )
"""


def convolution():
    scope = {}
    exec(MODEL, scope)
    return scope["build"]()


@pytest.mark.parametrize("mode", some_slow({mode: (mode,) for mode in ("recalibrate", "stored", "initial", "encoded")}))
def test_statistics_are_those_with_which_the_study_scores(tmp_path, mode):
    (tmp_path / "nets.py").write_text(MODEL)
    write_checkpoints(tmp_path, convolution, lambda d: d, torch.save)
    more = 'flatten = "all"' if mode == "encoded" else ""
    evaluator = f'batch_norm = "{mode}"\ncalibration_examples = 48'
    text = checkpoints_spec("{variant}/{step}.pt", more, 'model = "nets.py:build"', evaluator)
    run_undrawn(study_in(tmp_path, text))
    found = finished_result(tmp_path / "run")
    minimum = found.network(minimum=1)
    for taken in (found.network(member="A@1"), minimum):
        fields = measure(loaded(taken.save(tmp_path / taken.title[:3]), convolution()), found)
        # The study scores a batch of 64 examples whole, torch's convolution here in another memory format.
        assert fields == pytest.approx(dict(taken.fields), **ROUNDING)
        assert fields == pytest.approx(dict(taken.known), **ROUNDING)
    assert minimum.tensors.keys() == convolution().state_dict().keys()


def test_batch_statistics_cannot_be_written_and_are_re_estimated(tmp_path):
    (tmp_path / "nets.py").write_text(MODEL)
    write_checkpoints(tmp_path, convolution, lambda d: d, torch.save)
    text = checkpoints_spec("{variant}/{step}.pt", "", 'model = "nets.py:build"', 'batch_norm = "batch"')
    run_undrawn(study_in(tmp_path, text))
    found = finished_result(tmp_path / "run")
    taken = found.network(member="A@1")
    assert measure(loaded(taken.save(tmp_path / "taken"), convolution()), found) == pytest.approx(
        dict(taken.fields), **ROUNDING
    )


def test_buffers_that_are_no_statistics_are_those_of_the_nearest_member(tmp_path):
    (tmp_path / "nets.py").write_text(
        "import torch\nfrom torch import nn\n\nclass Shifted(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.layer = nn.Linear(64, 10)\n"
        "        self.register_buffer('mean', torch.zeros(64))\n"
        "        self.register_buffer('table', torch.arange(64), persistent=False)\n\n"
        "    def forward(self, x):\n        return self.layer(x - self.mean)\n"
    )

    def write(tensors, path):
        save_file({**tensors, "mean": torch.full((64,), float(path.stem) + (path.parent.name == "B"))}, path)

    write_checkpoints(
        tmp_path,
        lambda: nn.Linear(64, 10),
        lambda d: {f"layer.{n}": t for n, t in d.items()},
        write,
        "{run}/{step}.safetensors",
    )
    run_undrawn(study_in(tmp_path, checkpoints_spec("{variant}/{step}.safetensors", "", 'model = "nets.py:Shifted"')))
    found = finished_result(tmp_path / "run")
    for point in found.map().chart.latents[[0, 3]]:
        taken = found.network(at=point)
        label = taken.nearest[0][0]
        assert float(taken.tensors["mean"][0]) == int(label[2]) + (label[0] == "B")
        assert set(taken.tensors) == {"layer.weight", "layer.bias", "mean"}
        assert measure(taken.module(), found) == pytest.approx(dict(taken.fields), **ROUNDING)


@pytest.mark.parametrize(
    ("config", "weights"),
    [("config.json", "model.safetensors"), ("adapter_config.json", "adapter_model.safetensors")],
)
def test_a_folder_that_says_what_it_is_comes_with_its_configuration(tmp_path, config, weights):
    write_checkpoints(tmp_path, perceptron, lambda d: d, save_file, f"{{run}}/checkpoint-{{step}}/{weights}")
    for folder in tmp_path.glob("*/checkpoint-*"):
        (folder / config).write_text(json.dumps({"of": folder.parent.name}))
        (folder / "vocab.txt").symlink_to(write_beside(tmp_path / "store" / "vocab", "a"))
        (folder / "notes.txt").symlink_to(write_beside(tmp_path / "store" / "private", "b"))
        for name in ("trainer_state.json", "optimizer.pt", "model.safetensors.index.json"):
            (folder / name).write_text("{}")
    run_undrawn(study_in(tmp_path, checkpoints_spec(f"{{variant}}/checkpoint-{{step}}/{weights}")))
    path = finished_result(tmp_path / "run").network(member="B@1").save(tmp_path / "taken")
    names = sorted(one.name for one in path.parent.iterdir())
    assert names == sorted(["README.md", config, weights, "vocab.txt"])
    assert json.loads((path.parent / config).read_text()) == {"of": "B"}


def write_beside(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_tensors_that_are_not_mapped_are_written_too(tmp_path):
    torch.manual_seed(9)
    shared = perceptron().state_dict()

    def change(tensors):
        return {**shared, **{name: tensor for name, tensor in tensors.items() if name.startswith("3.")}}

    write_checkpoints(tmp_path, perceptron, change, torch.save)
    run_undrawn(study_in(tmp_path, checkpoints_spec("{variant}/{step}.pt", 'include = ["3.*"]')))
    found = finished_result(tmp_path / "run")
    taken = found.network(minimum=1)
    fields = measure(loaded(taken.save(tmp_path / "taken")), found)
    assert fields == pytest.approx(dict(taken.known), **ROUNDING)
    assert all(torch.equal(taken.tensors[name], shared[name]) for name in ("1.weight", "1.bias"))


TIED = """
from torch import nn

class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.last = nn.Linear(64, 64), nn.Linear(64, 64), nn.Linear(64, 10)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.last(self.second(self.first(x).relu()).relu())
"""


@pytest.mark.parametrize("left_out", ["", "first.weight", "second.weight"])
def test_a_tensor_of_two_names_has_those_of_the_file(tmp_path, left_out):
    (tmp_path / "nets.py").write_text(TIED)
    scope = {}
    exec(TIED, scope)

    def change(tensors):
        return {name: tensor.clone() for name, tensor in tensors.items() if name != left_out}

    write_checkpoints(tmp_path, scope["Tied"], change, save_file, "{run}/{step}.safetensors")
    run_undrawn(study_in(tmp_path, checkpoints_spec("{variant}/{step}.safetensors", "", 'model = "nets.py:Tied"')))
    found = finished_result(tmp_path / "run")
    taken = found.network(at=(0.1, 0.2))
    assert {"first.weight", "second.weight"} - set(taken.tensors) == ({left_out} - {""})
    module = scope["Tied"]()
    module.load_state_dict(load_file(taken.save(tmp_path / "taken")), strict=False)
    assert measure(module, found) == pytest.approx(dict(taken.fields), **ROUNDING)
    assert measure(taken.module(), found) == pytest.approx(dict(taken.fields), **ROUNDING)


def test_an_evaluator_that_gives_no_buffers_is_asked_for_fields_alone(finished, result, monkeypatch):
    before = result.network(member="A@1").fields
    monkeypatch.delattr(type(result.workshop.spec.evaluator.component), "buffers_of")
    assert dict(result.network(member="A@1").fields) == pytest.approx(dict(before), **ROUNDING)


@pytest.mark.slow
def test_a_minimum_of_a_chart_that_decodes_a_batch_as_a_whole_is_that_of_the_batch(tmp_path):
    text = SPEC.partition("[[reducer]]")[0] + '[[reducer]]\nuse = "umap"\n[[sampler]]\nuse = "grid"\nresolution = 7\n'
    run_undrawn(study_in(tmp_path, text + '[evaluator]\nuse = "torch"\nexamples = 64\n'))
    found = finished_result(tmp_path / "run")
    assert not found.map().chart.pointwise
    taken = found.network(minimum=1)
    assert dict(taken.fields) == pytest.approx(dict(taken.known), **ROUNDING)


def test_a_member_whose_file_is_gone_is_reported(tmp_path):
    write_checkpoints(tmp_path, perceptron, lambda d: d, torch.save)
    run_undrawn(study_in(tmp_path, checkpoints_spec("{variant}/{step}.pt")))
    (tmp_path / "B/1.pt").unlink()
    refused = run("take", tmp_path / "run", "--member", "A", "--out", tmp_path / "out")
    assert refused.exit_code == 2
    assert "stages of this run are missing or were made with other code" in refused.stderr


def test_the_python_of_the_how_to_runs_as_written(finished, tmp_path, monkeypatch):
    [text] = blocks(ROOT / "docs/how-to/take-a-network.md", "python")
    (tmp_path / "runs").mkdir()
    shutil.copytree(finished, tmp_path / "runs/digits")
    monkeypatch.chdir(tmp_path)
    scope = {}
    exec(text, scope)
    path = tmp_path / "taken-too/model.safetensors"
    assert measure(loaded(path), scope["result"]) == pytest.approx(dict(scope["taken"].fields), **ROUNDING)
    commands = [line for text in blocks(ROOT / "docs/how-to/take-a-network.md", "sh") for line in text.splitlines()]
    [command] = [line.split()[1:] for line in commands if line.startswith("globscope take runs/digits")]
    assert run(*command).exit_code == 0
    assert sorted(one.name for one in (tmp_path / "taken").iterdir()) == ["README.md", "model.safetensors"]


def test_a_task_without_a_module_still_gives_the_tensors(result):
    from attrs import evolve

    from globscope.errors import GlobscopeError

    taken = evolve(result.network(member="A"), skeleton=None)
    with pytest.raises(GlobscopeError, match="module: this task has no torch module"):
        taken.module()
    assert np.isfinite([float(t.sum()) for t in taken.tensors.values()]).all()
