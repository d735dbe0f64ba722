"""The user's own losses and measures: they see what the model returned, and become fields."""

import numpy as np
import pytest
import torch
from sklearn.metrics import f1_score
from support.paths import ROOT
from support.study import MAP, TWO_RUNS, study_in, values
from torch.nn.functional import cross_entropy

from globscope import load
from globscope.api import Code, EvaluationError, UserCodeError, means
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.language import LanguageModelling
from globscope.builtin.tasks.metrics import Metric
from globscope.builtin.tasks.regression import Regression
from globscope.builtin.tasks.segmentation import Segmentation
from globscope.scoring.means import measured_fields
from globscope.testing import check_component

NETS = """
from dataclasses import dataclass
import numpy as np
import torch
from sklearn.metrics import f1_score
from torch import nn
from torch.nn import functional as F

@dataclass
class Output:
    logits: torch.Tensor
    hidden: torch.Tensor

class Net(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.kind, self.hidden, self.out = kind, nn.Linear(4, 5), nn.Linear(5, 3)

    def forward(self, x):
        h = self.hidden(x).tanh()
        y = self.out(h)
        return {"tensor": y, "tuple": (y, h), "dict": {"logits": y, "hidden": h}, "object": Output(y, h),
                "other dict": {"scores": y}, "one number": y[:, 0], "three axes": y[:, None]}[self.kind]

def build(kind): return Net(kind)

def load(classes=3):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 4)).astype(np.float32)
    y = rng.integers(classes, size=80)
    return x[:48], y[:48], x[48:], y[48:]

def of_tuple(outputs, targets):
    y, h = outputs
    return F.cross_entropy(y, targets) + 0.1 * (h ** 2).mean()

def of_tensor(outputs, targets): return F.cross_entropy(outputs, targets)
def of_dict(outputs, targets): return F.cross_entropy(outputs["scores"], targets)
def of_object(outputs, targets): return F.cross_entropy(outputs.logits, targets)
def binary(outputs, targets): return F.binary_cross_entropy_with_logits(outputs, (targets > 0).float())

def logits(outputs): return outputs if isinstance(outputs, torch.Tensor) else outputs[0]
def error(outputs, targets): return (logits(outputs).argmax(1) != targets).double().mean()
def recall(outputs, targets):
    asked = targets == 1
    return (logits(outputs).argmax(1)[asked] == 1).sum(), asked.sum()
def f1(outputs, targets):
    return f1_score(targets.cpu().numpy(), logits(outputs).argmax(1).cpu().numpy(), average="macro")
def spread(outputs, targets): return float("nan") if len(targets) > 40 else 1.0
def text(outputs, targets): return "0.5"
def vector(outputs, targets): return targets.float()
def complex_number(outputs, targets): return 1j
def complex_tensor(outputs, targets): return outputs.sum() + 1j
def large(outputs, targets): return 2**53 + 1
def large_tensor(outputs, targets): return torch.tensor(2**53 + 1)
def largest_float(outputs, targets): return 2.0**60
def writing(outputs, targets): return outputs.softmax(1).mean() + outputs.zero_().sum()
def writing_loss(outputs, targets): return F.cross_entropy(outputs.mul_(2), targets)
def loss_from_one(outputs, targets): return F.cross_entropy(outputs, targets.add_(1).sub_(1).clamp_(max=1))
def three(outputs, targets): return 1.0, 2.0, 3.0
def negative(outputs, targets): return 1.0, -2.0
def failing(outputs, targets): raise KeyError("no such thing")
number = 3
"""


# The line of the function that fails.
FAILING = NETS.partition("def failing")[0].count("\n") + 1


@pytest.fixture
def code(tmp_path):
    (tmp_path / "nets.py").write_text(NETS)
    return lambda name: Code(str(tmp_path / "nets.py"), name)


@pytest.fixture
def task(code):
    def make(kind="tensor", **options):
        return Classification(model=code("build"), model_options={"kind": kind}, data=code("load"), **options)

    return make


def module(code, probe, kind, seed):
    """Return a network and the tensors of a probe's fresh one of the same seed."""
    parameters, _ = probe.initialise(seed)
    made = code("build").call(kind)
    made.load_state_dict(parameters)
    return made


