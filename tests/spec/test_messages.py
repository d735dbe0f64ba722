"""Every message that a user meets, verbatim. A message names the place, quotes the value, says what is accepted."""

import os
import pickle
from pathlib import Path

import pytest
import torch
from support.messages import (
    GOOD,
    SETS,
    SPECS,
    TASK,
    assert_lines,
    error_lines,
    with_checkpoints,
    with_sampler,
    with_task,
    with_topology,
)

import globscope
from globscope.spec.read import read_spec


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """An empty folder to be in, with one file of code."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").touch()
    return tmp_path


def known(registry, text):
    """Return a wanted line with what the registry knows filled in."""
    roles = {role: ", ".join(sorted(registry.role(role))) for role in ("reducer", "evaluator")}
    options = {name: _options(registry, *place) for name, place in OPTIONS.items()}
    for name, names in (roles | options).items():
        text = text.replace(f"{{{name}}}", names)
    return text.replace("F: ", "study.toml: ", 1) if text.startswith("F: ") else text


OPTIONS = {
    "fidelity": ("analysis", "fidelity", ()),
    "of_pca": ("reducer", "pca", ("use", "name", "seed", "sampler", "space", "align", "each")),
}


def _options(registry, role, name, common):
    return ", ".join(sorted([*(a.name for a in registry.role(role)[name].cls.__attrs_attrs__), *common]))


@pytest.mark.parametrize("case", SPECS)
def test_a_bad_spec_is_reported_verbatim(case, workplace, registry):
    text, wanted = SPECS[case]
    Path("study.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    found = error_lines(read_spec, Path("study.toml"), [], registry)
    assert_lines(found, [known(registry, line) for line in wanted], workplace)


@pytest.mark.parametrize("case", SETS)
def test_a_bad_override_is_reported_verbatim(case, workplace, registry):
    overrides, wanted = SETS[case]
    Path("study.toml").write_text(GOOD)
    assert_lines(error_lines(read_spec, Path("study.toml"), overrides, registry), wanted)


def test_no_message_holds_a_control_character(workplace, registry):
    for text, _ in SPECS.values():
        Path("study.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
        assert all(line.isprintable() for line in error_lines(read_spec, Path("study.toml"), [], registry))


def test_a_missing_file_is_reported_with_the_near_name(workplace):
    Path("study.toml").write_text(GOOD)
    assert error_lines(read_spec, Path("studyy.toml")) == ["studyy.toml: no such file; did you mean 'study.toml'?"]
    assert error_lines(read_spec, Path("none/study.toml")) == [
        "none/study.toml: no such file; `globscope init` writes a starter spec"
    ]
    assert error_lines(read_spec, Path("study")) == ["study: no such file; did you mean 'study.toml'?"]
    assert error_lines(read_spec, Path("none.toml")) == ["none.toml: no such file; known: study.toml"]
    assert error_lines(read_spec, Path()) == [".: is a folder, not a spec"]
    assert error_lines(read_spec, Path("x" * 5000)) == [f"{'x' * 61}…{'x' * 10}: cannot be a file's name"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_without_permission_is_reported(workplace):
    Path("study.toml").touch(0o000)
    assert error_lines(read_spec, Path("study.toml")) == ["study.toml: cannot be read: Permission denied"]


def test_a_field_that_the_task_does_not_measure_is_reported_before_anything_runs(workplace):
    text = with_topology('field = "train_los"').replace("epochs = 1", "epochs = 8")
    basins = '[[analysis]]\nuse = "basin-functions"\nfields = ["distance_to_member", "tst_loss"]\n'
    Path("study.toml").write_text(text + basins + '[fidelity]\nfield = "x"\n')
    study = globscope.load("study.toml")
    wanted = [
        "study.toml: topology.0.field: the task measures no 'train_los'; did you mean 'train_loss'?",
        "study.toml: analysis.0.fields: the task measures no 'tst_loss'; did you mean 'test_loss'?",
        "study.toml: fidelity.field: the task measures no 'x'; "
        "known: test_accuracy, test_loss, train_accuracy, train_loss",
    ]
    assert error_lines(study.run) == wanted == error_lines(study.estimate)


# A field that an option of the evaluator would add: (what names it, the message).
OFFERED = {
    "topology": (
        with_topology('field = "train_gradient_norm"'),
        "topology.0.field: the task measures no 'train_gradient_norm'; evaluator.gradient_norm = true adds it",
    ),
    "report": (
        with_topology('[report]\nfield = "train_gradient_norm"'),
        "report.field: the task measures no 'train_gradient_norm'; evaluator.gradient_norm = true adds it",
    ),
    "fidelity, another split": (
        with_topology('[fidelity]\nfield = "test_gradient_norm"'),
        "fidelity.field: the task measures no 'test_gradient_norm'; "
        "evaluator.gradient_norm = true adds 'train_gradient_norm'",
    ),
    "analysis": (
        with_topology('[[analysis]]\nuse = "basin-functions"\nfields = ["train_gradient_norm"]'),
        "analysis.0.fields: the task measures no 'train_gradient_norm'; evaluator.gradient_norm = true adds it",
    ),
    "adaptive sampler": (
        with_sampler('field = "train_gradient_norm"', use="adaptive"),
        "sampler.0 on 'pca': sampler 'adaptive': the task measures no 'train_gradient_norm'; "
        "evaluator.gradient_norm = true adds it",
    ),
}


@pytest.mark.parametrize("case", OFFERED)
def test_a_field_that_an_option_of_the_evaluator_adds_is_reported_with_the_option(case, workplace):
    text, wanted = OFFERED[case]
    Path("study.toml").write_text(text.replace("epochs = 1", "epochs = 8"))
    assert error_lines(globscope.load("study.toml").run) == [f"study.toml: {wanted}"]


GRADIENTS = {
    "train_los": "study.toml: sampler.0.field: the task measures no 'train_los'; did you mean 'train_loss'?",
    "train_accuracy": "study.toml: sampler.0.field: gradient: train_accuracy is not a differentiable function of the "
    "weights",
}


@pytest.mark.parametrize("field", GRADIENTS)
def test_a_field_without_a_gradient_is_reported_before_anything_runs(field, workplace):
    text = with_sampler(f'field = "{field}"', use="critical-points").replace("epochs = 1", "epochs = 8")
    Path("study.toml").write_text(text)
    study = globscope.load("study.toml")
    assert error_lines(study.run) == [GRADIENTS[field]] == error_lines(study.estimate)


# The user's own code: (text of nets.py, the message).
CODE = {
    "missing name": ("def bild(): ...\n", "task.model: DIR/nets.py has no 'build'; did you mean 'bild'?"),
    "missing name, nothing near": ("other = 1\n", "task.model: DIR/nets.py has no 'build'; known: other"),
    "syntax": ("def build(:\n", "task.model: cannot import DIR/nets.py: SyntaxError: invalid syntax (nets.py, line 1)"),
    "missing import": (
        "import no_such_thing\n",
        "task.model: cannot import DIR/nets.py: ModuleNotFoundError: No module named 'no_such_thing' (nets.py, line 1)",
    ),
    "failing import": (
        "\n1 / 0\n",
        "task.model: cannot import DIR/nets.py: ZeroDivisionError: division by zero (nets.py, line 2)",
    ),
    "script that ends": (
        "raise SystemExit(2)\n",
        "task.model: cannot import DIR/nets.py: SystemExit: 2 (nets.py, line 1)",
    ),
    "failing call": (
        "def build():\n    raise ValueError('one\\ntwo')\n",
        "DIR/nets.py:build raised ValueError: one two (nets.py, line 2)",
    ),
    "failing inside a library": (
        "import json\ndef build():\n    return json.loads('{')\n",
        "DIR/nets.py:build raised JSONDecodeError: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1) (nets.py, line 3)",
    ),
    "wrong arguments": (
        "def build(width): ...\n",
        "DIR/nets.py:build raised TypeError: build() missing 1 required positional argument: 'width'",
    ),
    "no function": ("build = 3\n", "DIR/nets.py:build cannot be called: it is of type int"),
    "wrong return": ("def build(): ...\n", "the task's model must be a torch module, got NoneType"),
}


@pytest.mark.parametrize("case", CODE)
def test_code_that_fails_is_reported_as_the_users(case, workplace):
    text, wanted = CODE[case]
    Path("study.toml").write_text(with_task('model = "nets.py:build"'))
    Path("nets.py").write_text(text)
    assert_lines(error_lines(globscope.load("study.toml").estimate), [wanted], workplace)


def test_all_code_that_is_missing_is_reported_at_once(workplace):
    Path("study.toml").write_text(with_task('model = "nets.py:build"\ndata = "data.py:load"\nloss = "nets.py:loss"'))
    Path("nets.py").write_text("def loss(outputs, targets): ...\n")
    Path("data.py").write_text("import no_such_thing\n")
    wanted = [
        "task.model: DIR/nets.py has no 'build'; known: loss",
        "task.data: cannot import DIR/data.py: ModuleNotFoundError: No module named 'no_such_thing' (data.py, line 1)",
    ]
    assert_lines(error_lines(globscope.load("study.toml").estimate), wanted, workplace)


# The task as it is built: (a line of [task], the message).
TASKS = {
    "test split of all": (
        "test_share = 0.9999",
        "task.test_share: each split needs at least 10 of the 1,797 digits, as many as there are classes; "
        "0.9999 leaves 0 to train and 1,797 to test",
    ),
    "test split of too few": (
        "test_share = 0.005",
        "task.test_share: each split needs at least 10 of the 1,797 digits, as many as there are classes; "
        "0.005 leaves 1,788 to train and 9 to test",
    ),
    "split seed": (f"split_seed = {2**32}", f"task.split_seed: must be < 2**32 for the digits, got {2**32}"),
    "model larger than any memory": (
        "hidden = [1_000_000, 1_000_000]",
        "task.model: does not fit into memory; give it fewer weights (task.hidden is the mlp's)",
    ),
    "model larger than any address": (
        "hidden = [1_000_000, 1_000_000, 1_000_000]",
        "task.model: does not fit into memory; give it fewer weights (task.hidden is the mlp's)",
    ),
    "option that a named model does not have": (
        "model_options = { width = 3 }",
        "task.model_options.width: model 'mlp' has no such option; its widths are task.hidden",
    ),
}


@pytest.mark.parametrize("case", TASKS)
def test_a_task_that_cannot_be_built_is_reported(case, workplace):
    line, wanted = TASKS[case]
    Path("study.toml").write_text(with_task(line))
    assert error_lines(globscope.load("study.toml").estimate) == [wanted]


MEAN = "task.loss: must return the mean loss as a differentiable torch scalar, got"
LOSSES = {
    "a loss for each example": (
        "cross_entropy(outputs, targets, reduction='none')",
        f"{MEAN} a tensor of shape (2,) and type float32",
    ),
    "a float": ("cross_entropy(outputs, targets).item()", f"{MEAN} float"),
    "nothing": ("None", f"{MEAN} NoneType"),
    "a count": ("(outputs.argmax(1) == targets).sum()", f"{MEAN} a tensor of shape () and type int64"),
    "a share of errors": (
        "(outputs.argmax(1) != targets).float().mean()",
        f"{MEAN} a tensor without a gradient in the model's parameters",
    ),
    "an error": (
        "cross_entropy(outputs[:, :1], targets[:1])",
        "the task's model and loss fail on two examples of its data: ValueError: Expected input batch_size (2) to "
        "match target batch_size (1). (nets.py, line 3)",
    ),
}


@pytest.mark.parametrize("case", LOSSES)
def test_a_loss_that_returns_something_else_is_reported(case, workplace):
    returned, wanted = LOSSES[case]
    Path("study.toml").write_text(with_task('hidden = [8]\nloss = "nets.py:loss"'))
    text = f"from torch.nn.functional import cross_entropy\ndef loss(outputs, targets):\n    return {returned}\n"
    Path("nets.py").write_text(text)
    assert error_lines(globscope.load("study.toml").estimate) == [wanted]


def test_a_model_without_a_gradient_is_reported_as_such(workplace):
    Path("study.toml").write_text(with_task('model = "nets.py:build"'))
    Path("nets.py").write_text(
        "from torch import nn\n"
        "class Net(nn.Linear):\n"
        "    def forward(self, x): return super().forward(x).detach()\n"
        "def build(): return Net(64, 10)\n"
    )
    wanted = "the task's model returns outputs without a gradient in its parameters"
    assert error_lines(globscope.load("study.toml").estimate) == [wanted]


# Models that torch takes and no map can hold: (what `build` returns, the message after "the task's model").
REAL = "a map is of dense parameters of type float16, bfloat16, float32 or float64"
UNMAPPED = {
    "complex": (
        "nn.Linear(64, 10, dtype=torch.complex64)",
        f": parameter 'weight' is complex64; {REAL}: keep real and imaginary parts as two parameters",
    ),
    "eight bits": (
        "kept(torch.zeros(64, 10).to(torch.float8_e4m3fn))",
        f": parameter 'held' is float8_e4m3fn; {REAL}",
    ),
    "sparse": ("kept(torch.eye(64, 10).to_sparse())", f": parameter 'held' is sparse; {REAL}"),
    "without data": (
        "nn.Sequential(nn.Linear(64, 10, device='meta'))",
        f": parameter '0.weight' is on the device meta, without data; {REAL}",
    ),
    "quantised": (
        "torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(64, 10)), {nn.Linear})",
        ": layer '0' (Linear) holds quantised weights, which are not parameters; return the network before "
        "quantisation",
    ),
    "compiled": (
        "torch.jit.script(nn.Linear(64, 10))",
        " is compiled by torch.jit; return the module that it was compiled from",
    ),
    "state beside its tensors": (
        "nn.Sequential(Extra(64, 10))",
        ": layer '0' (Extra) keeps a part of its state in get_extra_state, which no map holds; make it a buffer",
    ),
    "double complex buffer": (
        "buffered(torch.ones(2, dtype=torch.complex128))",
        ": buffer 'table' is complex128, which no checkpoint here holds; complex64 it does",
    ),
    "lazy layer that is never used": (
        "unused(nn.LazyLinear(3))",
        ": 'lazy.weight' has no shape after a forward pass, which does not use its layer",
    ),
    "lazy layer that does not fit": (
        "nn.Sequential(nn.LazyConv2d(3, 3), nn.Flatten())",
        " fails on two examples of its data: RuntimeError: Expected 3D (unbatched) or 4D (batched) input to "
        "LazyConv2d, but got input of size: torch.Size([2, 64])",
    ),
    "nothing to train": ("nn.Flatten()", " has no trainable parameters"),
}
HELD = """
import warnings
import torch
from torch import nn

