"""Fine-tunes as people have them: GPT-2s in full, LoRA adapters and BERT classifiers, written by `Trainer` and peft.

Everything is made here, in about a minute on one core: a tokeniser trained on the text of docs/, a base of each
architecture from a configuration, trained on all of that text, and six fine-tunes of each kind. Those of the language
models are two on each of three parts of the docs, so that some networks have learnt the same and some have not. Nothing
is fetched.

    python benchmarks/fine_tunes.py FOLDER

FOLDER/README.md says what is where.
"""

import csv
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import ByteLevelBPETokenizer
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    DataCollatorForLanguageModeling,
    DataCollatorWithPadding,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
    default_data_collator,
    set_seed,
    utils,
)
from transformers.trainer_callback import PrinterCallback

DOCS = Path(__file__).parent.parent / "docs"
# Parts of the docs: the topics of the language models, and the classes of the classifiers.
PARTS = ("explanation", "how-to", "results")
SEEDS = (0, 1)
VOCABULARY, BLOCK, WIDTH, LAYERS, HEADS = 512, 64, 64, 2, 4
# Share of each part's text that no network is trained on.
HELD = 0.1
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
README = """# Fine-tunes made by benchmarks/fine_tunes.py

| place | what |
|---|---|
| `tokeniser/` | byte-level BPE of {vocabulary} tokens, as `save_pretrained` writes it |
| `text/PART.txt`, `text/PART-test.txt` | text of the docs, and the last tenth of it, for PART in {parts} |
| `classes/train.csv`, `classes/test.csv` | columns `text` and `label`, the number of the part that the text is from |
| `gpt2-base/` | `GPT2LMHeadModel` trained on the text of all parts: {layers} layers of width {width}, tied embeddings |
| `gpt2/RUN/checkpoint-STEP/` | full fine-tunes of it on one part: RUN is PART-SEED |
| `lora/RUN/checkpoint-STEP/` | LoRA adapters of the same base, of rank 4 on `c_attn` and `c_proj`, on the same parts |
| `bert-base/` | `BertForMaskedLM` trained on the text of all parts |
| `bert/RUN/checkpoint-STEP/` | `BertForSequenceClassification` of it: RUN is SEED-RATE |

Losses at the end of training:

{losses}
"""


def train(model: Any, data: Any, collate: Any, folder: Path, *, steps: int, save: int, rate: float, seed: int) -> float:
    """Train as people do, with checkpoints in `folder`, and return the last loss of the log."""
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        save_strategy="steps" if save else "no",
        save_steps=save or steps,
        logging_steps=steps // 4,
        per_device_train_batch_size=16,
        learning_rate=rate,
        seed=seed,
        use_cpu=True,
        disable_tqdm=True,
        report_to=[],
        dataloader_pin_memory=False,
    )
    trainer = Trainer(model=model, args=arguments, train_dataset=data, data_collator=collate)
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry][-1]


def write_text(folder: Path) -> dict[str, str]:
    """Write the text of each part of the docs, and return its training share."""
    (folder / "text").mkdir(parents=True)
    texts = {}
    for part in PARTS:
        text = "\n".join(path.read_text() for path in sorted((DOCS / part).glob("*.md")))
        cut = int(len(text) * (1 - HELD))
        texts[part] = text[:cut]
        (folder / "text" / f"{part}.txt").write_text(text[:cut])
        (folder / "text" / f"{part}-test.txt").write_text(text[cut:])
    return texts


def train_tokeniser(folder: Path, texts: Sequence[str]) -> PreTrainedTokenizerFast:
    """Train a tokeniser on texts, and write it."""
    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator(texts, vocab_size=VOCABULARY, special_tokens=list(SPECIAL), show_progress=False)
    bpe.post_processor = None
    names = dict(zip(("pad", "unk", "cls", "sep", "mask"), SPECIAL, strict=True))
    tokeniser = PreTrainedTokenizerFast(
        tokenizer_object=bpe._tokenizer,
        model_max_length=BLOCK,
        **{f"{name}_token": token for name, token in names.items()},
    )
    tokeniser.save_pretrained(folder / "tokeniser")
    return tokeniser