@pytest.mark.parametrize(
    ("kind", "loss", "measures", "answers"),
    [
        ("tensor", None, ("loss", "accuracy"), True),
        ("dict", None, ("loss", "accuracy"), True),
        ("object", None, ("loss", "accuracy"), True),
        ("object", "of_object", ("loss", "accuracy"), True),
        ("tuple", "of_tuple", ("loss",), False),
        ("other dict", "of_dict", ("loss",), False),
        ("one number", "binary", ("loss",), True),
    ],
)
def test_a_model_may_return_what_its_loss_takes_and_accuracy_follows_the_logits(
    kind, loss, measures, answers, code, task
):
    probe = task(kind, **({} if loss is None else {"loss": code(loss)})).build("cpu")
    assert probe.measures == measures
    assert hasattr(probe, "outputs") == answers
    made = module(code, probe, kind, 3)
    x, y = probe.batch("test", torch.arange(32))
    returned = made(x)
    wanted = (
        torch.nn.functional.cross_entropy(
            returned if kind == "tensor" else made(x)["logits"] if kind == "dict" else returned.logits, y
        )
        if loss is None
        else code(loss).load()(returned, y)
    )
    found = probe.reduce(*probe.initialise(3), (x, y))
    assert float(found["loss"][0].detach()) / found["loss"][1] == pytest.approx(float(wanted.detach()), rel=1e-6)
    if answers:
        assert probe.outputs(*probe.initialise(3), (x, y)).shape == (32, 1 if kind == "one number" else 3)


REMEDY = 'a loss of your own takes whatever it returns: loss = "file.py:name", a function of (outputs, targets)'
CLASSES = "must return (examples, classes) outputs"


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("tuple", f"{CLASSES}, or an object with such `logits`, got tuple; {REMEDY}"),
        ("other dict", f"{CLASSES}, or an object with such `logits`, got dict; {REMEDY}"),
        ("three axes", f"{CLASSES}, got shape (2, 1, 3)"),
    ],
)
def test_without_a_loss_the_message_says_which_callable_would_take_what_the_model_returns(kind, says, task):
    with pytest.raises(UserCodeError) as caught:
        task(kind).build("cpu")
    assert str(caught.value) == f"the task's model {says}"


@pytest.mark.parametrize("built_in", [LanguageModelling, Segmentation, Regression, Classification])
def test_every_supervised_task_takes_a_loss_and_measures_of_ones_own(built_in):
    assert {"loss", "metrics"} <= {one.name for one in built_in.__attrs_attrs__}


PLACES = """
from collections import OrderedDict
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

class Net(nn.Module):
    def __init__(self, kind):
        super().__init__()
        self.layer = {"tokens": nn.Embedding(5, 5), "images": nn.Conv2d(1, 3, 1), "numbers": nn.Linear(4, 2),
                      "classes": nn.Linear(4, 3)}[kind]
    def forward(self, x):
        y = self.layer(x)
        return y, y.square().mean()

class ModelOutput(OrderedDict):
    # As Hugging Face's: a dictionary, whose items are attributes too.
    __getattr__ = OrderedDict.__getitem__

class Returning(Net):
    def __init__(self, kind, name):
        super().__init__(kind)
        self.name = name
    def forward(self, x):
        y, penalty = super().forward(x)
        return ModelOutput({"loss": None, self.name: y, "penalty": penalty})

def build(kind): return Net(kind)

def load(kind):
    rng = np.random.default_rng(0)
    x, y = {
        "tokens": lambda: (rng.integers(5, size=(24, 6)), rng.integers(5, size=(24, 6))),
        "images": lambda: (rng.normal(size=(24, 1, 4, 4)), rng.integers(3, size=(24, 4, 4))),
        "numbers": lambda: (rng.normal(size=(24, 4)), rng.normal(size=(24, 2))),
        "classes": lambda: (rng.normal(size=(24, 4)), rng.integers(3, size=24)),
    }[kind]()
    return x[:16], y[:16], x[16:], y[16:]

def loss(outputs, targets):
    y, penalty = outputs
    if targets.is_floating_point():
        return F.mse_loss(y, targets) + penalty
    return F.cross_entropy(y.movedim(-1, 1) if y.ndim == 3 else y, targets) + penalty

def penalty(outputs, targets): return outputs[1]
"""


