"""Any module: several inputs, heads, losses and parts, on data of any structure; every loss is a field."""

from itertools import product

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from support.messages import assert_lines, error_lines
from support.study import MAP, TWO_RUNS, study_in, values
from torch.nn import functional as F

from globscope.api import Code, EvaluationError, SpecError, means, symmetry
from globscope.builtin.tasks.custom import Custom
from globscope.builtin.tasks.metrics import Metric
from globscope.scoring.draws import draws
from globscope.testing import check_component

NETS = """
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, IterableDataset

class TwoHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.image, self.words, self.norm = nn.Linear(6, 5), nn.Embedding(7, 5), nn.BatchNorm1d(5)
        self.classes, self.value = nn.Linear(5, 3), nn.Linear(5, 1)

    def forward(self, image, words):
        h = self.norm(self.image(image).tanh() + self.words(words).mean(1))
        return {"classes": self.classes(h), "value": self.value(h)[:, 0]}

def build(): return TwoHeads()
def forward(model, batch): return model(batch["image"], batch["words"])

def losses(outputs, batch):
    return {
        "classes": F.cross_entropy(outputs["classes"], batch["label"]),
        "value": F.mse_loss(outputs["value"], batch["value"]),
        "size": outputs["value"].square().mean(),
    }

BY_NAME = {
    "classes": lambda outputs, batch: losses(outputs, batch)["classes"],
    "value": lambda outputs, batch: losses(outputs, batch)["value"],
    "size": lambda outputs, batch: losses(outputs, batch)["size"],
}

def hits(outputs, batch): return (outputs["classes"].argmax(1) == batch["label"]).double().mean()
def error_of_value(outputs, batch): return float((outputs["value"] - batch["value"]).abs().max())

def split(count, seed):
    rng = np.random.default_rng(seed)
    return {"image": rng.normal(size=(count, 6)), "words": rng.integers(7, size=(count, 4)),
            "label": rng.integers(3, size=count), "value": rng.normal(size=count)}

def load(): return {"train": split(40, 0), "test": split(20, 1)}

# The same examples in other forms.
class Rows(Dataset):
    def __init__(self, parts): self.parts = parts
    def __len__(self): return len(self.parts["label"])
    def __getitem__(self, row): return {name: part[row] for name, part in self.parts.items()}

def datasets(): return Rows(split(40, 0)), Rows(split(20, 1))
def lists(): return {name: list(rows) for name, rows in zip(("train", "test"), datasets())}
def gather(rows): return {name: torch.as_tensor(np.stack([row[name] for row in rows])) for name in rows[0]}
def loaders(): return [DataLoader(rows, batch_size=3, shuffle=True, collate_fn=gather) for rows in datasets()]
def plain_loaders(): return [DataLoader(rows, batch_size=3) for rows in datasets()]

# Pairs of inputs, in a tuple.
def tuples(): return {n: tuple(p.values()) for n, p in load().items()}
def forward_tuple(model, batch): return model(*batch[:2])
def losses_tuple(outputs, batch): return losses(outputs, dict(zip(("image", "words", "label", "value"), batch)))

# What is refused.
class Endless(IterableDataset):
    def __iter__(self): return iter(())
def endless(): return Endless(), Endless()
def three(): return 1, 2, 3
def ragged(): return [[{"image": np.ones(size)} for size in (6, 5)]] * 2
def uneven(): return {"train": (np.ones((3, 2)), np.ones(4)), "test": (np.ones((3, 2)), np.ones(3))}
def text(): return {"train": {"image": np.ones((2, 6)), "words": "some"}, "test": {}}
def nothing(): return {"train": [], "test": []}
def build_modules(): return {"first": nn.Linear(6, 3), "second": 3}
def dict_of_modules(): return {"first": nn.Linear(6, 3)}
def vector(outputs, batch): return {"classes": F.cross_entropy(outputs["classes"], batch["label"], reduction="none")}
def number(outputs, batch): return {"classes": 1.0}
def constant(outputs, batch): return {"classes": torch.tensor(1.0)}
def named(outputs, batch): return {"a b": outputs["value"].mean()}
def loss_beside(outputs, batch): return {"loss": outputs["value"].mean(), "other": outputs["value"].mean()}
def writing(outputs, batch): return {"value": outputs["value"].mul_(2).mean()}
def changing(outputs, batch): return {("one" if len(batch["label"]) == 2 else "other"): outputs["value"].mean()}
def failing(outputs, batch): return batch["labels"]
nothing_to_call = 3
"""
VAE = """
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.Linear(6, 4), nn.Linear(2, 6)

    def forward(self, x):
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        z = mean + torch.randn_like(mean) * (log_variance / 2).exp()
        return self.decoder(z), mean, log_variance

def build(): return VAE()
def load():
    rng = np.random.default_rng(0)
    return rng.normal(size=(40, 6)), rng.normal(size=(20, 6))

def losses(outputs, x):
    decoded, mean, log_variance = outputs
    kl = 0.5 * (log_variance.exp() + mean.square() - 1 - log_variance)
    return {"reconstruction": F.mse_loss(decoded, x), "kl": kl.sum(1).mean()}
"""
GAN = """
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

def build():
    return {
        "generator": nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 3)),
        "discriminator": nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1)),
    }

def load():
    rng = np.random.default_rng(0)
    split = lambda count: {"noise": rng.normal(size=(count, 2)), "real": rng.normal(size=(count, 3)) + 1}
    return {"train": split(32), "test": split(16)}

def forward(model, batch):
    fake = model["generator"](batch["noise"])
    return {"fake": model["discriminator"](fake), "real": model["discriminator"](batch["real"])}

def losses(outputs, batch):
    right = torch.ones_like(outputs["real"])
    return {
        "fool": F.binary_cross_entropy_with_logits(outputs["fake"], right),
        "tell_apart": F.binary_cross_entropy_with_logits(outputs["real"], right)
        + F.binary_cross_entropy_with_logits(outputs["fake"], 1 - right),
    }
"""


