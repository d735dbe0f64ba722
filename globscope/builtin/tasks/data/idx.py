"""MNIST's own format: big-endian arrays with a header, compressed or not (LeCun, 1998)."""

import gzip
from math import prod
from pathlib import Path

import numpy as np

from globscope.api import UserCodeError
from globscope.builtin.tasks.data.arrays import Arrays

SPLITS = {"train": "train", "test": "t10k"}


def fits(path: Path) -> bool:
    """Whether a folder holds the training images."""
    return path.is_dir() and _find(path, "train-images") is not None


def read(path: Path) -> Arrays:
    """Return both splits of a folder with the four files.

    Raises:
        UserCodeError: A file is missing or damaged.
    """
    train, test = (_split(path, prefix) for prefix in SPLITS.values())
    return Arrays(train=train, test=test)


def _split(path: Path, prefix: str) -> tuple[np.ndarray, np.ndarray]:
    images, labels = _array(path, f"{prefix}-images"), _array(path, f"{prefix}-labels")
    if len(images) != len(labels):
        raise UserCodeError(f"task.path: {path}: {len(images)} images and {len(labels)} labels of {prefix}")
    return images[:, None], labels.astype(np.int64)


def _find(path: Path, name: str) -> Path | None:
    found = [p for p in path.iterdir() if p.name.startswith(name) and ("-ubyte" in p.name or ".idx" in p.name)]
    return sorted(found)[0] if found else None


def _array(path: Path, name: str) -> np.ndarray:
    file = _find(path, name)
    if file is None:
        raise UserCodeError(f"task.path: {path} has no file {name}-…-ubyte, .gz or not")
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    # Two zeros, the type (8: bytes), the number of axes; then each axis' length in four bytes.
    if len(content) < 4 or content[:3] != b"\0\0\x08" or len(content) < 4 + 4 * content[3]:
        raise UserCodeError(f"task.path: {file} is no idx file of bytes")
    start = 4 + 4 * content[3]
    shape = tuple(int(n) for n in np.frombuffer(content, ">i4", content[3], 4))
    if len(content) - start != prod(shape):
        raise UserCodeError(f"task.path: {file} is damaged: {len(content) - start:,} bytes for shape {shape}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape).copy()