@pytest.mark.parametrize(
    ("built_in", "kind"), [(LanguageModelling, "tokens"), (Segmentation, "images"), (Regression, "numbers")]
)
def test_a_loss_of_ones_own_takes_a_tuple_in_every_supervised_task(built_in, kind, tmp_path):
    (tmp_path / "nets.py").write_text(PLACES)
    code = {name: Code(str(tmp_path / "nets.py"), name) for name in ("build", "load", "loss", "penalty")}
    options = {"model_options": {"kind": kind}, "data_options": {"kind": kind}}
    task = built_in(model=code["build"], data=code["load"], loss=code["loss"], metrics=(code["penalty"],), **options)
    probe = task.build("cpu")
    assert probe.measures == ("loss", "penalty")
    assert probe.traits.chance == {}
    network, batch = probe.initialise(0), probe.batch("test", torch.arange(4))
    made = code["build"].call(kind)
    made.load_state_dict(network[0])
    with torch.no_grad():
        found = probe.reduce(*network, batch)
        assert float(found["loss"][0]) / 4 == pytest.approx(
            float(code["loss"].load()(made(batch[0]), batch[1])), rel=1e-6
        )
        assert float(found["penalty"][0]) / 4 == pytest.approx(float(made(batch[0])[1]), rel=1e-6)
    check_component(task)


@pytest.mark.parametrize("name", ["logits", "out"])
@pytest.mark.parametrize(
    ("built_in", "kind"),
    [(LanguageModelling, "tokens"), (Segmentation, "images"), (Regression, "numbers"), (Classification, "classes")],
)
def test_predictions_in_a_model_output_need_no_wrapper_in_any_task(built_in, kind, name, tmp_path):
    (tmp_path / "nets.py").write_text(PLACES)
    code = {one: Code(str(tmp_path / "nets.py"), one) for one in ("Returning", "load")}
    options = {"model_options": {"kind": kind, "name": name}, "data_options": {"kind": kind}}
    probe = built_in(model=code["Returning"], data=code["load"], **options).build("cpu")
    network, batch = probe.initialise(3), probe.batch("test", torch.arange(4))
    said = code["Returning"].call(kind, name)
    said.load_state_dict(network[0])
    with torch.no_grad():
        predictions = said(batch[0])[name]
        wanted = (
            (predictions - batch[1]).square().mean()
            if kind == "numbers"
            else cross_entropy(predictions.movedim(-1, 1) if kind == "tokens" else predictions, batch[1])
        )
        assert float(probe.reduce(*network, batch)["loss"][0]) / 4 == pytest.approx(float(wanted), rel=1e-6)
        outputs = probe.outputs(*network, batch)
    assert torch.equal(outputs, predictions.movedim(1, -1) if kind == "images" else predictions)
    check_component(built_in(model=code["Returning"], data=code["load"], **options))


STUDY = f"""
[task]
use = "classification"
model = "nets.py:build"
model_options = {{ kind = "tuple" }}
data = "nets.py:load"
loss = "nets.py:of_tuple"
metrics = ["nets.py:error", "nets.py:recall", {{use = "nets.py:f1", name = "macro_f1", whole = true}}, "nets.py:spread"]
{TWO_RUNS}{MAP}
[evaluator]
use = "torch"
batch_size = 7
"""


def test_measures_are_fields_that_equal_what_one_call_on_all_examples_gives(tmp_path, code):
    study = study_in(tmp_path, STUDY)
    atlas = values(study).atlas
    probe = study.workshop().task.build("cpu")
    for row in range(len(atlas.population.members)):
        made = code("build").call("tuple")
        made.load_state_dict({n: torch.from_numpy(np.array(t)) for n, t in atlas.population.tensors(row).items()})
        for split in ("train", "test"):
            x, y = probe.batch(split, torch.arange(probe.examples(split)))
            with torch.no_grad():
                said = made(x)[0].argmax(1)
            assert atlas.truth[f"{split}_error"][row] == pytest.approx(float((said != y).double().mean()), rel=1e-12)
            recall = float((said[y == 1] == 1).sum()) / float((y == 1).sum())
            assert atlas.truth[f"{split}_recall"][row] == pytest.approx(recall, rel=1e-12)
            f1 = f1_score(y.numpy(), said.numpy(), average="macro")
            assert atlas.truth[f"{split}_macro_f1"][row] == pytest.approx(f1, rel=1e-12)
    # Batches of 7: each is a mean of 1 over its examples, and none is NaN.
    assert (atlas.truth["train_spread"] == 1).all()
    fields = atlas.maps[0].landscape.fields
    assert {"test_error", "test_recall", "test_macro_f1"} <= set(fields)
    assert len(fields["test_macro_f1"]) == 9


