"""Checkpoints as they are found: many ways to write the same network, and what cannot be one."""

import json
import pickle
import tomllib
from argparse import Namespace
from collections import OrderedDict
from pathlib import Path, PurePosixPath
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from attrs import evolve
from safetensors.torch import save_file

from globscope.api import Code, Layout, PopulationError
from globscope.builtin.tasks.classification import Classification
from globscope.population.checkpoint import checkpoint_files, read_checkpoint
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.find import find_checkpoints
from globscope.population.open_network import load_member
from globscope.population.state_dict import StateDictChoice
from globscope.population.tensor_names import tensors_by_model_name
from globscope.references import Pattern
from globscope.registry import installed_registry
from globscope.spec import read as spec
from globscope.spec.describe import as_toml
from globscope.spec.network_source import CheckpointFiles, NetworkSource

PROBE = Classification(hidden=(8,)).build("cpu")
NETWORK = {name: tensor.clone() for name, tensor in PROBE.initialise(3)[0].items()}
WEIGHTS = PROBE.layout.flatten({name: tensor.numpy() for name, tensor in NETWORK.items()})


def found(path):
    return CheckpointFile(path=path, variant="A", step=1)


def saved(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".safetensors":
        save_file(content, path)
    else:
        torch.save(content, path)
    return path


def prefixed(prefix):
    return {prefix + name: tensor for name, tensor in NETWORK.items()}


def sharded(folder, suffix=".safetensors", **wrong):
    folder.mkdir(parents=True)
    names = sorted(NETWORK)
    shards = {f"model-1-of-2{suffix}": names[:2], f"model-2-of-2{suffix}": names[2:]}
    for file, part in shards.items():
        saved(folder / file, {name: NETWORK[name] for name in part})
    index = folder / f"model{suffix}.index.json"
    weight_map = {name: file for file, part in shards.items() for name in part} | wrong
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}))
    return index


TORCH = (".pt", ".pth", ".th", ".ckpt", ".bin", ".t7")
# What frameworks write; each holds the same network.
WAYS = {
    **{suffix: lambda at, s=suffix: saved(at / f"c{s}", NETWORK) for suffix in TORCH},
    "safetensors": lambda at: saved(at / "c.safetensors", NETWORK),
    **{
        wrapper: lambda at, w=wrapper: saved(at / "c.pt", {w: NETWORK, "epoch": 3})
        for wrapper in ("state_dict", "model", "model_state_dict", "net")
    },
    "DataParallel": lambda at: saved(at / "c.pt", prefixed("module.")),
    "torch.compile": lambda at: saved(at / "c.safetensors", prefixed("_orig_mod.")),
    "DataParallel of torch.compile": lambda at: saved(at / "c.pt", {"model": prefixed("module._orig_mod.")}),
    "Lightning": lambda at: saved(
        at / "c.ckpt",
        {
            "epoch": 3,
            "global_step": 99,
            "pytorch-lightning_version": "2.5.0",
            "state_dict": prefixed("model.") | {"criterion.weight": torch.ones(10)},
            "optimizer_states": [{"state": {0: {"step": torch.tensor(99.0)}}}],
            "lr_schedulers": [],
            "hyper_parameters": {"lr": 0.1},
        },
    ),
    "Lightning of torch.compile": lambda at: saved(at / "c.ckpt", {"state_dict": prefixed("net._orig_mod.")}),
    "parameters with their gradients' record": lambda at: saved(
        at / "c.pt", {name: torch.nn.Parameter(tensor) for name, tensor in NETWORK.items()}
    ),
    "a script's arguments beside it": lambda at: saved(
        at / "c.pt", {"model": NETWORK, "args": Namespace(lr=0.1, nested=Namespace(seed=3)), "epoch": 3}
    ),
    "a script's arguments, in torch's old format": lambda at: old(
        at / "c.pth", {"model": NETWORK, "args": Namespace(lr=0.1)}
    ),
    "under a name of one's own": lambda at: saved(at / "c.pt", {"weights": NETWORK, "epoch": 3}),
    "with the loss's weights": lambda at: saved(
        at / "c.pt", {"model": NETWORK, "criterion": {"weight": torch.ones(10)}}
    ),
    "with the optimiser's moments": lambda at: saved(
        at / "c.pt",
        {
            "model": NETWORK,
            "optimizer": {"state": {0: {"exp_avg": torch.ones(8, 64)}}, "param_groups": [{"lr": 0.1}]},
            "scaler": {"scale": 65536.0},
        },
    ),
    "further tensors": lambda at: saved(at / "c.pt", NETWORK | {"ema.decay": torch.ones(1)}),
    "double precision": lambda at: saved(at / "c.pt", {name: tensor.double() for name, tensor in NETWORK.items()}),
    "shards": lambda at: sharded(at / "c"),
    "shards of torch files": lambda at: sharded(at / "c", ".bin"),
    "torch's old format": lambda at: old(at / "c.pth"),
}


