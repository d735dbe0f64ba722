"""LoRA adapters as a population: what is mapped are the differences that they make, whatever their factors are."""

import json
import pickle
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from scipy.spatial.distance import pdist
from support import adapters, commands
from support.arrays import assert_same_arrays
from support.study import Notes, study_in, values
from torch.nn.functional import cross_entropy, relu

from globscope.api import Code, PopulationError, SpecError, SymmetryError, span
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.data.embedded import digits
from globscope.pipeline.project import project
from globscope.population.adapted_names import changed_tensors
from globscope.population.adapter_origin import AdapterOrigin
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.find_base import OTHER_MODEL
from globscope.population.flatten import FlattenedTask
from globscope.population.open_network import load_member
from globscope.session import Study
from globscope.spec.population import PopulationSpec

NAMES = ("0.0.weight", "1.weight")
LABELS = ["base@0", "A@10", "A@20", "B@10", "B@20"]
# Losses of float32 networks against those of merged float64 weights.
ROUNDING = 1e-5


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a base and adapters, the merged networks of its members, and its finished study."""
    folder = tmp_path_factory.mktemp("adapters")
    base, written = adapters.population(folder)
    networks = [adapters.merged(base, one) for one in ({}, *written.values())]
    return folder, networks, values(study_in(folder, adapters.SPEC))


def flat(network):
    return np.concatenate([network[name].ravel() for name in NAMES])


def loss(network):
    """Return the test loss of a network of float64 tensors."""
    inputs, targets = digits(0.2, 0).test
    tensors = {name: torch.as_tensor(np.asarray(tensor)) for name, tensor in network.items()}
    hidden = torch.as_tensor(inputs).double()
    for layer in ("0.0", "1", "3"):
        hidden = torch.nn.functional.linear(hidden, tensors[f"{layer}.weight"], tensors[f"{layer}.bias"])
        hidden = hidden if layer == "3" else relu(hidden)
    return float(cross_entropy(hidden, torch.as_tensor(targets)))


def test_members_are_the_base_and_what_adapters_make_of_it_and_nothing_is_copied(made):
    folder, networks, result = made
    population = result.atlas.population
    assert [member.label for member in population.members] == LABELS
    assert population.layout.names == NAMES  # what no adapter changes is not mapped
    # Rounding of float32 numbers below 4.
    np.testing.assert_allclose(population.weights, [flat(network) for network in networks], atol=1e-6)
    assert not list((folder / "run").rglob("weights.npy"))


def test_distances_are_those_of_merged_networks(made):
    _, networks, result = made
    wanted = pdist([flat(network) for network in networks])
    np.testing.assert_allclose(pdist(result.atlas.maps[0].coordinates), wanted, rtol=1e-6)


def test_members_score_as_merged_networks(made):
    _, networks, result = made
    found = result.atlas.truth["test_loss"]
    np.testing.assert_allclose(found, [loss(network) for network in networks], rtol=ROUNDING)


def test_decoded_networks_score_as_merged_mixtures(made):
    _, networks, result = made
    map_ = result.atlas.maps[0]
    landscape = map_.landscapes["grid"]
    shares = map_.chart.space.barycentric(map_.chart.decode(landscape.samples.points))
    for own, found in zip(shares, landscape.fields["test_loss"], strict=True):
        mixture = {
            name: sum(s * network[name] for s, network in zip(own, networks, strict=True)) for name in networks[0]
        }
        assert found == pytest.approx(loss(mixture), rel=ROUNDING)


def test_a_network_with_other_factors_lies_at_distance_0_from_itself(made, tmp_path):
    folder, _, _ = made
    for name in ("base", "adapters"):
        shutil.copytree(folder / name, tmp_path / name)
    shutil.copy(folder / "nets.py", tmp_path)
    turn = torch.randn(2, 2, generator=torch.Generator().manual_seed(3)).double()
    tensors = load_file(tmp_path / "adapters/A/checkpoint-20/adapter_model.safetensors")
    turned = {
        name: (turn @ t.double() if "lora_A" in name else t.double() @ torch.linalg.inv(turn)).float()
        for name, t in tensors.items()
    }
    adapters.adapter(tmp_path / "adapters/C/checkpoint-20", turned)
    found = values(study_in(tmp_path, adapters.SPEC)).atlas
    points = dict(zip([m.label for m in found.population.members], found.maps[0].coordinates, strict=True))
    apart = np.linalg.norm(points["C@20"] - points["A@20"])
    assert apart < 1e-6 * np.linalg.norm(points["B@20"] - points["A@20"])


def test_members_reach_other_processes_as_names_of_files(made):
    weights = made[2].atlas.population.weights
    pickled = pickle.dumps(weights)
    assert len(pickled) < 4 * weights.shape[1]  # fewer bytes than one of the networks has
    np.testing.assert_array_equal(pickle.loads(pickled)[:, 5:700], weights[:, 5:700])
    here = span(weights)
    there = pickle.loads(pickle.dumps(here))
    assert there.factors("1.weight").rank == 10
    np.testing.assert_array_equal(there.lift(here.members), here.lift(here.members))


def test_without_the_base_as_a_member_the_rest_stays_as_it_is(made, tmp_path):
    folder, networks, _ = made
    found = values(study_in(folder, adapters.SPEC, "population.include_base=false", run=str(tmp_path))).atlas
    assert [member.label for member in found.population.members] == LABELS[1:]
    np.testing.assert_allclose(found.population.weights[0], flat(networks[1]), atol=1e-6)


# What an adapter may change, and how: the model, its configuration, the factors' modules, further tensors.

MODEL = """
from torch import nn

