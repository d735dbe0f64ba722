"""The options of the task for a checkpoint's folder, from the configuration that transformers writes beside weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from globscope.api import FileError, read_json
from globscope.builtin.tasks.hugging_face.configuration import FILE

# What a tokeniser's folder holds, one of them.
TOKENISER = ("tokenizer.json", "tokenizer_config.json")
# How many folders above the weights a tokeniser may lie: Trainer's run, and what holds several runs.
ABOVE = 2
LENGTHS = ("max_position_embeddings", "n_positions")


def recognise_folder(folder: Path) -> dict[str, Any] | None:
    """Return the options of the task for a folder with a configuration; None where there is none.

    The data is yours: its options are names to be filled in.
    """
    try:
        config = read_json(folder / FILE)
        architecture = str(config["architectures"][0])
        if not isinstance(config["model_type"], str):
            return None
    except (FileError, KeyError, IndexError, TypeError):
        return None
    return {"model": f"transformers:{architecture}", "config": folder, **_data(architecture, config, folder)}


def _data(architecture: str, config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    if not architecture.endswith(("CausalLM", "LMHeadModel", "SequenceClassification")):
        return {"tokens": "my_tokens.npz"}
    places = (folder, *folder.parents[:ABOVE])
    tokeniser = next((p for p in places if any((p / name).is_file() for name in TOKENISER)), "my_tokeniser")
    length = min([128, *(config[name] for name in LENGTHS if isinstance(config.get(name), int))])
    is_labelled = architecture.endswith("SequenceClassification")
    text: dict[str, Any] = {"labelled": "my_examples.csv"} if is_labelled else {"text": ["my_text.txt"]}
    return {"tokeniser": tokeniser, **text, "block_length": length}
