"""Networks of Hugging Face: their own losses, weights of tokens and examples, and what a folder of theirs holds."""

import json
import math
import re
import tomllib
import warnings
from math import log

import numpy as np
import pytest
import torch
from attrs import evolve
from support.commands import run
from support.documents import blocks, module
from support.hugging_face import (
    BERT,
    CAUSAL,
    CLASSIFIER,
    GPT2,
    PLACES,
    RUNS,
    STEPS,
    VOCABULARY,
    WIDTH,
    save_passages,
    save_runs,
    save_tokeniser,
    study_text,
    words,
)
from support.layers import fields_of, networks_of
from support.paths import ROOT
from support.study import study_in, values

from globscope.api import Code, EvaluationError, Loss, PreparedTask, UserCodeError, symmetry
from globscope.builtin.aligners import WeightMatching
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.tasks.hugging_face import configuration
from globscope.builtin.tasks.hugging_face.task import Transformers
from globscope.population.recorded_scores import recorded_scores
from globscope.testing import check_component

transformers = pytest.importorskip("transformers")
BOTH = pytest.mark.parametrize("kind", [CAUSAL, CLASSIFIER])
# Relative, of float32 losses whose sums are taken in another order.
SAME = 1e-5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Runs of both kinds, a tokeniser, texts and passages."""
    place = tmp_path_factory.mktemp("fine-tunes")
    save_tokeniser(place / "tokeniser")
    save_runs(place / CAUSAL, CAUSAL, GPT2)
    save_runs(place / CLASSIFIER, CLASSIFIER, BERT)
    for seed, name in enumerate(("train", "test")):
        (place / f"{name}.txt").write_text(words(100, seed))
        save_passages(place / f"{name}.csv", seed=seed)
    return place


def options(folder, kind):
    """Return the options of a task, as they are in a spec."""
    data = {"text": ["train.txt"], "test": ["test.txt"]}
    if kind == CLASSIFIER:
        data = {"labelled": "train.csv", "test": ["test.csv"]}
    shared = {"model": f"transformers:{kind}", "config": f"{kind}/A/checkpoint-2", "tokeniser": "tokeniser"}
    return shared | {"block_length": PLACES} | data


def task(folder, kind, **other):
    """Return a task on the folder's files."""
    given = options(folder, kind) | {"model": kind} | other
    paths = ("config", "tokeniser", "labelled", "tokens")
    given |= {name: folder / given[name] for name in paths if given.get(name)}
    given |= {name: tuple(folder / file for file in given.get(name, ())) for name in ("text", "test")}
    return Transformers(**given | {"model": Code("transformers", given["model"])})


def toml(given):
    return "\n".join(f"{name} = {json.dumps(value)}" for name, value in given.items())


