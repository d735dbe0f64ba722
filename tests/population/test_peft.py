"""A tiny GPT-2 with adapters that peft saved: the networks are those that peft merges, member by member and between."""

import tomllib
import warnings

import numpy as np
import pytest
import torch
from support.commands import run
from support.documents import blocks
from support.paths import ROOT
from support.study import study_in, values
from torch.nn.functional import cross_entropy

from globscope.api import PopulationError

transformers, peft = pytest.importorskip("transformers"), pytest.importorskip("peft")
# peft asks transformers by a name that is on its way out.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")

MODEL = """
import numpy as np
import torch
from torch.nn.functional import cross_entropy
from transformers import GPT2Config, GPT2LMHeadModel

def build():
    options = {"vocab_size": 31, "n_positions": 8, "n_embd": 16, "n_layer": 2, "n_head": 2}
    return GPT2LMHeadModel(GPT2Config(**options, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0))

def data():
    tokens = torch.from_numpy(np.random.default_rng(0).integers(0, 31, (24, 8)))
    return {"train": tokens[:16], "test": tokens[16:]}

def forward(model, batch):
    return model(input_ids=batch).logits

def losses(outputs, batch):
    return cross_entropy(outputs[:, :-1].flatten(0, 1), batch[:, 1:].flatten())
"""
SPEC = """
[task]
use = "custom"
model = "gpt2.py:build"
data = "gpt2.py:data"
forward = "gpt2.py:forward"
losses = "gpt2.py:losses"
[population]
base = "base"
checkpoints = "lora/{variant}/checkpoint-{step}"
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
resolution = 3
"""
# How each run is adapted; of the square c_proj of attention no shape tells that it is stored as (in, out).
RUNS = {
    "plain": {"r": 2, "lora_alpha": 4, "target_modules": ["c_attn", "c_proj"]},
    "patterns": {
        "r": 3,
        "lora_alpha": 2,
        "use_rslora": True,
        "rank_pattern": {"mlp.c_proj": 1},
        "alpha_pattern": {"h.0.attn.c_proj": 5},
        "target_modules": ["c_proj", "c_fc"],
    },
    "biases": {"r": 1, "lora_alpha": 1, "bias": "all", "target_modules": ["c_attn"], "modules_to_save": ["ln_f"]},
}
# Losses of float32 networks, whose products are summed in another order.
ROUNDING = 1e-5


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with a base and its adapters, and the networks that peft merges: the base and one of each run."""
    folder = tmp_path_factory.mktemp("peft")
    (folder / "gpt2.py").write_text(MODEL, "utf-8")
    space = {}
    exec(MODEL, space)
    torch.manual_seed(0)
    space["build"]().save_pretrained(folder / "base")
    networks = [load(folder)]
    for seed, (name, options) in enumerate(RUNS.items()):
        torch.manual_seed(seed)
        adapted = peft.get_peft_model(load(folder), peft.LoraConfig(fan_in_fan_out=True, **options))
        with torch.no_grad():
            for parameter in filter(lambda one: one.requires_grad, adapted.parameters()):
                parameter.add_(torch.randn_like(parameter), alpha=0.2)
        adapted.save_pretrained(folder / "lora" / name / "checkpoint-5")
        again = peft.PeftModel.from_pretrained(load(folder), folder / "lora" / name / "checkpoint-5")
        networks.append(again.merge_and_unload())
    return folder, dict(zip(["base", *RUNS], networks, strict=True)), space


def load(folder):
    return transformers.GPT2LMHeadModel.from_pretrained(folder / "base")


def loss(network, space):
    tokens = space["data"]()["test"]
    with torch.no_grad():
        logits = network.double()(input_ids=tokens).logits
    return float(cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten()))


@pytest.fixture(scope="module")
def result(made):
    return values(study_in(made[0], SPEC))


def test_members_score_as_the_networks_that_peft_merges(made, result):
    _, networks, space = made
    labels = [member.variant for member in result.atlas.population.members]
    assert labels == ["base", "biases", "patterns", "plain"]
    wanted = [loss(networks[name], space) for name in labels]
    np.testing.assert_allclose(result.atlas.truth["test_loss"], wanted, rtol=ROUNDING)


def test_distances_are_those_of_the_networks_that_peft_merges(made, result):
    _, networks, _ = made
    population = result.atlas.population
    tensors = [networks[member.variant].double().state_dict() for member in population.members]
    flat = np.stack([np.concatenate([own[n].numpy().ravel() for n in population.layout.names]) for own in tensors])
    gram = result.atlas.maps[0].coordinates @ result.atlas.maps[0].coordinates.T
    centred = flat - flat.mean(axis=0)
    # peft rounds merged weights to float32.
    np.testing.assert_allclose(gram, centred @ centred.T, rtol=0, atol=1e-6 * np.abs(gram).max())


@pytest.mark.parametrize("method", ["auto", "loop"])
def test_decoded_networks_score_as_mixtures_of_the_networks_that_peft_merges(method, made, tmp_path):
    folder, networks, space = made
    found = values(study_in(folder, SPEC, f'evaluator.method="{method}"', run=str(tmp_path))).atlas
    map_ = found.maps[0]
    landscape = map_.landscapes["grid"]
    shares = map_.chart.space.barycentric(map_.chart.decode(landscape.samples.points))
    tensors = [networks[member.variant].double().state_dict() for member in found.population.members]
    for own, scored in zip(shares, landscape.fields["test_loss"], strict=True):
        mixture = load(folder).double()
        mixed = {n: sum(s * one[n] for s, one in zip(own.tolist(), tensors, strict=True)) for n in tensors[0]}
        mixture.load_state_dict(mixed)
        assert scored == pytest.approx(loss(mixture, space), rel=ROUNDING)


def test_an_adapter_of_a_tensor_that_the_model_uses_twice_is_refused(made, tmp_path):
    adapted = peft.get_peft_model(load(made[0]), peft.LoraConfig(r=2, target_modules=["wte"]))
    adapted.save_pretrained(tmp_path / "lora/A/checkpoint-1", save_embedding_layers=False)
    for name in ("gpt2.py", "base"):
        (tmp_path / name).symlink_to(made[0] / name)
    with pytest.raises(PopulationError) as caught:
        values(study_in(tmp_path, SPEC))
    assert str(caught.value) == (
        f"{tmp_path}/lora/A/checkpoint-1/adapter_model.safetensors: changes 'transformer.wte.weight', which the model "
        "uses in several places; an adapter changes one of them alone, so that the merged network has other tensors "
        "than the model"
    )


@pytest.mark.slow
def test_the_how_to_runs_as_written(tmp_path, monkeypatch):
    pytest.importorskip("accelerate")
    page = ROOT / "docs/how-to/adapters.md"
    script, spec = blocks(page, "python")[0], blocks(page, "toml")[0]
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Trainer's own parts say of one another
        exec(compile(script, "make_adapters.py", "exec"), {})
    found = values(study_in(tmp_path, spec, "sampler.0.resolution=3")).atlas
    labels = [(member.variant, member.step) for member in found.population.members]
    assert labels == [("base", 0), *((run, step) for run in "ABC" for step in (20, 40, 60))]
    finals = found.truth["train_loss"][found.population.finals]
    assert max(finals[1:]) < finals[0]  # every run has lowered the base's loss
    assert run("init", "adapters", "--out", "proposed.toml").exit_code == 0
    proposed, wanted = tomllib.loads((tmp_path / "proposed.toml").read_text()), tomllib.loads(spec)
    assert proposed["task"]["config"] == wanted["task"]["config"]
    assert proposed["population"]["base"] == wanted["population"]["base"]