@pytest.fixture
def code(tmp_path):
    for name, text in (("nets", NETS), ("vae", VAE), ("gan", GAN)):
        (tmp_path / f"{name}.py").write_text(text)
    return lambda name, file="nets": Code(str(tmp_path / f"{file}.py"), name)


@pytest.fixture
def task(code):
    def make(**options):
        names = {"model": "build", "forward": "forward", "data": "load", "losses": "losses"} | options
        is_code = ("model", "forward", "data", "losses", "collate")
        return Custom(
            **{key: code(value) if key in is_code and value else value for key, value in names.items() if value}
        )

    return make


@pytest.fixture
def gan(code):
    def make(**options):
        return Custom(**{key: code(name, "gan") for key, name in PARTS_OF_A_TASK.items()}, **options)

    return make


PARTS_OF_A_TASK = {"model": "build", "forward": "forward", "data": "load", "losses": "losses"}
STUDY = f"""
[task]
use = "custom"
model = "nets.py:build"
forward = "nets.py:forward"
data = "nets.py:load"
losses = "nets.py:losses"
weights = {{ size = 0.1 }}
metrics = ["nets.py:hits", {{ use = "nets.py:error_of_value", whole = true }}]
{TWO_RUNS}{MAP}
[[topology]]
use = "gudhi"
field = "test_value"

[evaluator]
use = "torch"
batch_size = 7
batch_norm = "stored"
"""


# A loss that does not use a parameter has a gradient of zero there.
AS_ZEROS = {"retain_graph": True, "materialize_grads": True}


def scores(probe, split, network):
    """Return the means of a split, from two batches."""
    halves = torch.arange(probe.examples(split)).chunk(2)
    with torch.no_grad():
        parts = [probe.reduce(*network, probe.batch(split, half)) for half in halves]
        return {name: float(value) for name, value in means(probe, parts, torch.float64).items()}


def test_the_losses_of_two_inputs_and_two_heads_are_fields_equal_to_those_computed_by_hand(tmp_path, code):
    study = study_in(tmp_path, STUDY)
    atlas = values(study).atlas
    data = code("load").call()
    for row, member in enumerate(atlas.population.members):
        made = code("build").call()
        tensors = {n: torch.from_numpy(np.array(t)) for n, t in atlas.population.tensors(row).items()}
        made.load_state_dict({**tensors, **{n: torch.from_numpy(np.array(b)) for n, b in member.buffers.items()}})
        for split in ("train", "test"):
            image, words, label, value = (torch.as_tensor(part) for part in data[split].values())
            with torch.no_grad():
                said = made.eval()(image.float(), words)
            wanted = {
                "classes": F.cross_entropy(said["classes"], label),
                "value": F.mse_loss(said["value"], value.float()),
                "size": said["value"].square().mean(),
                "hits": (said["classes"].argmax(1) == label).double().mean(),
                "error_of_value": (said["value"] - value).abs().max(),
            }
            wanted["loss"] = wanted["classes"] + wanted["value"] + 0.1 * wanted["size"]
            for name, number in wanted.items():
                assert atlas.truth[f"{split}_{name}"][row] == pytest.approx(float(number), rel=1e-5), name
    [landscape] = [one.landscape for one in atlas.maps]
    assert {f"{s}_{n}" for s, n in product(("train", "test"), ("loss", "classes", "value", "size"))} <= {
        *landscape.fields
    }