def own_loss(folder, kind, run, step):
    """Return the mean loss of the test split as transformers computes it, one example at a time."""
    place = folder / kind / run / f"checkpoint-{step}"
    network = getattr(transformers, kind).from_pretrained(place, local_files_only=True).eval()
    tokeniser = transformers.AutoTokenizer.from_pretrained(folder / "tokeniser", local_files_only=True)
    losses = []
    with torch.no_grad():
        if kind == CAUSAL:
            tokens = torch.tensor(tokeniser((folder / "test.txt").read_text())["input_ids"])
            blocks = tokens[: len(tokens) // PLACES * PLACES].reshape(-1, 1, PLACES)
            losses = [network(input_ids=block, labels=block).loss for block in blocks]
        for row in (folder / "test.csv").read_text().splitlines()[1:] if kind == CLASSIFIER else ():
            text, label = row.split(",")
            one = tokeniser(text, return_tensors="pt", truncation=True, max_length=PLACES)
            losses.append(network(**one, labels=torch.tensor([int(label)])).loss)
    return float(torch.stack(losses).double().mean())


@pytest.mark.parametrize("kind", [CAUSAL, pytest.param(CLASSIFIER, marks=pytest.mark.slow)])
def test_members_losses_are_those_of_their_own_models(kind, folder, tmp_path):
    (tmp_path / "tokeniser").symlink_to(folder / "tokeniser")
    text = study_text(toml(options(folder, kind)), checkpoints=f"{kind}/{{variant}}/checkpoint-{{step}}")
    found = values(study_in(folder, text, run=f"run-{kind}")).atlas
    members = [(member.variant, member.step) for member in found.population.members]
    assert members == [(run, step) for run in RUNS for step in STEPS]
    wanted = [own_loss(folder, kind, *member) for member in members]
    np.testing.assert_allclose(found.truth["test_loss"], wanted, rtol=SAME)
    assert len({round(loss, 4) for loss in wanted}) == len(wanted)
    if kind == CAUSAL:
        np.testing.assert_allclose(found.truth["test_perplexity"], np.exp(wanted), rtol=SAME)


@pytest.mark.slow
def test_its_quick_example_keeps_the_contract():
    [example] = Transformers.quick_examples()
    check_component(example)


@BOTH
def test_the_task_keeps_the_contract(kind, folder):
    check_component(task(folder, kind))


def reduced(probe, size):
    """Return the means of the test split, in batches of a size, of one network."""
    network = probe.initialise(0)
    parts = [probe.reduce(*network, probe.batch("test", i)) for i in torch.arange(probe.examples("test")).split(size)]
    means = {n: sum(p[n][0] for p in parts) / sum(p[n][1] for p in parts) for n in parts[0] if n != "perplexity"}
    if "perplexity" in parts[0]:
        means["perplexity"] = probe.finish("perplexity", [p["perplexity"][0] for p in parts])
    return {name: float(mean) for name, mean in means.items()}


def test_tokens_weigh_the_same_in_batches_of_any_size(folder, tmp_path):
    draw = np.random.default_rng(0)
    tokens = draw.integers(4, VOCABULARY, (9, PLACES))
    mask = (np.arange(PLACES) < draw.integers(3, PLACES + 1, 9)[:, None]).astype(np.int64)
    mask[0] = np.arange(PLACES) < 1  # predicts nothing
    np.savez(
        tmp_path / "tokens.npz", input_ids=tokens, attention_mask=mask, test_input_ids=tokens, test_attention_mask=mask
    )
    probe = task(folder, CAUSAL, text=(), test=(), tokens=tmp_path / "tokens.npz").build("cpu")
    alone, together = reduced(probe, 1), reduced(probe, 9)
    assert alone == pytest.approx(together, rel=SAME)
    assert together["perplexity"] == pytest.approx(math.exp(together["loss"]), rel=SAME)
    network = probe.initialise(0)
    batch = probe.batch("test", torch.arange(9))
    assert float(probe.reduce(*network, batch)["loss"][1]) == mask[:, 1:].sum()
    assert probe.reduce(*network, batch)["accuracy"][0] <= mask[:, 1:].sum()


def test_padding_changes_no_classification(folder):
    probe = task(folder, CLASSIFIER).build("cpu")
    assert reduced(probe, 1) == pytest.approx(reduced(probe, 24), rel=SAME)
    lengths = {probe.batch("test", torch.tensor([row]))[0]["input_ids"].shape[1] for row in range(24)}
    assert min(lengths) < max(lengths) == PLACES


def test_dropout_is_off_in_scores_and_on_in_training(folder):
    probe = task(folder, CAUSAL).build("cpu")
    network, batch = probe.initialise(0), probe.batch("train", torch.arange(4))
    scored = [float(probe.objective(*network, batch, training=False)) for _ in range(2)]
    trained = {float(probe.objective(*network, batch, training=True)) for _ in range(2)}
    assert scored[0] == scored[1] == pytest.approx(float(probe.reduce(*network, batch)["loss"][0]) / (4 * (PLACES - 1)))
    assert len(trained) == 2


def test_several_networks_at_once_have_the_losses_of_each(folder):
    probe = task(folder, CLASSIFIER).build("cpu")
    networks = [probe.initialise(seed) for seed in range(2)]
    batch = probe.batch("test", torch.arange(5))
    stacked = {name: torch.stack([network[0][name] for network in networks]) for name in networks[0][0]}
    with torch.inference_mode():
        at_once = torch.vmap(lambda p: probe.reduce(p, networks[0][1], batch)["loss"][0])(stacked)
        alone = [probe.reduce(*network, batch)["loss"][0] for network in networks]
    assert at_once.tolist() == pytest.approx([float(loss) for loss in alone], rel=SAME)


@BOTH
@pytest.mark.parametrize("gradient", [pytest.param(None, marks=pytest.mark.slow), "test_loss"])
def test_networks_scored_layer_by_layer_have_the_losses_of_each(kind, gradient, folder):
    given = task(folder, kind)
    networks = evolve(networks_of(given), gradient=gradient)
    layers, loop = Torch(method="layers", examples=12), Torch(method="loop", examples=12)
    assert len(layers.plan(networks, given).units) == 1
    found, wanted = (fields_of(evaluator, networks, given) for evaluator in (layers, loop))
    assert found.keys() == wanted.keys()
    for name, alone in wanted.items():
        np.testing.assert_allclose(found[name], alone, rtol=SAME, atol=SAME * np.abs(alone).max(), err_msg=name)


def test_sharded_checkpoints_are_the_same_networks(folder, tmp_path):
    save_runs(tmp_path / CAUSAL, CAUSAL, GPT2, max_shard_size="2KB")
    assert (tmp_path / CAUSAL / "A" / "checkpoint-1" / "model.safetensors.index.json").is_file()
    text = toml(options(folder, CAUSAL) | {"config": str(folder / CAUSAL / "A" / "checkpoint-2")})
    for name in ("tokeniser", "train.txt", "test.txt", "test.csv", "train.csv"):
        (tmp_path / name).symlink_to(folder / name)
    study = study_in(tmp_path, study_text(text, checkpoints=f"{CAUSAL}/{{variant}}/checkpoint-{{step}}"))
    wanted = [own_loss(folder, CAUSAL, run, step) for run in RUNS for step in STEPS]
    np.testing.assert_allclose(values(study).atlas.truth["test_loss"], wanted, rtol=SAME)


@BOTH
def test_gauss_newton_and_fisher_are_one_matrix_over_the_tokens_or_classes_that_count(kind, folder):
    probe = task(folder, kind).build("cpu")
    weights = probe.layout.flatten({name: p.numpy() for name, p in probe.initialise(0)[0].items()})
    loss = Loss.of(probe, "cpu", 5, np.random.default_rng(0))
    vectors = np.random.default_rng(1).normal(size=(1, len(weights)))
    ggn, fisher, hessian = (loss.at(weights, {}, matrix).products(vectors) for matrix in ("ggn", "fisher", "hessian"))
    # Float32 products of a few hundred sums.
    np.testing.assert_allclose(ggn, fisher, atol=1e-4 * np.abs(fisher).max())
    assert np.abs(ggn - hessian).max() > 0.01 * np.abs(hessian).max()


ANALYSES = (
    ("mode-connectivity", "epochs = 1\npoints = 5\npairs = [['A', 'B']]"),
    ("similarity", ""),
    ("curvature", "count = 1\ndraws = 6\ntolerance = 0.1"),
)


@pytest.mark.slow
def test_curves_similarity_and_curvature_take_a_language_model(folder):
    text = study_text(toml(options(folder, CAUSAL)), *ANALYSES, checkpoints=f"{CAUSAL}/{{variant}}/checkpoint-2")
    findings = values(study_in(folder, text, run="run-analyses")).findings
    assert {name for name, _ in ANALYSES} <= set(findings)
    assert not [warning for name, _ in ANALYSES for warning in findings[name].warnings if "fail" in warning]


@BOTH
def test_hidden_units_heads_and_the_residual_stream_are_the_symmetry(kind, folder):
    """With fused attention; step by step, heads are recovered below."""
    sizes = symmetry(evolve(task(folder, kind), attention="sdpa").build("cpu")).sizes
    assert list(sizes.values()) == ([WIDTH, 2, 32, 2, 32] if kind == CAUSAL else [WIDTH, 2, 16, WIDTH])


@BOTH
def test_planted_permutations_of_heads_are_recovered_exactly_and_change_no_loss(kind, folder):
    made = PreparedTask(task(folder, kind).build("cpu"))
    probe, found = made.probe, symmetry(made.probe)
    a = {name: p.numpy() for name, p in probe.initialise(0)[0].items()}
    heads = [group for group in found.groups if "attn" in group.name or "attention" in group.name]
    b = found.permute(a, {group.name: np.arange(group.size)[::-1] for group in heads})
    assert [name for name in a if not np.array_equal(a[name], b[name])]
    batch = probe.batch("train", torch.arange(4))
    one, two = (
        float(probe.objective({name: torch.from_numpy(t) for name, t in network.items()}, {}, batch, training=False))
        for network in (a, b)
    )
    assert two == pytest.approx(one, rel=SAME)
    back = found.permute(b, WeightMatching().align(made, a, b, np.random.default_rng(0)))
    assert all(np.array_equal(back[name], a[name]) for name in a)


def test_networks_can_be_trained_here(folder):
    trained = (
        study_text(toml(options(folder, CAUSAL)))
        .replace(
            "checkpoints = '{variant}/checkpoint-{step}'",
            "[population.train]\nepochs = 2\n[[population.variant]]\nname = 'A'",
        )
        .replace("use = 'pca'", "use = 'pca'\nlatent_dim = 1")
    )
    losses = values(study_in(folder, trained, run="run-train")).atlas.truth["train_loss"]
    assert losses[-1] < losses[0]


def test_init_recognises_what_trainer_leaves(folder, tmp_path):
    for kind, data in ((CAUSAL, {"text": ["my_text.txt"]}), (CLASSIFIER, {"labelled": "my_examples.csv"})):
        spec = folder / f"{kind}.toml"
        assert run("init", folder / kind, "--out", spec).exit_code == 0
        table = tomllib.loads(spec.read_text())
        architecture = json.loads((folder / kind / "C/checkpoint-2/config.json").read_text())["architectures"][0]
        place = {"config": f"{kind}/C/checkpoint-2", "tokeniser": "my_tokeniser", "block_length": PLACES}
        assert table["task"] == {"use": "transformers", "model": f"transformers:{architecture}"} | place | data
        assert table["population"]["checkpoints"] == f"{kind}/{{variant}}/checkpoint-{{step}}/model.safetensors"


def test_a_configuration_needs_no_file(folder):
    probe = task(folder, CAUSAL, config=None, model_options=GPT2).build("cpu")
    assert probe.layout == task(folder, CAUSAL).build("cpu").layout


ARRAYS = np.random.default_rng(0).integers(4, VOCABULARY, (20, PLACES))
T5 = {"model_type": "t5", "vocab_size": VOCABULARY, "d_model": 8, "d_kv": 4, "d_ff": 16, "num_layers": 1}
T5 |= {"num_heads": 2, "decoder_start_token_id": 0}
LLAMA = {name: value for name, value in BERT.items() if name != "num_labels"} | {"model_type": "llama"}
MARKS = np.where(ARRAYS % 3, ARRAYS % 2, -100)
HEADS = {
    "AutoModelForMaskedLM": (BERT, np.where(ARRAYS % 2, ARRAYS, -100), "token accuracy"),
    "AutoModelForTokenClassification": (BERT, MARKS, "token accuracy"),
    "AutoModelForSeq2SeqLM": (T5, ARRAYS, "token accuracy"),
    CAUSAL: (LLAMA, ARRAYS, "next-token accuracy"),
    CLASSIFIER: (BERT | {"num_labels": 1}, ARRAYS[:, 0] / 9, ""),
}


@pytest.mark.parametrize("kind", HEADS)
def test_every_head_is_known_by_its_loss(kind, folder, tmp_path):
    configured, labels, name = HEADS[kind]
    np.savez(tmp_path / "arrays.npz", input_ids=ARRAYS, labels=labels)
    given = {"config": None, "model_options": configured, "text": (), "test": (), "tokens": tmp_path / "arrays.npz"}
    component = task(folder, CAUSAL, model=kind, **given)
    probe = component.build("cpu")
    assert probe.head.name == name
    assert ("perplexity" in probe.measures) == (labels.ndim == 2)
    network = probe.initialise(1)
    batch = probe.batch("train", torch.arange(4))
    total, count = probe.reduce(*network, batch)["loss"]
    predicted = batch[1][:, 1:] if kind == CAUSAL else batch[1]
    assert float(count) == (predicted != -100).sum()
    assert float(total / count) == pytest.approx(float(probe.objective(*network, batch, training=False)), rel=SAME)
    check_component(component)
    if not name:
        with pytest.raises(EvaluationError) as caught:
            Loss.of(probe, "cpu", 4, np.random.default_rng(0)).require("ggn")
        assert str(caught.value) == (
            "matrix: 'ggn' needs a loss that is computed from a network's outputs: task.model computes its loss "
            "itself, and not as the cross-entropy of its logits; use 'hessian'"
        )


@pytest.mark.parametrize("content", [{"log_history": 3}, [], {"log_history": [{"loss": 1.0}]}, {}])
def test_what_trainer_measured_of_a_checkpoint_is_recorded(content, tmp_path):
    rows = [
        {"step": 20, "loss": 4.0},
        {"step": 20, "eval_loss": 3.5, "eval_accuracy": 0.25},
        {"step": 40, "eval_loss": 3.0},
    ]
    (tmp_path / "trainer_state.json").write_text(json.dumps({"log_history": rows}))
    recorded = recorded_scores(tmp_path / "model.safetensors", 20, {})
    assert recorded == {"test_loss": 3.5, "test_accuracy": 0.25}
    (tmp_path / "trainer_state.json").write_text(json.dumps(content))
    assert recorded_scores(tmp_path / "model.safetensors", 20, {}) == {}


REFUSED = {
    "no configuration": ({"config": None}, "task.config: is missing"),
    "an unknown value": (
        {"model_options": {"n_layers": 3}},
        "task.model_options.n_layers: GPT2Config has none; did you mean 'n_layer'",
    ),
    "misspelt model": (
        {"model": "GPT2LMHeadModle"},
        "task.model: transformers has no 'GPT2LMHeadModle'; did you mean 'GPT2LMHeadModel'?",
    ),
    "no model": ({"model": "AutoTokenizer"}, "task.model: transformers:AutoTokenizer is no model of transformers"),
    "no data": ({"text": ()}, "task: needs exactly one of text, tokens, labelled; got none"),
    "no tokeniser": ({"tokeniser": None}, "task.tokeniser: text needs the folder of a tokeniser"),
    "blocks that are too long": ({"block_length": PLACES + 1}, "examples of 9 places, and the configuration has"),
    "too few tokens": ({"block_length": 500}, "100 tokens are too few for a block of task.block_length = 500"),
    "unknown tokens": ({"model_options": {"vocab_size": 9}}, "the train split has tokens up to"),
    "labels that are tokens": (
        {"model": "AutoModelForMaskedLM", "config": f"{CLASSIFIER}/A/checkpoint-1"},
        "task.text: is for models that predict the next token",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_with_its_place(name, folder):
    given, message = REFUSED[name]
    with pytest.raises(UserCodeError, match=re.escape(message)):
        task(folder, CAUSAL, **given).build("cpu")


def test_without_the_package_the_extra_is_named(folder, monkeypatch):
    monkeypatch.setattr(configuration, "find_spec", lambda _: None)
    with pytest.raises(UserCodeError, match=r'not installed: pip install "globscope\[transformers\]"'):
        task(folder, CAUSAL).build("cpu")


@pytest.mark.slow
def test_the_how_to_runs_as_written(tmp_path, monkeypatch):
    pytest.importorskip("accelerate")
    page = ROOT / "docs/how-to/transformers.md"
    script, spec = blocks(page, "python")[0], blocks(page, "toml")[0]
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Trainer's own parts say of one another
        exec(compile(script, "make_runs.py", "exec"), {})
    found = values(study_in(tmp_path, spec, "sampler.0.resolution=3"))
    members = found.atlas.population.members
    assert [(member.variant, member.step) for member in members] == [(r, s) for r in "ABC" for s in (20, 40, 60)]
    assert max(found.atlas.truth["train_loss"]) < log(512) - 1
    proposed = tmp_path / "proposed.toml"
    assert run("init", "fine-tunes", "--out", proposed).exit_code == 0
    written, task = tomllib.loads(proposed.read_text())["task"], tomllib.loads(spec)["task"]
    assert written == task | {
        "model": "transformers:GPT2LMHeadModel",
        "config": "fine-tunes/C/checkpoint-60",
        "tokeniser": "my_tokeniser",
        "text": ["my_text.txt"],
    }


@pytest.mark.slow
def test_fine_tunes_of_every_kind_are_a_population(tmp_path):
    for name in ("accelerate", "peft"):
        pytest.importorskip(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Trainer's and peft's own parts say of one another
        module(ROOT / "benchmarks/fine_tunes.py").main(tmp_path)
    shared = {"tokeniser": "tokeniser", "block_length": 64}
    running = shared | {"text": ["text/results.txt"], "test": ["text/results-test.txt"], "config": "gpt2-base"}
    passages = {"labelled": "classes/train.csv", "test": ["classes/test.csv"], "config": "bert/0-0.002/checkpoint-120"}
    tasks = {
        "gpt2": running,
        "lora": running,
        "bert": shared | passages | {"model": f"transformers:{CLASSIFIER}"},
    }
    losses = {}
    for kind, given in tasks.items():
        text = study_text(toml(given), checkpoints=f"{kind}/{{variant}}/checkpoint-{{step}}")
        text = text.replace("[population]", "[population]\nbase = 'gpt2-base'") if kind == "lora" else text
        study = study_in(tmp_path, text, "evaluator.examples=32", run=f"run-{kind}")
        atlas = values(study).atlas
        finals = {member.variant: row for row, member in enumerate(atlas.population.members)}
        assert len(atlas.population.members) == 18 + (kind == "lora")
        assert max(atlas.truth["test_loss"]) < atlas.chance["test_loss"]
        losses[kind] = {variant: atlas.truth["test_loss"][row] for variant, row in finals.items()}
    for kind in ("gpt2", "lora"):  # on the text of the results, those are best that were tuned on it
        assert max(losses[kind][f"results-{seed}"] for seed in (0, 1)) < min(
            losses[kind][f"how-to-{s}"] for s in (0, 1)
        )
    assert max(losses["lora"][f"results-{seed}"] for seed in (0, 1)) < losses["lora"]["base"]