warnings.simplefilter("ignore")

class Net(nn.Linear):
    pass

class Extra(nn.Linear):
    def get_extra_state(self): return {"step": 3}
    def set_extra_state(self, state): ...

def kept(tensor):
    net = Net(64, 10)
    net.held = nn.Parameter(tensor)
    return net

def buffered(tensor):
    net = Net(64, 10)
    net.register_buffer("table", tensor, persistent=False)
    return net

def unused(layer):
    net = Net(64, 10)
    net.lazy = layer
    return net

def build():
    return MADE
"""


@pytest.mark.filterwarnings("ignore")  # torch's own, of lazy, sparse and quantised modules
@pytest.mark.parametrize("case", UNMAPPED)
def test_a_model_that_no_map_can_hold_is_reported_by_its_tensor_or_layer(case, workplace):
    made, wanted = UNMAPPED[case]
    Path("study.toml").write_text(with_task('model = "nets.py:build"'))
    Path("nets.py").write_text(HELD.replace("MADE", made))
    assert error_lines(globscope.load("study.toml").estimate) == [f"the task's model{wanted}"]


@pytest.mark.parametrize("split", ["train", "test"])
def test_inputs_that_are_not_finite_are_reported_with_their_split(split, workplace):
    Path("study.toml").write_text(with_task('hidden = [8]\ndata = "nets.py:load"'))
    Path("nets.py").write_text(
        "import numpy as np\n"
        "def load():\n"
        "    x, y = {'train': np.ones((6, 3)), 'test': np.ones((4, 3))}, np.arange(6) % 2\n"
        f"    x['{split}'][-1, 1] = np.nan\n"
        "    return x['train'], y, x['test'], y[:4]\n"
    )
    wanted = f"task.data: the inputs of the {split} split have values that are not finite"
    assert error_lines(globscope.load("study.toml").estimate) == [wanted]


def test_data_of_another_shape_is_reported(workplace):
    Path("study.toml").write_text(with_task('data = "nets.py:load"'))
    Path("nets.py").write_text("def load(): return [1, 2, 3]\n")
    wanted = (
        "DIR/nets.py:load must return the four arrays x_train, y_train, x_test, y_test, or two datasets; got 3 values"
    )
    assert_lines(error_lines(globscope.load("study.toml").estimate), [wanted], workplace)


class Code:
    """A pickle of it makes a folder when it is read without care."""

    def __reduce__(self):
        return os.mkdir, ("executed",)


def tensors(**changes):
    shapes = {"1.weight": (8, 64), "1.bias": (8,), "3.weight": (10, 8), "3.bias": (10,)}
    return {name: torch.ones(shape) for name, shape in shapes.items()} | changes


def without(name):
    return {key: tensor for key, tensor in tensors().items() if key != name}


REFUSED = (
    "cannot be read as tensors alone: it is damaged, or a pickle that would run code, which is never done; "
    "save the state dict by itself, or as safetensors"
)

# What lies at DIR/c/A/0.pt, and the message; *** leaves torch its own words.
FILES = {
    "nothing": (None, "population.checkpoints: ***"),
    "missing tensor": (without("1.bias"), "DIR/c/A/0.pt: has no tensor '1.bias'; did you mean '3.bias'?"),
    "wrong shape": (
        tensors(**{"1.bias": torch.ones(9)}),
        "DIR/c/A/0.pt: tensor '1.bias' has shape (9,), the model wants (8,)",
    ),
    "not finite": (
        tensors(**{"1.bias": torch.full((8,), torch.nan)}),
        "DIR/c/A/0.pt: tensor '1.bias' has values that are not finite",
    ),
    "complex": (
        tensors(**{"1.bias": torch.ones(8, dtype=torch.complex64)}),
        "DIR/c/A/0.pt: tensor '1.bias' is complex; maps are of real weights",
    ),
    "sparse": (
        tensors(**{"1.bias": torch.ones(8).to_sparse()}),
        "DIR/c/A/0.pt: tensor '1.bias' is sparse, quantised or without data; save dense numbers",
    ),
    "without data": (
        tensors(**{"1.bias": torch.ones(8, device="meta")}),
        "DIR/c/A/0.pt: tensor '1.bias' is sparse, quantised or without data; save dense numbers",
    ),
    "integers": (
        tensors(**{"1.bias": torch.ones(8, dtype=torch.int64)}),
        "DIR/c/A/0.pt: tensor '1.bias' holds int64, not floating numbers",
    ),
    "code in a checkpoint": (
        {"state_dict": Code()},
        "DIR/c/A/0.pt: needs posix.mkdir, and to make one could run code, which is never done; if you trust the file, "
        "save its state dict by itself: torch.save(torch.load('0.pt', weights_only=False)['state_dict'], "
        "'0-weights.pt')",
    ),
    "several networks": (
        {"model": tensors(), "model_ema": tensors()},
        "DIR/c/A/0.pt: holds several state dicts: model, model_ema; choose one with population.key = 'model'",
    ),
    "a list": ([1, 2], "DIR/c/A/0.pt: holds a list, not a state dict"),
}


@pytest.mark.parametrize("case", FILES)
def test_checkpoints_that_do_not_fit_are_reported(case, workplace):
    content, wanted = FILES[case]
    Path("study.toml").write_text(with_checkpoints("c/{variant}/{step}.pt").replace(TASK, TASK + "hidden = [8]\n"))
    Path("c/A").mkdir(parents=True)
    if content is not None:
        torch.save(content, "c/A/0.pt")
        for step in (1, 2):
            torch.save(tensors(), f"c/A/{step}.pt")
    assert_lines(error_lines(globscope.load("study.toml").run), [wanted], workplace)
    assert not Path("executed").exists()


def test_a_bare_pickle_is_not_executed(workplace):
    Path("study.toml").write_text(with_checkpoints("c/{variant}/{step}.pt"))
    Path("c/A").mkdir(parents=True)
    Path("c/A/0.pt").write_bytes(pickle.dumps(Code()))
    assert_lines(error_lines(globscope.load("study.toml").run), [f"DIR/c/A/0.pt: {REFUSED}"], workplace)
    assert not Path("executed").exists()