def blocks(tokeniser: Any, text: str) -> list[dict[str, Any]]:
    """Return consecutive blocks of a text's tokens, which are their own labels."""
    tokens = torch.tensor(tokeniser(text, verbose=False)["input_ids"])
    whole = tokens[: len(tokens) // BLOCK * BLOCK].reshape(-1, BLOCK)
    return [{"input_ids": block, "labels": block.clone()} for block in whole]


def passages(texts: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Yield passages of several lengths, each with the number of its part."""
    for label, text in enumerate(texts.values()):
        for start in range(0, len(text) - 120, 240):
            yield text[start : start + 60 + start // 240 % 3 * 30], label


def write_classes(folder: Path, texts: dict[str, str]) -> list[tuple[str, int]]:
    """Write the passages as two CSV files, and return those of the training split."""
    (folder / "classes").mkdir()
    every = list(passages(texts))
    splits = {"train": [p for k, p in enumerate(every) if k % 5], "test": every[::5]}
    for split, rows in splits.items():
        with (folder / "classes" / f"{split}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *rows])
    return splits["train"]


def make_gpt2s(folder: Path, tokeniser: Any, texts: dict[str, str]) -> Iterator[str]:
    """Train the base, the full fine-tunes and the adapters; yield a line about each."""
    set_seed(0)
    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=BLOCK,
        n_embd=WIDTH,
        n_layer=LAYERS,
        n_head=HEADS,
        bos_token_id=tokeniser.cls_token_id,
        eos_token_id=tokeniser.sep_token_id,
    )
    base = GPT2LMHeadModel(config)
    data = {part: blocks(tokeniser, text) for part, text in texts.items()}
    every = [block for part in data.values() for block in part]
    settings = {"steps": 300, "save": 0, "rate": 3e-3, "seed": 0}
    yield f"gpt2-base: {train(base, every, default_data_collator, folder / 'log', **settings):.3f}"
    base.save_pretrained(folder / "gpt2-base")
    for part, seed in ((part, seed) for part in PARTS for seed in SEEDS):
        for kind, rate in (("gpt2", 1e-3), ("lora", 5e-3)):
            set_seed(seed)
            model = GPT2LMHeadModel.from_pretrained(folder / "gpt2-base", local_files_only=True)
            if kind == "lora":
                adapter = LoraConfig(
                    task_type="CAUSAL_LM", r=4, lora_alpha=8, target_modules=["c_attn", "c_proj"], fan_in_fan_out=True
                )
                model = get_peft_model(model, adapter)
            place = folder / kind / f"{part}-{seed}"
            settings = {"steps": 60, "save": 20, "rate": rate, "seed": seed}
            yield f"{kind}/{place.name}: {train(model, data[part], default_data_collator, place, **settings):.3f}"


def make_berts(folder: Path, tokeniser: Any, texts: dict[str, str]) -> Iterator[str]:
    """Train the base as a masked language model, and six classifiers of it; yield a line about each."""
    set_seed(0)
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=2 * WIDTH,
        max_position_embeddings=BLOCK,
        pad_token_id=tokeniser.pad_token_id,
    )
    base = BertForMaskedLM(config)
    every = [{"input_ids": block["input_ids"]} for text in texts.values() for block in blocks(tokeniser, text)]
    settings = {"steps": 300, "save": 0, "rate": 3e-3, "seed": 0}
    masked = DataCollatorForLanguageModeling(tokeniser)
    yield f"bert-base: {train(base, every, masked, folder / 'log', **settings):.3f}"
    base.save_pretrained(folder / "bert-base")
    rows = [{**tokeniser(text, truncation=True), "labels": label} for text, label in write_classes(folder, texts)]
    for seed, rate in ((seed, rate) for seed in (0, 1, 2) for rate in (5e-4, 2e-3)):
        set_seed(seed)
        model = BertForSequenceClassification.from_pretrained(
            folder / "bert-base", num_labels=len(PARTS), local_files_only=True
        )
        place = folder / "bert" / f"{seed}-{rate:g}"
        settings = {"steps": 120, "save": 40, "rate": rate, "seed": seed}
        loss = train(model, rows, DataCollatorWithPadding(tokeniser), place, **settings)
        yield f"bert/{place.name}: {loss:.3f}"


def main(folder: Path) -> None:
    """Make everything below a new folder."""
    texts = write_text(folder)
    tokeniser = train_tokeniser(folder, list(texts.values()))
    losses = list[str]()
    start = perf_counter()
    for make in (make_gpt2s, make_berts):
        for line in make(folder, tokeniser, texts):
            losses.append(f"- {line}")
            print(f"{perf_counter() - start:5.0f} s  {line}", flush=True)
    parts = ", ".join(PARTS)
    text = README.format(parts=parts, vocabulary=VOCABULARY, layers=LAYERS, width=WIDTH, losses="\n".join(losses))
    (folder / "README.md").write_text(text)
    (folder / "log").rmdir()


if __name__ == "__main__":
    torch.set_num_threads(1)
    utils.logging.set_verbosity_error()
    utils.logging.disable_progress_bar()
    main(Path(sys.argv[1]))
