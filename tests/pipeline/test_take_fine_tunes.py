"""Fine-tunes of Hugging Face leave a study as folders that `from_pretrained` loads, with the same losses."""

import json

import pytest
import torch
from support.hugging_face import (
    BERT,
    CAUSAL,
    CLASSIFIER,
    GPT2,
    PLACES,
    save_passages,
    save_runs,
    save_tokeniser,
    study_text,
    words,
)
from support.study import run_undrawn, study_in

from globscope.session import finished_result

transformers = pytest.importorskip("transformers")
# Of float32 losses whose sums are taken in another order.
SAME = 1e-5
DATA = {CAUSAL: "text = ['train.txt']\ntest = ['test.txt']", CLASSIFIER: "labelled = 'train.csv'\ntest = ['test.csv']"}


def study(folder, kind, configuration, population, **options):
    """Write fine-tunes of one kind, and return the result of their study."""
    save_tokeniser(folder / "tokeniser")
    for seed, name in enumerate(("train", "test")):
        (folder / f"{name}.txt").write_text(words(100, seed))
        save_passages(folder / f"{name}.csv", seed=seed)
    task = f"model = 'transformers:{kind}'\nconfig = 'base'\ntokeniser = 'tokeniser'\nblock_length = {PLACES}"
    text = study_text(f"{task}\n{DATA[kind]}", checkpoints="{variant}/checkpoint-{step}")
    run_undrawn(study_in(folder, text.replace("[population]", f"[population]\n{population}")))
    return finished_result(folder / "run")


@torch.no_grad()
def own_loss(network, result):
    """Return the loss of a model of transformers on the test split, as it computes it itself."""
    probe = result.workshop.task.build("cpu")
    inputs, labels = probe.batch("test", torch.arange(probe.examples("test")))
    return float(network.eval()(**inputs, labels=labels).loss)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "configuration"), [(CAUSAL, GPT2), (CLASSIFIER, BERT)])
@pytest.mark.parametrize("options", [{}, {"max_shard_size": "8KB"}], ids=["one file", "shards"])
def test_transformers_loads_a_taken_folder_with_the_same_loss(tmp_path, kind, configuration, options):
    save_runs(tmp_path, kind, configuration, **options)
    values = {name: value for name, value in configuration.items() if name != "model_type"}
    config = transformers.AutoConfig.for_model(configuration["model_type"], **values)
    config.save_pretrained(tmp_path / "base")
    result = study(tmp_path, kind, configuration, "")
    for request in ({"member": "A@2"}, {"at": (0.1, 0.2)}):
        taken = result.network(**request)
        folder = taken.save(tmp_path / f"taken-{len(request)}-{taken.title[:3]}").parent
        network = getattr(transformers, kind).from_pretrained(folder, local_files_only=True)
        assert own_loss(network, result) == pytest.approx(taken.fields["test_loss"], rel=SAME)
        assert {"config.json", "model.safetensors", "README.md"} <= {path.name for path in folder.iterdir()}
        assert not list(folder.glob("*.index.json"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")  # peft's use of transformers
def test_peft_adds_a_taken_adapter_to_a_model_of_transformers_with_the_same_loss(tmp_path):
    peft = pytest.importorskip("peft")
    values = {name: value for name, value in GPT2.items() if name != "model_type"}
    base = transformers.GPT2LMHeadModel(transformers.GPT2Config(**values))
    base.save_pretrained(tmp_path / "base")
    for seed, variant in enumerate("AB"):
        for step in (1, 2):
            torch.manual_seed(seed)
            again = transformers.GPT2LMHeadModel.from_pretrained(tmp_path / "base", local_files_only=True)
            # A module that both adapt, stored as (in, out), and one that only the first does.
            targets = ["c_attn", *(["c_proj"] if variant == "A" else [])]
            own = peft.LoraConfig(r=2 + seed, lora_alpha=4, target_modules=targets, fan_in_fan_out=True)
            adapted = peft.get_peft_model(again, own)
            for name, parameter in adapted.named_parameters():
                if "lora_" in name:
                    parameter.data = 0.1 * step * torch.randn(parameter.shape)
            adapted.save_pretrained(tmp_path / variant / f"checkpoint-{step}")
    result = study(tmp_path, CAUSAL, GPT2, "base = 'base'")
    for number, request in enumerate(({"member": "B@2"}, {"at": (0.1, 0.2)}, {"at": (0.1, 0.2), "rank": 1})):
        taken = result.network(**request)
        folder = taken.save(tmp_path / f"taken-{number}").parent
        assert json.loads((folder / "adapter_config.json").read_text())["base_model_name_or_path"]
        again = transformers.GPT2LMHeadModel.from_pretrained(tmp_path / "base", local_files_only=True)
        network = peft.PeftModel.from_pretrained(again, folder)
        assert own_loss(network, result) == pytest.approx(taken.fields["test_loss"], rel=SAME)
