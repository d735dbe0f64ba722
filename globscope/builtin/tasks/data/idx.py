"""MNIST's format: big-endian arrays with a header, compressed or not (LeCun, 1998)."""

import gzip
from gzip import GzipFile
from io import BufferedReader
from math import prod
from pathlib import Path

import numpy as np

from globscope.api import UserCodeError, require_unpacked
from globscope.builtin.tasks.data.arrays import Arrays

SPLITS = {"train": "train", "test": "t10k"}


def fits(path: Path) -> bool:
    """Return whether a folder holds the training images."""
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
    files = [p for p in path.iterdir() if p.name.startswith(name) and ("-ubyte" in p.name or ".idx" in p.name)]
    return sorted(files)[0] if files else None


def _array(path: Path, name: str) -> np.ndarray:
    file = _find(path, name)
    if file is None:
        raise UserCodeError(f"task.path: {path} has no file {name}-…-ubyte, .gz or not")
    with gzip.open(file) if file.suffix == ".gz" else file.open("rb") as opened:
        shape = _shape(file, opened)
        require_unpacked(file, prod(shape), file.stat().st_size)
        content = opened.read(prod(shape) + 1)
    if len(content) != prod(shape):
        count = f"{len(content):,}" if len(content) < prod(shape) else "more"
        raise UserCodeError(f"task.path: {file} is damaged: {count} bytes for shape {shape}")
    return np.frombuffer(content, np.uint8).reshape(shape).copy()


def _shape(file: Path, opened: GzipFile | BufferedReader) -> tuple[int, ...]:
    """Return the lengths of the axes: two zeros, the type (8: bytes), their number; then each in four bytes."""
    start = opened.read(4)
    lengths = opened.read(4 * start[3]) if start[:3] == b"\0\0\x08" and len(start) == 4 else b""
    if not lengths or len(lengths) != 4 * start[3]:
        raise UserCodeError(f"task.path: {file} is not an idx file of bytes")
    return tuple(int(length) for length in np.frombuffer(lengths, ">u4"))
