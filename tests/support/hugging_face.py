"""Tiny networks of transformers in the folders in which its Trainer leaves them; nothing is fetched."""

import csv

import numpy as np

WORDS = ["a", "map", "of", "the", "loss", "shows", "what", "lies", "between", "two", "networks", "and", "their", "mean"]
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
VOCABULARY, PLACES, WIDTH = len(WORDS) + len(SPECIAL), 8, 8
RUNS, STEPS = ("A", "B", "C"), (1, 2)
GPT2 = {"model_type": "gpt2", "vocab_size": VOCABULARY, "n_positions": PLACES, "n_embd": WIDTH, "n_layer": 2}
GPT2 |= {"n_head": 2, "bos_token_id": 2, "eos_token_id": 3}
BERT = {"model_type": "bert", "vocab_size": VOCABULARY, "max_position_embeddings": PLACES, "hidden_size": WIDTH}
BERT |= {"num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "num_labels": 3}
CAUSAL, CLASSIFIER = "AutoModelForCausalLM", "AutoModelForSequenceClassification"


def words(count, seed=0):
    """Return so many drawn words as text."""
    return " ".join(np.random.default_rng(seed).choice(WORDS, count))


def save_tokeniser(folder):
    """Write a tokeniser of whole words, and return it."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    numbers = {word: number for number, word in enumerate((*SPECIAL, *dict.fromkeys(WORDS)))}
    bare = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))
    bare.pre_tokenizer = pre_tokenizers.Whitespace()
    names = dict(zip(("pad", "unk", "cls", "sep"), SPECIAL, strict=True))
    tokeniser = PreTrainedTokenizerFast(
        tokenizer_object=bare,
        model_input_names=["input_ids", "attention_mask"],
        **{f"{name}_token": token for name, token in names.items()},
    )
    tokeniser.save_pretrained(folder)
    return tokeniser


def save_runs(folder, kind, configuration, **options):
    """Save fine-tunes of one base as Trainer does, in RUN/checkpoint-STEP; options are those of save_pretrained."""
    import torch
    import transformers

    torch.manual_seed(0)
    values = {name: value for name, value in configuration.items() if name != "model_type"}
    config = transformers.AutoConfig.for_model(configuration["model_type"], **values)
    network = getattr(transformers, kind).from_config(config)
    base = {name: p.detach().clone() for name, p in network.named_parameters()}
    for seed, run in enumerate(RUNS):
        for step in STEPS:
            draw = torch.Generator().manual_seed(seed)
            for name, p in network.named_parameters():
                p.data = base[name] + 0.05 * step * torch.randn(p.shape, generator=draw)
            network.save_pretrained(folder / run / f"checkpoint-{step}", **options)


def save_passages(file, count=24, seed=0):
    """Write a CSV of passages of different lengths with the numbers of three classes."""
    draw = np.random.default_rng(seed)
    rows = [(words(draw.integers(1, PLACES + 3), n), n % 3) for n in range(count)]
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows([("text", "label"), *rows])
    return rows


def study_text(task, *analyses, checkpoints="{variant}/checkpoint-{step}"):
    """Return the spec of a tiny study with such a task."""
    return "\n".join(
        (
            "[task]\nuse = 'transformers'",
            task,
            f"[population]\ncheckpoints = '{checkpoints}'",
            "[[reducer]]\nuse = 'pca'\n[[sampler]]\nuse = 'grid'\nresolution = 3\n[evaluator]\nuse = 'torch'",
            *(f"[[analysis]]\nuse = '{name}'\n{options}" for name, options in analyses),
        )
    )
