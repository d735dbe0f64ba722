"""Checkpoint files as strangers wrote them: their tensors by name. Nothing is executed."""

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import numpy as np
from attrs import define

from globscope.errors import FileError, PopulationError
from globscope.population.recorded import numbers
from globscope.population.state_dict import ChoiceError, Reading, several, state_dict
from globscope.population.unsafe import unreadable
from globscope.reading import read_json

SUFFIXES = (".safetensors", ".pt", ".pth", ".th", ".ckpt", ".bin")
# An index names the file of each tensor, beside it.
INDEX = ".index.json"
# Whether it is memory-mapped, tensors by name, and the numbers beside them.
Raw = tuple[bool, dict[str, Any], dict[str, float]]


def files(path: Path) -> list[Path]:
    """Return a checkpoint's files: itself, and its shards where it is an index.

    Raises:
        PopulationError: An index that cannot be read, or names files that are not beside it.
    """
    return [path, *sorted(set(_shards(path).values()))] if path.name.endswith(INDEX) else [path]


@define(frozen=True)
class Checkpoint:
    """What a file holds.

    Attributes:
        path: Of the file.
        tensors: By name, out of their wrappers, as arrays; floating numbers of other types than float32 and float64 as
            float32.
        mapped: Names of the tensors that lie in the file as they are here, so that they cost no memory.
        scores: What stands beside them, such as `test_acc`.
    """

    path: Path
    tensors: Mapping[str, np.ndarray]
    mapped: frozenset[str]
    scores: Mapping[str, float]


def read(path: Path, reading: Reading | None = None) -> Checkpoint:
    """Return what a checkpoint holds, memory-mapped where its format allows that.

    Args:
        path: Of the file.
        reading: Which of its state dicts is wanted, under which names; the only one, as it is, where unset.

    Raises:
        PopulationError: Not a checkpoint, damaged, a pickle that would run code, or of several networks.
    """
    load = _sharded if path.name.endswith(INDEX) else _raw
    mapped, tensors, scores = load(path, reading or Reading())
    arrays = {name: as_array(tensor, f"{path}: tensor {name!r}") for name, tensor in tensors.items()}
    same = frozenset(name for name, tensor in tensors.items() if mapped and _as_mapped(tensor))
    return Checkpoint(path, arrays, same, scores)


def shapes(path: Path, reading: Reading) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a checkpoint's tensors by name; their values are not looked at.

    Raises:
        PopulationError: As `read` does.
    """
    load = _sharded if path.name.endswith(INDEX) else _raw
    return {name: tuple(tensor.shape) for name, tensor in load(path, reading)[1].items()}


def networks(path: Path) -> tuple[str, ...]:
    """Return the names of the state dicts of a file that holds several networks; empty where it holds one.

    Raises:
        PopulationError: It cannot be read.
    """
    if path.suffix not in SUFFIXES or path.suffix == ".safetensors":
        return ()
    return several(_loaded(path, is_zipfile(path)))


def _as_mapped(tensor: Any) -> bool:
    import torch

    return bool(tensor.dtype == torch.float32 and tensor.is_contiguous())


def _sharded(index: Path, reading: Reading) -> Raw:
    shards = _shards(index)
    held = {file: _raw(file, Reading()) for file in set(shards.values())}
    for name, file in shards.items():
        if name not in held[file][1]:
            raise PopulationError(f"{file}: has no tensor {name!r}, which {index.name} says is there")
    whole = {name: held[file][1][name] for name, file in shards.items()}
    try:
        return all(raw[0] for raw in held.values()), state_dict(whole, reading), {}
    except ChoiceError as error:
        raise PopulationError(f"{index}: {error}") from error


def _shards(index: Path) -> dict[str, Path]:
    """Return each tensor's file."""
    try:
        named = read_json(index)["weight_map"]
        found = {str(name): index.parent / str(file) for name, file in named.items()}
    except (FileError, KeyError, AttributeError, TypeError) as error:
        raise PopulationError(f"{index}: is no index of shards, JSON with a `weight_map`") from error
    for file in sorted(set(found.values())):
        if file.parent != index.parent or not file.is_file():
            raise PopulationError(f"{index}: names the shard {file.name}, which is not beside it")
    return found


def _raw(path: Path, reading: Reading) -> Raw:
    if path.suffix not in SUFFIXES:
        raise PopulationError(f"{path}: not a checkpoint; known suffixes: {', '.join((*SUFFIXES, INDEX))}")
    mapped = path.suffix == ".safetensors" or is_zipfile(path)
    loaded = _loaded(path, mapped)
    try:
        tensors = state_dict(loaded, reading)
    except ChoiceError as error:
        raise PopulationError(f"{path}: {error}") from error
    is_bare = reading.key is None and all(loaded.get(name) is tensor for name, tensor in tensors.items())
    return mapped, tensors, {} if is_bare else numbers(loaded)


def _loaded(path: Path, mapped: bool) -> Any:
    """Return what a file holds; `argparse.Namespace`, which only keeps what it is handed, is the one class allowed."""
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        import torch

        with torch.serialization.safe_globals([Namespace]):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except OSError as error:
        raise PopulationError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:
        raise PopulationError(f"{path}: {unreadable(path, error)}") from error


def as_array(tensor: Any, place: str) -> np.ndarray:
    """Return a tensor as an array, floating numbers as float32 or float64.

    Raises:
        PopulationError: It is no dense array of numbers; `place` says where it is.
    """
    import torch

    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_meta:
        raise PopulationError(f"{place} is sparse, quantised or without data; save dense numbers")
    tensor = tensor.detach()
    # A buffer of float64 or of complex numbers is scored as it is; weights become float32 where they are flattened.
    own = (torch.float32, torch.float64)
    array: np.ndarray = (tensor.float() if tensor.is_floating_point() and tensor.dtype not in own else tensor).numpy()
    return array