class Conv1D(nn.Module):
    def __init__(self, out, inner):
        super().__init__()
        import torch
        self.weight, self.bias = nn.Parameter(torch.zeros(inner, out)), nn.Parameter(torch.zeros(out))

    def forward(self, x):
        return x @ self.weight + self.bias

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        import torch
        torch.manual_seed(0)
        self.wide, self.square = Conv1D(9, 64), Conv1D(9, 9)
        self.table, self.conv, self.head = nn.Embedding(5, 9), nn.Conv2d(1, 3, (3, 1)), nn.Linear(9, 10)

    def forward(self, x):
        embedded = self.table.weight.sum(0) + self.conv.weight.sum() + self.conv.bias.sum()
        return self.head(self.square(self.wide(x)) + embedded)

def build():
    return Net()
"""


def product(seed, *shapes):
    source = torch.Generator().manual_seed(seed)
    return [torch.randn(*shape, generator=source) for shape in shapes]


A1, B1 = product(1, (3, 64), (9, 3))
A2, B2 = product(2, (2, 9), (9, 2))
A3, B3 = product(3, (2, 5), (9, 2))
A4, B4 = product(4, (2, 1, 3, 1), (3, 2, 1, 1))
A5, B5, BIAS = product(5, (2, 9), (10, 2), (10,))
ROOT = "base_model.model."


def lora(module, down, up):
    return {f"{ROOT}{module}.lora_A.weight": down, f"{ROOT}{module}.lora_B.weight": up}


EMBEDDED = {f"{ROOT}table.lora_embedding_A": A3, f"{ROOT}table.lora_embedding_B": B3}
CHANGES = {
    "alpha / rank": ({"lora_alpha": 6}, lora("head", A5, B5), {"head.weight": 3 * B5 @ A5}),
    "rslora": ({"lora_alpha": 6, "use_rslora": True}, lora("head", A5, B5), {"head.weight": 6 / 2**0.5 * B5 @ A5}),
    "patterns of names": (
        {"lora_alpha": 6, "alpha_pattern": {"he.d": 10}, "rank_pattern": {"head": 2}},
        lora("head", A5, B5),
        {"head.weight": 5 * B5 @ A5},
    ),
    "weights stored as (in, out)": (
        {"lora_alpha": 3, "fan_in_fan_out": True},
        {**lora("wide", A1, B1), **lora("square", A2, B2)},
        {"wide.weight": (B1 @ A1).T, "square.weight": 1.5 * (B2 @ A2).T},
    ),
    "stored so, and a configuration that says the last module's kind": (
        {"lora_alpha": 2, "fan_in_fan_out": False},
        {**lora("square", A2, B2), **lora("head", A5, B5)},
        {"square.weight": (B2 @ A2).T, "head.weight": B5 @ A5},
    ),
    "an embedding": ({"lora_alpha": 2}, EMBEDDED, {"table.weight": (B3 @ A3).T}),
    "a convolution": (
        {"lora_alpha": 2},
        lora("conv", A4, B4),
        {"conv.weight": torch.einsum("or,rihw->oihw", B4[:, :, 0, 0], A4)},
    ),
    "a module that is saved whole": (
        {"modules_to_save": ["head"]},
        {f"{ROOT}head.weight": B5 @ A5, f"{ROOT}head.bias": BIAS},
        {"head.weight": "whole", "head.bias": "whole"},
    ),
    "biases of all modules": ({"bias": "all"}, {f"{ROOT}head.base_layer.bias": BIAS}, {"head.bias": "whole"}),
    "a bias of the factors": (
        {"lora_alpha": 6, "lora_bias": True},
        {**lora("head", A5, B5), f"{ROOT}head.lora_B.bias": BIAS},
        {"head.weight": 3 * B5 @ A5, "head.bias": 3 * BIAS},
    ),
    "half precision": (
        {"lora_alpha": 2},
        {name: tensor.bfloat16() for name, tensor in lora("head", A5, B5).items()},
        {"head.weight": B5.bfloat16().float() @ A5.bfloat16().float()},
    ),
    "names below a wrapper": (
        {"lora_alpha": 2},
        {name.replace(ROOT, f"{ROOT}inner."): tensor for name, tensor in lora("head", A5, B5).items()},
        {"head.weight": B5 @ A5},
    ),
}


def opened(folder, tensors, config):
    """Return the base of MODEL, an adapter of it as a member's tensors, and the probe."""
    (folder / "model.py").write_text(MODEL, "utf-8")
    task = Classification(model=Code(str(folder / "model.py"), "build"))
    whole = task.build("cpu")
    base = {name: torch.randn(shape) for name, shape in zip(whole.layout.names, whole.layout.shapes, strict=True)}
    save_file(base, folder / "base.safetensors")
    place = adapters.adapter(folder / "adapter", tensors, **config) / "adapter_model.safetensors"
    first = CheckpointFile(path=folder / "base.safetensors", variant="base", step=0)
    file = CheckpointFile(path=place, variant="A", step=1, base=first.path)
    changed = changed_tensors([file], whole)
    probe = FlattenedTask(task, PopulationSpec(checkpoints="*"), first, changed).build("cpu")
    member, vector = load_member(file, probe)
    assert member.label == "A@1"
    return base, probe.layout.unflatten(vector)