def test_another_measure_scores_networks_again_and_trains_none(tmp_path, code, notes):
    text = STUDY.replace('model = "nets.py:build"', "hidden = [4]").replace('model_options = { kind = "tuple" }\n', "")
    text = text.replace('loss = "nets.py:of_tuple"\n', "").replace("save_every = 1", "save_every = 1\nat_once = 2")
    first = values(study_in(tmp_path, text))
    fewer = study_in(tmp_path, text.replace('"nets.py:spread"', "").replace('"nets.py:error", ', ""))
    again = values(fewer, notes)
    assert "train A" in notes.kept
    assert not [name for name in notes.ran if name.startswith("train")]
    assert "evaluate members" in notes.ran
    assert (
        {"test_recall"}
        <= set(again.atlas.truth)
        == set(first.atlas.truth) - {*("train_error", "test_error", "train_spread", "test_spread")}
    )
    # Two networks are trained as one stack, whatever is measured; a function of ones own is called for each network.
    probe = fewer.workshop().task.build("cpu")
    assert probe.traits.stackable
    assert not probe.vmappable


def test_a_measure_that_is_not_a_number_stays_so(code, task):
    probe = task(metrics=(Metric(use=code("spread"), whole=True),)).build("cpu")
    batches = [probe.batch("train", at) for at in torch.arange(48).split(24)]
    parts = [probe.reduce(*probe.initialise(0), batch)["spread"][0] for batch in batches]
    assert float(probe.finish("spread", parts)) != float(probe.finish("spread", parts))
    assert float(probe.finish("spread", parts[:1])) == 1


ACCEPTED = "must return a real number, the mean over the examples, or a pair (sum, weight)"


@pytest.mark.parametrize(
    ("metrics", "says"),
    [
        (("text",), f": text {ACCEPTED}, got str"),
        (("vector",), f": vector {ACCEPTED}, got Tensor of shape (48,)"),
        (("complex_number",), f": complex_number {ACCEPTED}, got complex"),
        (("complex_tensor",), f": complex_tensor {ACCEPTED}, got Tensor of complex numbers"),
        (("large",), f": large {ACCEPTED}, got 9007199254740993, which float64 cannot hold exactly"),
        (("large_tensor",), f": large_tensor {ACCEPTED}, got 9007199254740993, which float64 cannot hold exactly"),
        (("writing",), ": writing: writes into the model's outputs; let it work on a copy, `outputs.clone()`"),
        (("three",), f": three {ACCEPTED}, got 3 values"),
        (("negative",), f": negative {ACCEPTED}, of which the weight is not negative, got the weight -2"),
        (("failing",), f": failing fails: KeyError: 'no such thing' (nets.py, line {FAILING})"),
        (("number",), ".0: DIR/nets.py:number cannot be called: it is of type int"),
        (
            ("error", "error"),
            '.1: there is a measure \'error\' already; give this one another name: { use = "error", name = "…" }',
        ),
    ],
)
def test_a_measure_that_is_no_number_is_refused_before_anything_long(metrics, says, code, task, tmp_path):
    with pytest.raises(UserCodeError) as caught:
        task(metrics=tuple(map(code, metrics))).build("cpu")
    assert str(caught.value).replace(str(tmp_path), "DIR") == f"task.metrics{says}"


def test_a_loss_that_writes_into_the_outputs_is_refused_for_the_measures_after_it(code, task):
    with pytest.raises(UserCodeError, match=r"^task\.loss: writes into the model's outputs; let it work on a copy"):
        task(loss=code("writing_loss")).build("cpu")


def test_a_loss_that_writes_into_the_targets_changes_none_that_are_scored_later(code, task):
    probe = task(loss=code("loss_from_one"), metrics=(code("largest_float"),)).build("cpu")
    batch, network = probe.batch("train", torch.arange(48)), probe.initialise(0)
    before = batch[1].clone()
    assert (before == 2).any()  # which the loss would write over
    right = int((probe.outputs(*network, batch).argmax(1) == before).sum())
    for _ in range(2):
        assert int(probe.reduce(*network, batch)["accuracy"][0]) == right
    assert batch[1].equal(before)