def old(path, content=NETWORK):
    torch.save(content, path, _use_new_zipfile_serialization=False)
    return path


@pytest.mark.parametrize("way", WAYS)
def test_the_same_network_comes_out_of_every_way_to_write_it(way, tmp_path):
    path = WAYS[way](tmp_path)
    one, weights = load_member(found(path), PROBE)
    np.testing.assert_array_equal(weights, WEIGHTS)
    assert (one.label, one.buffers) == ("A@1", {})


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_widened_and_nothing_else(dtype, tmp_path):
    path = saved(tmp_path / "c.safetensors", {name: tensor.to(dtype) for name, tensor in NETWORK.items()})
    _, weights = load_member(found(path), PROBE)
    assert weights.dtype == np.float32
    np.testing.assert_array_equal(weights, torch.from_numpy(WEIGHTS).to(dtype).float().numpy())


def test_an_index_stands_for_its_shards_in_what_a_stage_depends_on(tmp_path):
    index = sharded(tmp_path / "c")
    assert [path.name for path in checkpoint_files(index)] == [
        "model.safetensors.index.json",
        "model-1-of-2.safetensors",
        "model-2-of-2.safetensors",
    ]


TIED = """
from torch import nn

class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(64, 10, bias=False)
        self.inner = nn.Linear(10, 64)
        self.head = nn.Linear(64, 10, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, x):
        return self.head(self.inner(self.embed(x).relu()))
"""


@pytest.mark.parametrize("left_out", ["embed.weight", "head.weight", None])
def test_a_tensor_used_twice_is_one_and_a_file_may_hold_any_of_its_names(left_out, tmp_path):
    (tmp_path / "tied.py").write_text(TIED)
    probe = Classification(model=Code(str(tmp_path / "tied.py"), "Tied")).build("cpu")
    assert probe.layout.size == 640 + 704
    network = {name: tensor.clone() for name, tensor in probe.initialise(1)[0].items()}
    whole = network | {"head.weight": network["embed.weight"].clone()}
    path = saved(tmp_path / "c.safetensors", {n: t for n, t in whole.items() if n != left_out})
    _, weights = load_member(found(path), probe)
    np.testing.assert_array_equal(weights, probe.layout.flatten({n: t.numpy() for n, t in network.items()}))


# A public ResNet under other people's names.

CIFAR = """
import numpy as np

def load():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (8, 3, 32, 32), dtype=np.uint8)
    return x, np.arange(8), x, np.arange(8)
"""
RENAMED = {
    "fc": lambda name: name.replace("linear", "fc"),
    "downsample": lambda name: name.replace("shortcut", "downsample"),
}


