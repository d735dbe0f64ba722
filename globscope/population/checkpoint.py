"""Checkpoint files of any origin: their tensors by name. Nothing in them is executed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from warnings import catch_warnings
from zipfile import is_zipfile

import numpy as np
from attrs import define

from globscope.errors import FileError, PopulationError
from globscope.population.half_precision import HalfPrecision
from globscope.population.harmless import harmless_classes
from globscope.population.recorded_scores import numbers_beside
from globscope.population.state_dict import ChoiceError, StateDictChoice, rival_names, state_dict
from globscope.population.unsafe import unreadable_reason
from globscope.reading import read_json

# `.t7` and `.pth.tar` are names that public training scripts give to files that torch wrote like the others.
SUFFIXES = (".safetensors", ".pt", ".pth", ".th", ".ckpt", ".bin", ".t7", ".tar")
# An index names the file of each tensor, beside it.
INDEX = ".index.json"
# Bytes of a number in half precision.
HALF = 2
# Whether the file is memory-mapped, its tensors by name, and the numbers beside them.
Raw = tuple[bool, dict[str, Any], dict[str, float]]


def checkpoint_files(path: Path) -> list[Path]:
    """Return a checkpoint's files: the file itself, and its shards where it is an index.

    Raises:
        PopulationError: An index that cannot be read, or names files that are not beside it.
    """
    return [path, *sorted(set(_shards(path).values()))] if path.name.endswith(INDEX) else [path]


@define(frozen=True)
class Checkpoint:
    """The contents of a checkpoint file.

    Attributes:
        path: The checkpoint file.
        tensors: Arrays by name, unwrapped; those in half precision become float32 where they are read.
        mapped: Names of the tensors whose weights are memory-mapped from the file, so that they cost no memory.
        scores: Numbers saved beside the tensors, such as `test_acc`, by name.
    """

    path: Path
    tensors: Mapping[str, Any]
    mapped: frozenset[str]
    scores: Mapping[str, float]


def read_checkpoint(path: Path, choice: StateDictChoice | None = None) -> Checkpoint:
    """Return a checkpoint's contents, memory-mapped where its format allows that.

    Args:
        path: The checkpoint file.
        choice: Which of its state dicts, under which names; the only one, unchanged, where unset.

    Raises:
        PopulationError: The file is not a checkpoint, damaged, a pickle that would run code, or holds several networks.
    """
    load = _read_shards if path.name.endswith(INDEX) else _read_file
    mapped, tensors, scores = load(path, choice or StateDictChoice())
    in_place = frozenset(name for name, tensor in tensors.items() if mapped and _is_readable_in_place(tensor))
    arrays = {
        name: HalfPrecision(tensor.detach())
        if name in in_place and tensor.itemsize == HALF
        else as_array(tensor, f"{path}: tensor {name!r}")
        for name, tensor in tensors.items()
    }
    return Checkpoint(path, arrays, in_place, scores)


def tensor_shapes(path: Path, choice: StateDictChoice) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a checkpoint's tensors by name, without reading their values.

    Raises:
        PopulationError: As `read` does.
    """
    return {name: tuple(tensor.shape) for name, tensor in raw_tensors(path, choice).items()}


def raw_tensors(path: Path, choice: StateDictChoice) -> dict[str, Any]:
    """Return a checkpoint's torch tensors by name in the precision of the file, memory-mapped where that is possible.

    Raises:
        PopulationError: As `read_checkpoint` does.
    """
    load = _read_shards if path.name.endswith(INDEX) else _read_file
    return load(path, choice)[1]


def state_dict_names(path: Path) -> tuple[str, ...]:
    """Return the names of the state dicts of a file that holds several networks; empty where it holds one.

    Raises:
        PopulationError: It cannot be read.
    """
    if path.suffix not in SUFFIXES or path.suffix == ".safetensors":
        return ()
    return rival_names(_load(path, is_zipfile(path)))


def _is_readable_in_place(tensor: Any) -> bool:
    import torch

    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_meta:
        return False
    return tensor.dtype in (torch.float32, torch.bfloat16, torch.float16) and bool(tensor.is_contiguous())


def _read_shards(index: Path, choice: StateDictChoice) -> Raw:
    shards = _shards(index)
    contents = {file: _read_file(file, StateDictChoice()) for file in set(shards.values())}
    for name, file in shards.items():
        if name not in contents[file][1]:
            raise PopulationError(f"{file}: has no tensor {name!r}, which {index.name} says is there")
    whole = {name: contents[file][1][name] for name, file in shards.items()}
    try:
        return all(raw[0] for raw in contents.values()), state_dict(whole, choice), {}
    except ChoiceError as error:
        raise PopulationError(f"{index}: {error}") from error


def _shards(index: Path) -> dict[str, Path]:
    """Return each tensor's file."""
    try:
        weight_map = read_json(index)["weight_map"]
        shards = {str(name): index.parent / str(file) for name, file in weight_map.items()}
    except (FileError, KeyError, AttributeError, TypeError) as error:
        raise PopulationError(f"{index}: is not an index of shards, JSON with a `weight_map`") from error
    for file in sorted(set(shards.values())):
        if file.parent != index.parent or not file.is_file():
            raise PopulationError(f"{index}: names the shard {file.name}, which is not beside it")
    return shards


def _read_file(path: Path, choice: StateDictChoice) -> Raw:
    if path.suffix not in (*SUFFIXES, ""):  # what torch saved may have no suffix, as `checkpoints` of Ray Tune
        raise PopulationError(f"{path}: not a checkpoint; known suffixes: {', '.join((*SUFFIXES, INDEX))}")
    mapped = path.suffix == ".safetensors" or is_zipfile(path)
    loaded = _load(path, mapped)
    try:
        tensors = state_dict(loaded, choice)
    except ChoiceError as error:
        raise PopulationError(f"{path}: {error}") from error
    is_bare = choice.key is None and all(loaded.get(name) is tensor for name, tensor in tensors.items())
    return mapped, tensors, {} if is_bare else numbers_beside(loaded)


def _load(path: Path, mapped: bool) -> Any:
    """Return a file's contents; of classes beside tensors only those are allowed that run no code."""
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        import torch

        # torch warns of a pickle's protocol and of checking sparse tensors, neither of which is a fault of the file.
        with catch_warnings(action="ignore"), torch.serialization.safe_globals(harmless_classes()):
            return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except OSError as error:
        raise PopulationError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:
        raise PopulationError(f"{path}: {unreadable_reason(path, error)}") from error


def as_array(tensor: Any, place: str) -> np.ndarray:
    """Return a tensor as an array, floating numbers as float32 or float64.

    Raises:
        PopulationError: It is not a dense array of numbers; `place` says where it is.
    """
    import torch

    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_meta:
        raise PopulationError(f"{place} is sparse, quantised or without data; save dense numbers")
    tensor = tensor.detach()
    # A buffer of float64 or of complex numbers is scored unchanged; weights become float32 where they are flattened.
    unchanged = (torch.float32, torch.float64)
    array: np.ndarray = (
        tensor.float() if tensor.is_floating_point() and tensor.dtype not in unchanged else tensor
    ).numpy()
    return array
