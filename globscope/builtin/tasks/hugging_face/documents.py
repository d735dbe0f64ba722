"""Text as tokens: running text in blocks of equal length, and labelled passages, padded."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from globscope.api import FileError, UserCodeError, read_csv, read_json_lines
from globscope.builtin.tasks.hugging_face.arguments import LABELS
from globscope.builtin.tasks.hugging_face.configuration import LOCAL, log_errors_only
from globscope.builtin.tasks.hugging_face.token_examples import Named
from globscope.builtin.tasks.trial import as_user_error

ROWS = "a CSV with the columns text and label, or a JSON object with both on every line (.jsonl)"
PAIR = "text_pair"


def tokeniser_file(path: Path | None) -> Path | None:
    """Return the tokeniser's own file of a folder, which may hold networks too; any other path unchanged."""
    return path / "tokenizer.json" if path is not None and (path / "tokenizer.json").is_file() else path


def load_tokeniser(path: Path | None) -> Any:
    """Return a tokeniser as `save_pretrained` writes it.

    Raises:
        UserCodeError: None is named, or it cannot be read.
    """
    from transformers import AutoTokenizer

    if path is None:
        raise UserCodeError("task.tokeniser: text needs the folder of a tokeniser, as its save_pretrained writes it")
    folder = path if path.is_dir() else path.parent
    with log_errors_only(), as_user_error(f"task.tokeniser: {folder} holds no tokeniser that can be read"):
        return AutoTokenizer.from_pretrained(folder, **LOCAL)


def text_tokens(files: Sequence[Path], tokeniser: Any) -> np.ndarray:
    """Return the tokens of texts, one after another, without those that a tokeniser adds to a sentence.

    Raises:
        UserCodeError: A file is not text in UTF-8.
    """
    parts = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserCodeError(f"task.text: {file} is not text in UTF-8: {error}") from error
        parts += tokeniser(text, add_special_tokens=False, verbose=False)["input_ids"]
    return np.array(parts, np.int64)


def cut_into_blocks(tokens: np.ndarray, length: int, place: str) -> np.ndarray:
    """Return consecutive blocks of tokens, (blocks, length); a shorter rest is left out.

    Raises:
        UserCodeError: There are too few for one.
    """
    count = len(tokens) // length
    if count < 1:
        raise UserCodeError(f"{place}: {len(tokens):,} tokens are too few for a block of task.block_length = {length}")
    return tokens[: count * length].reshape(count, length)


def labelled_passages(file: Path, tokeniser: Any, length: int, numbers: Mapping[str, int]) -> Named:
    """Return the passages of a table, each cut off at `length` tokens and padded to the longest, and their labels.

    Args:
        file: CSV or JSON lines of `text`, `label` and perhaps `text_pair`.
        tokeniser: Of transformers; the arrays are those that it returns.
        length: The largest number of tokens.
        numbers: Numbers of the labels by their names, for labels that are names.

    Raises:
        UserCodeError: A column is missing, or a label is no number and has none.
    """
    columns = _columns(file)
    for name in ("text", "label"):
        if name not in columns:
            raise UserCodeError(f"task.labelled: {file} has no column {name!r}; accepted is {ROWS}")
    if tokeniser.pad_token is None:
        tokeniser.pad_token = tokeniser.eos_token  # it is masked
    texts = [list(columns[name]) for name in ("text", PAIR) if name in columns]
    with log_errors_only(), as_user_error(f"task.labelled: {file} cannot be tokenised"):
        encoded = tokeniser(*texts, truncation=True, max_length=length, padding=True, return_tensors="np")
    return {**encoded, LABELS: _label_numbers(columns["label"], numbers, file)}


def _columns(file: Path) -> Mapping[str, Sequence[Any]]:
    try:
        if file.suffix == ".csv":
            return read_csv(file, ROWS)
        rows = read_json_lines(file, ROWS)
    except FileError as error:
        raise UserCodeError(f"task.labelled: {error}") from error
    if not rows or not all(isinstance(row, dict) and row.keys() == rows[0].keys() for row in rows):
        raise UserCodeError(f"task.labelled: {file} has lines that are no object, or of other keys; accepted is {ROWS}")
    return {name: [row[name] for row in rows] for name in rows[0]}


def _label_numbers(labels: Sequence[Any], numbers: Mapping[str, int], file: Path) -> np.ndarray:
    """Return labels as numbers: those that they are, or those of their names."""
    if all(label in numbers for label in labels):
        return np.array([numbers[label] for label in labels])
    for kind in (np.int64, np.float32):
        try:
            return np.array(labels).astype(kind)
        except ValueError:
            continue
    known = ", ".join(numbers)
    raise UserCodeError(
        f"task.labelled: {file} has labels that are neither numbers nor names of the configuration's label2id ({known})"
    )