@pytest.mark.parametrize("shortcut", ["A", "B"])
@pytest.mark.parametrize("renamed", [(), ("fc",), ("fc", "downsample")])
def test_a_public_resnet_loads_without_renaming_and_its_shortcut_is_reported_from_the_keys(shortcut, renamed, tmp_path):
    (tmp_path / "data.py").write_text(CIFAR)
    data = Code(str(tmp_path / "data.py"), "load")
    task = Classification(model="resnet20", data=data)
    made = Classification(model="resnet20", data=data, model_options={"shortcut": shortcut}).build("cpu")
    parameters, buffers = made.initialise(1)
    public = parameters | buffers
    for kind in renamed:
        public = {RENAMED[kind](name): tensor for name, tensor in public.items()}
    path = saved(tmp_path / "c.th", {"state_dict": {f"module.{n}": t for n, t in public.items()}, "best_prec1": 92.6})
    probe = task.for_tensors(frozenset(read_checkpoint(path).tensors)).build("cpu")
    one, weights = load_member(found(path), probe)
    np.testing.assert_array_equal(weights, made.layout.flatten({n: t.numpy() for n, t in parameters.items()}))
    assert set(buffers) <= set(one.buffers)


# Which files.

SPEC = """
[task]
use = "classification"
hidden = [8]
[population]
{checkpoints}
[[reducer]]
use = "pca"
"""
SEVERAL = {
    "patterns with names and keys of their own": "".join(
        f'[[population.checkpoints]]\nvariant = "{{folder}} {v}"\npattern = "{{folder}}/{v}-{{step}}.pt"\nkey = "{k}"\n'
        for v, k in (("A", "model"), ("B", "ema"))
    )
    + '[population.rename]\n"a." = ""\n',
    "a template": 'checkpoints = "{folder}/{kind}-{step}.pt"\nvariant = "{kind} of {folder}"\nkey = "ema"',
    "a pattern": 'checkpoints = "*/{variant}-{step}.pt"'.replace("*", "one"),
    "several folders": 'checkpoints = ["one/{variant}-{step}.pt", "two/{variant}-{step}.pt"]',
    "a table of files": "".join(
        f'[[population.checkpoints]]\nvariant = "{v}"\nstep = {s}\npath = "{folder}/{v}-{s}.pt"\n'
        for folder, v, s in (("two", "B", 10), ("one", "A", 9), ("one", "A", 10))
    ),
}


@pytest.mark.parametrize(
    ("way", "labels"),
    [
        ("a pattern", ["A@9", "A@10"]),
        ("several folders", ["A@9", "A@10", "B@10"]),
        ("a table of files", ["A@9", "A@10", "B@10"]),
        ("patterns with names and keys of their own", ["one A@9", "one A@10", "two B@10"]),
        ("a template", ["A of one@9", "A of one@10", "B of two@10"]),
    ],
)
def test_files_are_named_by_a_pattern_by_several_or_one_by_one(way, labels, tmp_path):
    for name in ("one/A-9.pt", "one/A-10.pt", "two/B-10.pt"):
        saved(tmp_path / name, NETWORK)
    path = tmp_path / "study.toml"
    path.write_text(SPEC.replace("{checkpoints}", SEVERAL[way]))
    asked = spec.read_spec(path)
    files_found = find_checkpoints(asked.population, tmp_path)
    assert [f"{one.variant}@{one.step}" for one in files_found] == labels
    again = spec.build(tomllib.loads(as_toml(asked)), path, installed_registry())
    assert again.population == asked.population


def test_two_files_of_one_variant_and_step_are_refused_wherever_they_lie(tmp_path):
    for folder in ("one", "two"):
        saved(tmp_path / folder / "A-9.pt", NETWORK)
    with pytest.raises(PopulationError) as caught:
        find_checkpoints(
            NetworkSource(checkpoints=(Pattern("one/{variant}-{step}.pt"), Pattern("two/{variant}-{step}.pt"))),
            tmp_path,
        )
    assert str(caught.value) == f"{tmp_path}/one/A-9.pt and {tmp_path}/two/A-9.pt are both step 9 of 'A'"


# What is no such network.


def garbled(at):
    path = saved(at / "c.safetensors", NETWORK)
    path.write_bytes(path.read_bytes()[:-100])
    return path


def written(path, content):
    path.write_bytes(content)
    return path


class Called:
    def __init__(self, function, *arguments):
        self.made = function, arguments

    def __reduce__(self):
        return self.made


class Hostile:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return open, (str(self.trace), "w")


def one(name, tensor):
    return lambda at: saved(at / "c.pt", NETWORK | {name: tensor})


