"""The scores that a checkpoint records for its network, under the names that training scripts use."""

from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from globscope.errors import FileError
from globscope.population.training_state import FILE
from globscope.store import read_json

# Fields by the names in checkpoints; of the held-back examples, unless the name says otherwise.
LOSSES = {
    "train_loss": "train_loss",
    "loss": "train_loss",
    "test_loss": "test_loss",
    "val_loss": "test_loss",
    "valid_loss": "test_loss",
    "eval_loss": "test_loss",
}
ACCURACIES = {
    "train_acc": "train_accuracy",
    "train_accuracy": "train_accuracy",
    **dict.fromkeys(
        ("acc", "accuracy", "test_acc", "test_accuracy", "val_acc", "val_accuracy", "eval_accuracy", "acc1", "top1"),
        "test_accuracy",
    ),
    **dict.fromkeys(("best_acc", "best_acc1", "best_prec1", "prec1"), "test_accuracy"),
}
# The log that Trainer of transformers saves with every checkpoint, and what it calls scores of held-back examples.
TRAINER = "trainer_state.json"
EVALUATED = ("eval_loss", "eval_accuracy")
# Columns of a training log that are not scores of held-back splits.
NO_SCORES = ("epoch", "learning_rate", "loss")
# All integers up to here are float64 numbers.
EXACT = 2**53


def numbers_beside(around: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers saved beside a state dict, by name."""
    import torch

    numbers = {}
    for name, value in around.items():
        is_number = isinstance(value, np.generic) or (isinstance(value, torch.Tensor) and value.numel() == 1)
        plain = value.item() if is_number else value
        if isinstance(plain, int) and not isinstance(plain, bool) and abs(plain) > EXACT:
            continue  # float would round it, or have none so large; it is a seed or a hash, no score
        if isinstance(plain, int | float) and not isinstance(plain, bool) and isfinite(plain):
            numbers[str(name)] = float(plain)
    return numbers


def recorded_scores(path: Path, step: int, scores: Mapping[str, float]) -> dict[str, float]:
    """Return a network's scores by field, from its file, or from the log of GlobScope or of Trainer beside it."""
    logged = _scores_in_log(path.with_name(FILE), step)
    return _by_field(scores) or logged or _by_field(_evaluated_by_trainer(path.with_name(TRAINER), step))


def _by_field(scores: Mapping[str, float]) -> dict[str, float]:
    recorded = {field: scores[name] for name, field in LOSSES.items() if name in scores}
    for name, field in ACCURACIES.items():
        if name in scores:  # in per cent where it is above one
            recorded[field] = scores[name] / (100 if scores[name] > 1 else 1)
    return recorded


def _evaluated_by_trainer(log: Path, step: int) -> dict[str, float]:
    """Return what Trainer of transformers measured of its held-back examples at a step; its other losses are means."""
    if not log.is_file():
        return {}
    try:
        rows = [row for row in read_json(log)["log_history"] if row["step"] == step]
        return {name: float(row[name]) for row in rows for name in EVALUATED if name in row}
    except (FileError, ValueError, TypeError, KeyError):  # another program's file of the same name
        return {}


def _scores_in_log(log: Path, step: int) -> dict[str, float]:
    if not log.is_file():
        return {}
    try:
        row: dict[str, Any] = next((row for row in read_json(log) if row["epoch"] == step), {})
        return {name: float(value) for name, value in row.items() if name not in NO_SCORES and value is not None}
    except (FileError, ValueError, TypeError, KeyError, AttributeError):  # another program's file of the same name
        return {}