@pytest.mark.parametrize(
    "options",
    [
        {"losses": "BY_NAME"},
        {"data": "datasets"},
        {"data": "lists"},
        {"data": "lists", "collate": "gather"},
        {"data": "loaders"},
        {"data": "plain_loaders"},
        {"data": "tuples", "forward": "forward_tuple", "losses": "losses_tuple"},
    ],
    ids=str,
)
def test_the_same_examples_in_another_form_have_the_same_losses(options, task):
    plain, other = task().build("cpu"), task(**options).build("cpu")
    network = plain.initialise(3)
    for split in ("train", "test"):
        wanted = scores(plain, split, network)
        assert scores(other, split, network) == pytest.approx(wanted, rel=1e-6)
    assert other.digest() == task(**options).build("cpu").digest()


@pytest.mark.parametrize(
    ("options", "weights"),
    [
        ({}, (1, 1, 1)),
        ({"objective": "value"}, (0, 1, 0)),
        ({"weights": {"size": 0.5, "classes": 0}}, (0, 1, 0.5)),
    ],
    ids=str,
)
def test_what_is_trained_is_one_loss_or_a_weighted_sum(options, weights, task):
    probe = task(**options).build("cpu")
    network, batch = probe.initialise(1), probe.batch("train", torch.arange(10))
    leaves = {name: p.requires_grad_() for name, p in network[0].items()}
    losses = probe.reduce(leaves, network[1], batch)
    wanted = sum(w * losses[name][0] / 10 for w, name in zip(weights, ("classes", "value", "size"), strict=True))
    found = probe.objective(leaves, network[1], batch, training=False)
    for loss in (found, losses["loss"][0] / 10):
        assert loss.item() == pytest.approx(wanted.item(), rel=1e-6)
    gradients = (torch.autograd.grad(x, [*leaves.values()], **AS_ZEROS) for x in (found, wanted))
    for one, other in zip(*gradients, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-7)


def test_a_module_of_ones_own_passes_the_contract_and_has_its_symmetry(code, task):
    metrics = (code("hits"), Metric(use=code("error_of_value"), whole=True))
    custom = task(metrics=metrics)
    check_component(custom)
    assert symmetry(custom.build("cpu")).sizes == {"image": 5}


def test_a_variational_autoencoder_draws_what_its_seed_repeats(code):
    custom = Custom(**{key: code(name, "vae") for key, name in PARTS_OF_A_TASK.items() if key != "forward"})
    probe = custom.build("cpu")
    assert probe.measures == ("loss", "reconstruction", "kl")
    assert draws(probe, "cpu")
    check_component(custom)


def test_each_part_of_a_gan_is_trained_by_its_own_loss(code, gan):
    probe = gan(parts={"generator": "fool", "discriminator": "tell_apart"}).build("cpu")
    assert probe.measures == ("loss", "fool", "tell_apart")
    network, batch = probe.initialise(1), probe.batch("train", torch.arange(16))
    leaves = {name: p.requires_grad_() for name, p in network[0].items()}
    probe.objective(leaves, {n: b.clone() for n, b in network[1].items()}, batch, training=True).backward()
    module = torch.nn.ModuleDict(code("build", "gan").call())
    module.load_state_dict({**network[0], **network[1]})
    for part, loss in (("generator", "fool"), ("discriminator", "tell_apart")):
        module.zero_grad()
        code("losses", "gan").call(code("forward", "gan").call(module.train(), batch[0]), batch[0])[loss].backward()
        for name, parameter in module.named_parameters():
            if name.startswith(part):
                assert torch.allclose(leaves[name].grad, parameter.grad, rtol=1e-4, atol=1e-7), name
    check_component(gan(parts={"generator": "fool", "discriminator": "tell_apart"}))


GAN_STUDY = f"""
[task]
use = "custom"
model = "gan.py:build"
forward = "gan.py:forward"
data = "gan.py:load"
losses = "gan.py:losses"
parts = {{ generator = "fool", discriminator = "tell_apart" }}

[population]
checkpoints = "gans/{{variant}}/{{step}}.safetensors"
include = ["PART.*"]
unmapped = "A"
{MAP}
[evaluator]
use = "torch"
batch_norm = "stored"
"""