@pytest.mark.parametrize("case", CHANGES)
def test_what_an_adapter_changes_is_what_peft_merges(case, tmp_path):
    config, tensors, wanted = CHANGES[case]
    base, found = opened(tmp_path, tensors, config)
    assert found.keys() == wanted.keys()
    for name, change in wanted.items():
        own = tensors.get(f"{ROOT}{name}", tensors.get(f"{ROOT}{name.replace('.bias', '.base_layer.bias')}"))
        merged = own if isinstance(change, str) else base[name].double() + change.double()
        np.testing.assert_allclose(found[name], merged, atol=1e-5)  # float32 sums of numbers below 30


ACCEPTED = (
    "; what is read is LoRA of linear, embedding and convolutional layers, with rslora, rank and alpha patterns, "
    "biases and modules_to_save; merge other adapters into their base (peft's merge_and_unload) and name the merged "
    "networks"
)
HEAD = lora("head", A5, B5)
CONFIGURED = "AT/adapter/adapter_config.json: "
MODEL_FILE = "AT/adapter/adapter_model.safetensors: "
REFUSED = {
    "LoHa": (HEAD, {"peft_type": "LOHA"}, f"{CONFIGURED}is an adapter of type LOHA, not LORA{ACCEPTED}"),
    "DoRA": (HEAD, {"use_dora": True}, f"{CONFIGURED}uses DoRA (use_dora){ACCEPTED}"),
    "PiSSA": (
        HEAD,
        {"init_lora_weights": "pissa_niter_4"},
        f"{CONFIGURED}was initialised by 'pissa_niter_4', which changes the base; save it with "
        f"path_initial_model_for_weight_conversion{ACCEPTED}",
    ),
    "a rank of 0": (HEAD, {"r": 0}, f"{CONFIGURED}r must be a number from 1, got 0"),
    "an alpha that is text": (HEAD, {"lora_alpha": "8"}, f"{CONFIGURED}lora_alpha must be a number, got '8'"),
    "an alpha without an end": (
        HEAD,
        {"lora_alpha": 10**400},
        f"{CONFIGURED}lora_alpha must be a number, got 1{'0' * 79}",
    ),
    "a pattern that is no expression": (
        HEAD,
        {"alpha_pattern": {"head(": 3}},
        f"{CONFIGURED}alpha_pattern must be a table of regular expressions and numbers, got {{'head(': 3}}",
    ),
    "a list of patterns": (
        HEAD,
        {"rank_pattern": ["head"]},
        f"{CONFIGURED}rank_pattern must be a table of regular expressions and numbers, got ['head']",
    ),
    "factors of one axis": (
        lora("head", A5[0], B5),
        {},
        f"{MODEL_FILE}the factors of head, (10, 2) and (9,), have no rank in common",
    ),
    "a factor of another kind": (
        {**HEAD, f"{ROOT}head.lora_magnitude_vector": BIAS},
        {},
        f"{MODEL_FILE}tensor 'base_model.model.head.lora_magnitude_vector' is no factor of LoRA{ACCEPTED}",
    ),
    "one factor only": (
        {f"{ROOT}head.lora_A.weight": A5},
        {},
        f"{MODEL_FILE}holds only one of the two factors of head",
    ),
    "factors of two ranks": (
        lora("head", A1, B5),
        {},
        f"{MODEL_FILE}the factors of head, (10, 2) and (3, 64), have no rank in common",
    ),
    "another shape": (
        lora("head", A2, B2),
        {},
        f"{MODEL_FILE}the factors of 'head.weight', (9, 2) and (2, 9), do not make its shape (10, 9)",
    ),
    "a module that is not there": (
        lora("hea", A5, B5),
        {},
        f"{MODEL_FILE}changes 'hea.weight', which the model does not have; did you mean 'head.weight'?",
    ),
    "weights that are not finite": (
        lora("head", A5, B5 * torch.inf),
        {},
        f"{MODEL_FILE}tensor 'head.weight' has values that are not finite",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_adapter_that_is_no_difference_of_this_base_is_refused_by_name(case, tmp_path):
    tensors, config, says = REFUSED[case]
    with pytest.raises(PopulationError) as caught:
        opened(tmp_path, tensors, config)
    assert str(caught.value).replace(str(tmp_path), "AT") == says


def test_an_adapter_without_factors_is_written_with_its_whole_tensors_and_no_ranks(tmp_path):
    tensors = {f"{ROOT}head.weight": B5 @ A5, f"{ROOT}head.bias": BIAS}
    base, changed = opened(tmp_path, tensors, {"modules_to_save": ["head"]})
    place = tmp_path / "adapter/adapter_model.safetensors"
    file = CheckpointFile(path=place, variant="A", step=1, base=tmp_path / "base.safetensors")
    probe = Classification(model=Code(str(tmp_path / "model.py"), "build")).build("cpu")
    whole = {**base, **{name: torch.tensor(array) for name, array in changed.items()}}
    saved = AdapterOrigin.of(file, [file], probe).save(whole, {}, rank=None, as_float32=False)
    assert saved.facts == {"number types of that file": "float32"}
    assert saved.tensors.keys() == tensors.keys()
    assert all(saved.tensors[name].equal(tensor) for name, tensor in tensors.items())


# The base, as a spec names it.


def without_base(spec):
    return spec.replace('base = "base"\n', "")


def mixed(folder):
    shutil.copytree(folder / "base", folder / "adapters/B/checkpoint-30")


def twice(folder):
    shutil.move(folder / "adapters/A", folder / "adapters/base")


def headless(folder):
    for place in ("A", "B"):
        path = folder / f"adapters/{place}/checkpoint-20/adapter_model.safetensors"
        save_file({**load_file(path), "base_model.model.3.weight": torch.ones(10, 12)}, path)
    tensors = load_file(folder / "base/model.safetensors")
    save_file({n: t for n, t in tensors.items() if n != "3.weight"}, folder / "base/model.safetensors")


def changed_base(name, shape):
    """Return what gives a base's tensor another shape, or takes it away."""

    def change(folder):
        path = folder / "base/model.safetensors"
        tensors = {key: tensor for key, tensor in load_file(path).items() if key != name}
        save_file(tensors if shape is None else {**tensors, name: torch.ones(shape)}, path)
        nets = folder / "nets.py"
        nets.write_text(nets.read_text("utf-8").replace("torch.manual_seed(0)", ""), "utf-8")

    return change


def empty(folder):
    (folder / "base/model.safetensors").unlink()


def adapter_as_base(folder):
    shutil.rmtree(folder / "base")
    shutil.copytree(folder / "adapters/A/checkpoint-20", folder / "base")


BASES = {
    "none": (
        without_base,
        lambda folder: None,
        "AT/adapters/A/checkpoint-10/adapter_model.safetensors: has no tensor '0.0.weight'; known: "
        "base_model.model.0.0.lora_A.weight, base_model.model.0.0.lora_B.weight, base_model.model.1.lora_A.weight, "
        "base_model.model.1.lora_B.weight; it is an adapter: name its base with population.base",
    ),
    "an empty folder": (str, empty, "population.base: AT/base is a folder, not a checkpoint"),
    "an adapter": (
        str,
        adapter_as_base,
        "population.base: AT/base/adapter_model.safetensors is an adapter; name the network that it was trained on",
    ),
    "whole networks among adapters": (
        str,
        mixed,
        "population.checkpoints: AT/adapters/A/checkpoint-10/adapter_model.safetensors is an adapter and "
        "AT/adapters/B/checkpoint-30/model.safetensors a whole network; make a study of each, or merge the "
        "adapters into their base",
    ),
    "a run of its name": (
        str,
        twice,
        "population.base: the base is the variant 'base', which is also a run of population.checkpoints; give the run "
        "another name with population.variant, or set include_base = false",
    ),
    "one that lacks what adapters bring": (
        str,
        headless,
        f"population.base: AT/base/model.safetensors: has no tensor '3.weight'; {OTHER_MODEL}; if the adapters bring "
        "this tensor whole, leave the base out with population.include_base = false",
    ),
    "one that lacks what no adapter changes": (
        str,
        changed_base("3.weight", None),
        "population.base: AT/base/model.safetensors: has no tensor '3.weight'; it is not flattened, and the model "
        f"draws it anew; {OTHER_MODEL}",
    ),
    "one of another width where no adapter changes it": (
        str,
        changed_base("3.weight", (10, 14)),
        "population.base: AT/base/model.safetensors: tensor '3.weight' has shape (10, 14), the model wants (10, 12); "
        f"{OTHER_MODEL}",
    ),
    "one of another width where adapters change it": (
        str,
        changed_base("0.0.weight", (12, 60)),
        "population.base: AT/base/model.safetensors: tensor '0.0.weight' has shape (12, 60), the model wants "
        f"(12, 64); {OTHER_MODEL}",
    ),
    "one that lacks it and is no member": (
        lambda spec: spec.replace('base = "base"', 'base = "base"\ninclude_base = false'),
        changed_base("1.weight", None),
        "population.base: AT/base/model.safetensors: has no tensor '1.weight', and "
        f"AT/adapters/A/checkpoint-10/adapter_model.safetensors does not bring it; {OTHER_MODEL}",
    ),
}


@pytest.mark.parametrize("case", BASES)
def test_a_base_that_does_not_fit_is_reported(case, tmp_path):
    edit, change, says = BASES[case]
    adapters.population(tmp_path)
    change(tmp_path)
    for work in (values, Study.estimate):  # a plan refuses it too
        with pytest.raises(PopulationError) as caught:
            work(study_in(tmp_path, edit(adapters.SPEC)))
        assert str(caught.value).replace(str(tmp_path), "AT") == says


def named(folder, place):
    """Let adapters name their base."""
    for config in folder.glob("adapters/*/*/adapter_config.json"):
        config.write_text(json.dumps({**json.loads(config.read_text()), "base_model_name_or_path": str(place)}))


def test_a_base_that_is_not_the_one_that_adapters_name_is_a_warning_of_the_study_and_of_its_plan(tmp_path):
    tensors, _ = adapters.population(tmp_path)
    other = tmp_path / "other/model.safetensors"
    other.parent.mkdir()
    save_file({**tensors, "1.bias": tensors["1.bias"] + 1}, other)
    named(tmp_path, other.parent)
    says = (
        f"population.base is {tmp_path}/base/model.safetensors, and 4 of 4 adapters name {other} as their base, which "
        "is another network (tensor '1.bias' differs): what an adapter adds means little on weights that it was not "
        "trained with"
    )
    study = study_in(tmp_path, adapters.SPEC)
    assert study.estimate().warnings == (says,)
    assert values(study).record["warnings"][0] == says
    printed = commands.run("check", tmp_path / "study.toml")
    assert f"warning: {says}" in " ".join(printed.stdout.split())


@pytest.mark.parametrize("place", ["base", "a copy", "somebody/a-network-elsewhere", "somebody/other"])
def test_no_warning_is_of_the_base_itself_or_of_one_that_is_not_on_this_machine(place, tmp_path):
    tensors, _ = adapters.population(tmp_path)
    (tmp_path / "a copy").mkdir()
    torch.save({name: tensor.clone() for name, tensor in tensors.items()}, tmp_path / "a copy/pytorch_model.bin")
    (tmp_path / "other").mkdir()
    save_file({name: tensor + 1 for name, tensor in tensors.items()}, tmp_path / "other/model.safetensors")
    named(tmp_path, place if "/" in place else tmp_path / place)
    assert study_in(tmp_path, adapters.SPEC).estimate().warnings == ()


TRAINED = '[population]\n[population.train]\nepochs = 1\n[[population.variant]]\nname = "A"\n'
LONE = {
    "a base of runs that are trained here": (
        lambda spec: spec.replace('checkpoints = "adapters/{variant}/checkpoint-{step}"\n', TRAINED[13:]),
        "population: base goes with 'checkpoints' or 'table'",
    ),
    "no base to be left out": (
        lambda spec: spec.replace('base = "base"', "include_base = false"),
        "population: include_base goes with 'base'",
    ),
}


@pytest.mark.parametrize("case", LONE)
def test_options_of_a_base_without_its_fellows_are_refused(case, tmp_path):
    edit, says = LONE[case]
    adapters.population(tmp_path)
    with pytest.raises(SpecError) as caught:
        study_in(tmp_path, edit(adapters.SPEC))
    assert str(caught.value).endswith(says)


@pytest.mark.parametrize("option", ['include=["1.*"]', 'exclude=["1.*"]', 'flatten="all"'])
def test_what_is_mapped_of_adapters_is_no_choice(option, tmp_path):
    adapters.population(tmp_path)
    with pytest.raises(PopulationError) as caught:
        values(study_in(tmp_path, adapters.SPEC, f"population.{option}"))
    assert str(caught.value) == (
        "population: include, exclude and flatten = 'all' go without adapters, of which exactly the tensors that they "
        "change are mapped"
    )


def test_an_adapter_depends_on_its_configuration_and_on_its_base(tmp_path):
    adapters.population(tmp_path)
    path = tmp_path / "adapters/A/checkpoint-10/adapter_model.safetensors"
    file = CheckpointFile(path=path, variant="A", step=10, base=tmp_path / "base/model.safetensors")
    before = file.key
    configuration = path.with_name("adapter_config.json")
    text = configuration.read_text()
    configuration.write_text(text.replace('"lora_alpha": 4', '"lora_alpha": 5'))
    assert file.key != before
    configuration.write_text(text)
    assert file.key == before
    save_file({"0.0.weight": torch.zeros(12, 64)}, file.base)
    assert file.key != before


class Stops(Notes):
    """Ends the run where a stage begins, as Ctrl-C does."""

    def stage(self, name):
        if name == "evaluate pca":
            raise KeyboardInterrupt
        return super().stage(name)


def test_a_study_goes_on_where_it_was_stopped_with_the_same_bits(made, tmp_path):
    folder, _, result = made
    with pytest.raises(KeyboardInterrupt):
        values(study_in(folder, adapters.SPEC, run=str(tmp_path)), Stops())
    notes = Notes()
    again = values(study_in(folder, adapters.SPEC, run=str(tmp_path)), notes)
    assert "read checkpoints" in notes.kept
    assert_same_arrays(again.atlas.maps[0].landscape.fields, result.atlas.maps[0].landscape.fields)


def test_further_adapters_are_placed_on_a_finished_map(made):
    folder, networks, _ = made
    study = study_in(folder, adapters.SPEC)
    rows = project(study.workshop(), [folder / "adapters/B/checkpoint-20", folder / "base"])
    assert [row["residual"] for row in rows] == pytest.approx([0, 0], abs=1e-6)
    assert [row["fields"]["test_loss"] for row in rows] == pytest.approx([loss(networks[4]), loss(networks[0])])
    assert [row["distance_to_member"] for row in rows] == pytest.approx([0, 0], abs=1e-5)


@pytest.mark.slow
def test_processes_give_the_same_bits(made, tmp_path):
    folder, _, result = made
    pools = ['run.pool="processes"', "run.workers=2"]
    other = values(study_in(folder, adapters.SPEC, *pools, run=str(tmp_path)))
    assert_same_arrays(other.atlas.maps[0].landscape.fields, result.atlas.maps[0].landscape.fields)
    assert_same_arrays(other.atlas.truth, result.atlas.truth)


@pytest.mark.slow
@pytest.mark.parametrize(
    "analysis",
    [
        "linear-barrier",
        "mode-connectivity",
        "low-loss-pass",
        "similarity",
        "curvature",
        "dimension",
        "stability",
        "merging",
    ],
)
def test_analyses_take_adapters(analysis, made, tmp_path):
    options = f'[[topology]]\nuse = "gudhi"\n[[analysis]]\nuse = "{analysis}"\n'
    found = values(study_in(made[0], adapters.SPEC + options, run=str(tmp_path)))
    assert any(table.rows for table in found.findings[analysis].tables) or analysis == "low-loss-pass"


MAPS = ["autoencoder", "hull", "random", "hessian", "span"]
GRID, SOBOL = 'use = "grid"\nresolution = 3', 'use = "sobol"\nsamples = 4'


@pytest.mark.slow
@pytest.mark.parametrize("use", MAPS)
def test_maps_of_other_kinds_decode_adapters(use, made, tmp_path):
    spec = adapters.SPEC.replace('use = "pca"', f'use = "{use}"').replace(GRID, SOBOL)
    found = values(study_in(made[0], spec, run=str(tmp_path))).atlas.maps[0]
    assert np.isfinite(found.landscape.fields["test_loss"]).all()


def test_units_are_not_exchanged_where_only_some_of_their_weights_are_mapped(made, tmp_path):
    spec = adapters.SPEC + '[[aligner]]\nuse = "weight-matching"\n[[analysis]]\nuse = "rebasin"\n'
    with pytest.raises(SymmetryError, match=r"no units of the network can be exchanged: .* not mapped: '0.0.bias'"):
        values(study_in(made[0], spec, run=str(tmp_path)))


CONVOLUTIONAL = """
import torch
from torch import nn

def build():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10)
    )
"""


def test_adapters_of_convolutions_score_alike_from_the_factors_and_formed(tmp_path, monkeypatch):
    monkeypatch.setattr(adapters, "NETS", CONVOLUTIONAL)
    adapters.base(tmp_path)
    for seed, run in enumerate("ABC"):
        down, up = product(seed, (2, 1, 3, 3), (4, 2, 1, 1))
        adapters.adapter(tmp_path / f"adapters/{run}/checkpoint-1", lora("1", down, up))
    fields = []
    for method in ("layers", "loop"):
        spec = study_in(tmp_path, adapters.SPEC, f'evaluator.method="{method}"', run=method)
        fields.append(values(spec).atlas.maps[0].landscape.fields["test_loss"])
    np.testing.assert_allclose(*fields, rtol=ROUNDING)


# Fine-tunes in full.

WHOLE = adapters.SPEC.replace("adapters/", "fine-tunes/")


@pytest.fixture(scope="module", params=[torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
def fine_tuned(request, tmp_path_factory):
    """A folder with a base and fine-tunes of it, their flat float32 weights, and the finished study."""
    folder = tmp_path_factory.mktemp("fine_tunes")
    base, source = adapters.base(folder), torch.Generator().manual_seed(1)
    rows = [torch.cat([tensor.flatten() for tensor in base.values()])]
    for run, step in (("A", 1), ("A", 2), ("B", 1)):
        place = folder / f"fine-tunes/{run}/checkpoint-{step}"
        place.mkdir(parents=True)
        tensors = {n: (t + 0.01 * torch.randn(t.shape, generator=source)).to(request.param) for n, t in base.items()}
        save_file(tensors, place / "model.safetensors")
        rows.append(torch.cat([tensor.float().flatten() for tensor in tensors.values()]))
    return folder, torch.stack(rows).numpy(), values(study_in(folder, WHOLE))


def test_fine_tunes_are_members_beside_their_base_and_nothing_is_copied(fine_tuned):
    folder, rows, result = fine_tuned
    population = result.atlas.population
    assert [member.label for member in population.members] == ["base@0", "A@1", "A@2", "B@1"]
    np.testing.assert_array_equal(population.weights, rows)
    assert not list((folder / "run").rglob("weights.npy"))
    np.testing.assert_allclose(pdist(result.atlas.maps[0].coordinates), pdist(rows.astype(np.float64)), rtol=1e-7)


def test_no_array_of_the_size_of_a_network_is_stored_of_a_span(fine_tuned):
    folder, rows, _ = fine_tuned
    [stored] = (folder / "run").rglob("space.safetensors")
    assert max(array.numel() for array in load_file(stored).values()) < rows.shape[1]