REFUSED = (
    "AT/c.pt: cannot be read as tensors alone: it is damaged, or a pickle that would run code, which is never done; "
    "save the state dict by itself, or as safetensors"
)
TRUSTED = (
    "and to make one could run code, which is never done; if you trust the file, save its state dict by itself: "
    "torch.save(torch.load('c.pt', weights_only=False)"
)
BIAS = NETWORK["1.bias"]
OPEN = f"{open.__module__}.open"  # `io.open` up to Python 3.11, `_io.open` from 3.12
BAD = {
    "other suffix": (
        lambda at: written(at / "c.onnx", b"x"),
        "AT/c.onnx: not a checkpoint; "
        "known suffixes: .safetensors, .pt, .pth, .th, .ckpt, .bin, .t7, .tar, .index.json",
    ),
    "empty": (lambda at: written(at / "c.pt", b""), "AT/c.pt: is empty"),
    "text": (lambda at: written(at / "c.pt", b"not a checkpoint"), REFUSED),
    "truncated": (lambda at: written(at / "c.pt", saved(at / "d.pt", NETWORK).read_bytes()[:-500]), REFUSED),
    "truncated safetensors": (
        garbled,
        "AT/c.safetensors: is not a complete safetensors file (***",
    ),
    "hostile pickle": (
        lambda at: saved(at / "c.pt", {"state_dict": Hostile(at / "executed")}),
        f"AT/c.pt: needs {OPEN}, {TRUSTED}['state_dict'], 'c-weights.pt')",
    ),
    "a hostile class in a Namespace": (
        lambda at: saved(at / "c.pt", {"model": NETWORK, "args": Namespace(log=Hostile(at / "executed"))}),
        f"AT/c.pt: needs {OPEN}, {TRUSTED}['state_dict'], 'c-weights.pt')",
    ),
    "a Namespace that is made by a hostile call": (
        lambda at: saved(at / "c.pt", {"model": NETWORK, "args": Called(Namespace.__init__, Hostile(at / "executed"))}),
        f"AT/c.pt: needs *** {TRUSTED}['state_dict'], 'c-weights.pt')",
    ),
    "a class of the user's": (
        lambda at: saved(at / "c.pt", {"model": NETWORK, "config": PurePosixPath("a")}),
        f"AT/c.pt: needs {PurePosixPath.__module__}.PurePosixPath, {TRUSTED}['state_dict'], 'c-weights.pt')",
    ),
    "hostile bare pickle": (lambda at: written(at / "c.pt", pickle.dumps(Hostile(at / "executed"))), REFUSED),
    "a whole module": (
        lambda at: saved(at / "c.pt", torch.nn.Linear(2, 2)),
        f"AT/c.pt: needs ***{TRUSTED}.state_dict(), 'c-weights.pt')",
    ),
    "a list": (lambda at: saved(at / "c.pt", [1, 2]), "AT/c.pt: holds a list, not a state dict"),
    "missing tensor": (
        lambda at: saved(at / "c.pt", {n: t for n, t in NETWORK.items() if n != "1.bias"}),
        "AT/c.pt: has no tensor '1.bias'; did you mean '3.bias'?",
    ),
    "no tensor of the model": (
        lambda at: saved(at / "c.pt", {"conv.weight": torch.ones(3)}),
        "AT/c.pt: has no tensor '1.weight'; did you mean 'conv.weight'?",
    ),
    "no tensor at all": (lambda at: saved(at / "c.pt", {"epoch": 3}), "AT/c.pt: holds no tensors"),
    "other shape": (one("1.bias", torch.ones(9)), "AT/c.pt: tensor '1.bias' has shape (9,), the model wants (8,)"),
    "transposed": (
        one("1.weight", torch.ones(64, 8)),
        "AT/c.pt: tensor '1.weight' has shape (64, 8), the model wants (8, 64)",
    ),
    "NaN": (one("1.bias", BIAS * torch.nan), "AT/c.pt: tensor '1.bias' has values that are not finite"),
    "infinity": (
        one("3.bias", torch.full((10,), torch.inf)),
        "AT/c.pt: tensor '3.bias' has values that are not finite",
    ),
    "integers": (one("1.bias", BIAS.long()), "AT/c.pt: tensor '1.bias' holds int64, not floating numbers"),
    "booleans": (one("1.bias", BIAS > 0), "AT/c.pt: tensor '1.bias' holds bool, not floating numbers"),
    "complex": (one("1.bias", BIAS + 0j), "AT/c.pt: tensor '1.bias' is complex; maps are of real weights"),
    "sparse": (
        one("1.bias", BIAS.to_sparse()),
        "AT/c.pt: tensor '1.bias' is sparse, quantised or without data; save dense numbers",
    ),
    "index that is none": (
        lambda at: written(at / "c.safetensors.index.json", b"[1]"),
        "AT/c.safetensors.index.json: is not an index of shards, JSON with a `weight_map`",
    ),
    "missing shard": (
        lambda at: sharded(at / "c", **{"1.bias": "model-3-of-3.safetensors"}),
        "AT/c/model.safetensors.index.json: names the shard model-3-of-3.safetensors, which is not beside it",
    ),
    "shard from elsewhere": (
        lambda at: sharded(at / "c", **{"1.bias": "../model-1-of-2.safetensors"}),
        "AT/c/model.safetensors.index.json: names the shard model-1-of-2.safetensors, which is not beside it",
    ),
    "tensor in no shard": (
        lambda at: sharded(at / "c", **{"1.bias": "model-2-of-2.safetensors"}),
        "AT/c/model-2-of-2.safetensors: has no tensor '1.bias', which model.safetensors.index.json says is there",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_such_network_is_reported_by_file_and_tensor_and_runs_nothing(case, tmp_path):
    make, says = BAD[case]
    path = make(tmp_path)
    with pytest.raises(PopulationError) as caught:
        load_member(found(path), PROBE)
    message, (start, gap, end) = str(caught.value), says.replace("AT", str(tmp_path)).partition("***")
    assert (message.startswith(start) and message.endswith(end)) if gap else message == start
    assert not (tmp_path / "executed").exists()


class Forged:
    """A Namespace whose attributes are set one by one, not through its dictionary."""

    def __init__(self, attributes):
        self.attributes = attributes

    def __reduce__(self):
        return Namespace, (), ({}, self.attributes)


def test_a_namespace_that_would_become_another_class_is_refused(tmp_path):
    path = saved(tmp_path / "c.pt", {"model": NETWORK, "args": Forged({"__class__": torch.nn.Parameter})})
    with pytest.raises(PopulationError, match="cannot be read as tensors alone"):
        read_checkpoint(path)


def test_a_namespace_may_hold_what_it_likes_and_nothing_of_it_is_called(tmp_path):
    arguments = Namespace(__setstate__=3, __reduce__="x", items=[1], again=Forged({"__setstate__": OrderedDict}))
    path = saved(tmp_path / "c.pt", {"model": NETWORK, "args": arguments})
    np.testing.assert_array_equal(load_member(found(path), PROBE)[1], WEIGHTS)
    assert Namespace not in torch.serialization.get_safe_globals()  # to others it is refused as before


NUMBERS = {"best_acc": np.float64(0.9), "epoch": np.int64(3), "curve": np.arange(3.0), "done": np.bool_(True)}


@pytest.mark.parametrize("version", [1, 2])
def test_numbers_of_numpy_beside_a_network_are_read_by_whichever_version_wrote_them(version, tmp_path):
    path = tmp_path / "c.pt"
    torch.save({"model": NETWORK, **NUMBERS}, path, _use_new_zipfile_serialization=False)
    module = b"numpy.core.multiarray" if version == 1 else b"numpy._core.multiarray"
    path.write_bytes(
        path.read_bytes().replace(b"numpy._core.multiarray", module).replace(b"numpy.core.multiarray", module)
    )
    held = read_checkpoint(path)
    assert held.scores == {"best_acc": 0.9, "epoch": 3.0}
    assert np.float64 not in torch.serialization.get_safe_globals()


@pytest.mark.parametrize("kind", [object, [("a", object)]], ids=["objects", "records"])
def test_arrays_of_objects_beside_a_network_are_refused(kind, tmp_path, capsys):
    value = np.empty(1, kind)
    value[0] = Called(print, "called") if kind is object else (Called(print, "called"),)
    path = saved(tmp_path / "c.pt", {"model": NETWORK, "args": value})
    with pytest.raises(PopulationError, match="print"):
        read_checkpoint(path)
    assert capsys.readouterr().out == ""


# Which of several networks in one file.

AVERAGE = {name: tensor + 1 for name, tensor in NETWORK.items()}


def part(layer):
    """Return the state dict of one of the network's layers."""
    return {name.partition(".")[2]: tensor for name, tensor in NETWORK.items() if name.startswith(f"{layer}.")}


def under(prefix, network):
    return {prefix + name: tensor for name, tensor in network.items()}


# What a file holds, population.key, and which network comes out.
KEYS = {
    "raw": ({"model": NETWORK, "model_ema": AVERAGE, "epoch": 3}, "model", NETWORK),
    "averaged": ({"model": NETWORK, "model_ema": AVERAGE, "epoch": 3}, "model_ema", AVERAGE),
    "torch's AveragedModel": (
        {"model": NETWORK, "ema": under("module.", AVERAGE) | {"n_averaged": torch.tensor(9)}},
        "ema",
        AVERAGE,
    ),
    "deeper": ({"state_dict": NETWORK, "callbacks": {"EMA": {"weights": AVERAGE}}}, "callbacks.EMA.weights", AVERAGE),
    "a name with a dot": ({"model": NETWORK, "v1.ema": AVERAGE}, "v1.ema", AVERAGE),
    "wrapped again": ({"model": NETWORK, "ema": {"decay": 0.9, "module": AVERAGE}}, "ema", AVERAGE),
    "beside each other in one state dict": (under("online.", NETWORK) | under("ema.", AVERAGE), "ema", AVERAGE),
    "parts, joined": ({"1": part(1), "3": part(3), "opt": {"state": {}}}, ("1", "3"), NETWORK),
    "parts, one deeper": ({"1": part(1), "best": {"3": {"state_dict": part(3)}}}, ("1", "best.3"), NETWORK),
    "likewise, wrapped": ({"state_dict": under("student.", NETWORK) | under("teacher.", AVERAGE)}, "student", NETWORK),
}


@pytest.mark.parametrize("case", KEYS)
def test_a_key_chooses_the_network_of_a_file_that_holds_several(case, tmp_path):
    content, key, network = KEYS[case]
    path = saved(tmp_path / "c.pt", content)
    _, weights = load_member(CheckpointFile(path=path, variant="A", step=1, choice=StateDictChoice(key=key)), PROBE)
    np.testing.assert_array_equal(weights, PROBE.layout.flatten({n: t.numpy() for n, t in network.items()}))


SEVERAL_NETWORKS = {
    "two state dicts": (
        {"model": NETWORK, "model_ema": AVERAGE, "optimizer": {"state": {}}},
        None,
        "holds several state dicts: model, model_ema; choose one with population.key = 'model'",
    ),
    "two of other names": (
        {"G": NETWORK, "D": {"w": torch.ones(3)}},
        None,
        "holds several state dicts: D, G; choose one with population.key = 'G', or join them with population.key = "
        "['D', 'G']",
    ),
    "two in one": (
        under("online.", NETWORK) | under("ema.", AVERAGE),
        None,
        "holds several networks that fit the model: ema, online; choose one with population.key = 'ema'",
    ),
    "a misspelt key": (
        {"model": NETWORK, "model_ema": AVERAGE},
        "model_emma",
        "has no state dict 'model_emma' (population.key); did you mean 'model_ema'?",
    ),
    "a key of a plain state dict": (
        NETWORK,
        "model_ema",
        "has no state dict 'model_ema' (population.key); there is none",
    ),
    "a key that is no state dict": (
        {"model": NETWORK, "epoch": 3},
        "epoch",
        "has no state dict 'epoch' (population.key); known: model",
    ),
}


@pytest.mark.parametrize("case", SEVERAL_NETWORKS)
def test_which_network_is_meant_is_never_guessed(case, tmp_path):
    content, key, says = SEVERAL_NETWORKS[case]
    path = saved(tmp_path / "c.pt", content)
    with pytest.raises(PopulationError) as caught:
        load_member(CheckpointFile(path=path, variant="A", step=1, choice=StateDictChoice(key=key)), PROBE)
    assert str(caught.value) == f"{path}: {says}"


def test_raw_and_averaged_weights_of_one_file_are_two_variants_and_stages_know_them_apart(tmp_path):
    saved(tmp_path / "3.pt", {"model": NETWORK, "model_ema": AVERAGE})
    pattern = Pattern("{step}.pt")
    tables = (
        CheckpointFiles(variant="raw", pattern=pattern, key="model"),
        CheckpointFiles(variant="EMA", pattern=pattern),
    )
    averaged, raw = find_checkpoints(NetworkSource(checkpoints=tables, key="model_ema"), tmp_path)
    assert (averaged.variant, raw.variant) == ("EMA", "raw")
    assert not np.array_equal(load_member(raw, PROBE)[1], load_member(averaged, PROBE)[1])
    assert raw.key != evolve(averaged, variant="raw").key


RENAMES = {
    "a prefix": (under("backbone.", NETWORK), {"backbone.": ""}),
    "the longest": (
        under("net.a.", {"1.weight": NETWORK["1.weight"], "1.bias": NETWORK["1.bias"]})
        | under("net.", {"3.weight": NETWORK["3.weight"], "3.bias": NETWORK["3.bias"]}),
        {"net.a.": "", "net.": ""},
    ),
    "the beginning of a name": (
        {n.replace("1.", "first."): t for n, t in NETWORK.items()},
        {"first": "1"},
    ),
    "what names lack": ({n.replace("3.", ""): t for n, t in NETWORK.items()}, {"weight": "3.weight", "bias": "3.bias"}),
}


@pytest.mark.parametrize("case", RENAMES)
def test_a_table_of_prefixes_gives_tensors_the_models_names(case, tmp_path):
    content, rename = RENAMES[case]
    path = saved(tmp_path / "c.safetensors", content)
    _, weights = load_member(
        CheckpointFile(path=path, variant="A", step=1, choice=StateDictChoice(rename=rename)), PROBE
    )
    np.testing.assert_array_equal(weights, WEIGHTS)


def test_two_tensors_that_get_one_name_are_refused(tmp_path):
    path = saved(tmp_path / "c.pt", under("a.", NETWORK) | under("b.", AVERAGE))
    with pytest.raises(PopulationError) as caught:
        load_member(
            CheckpointFile(path=path, variant="A", step=1, choice=StateDictChoice(rename={"a.": "", "b.": ""})), PROBE
        )
    assert (
        str(caught.value)
        == f"{path}: has two tensors that population.rename calls '1.weight', one of them 'b.1.weight'"
    )


# PEFT: adapters around a base model that does not change.

PEFT = """
import torch
from attrs import evolve
from torch import nn

class Lora(nn.Module):
    def __init__(self, base):
        super().__init__()
        self.base_layer = base
        self.lora_A = nn.ModuleDict({"default": nn.Linear(base.in_features, 2, bias=False)})
        self.lora_B = nn.ModuleDict({"default": nn.Linear(2, base.out_features, bias=False)})
        base.requires_grad_(False)

    def forward(self, x):
        return self.base_layer(x) + self.lora_B["default"](self.lora_A["default"](x))

class Saved(nn.Module):
    def __init__(self, module):
        super().__init__()
        self.original_module = module.requires_grad_(False)
        self.modules_to_save = nn.ModuleDict({"default": nn.Linear(module.in_features, module.out_features)})

    def forward(self, x):
        return self.modules_to_save["default"](x)

def inner():
    torch.manual_seed(0)
    base = nn.Sequential(nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 10))
    base[0], base[2] = Lora(base[0]), Saved(base[2])
    return base

class Around(nn.Module):
    def __init__(self, name, module):
        super().__init__()
        self.add_module(name, module)

    def forward(self, x):
        return next(self.children())(x)

def build():
    return Around("base_model", Around("model", inner()))
"""


@pytest.mark.parametrize("function", ["build", "inner"])
def test_adapters_as_peft_saves_them_fit_the_module_that_peft_makes(function, tmp_path):
    (tmp_path / "peft_like.py").write_text(PEFT)
    probe = Classification(model=Code(str(tmp_path / "peft_like.py"), function)).build("cpu")
    weights = np.arange(probe.layout.size, dtype=np.float32)
    tensors = {n.removeprefix("base_model.model."): t for n, t in probe.layout.unflatten(weights).items()}
    assert set(tensors) == {
        "0.lora_A.default.weight",
        "0.lora_B.default.weight",
        "2.modules_to_save.default.weight",
        "2.modules_to_save.default.bias",
    }
    names = {
        "0.lora_A.default.weight": "base_model.model.0.lora_A.weight",
        "0.lora_B.default.weight": "base_model.model.0.lora_B.weight",
        "2.modules_to_save.default.weight": "base_model.model.2.weight",
        "2.modules_to_save.default.bias": "base_model.model.2.bias",
    }
    adapters = {names[name]: torch.from_numpy(np.array(array)) for name, array in tensors.items()}
    path = saved(tmp_path / "adapter_model.safetensors", adapters)
    np.testing.assert_array_equal(load_member(found(path), probe)[1], weights)


# A model's name of a tensor of an adapter, and PEFT's in its file.
SAVED = {
    "m.lora_A.default.weight": "m.lora_A.weight",
    "m.lora_embedding_A.default": "m.lora_embedding_A",
    "m.lora_magnitude_vector.default.weight": "m.lora_magnitude_vector",
    "score.modules_to_save.default.weight": "score.weight",
    "m.base_layer.weight": "m.base_layer.weight",
}


@pytest.mark.parametrize("before", ["", "base_model.model.", "module.base_model.model."])
def test_every_kind_of_adapters_tensor_gets_its_name_back(before):
    layout = Layout(names=tuple(SAVED), shapes=((1,),) * len(SAVED))
    probe = SimpleNamespace(layout=layout)
    tensors = {before + name: np.array([at]) for at, name in enumerate(SAVED.values())}
    names = tensors_by_model_name(tensors, probe, Path("adapter_model.safetensors"))
    assert {name: int(array[0]) for name, array in names.items()} == {name: at for at, name in enumerate(SAVED)}


FORMATS = {
    "torch": lambda at: saved(at / "c.pt", {"model": NETWORK, "args": Namespace(lr=0.1), "epoch": 3}),
    "torch's old": lambda at: old(at / "c.pth", {"model": NETWORK, "args": Namespace(lr=0.1)}),
    "safetensors": lambda at: saved(at / "c.safetensors", NETWORK),
    "index": lambda at: sharded(at / "c"),
}


@pytest.mark.filterwarnings("ignore")  # torch remarks on what it cannot read
@pytest.mark.parametrize("way", FORMATS)
def test_a_damaged_file_is_read_as_it_is_or_refused_by_its_path_whatever_was_damaged(way, tmp_path):
    path = FORMATS[way](tmp_path)
    whole, rng, refusals = path.read_bytes(), np.random.default_rng(0), []
    for _ in range(250):
        content = bytearray(whole)
        kind = rng.integers(4)
        if kind == 0:
            content = content[: rng.integers(len(whole))]
        elif kind == 1:
            start, end = sorted(rng.integers(len(whole), size=2))
            del content[start:end]
        else:
            for at in rng.integers(min(len(whole), 4096), size=kind * 4):
                content[at] = rng.integers(256)
        path.write_bytes(bytes(content))
        try:
            load_member(found(path), PROBE)
        except PopulationError as error:
            refusals.append(str(error))
    assert len(refusals) > 100
    assert [text for text in refusals if not text.startswith(str(tmp_path)) or len(text.splitlines()) > 1] == []