def train_gans(folder, gan):
    """Save two checkpoints of two short trainings, and return them by name."""
    probe, saved = gan(parts={"generator": "fool", "discriminator": "tell_apart"}).build("cpu"), {}
    for number, run in enumerate("AB"):
        parameters, buffers = probe.initialise(number)
        leaves = {name: p.requires_grad_() for name, p in parameters.items()}
        optimiser = torch.optim.Adam(leaves.values(), lr=0.05)
        (folder / f"gans/{run}").mkdir(parents=True)
        for step in (0, 5):
            tensors = {name: t.detach().clone() for name, t in {**leaves, **buffers}.items()}
            save_file(tensors, folder / f"gans/{run}/{step}.safetensors")
            saved[f"{run}@{step}"] = tensors
            for _ in range(5):
                optimiser.zero_grad()
                probe.objective(leaves, buffers, probe.batch("train", torch.arange(32)), training=True).backward()
                optimiser.step()
    return saved


@pytest.mark.parametrize("part", ["generator", "discriminator"])
def test_the_parts_of_a_gan_are_mapped_one_at_a_time_beside_those_of_one_network(part, tmp_path, code, gan):
    saved = train_gans(tmp_path, gan)
    atlas = values(study_in(tmp_path, GAN_STUDY.replace("PART", part))).atlas
    assert all(name.startswith(f"{part}.") for name in atlas.population.layout.names)
    data = {name: torch.as_tensor(part).float() for name, part in code("load", "gan").call()["test"].items()}
    for row, member in enumerate(atlas.population.members):
        module = torch.nn.ModuleDict(code("build", "gan").call())
        own, last = saved[f"{member.variant}@{member.step}"], saved["A@5"]
        module.load_state_dict({name: (own if name.startswith(part) else last)[name] for name in own})
        with torch.no_grad():
            wanted = code("losses", "gan").call(code("forward", "gan").call(module.eval(), data), data)
        for name, value in wanted.items():
            assert atlas.truth[f"test_{name}"][row] == pytest.approx(float(value), rel=1e-5)


def test_parts_that_a_file_holds_as_state_dicts_of_their_own_are_joined(tmp_path, code, gan):
    saved = train_gans(tmp_path, gan)
    for label, tensors in saved.items():
        parts = {short: {} for short in ("netG", "netD")}
        for name, tensor in tensors.items():
            part, _, rest = name.partition(".")
            parts["netG" if part == "generator" else "netD"][rest] = tensor
        torch.save({**parts, "optG": {"state": {}}, "epoch": 5}, tmp_path / f"gans/{label.replace('@', '/')}.pt")
    text = (
        GAN_STUDY.replace("{step}.safetensors", "{step}.pt")
        .replace('unmapped = "A"', "")
        .replace('include = ["PART.*"]', JOINED)
    )
    population = values(study_in(tmp_path, text)).atlas.population
    wanted = population.layout.flatten({name: tensor.numpy() for name, tensor in saved["B@5"].items()})
    np.testing.assert_array_equal(np.array(population.weights[-1]), wanted)


JOINED = """key = ["netG", "netD"]
rename = { "netG." = "generator.", "netD." = "discriminator." }"""


def test_parts_that_differ_are_refused_unless_one_network_stands_for_all(tmp_path, code, gan):
    train_gans(tmp_path, gan)
    text = GAN_STUDY.replace("PART", "generator")
    [line] = error_lines(study_in(tmp_path, text.replace('unmapped = "A"\n', "")).run)
    assert (
        "'discriminator.0.weight' is not flattened (population.include, exclude) and is not that of the first" in line
    )
    [line] = error_lines(study_in(tmp_path, text.replace('"A"', '"C"'), run="other").run)
    assert line.startswith("population.unmapped: there is no network 'C'; known: A")


def test_similarity_compares_outputs_that_are_a_tensor_and_else_says_why_not(tmp_path, code):
    study = study_in(tmp_path, STUDY + '[[analysis]]\nuse = "similarity"\n')
    with pytest.raises(EvaluationError) as caught:
        study.estimate()
    assert str(caught.value).endswith("the model returns dict; let it return a tensor, or an object with `logits`")


