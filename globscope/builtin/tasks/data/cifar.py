"""CIFAR-10 and CIFAR-100, binary version: label bytes, then 3072 of a colour image (Krizhevsky, 2009)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from globscope.api import UserCodeError
from globscope.builtin.tasks.data.arrays import Arrays

PIXELS = 3 * 32 * 32


def fits(path: Path) -> bool:
    """Return whether a folder holds a test split in the binary version."""
    return path.is_dir() and ((path / "test_batch.bin").exists() or (path / "test.bin").exists())


def is_pickled(path: Path) -> bool:
    """Return whether a folder holds the python version, which is pickled."""
    return (path / "data_batch_1").exists() or ((path / "train").is_file() and (path / "meta").exists())


def read(path: Path) -> Arrays:
    """Return both splits; CIFAR-100 by its fine labels.

    Raises:
        UserCodeError: A file is damaged, or the training split is missing.
    """
    if (path / "test.bin").exists():
        return Arrays(train=_records([path / "train.bin"], 2), test=_records([path / "test.bin"], 2))
    train = sorted(path.glob("data_batch_*.bin"))
    if not train:
        raise UserCodeError(f"task.path: {path} has test_batch.bin, but no data_batch_1.bin …")
    return Arrays(train=_records(train, 1), test=_records([path / "test_batch.bin"], 1))


def _records(files: Sequence[Path], labels: int) -> tuple[np.ndarray, np.ndarray]:
    parts = []
    for file in files:
        content = np.frombuffer(file.read_bytes(), np.uint8)
        if content.size == 0 or content.size % (labels + PIXELS):
            raise UserCodeError(
                f"task.path: {file} is damaged: {content.size:,} bytes are not a whole number of images"
            )
        parts.append(content.reshape(-1, labels + PIXELS))
    whole = np.concatenate(parts)
    return whole[:, labels:].reshape(-1, 3, 32, 32), whole[:, labels - 1].astype(np.int64)