@pytest.mark.parametrize(
    ("metric", "says"),
    [
        ({"name": "accuracy"}, "task.metrics.0: there is a measure 'accuracy' already; give this one another name: "
                               '{ use = "error", name = "…" }'),
        ({"name": "a b"}, "task.metrics.0.name: must be letters, digits and _, a letter first; got 'a b'"),
        ({"use": "vector", "whole": True}, "task.metrics: vector must return a real number, got Tensor of shape (48,)"),
    ],
)  # fmt: skip
def test_a_measures_name_is_its_own_and_fit_for_a_field(metric, says, code, task):
    options = {"use": "error"} | metric
    with pytest.raises(UserCodeError) as caught:
        task(metrics=(Metric(**options | {"use": code(options["use"])}),)).build("cpu")
    assert str(caught.value) == says


def test_outputs_that_cannot_be_joined_are_refused_for_a_measure_of_a_whole_split(code, task):
    with pytest.raises(UserCodeError) as caught:
        task("object", metrics=(Metric(use=code("spread"), whole=True),)).build("cpu")
    assert str(caught.value) == (
        "task.metrics: spread is `whole`, and the model returns Output, which cannot be joined over batches; tensors, "
        "and tuples, lists and dicts of tensors can"
    )


def test_similarity_says_what_the_model_would_have_to_return(tmp_path, code):
    study = study_in(tmp_path, STUDY + '[[analysis]]\nuse = "similarity"\n')
    with pytest.raises(EvaluationError) as caught:
        study.estimate()
    assert str(caught.value) == (
        "analysis similarity: compares networks' outputs, and this task has none: the model returns tuple; "
        "let it return a tensor, or an object with `logits`"
    )


@pytest.mark.parametrize("kind", ["tensor", "tuple"])
def test_a_task_with_measures_of_ones_own_passes_the_contract(kind, code, task):
    metrics = (code("error"), code("recall"), Metric(use=code("f1"), whole=True))
    check_component(task(kind, loss=code("of_tuple" if kind == "tuple" else "of_tensor"), metrics=metrics))


def test_the_measures_of_the_documentation_are_what_they_are_called(tmp_path):
    text = (ROOT / "docs/how-to/own-model-and-data.md").read_text("utf-8")
    for name, block in zip(("my_nets.py", "my_measures.py"), text.split("```python\n")[1:], strict=True):
        (tmp_path / name).write_text(block.partition("```")[0])
    [fragment] = [block.partition("```")[0] for block in text.split("```toml fragment\n")[1:]]
    (tmp_path / "own.toml").write_text(
        fragment + STUDY.partition("[population.train]")[2].join(["[population.train]", ""])
    )
    probe = load(tmp_path / "own.toml").workshop().task.build("cpu")
    assert probe.measures == ("loss", "accuracy", "brier", "f1", "calibration_error")
    fields = measured_fields(probe)
    assert [fields[f"test_{name}"].name for name in ("f1", "brier")] == ["test macro F1", "test brier"]
    assert [fields[f"test_{name}"].higher_is_better for name in ("f1", "brier", "accuracy")] == [True, False, True]
    network, halves = probe.initialise(0), [torch.arange(0, 120), torch.arange(120, 200)]
    with torch.no_grad():
        parts = [probe.reduce(*network, probe.batch("test", at)) for at in halves]
    found = {name: float(value) for name, value in means(probe, parts, torch.float64).items()}
    x, y = probe.batch("test", torch.arange(200))
    chances = probe.outputs(*network, (x, y)).detach().softmax(1).double().numpy()
    y = y.numpy()
    assert found["brier"] == pytest.approx(((chances - np.eye(2)[y]) ** 2).sum(1).mean(), rel=1e-6)
    assert found["f1"] == pytest.approx(f1_score(y, chances.argmax(1), average="macro"), rel=1e-12)
    # Guo et al. (2017): bins of equal width, each weighed by its share of the examples.
    confidence, right = chances.max(1), chances.argmax(1) == y
    bins = [(confidence >= low) & (confidence < low + 0.1) for low in np.arange(10) / 10]
    error = sum(one.mean() * abs(right[one].mean() - confidence[one].mean()) for one in bins if one.any())
    assert found["calibration_error"] == pytest.approx(error, rel=1e-5)