ACCEPTED = (
    "must return a dict of splits, {'train': …, 'test': …}, or a pair (train, test); each a tensor, a tuple or dict of "
    "tensors whose first axis is the examples, or a torch Dataset or DataLoader"
)
LOSS = "task.losses: must return one mean loss, or a dict of mean losses by name, each a torch scalar, got classes"
# The line of the function that fails.
FAILING = NETS.partition("def failing")[0].count("\n") + 1
REFUSED = {
    "three splits without names": ({"data": "three"}, f"DIR/nets.py:three {ACCEPTED}; got tuple"),
    "an endless dataset": (
        {"data": "endless"},
        "DIR/nets.py:endless: train is an IterableDataset, which has no length; let it return a list of its examples",
    ),
    "examples of several lengths": (
        {"data": "ragged"},
        "DIR/nets.py:ragged: train: torch cannot collate the examples (RuntimeError: ***); "
        'give task.collate = "file.py:name", a function of a list of examples',
    ),
    "tensors of several lengths": (
        {"data": "uneven"},
        "DIR/nets.py:uneven: train: all tensors must have the examples as their first axis; got shapes (3, 2), (4,)",
    ),
    "text": ({"data": "text"}, "DIR/nets.py:text: train holds what is no array of numbers: ***"),
    "no examples": ({"data": "nothing"}, "DIR/nets.py:nothing: train has no examples"),
    "no module": (
        {"model": "build_modules"},
        "the task's model: 'second' must be a torch module, got int",
    ),
    "modules that nothing calls": (
        {"model": "dict_of_modules", "forward": None},
        "task.forward: a dict of modules needs one, a function of (model, batch)",
    ),
    "losses of single examples": ({"losses": "vector"}, f"{LOSS} of shape (2,) and type float32"),
    "a number": ({"losses": "number"}, f"{LOSS} = float"),
    "no gradient": (
        {"losses": "constant"},
        "task.losses: what is trained has no gradient in the parameters that it is to train",
    ),
    "a name with a space": (
        {"losses": "named"},
        "task.losses: a name must be letters, digits and _, a letter first; got 'a b'",
    ),
    "another objective than loss": (
        {"losses": "loss_beside", "objective": "other"},
        "task.losses: the field 'loss' is what is trained; give the loss of that name another one",
    ),
    "a loss that writes": (
        {"losses": "writing"},
        "task.losses: writes into the model's outputs; let it work on a copy, `outputs.clone()`",
    ),
    "a loss that fails": (
        {"losses": "failing"},
        f"the task's model and losses fail on two examples of its data: KeyError: 'labels' (nets.py, line {FAILING})",
    ),
    "no function": (
        {"losses": "nothing_to_call"},
        "task.losses: DIR/nets.py:nothing_to_call must be a function of (outputs, batch), or a dict of such functions",
    ),
    "no such loss": ({"objective": "values"}, "task.objective: there is no loss 'values'; did you mean 'value'?"),
    "a weight of no loss": ({"weights": {"sizes": 1}}, "task.weights: there is no loss 'sizes'; did you mean 'size'?"),
    "weights of nothing": (
        {"weights": {"size": 0, "value": 0, "classes": 0}},
        "task.weights: every loss has the weight 0, so nothing is trained",
    ),
    "a part of no loss": (
        {"parts": {"image": "value", "words": "value", "norm": "value", "classes": "class", "value": "value"}},
        "task.parts: there is no loss 'class'; did you mean 'classes'?",
    ),
    "no such part": (
        {"parts": {"images": "value"}},
        "task.parts: the model has no part 'images' with parameters; it has image, words, norm, classes, value",
    ),
    "parameters of no part": (
        {"parts": {"image": "value"}},
        "task.parts: no loss trains 'words.weight', which is in none of the parts",
    ),
    "two objectives": (
        {"objective": "value", "weights": {"size": 1}},
        "task.objective, task.weights and task.parts: one of them says what is trained",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_trained_or_scored_is_reported(case, task, tmp_path):
    options, says = REFUSED[case]
    assert_lines(error_lines(lambda: task(**options).build("cpu")), [says], tmp_path)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("weights = { size = true }", "task.weights: must be a table of numbers, got {size = true}"),
        ("weights = { size = nan }", "task.weights: must be finite, got {size = nan}"),
        ("parts = { image = 3 }", "task.parts: must be a table of losses' names, got {image = 3}"),
    ],
)
def test_a_table_of_something_else_is_refused_where_the_spec_is_read(line, says, tmp_path, code):
    with pytest.raises(SpecError) as caught:
        study_in(tmp_path, STUDY.replace("weights = { size = 0.1 }", line))
    assert str(caught.value).endswith(says)


def test_losses_that_change_their_names_are_reported(task):
    probe = task(losses="changing").build("cpu")
    [line] = error_lines(lambda: probe.reduce(*probe.initialise(0), probe.batch("train", torch.arange(5))))
    assert line == "task.losses: must return the same losses for every batch, got other after one"
