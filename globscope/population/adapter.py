"""LoRA adapters as peft's `save_pretrained` writes them: what they change of a base's tensors. Read without peft."""

import re
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define

from globscope.errors import PopulationError
from globscope.population.adapter_config import ACCEPTED, adapter_config, scale_of
from globscope.population.checkpoint import read_checkpoint, tensor_shapes
from globscope.population.state_dict import StateDictChoice

STEM = "adapter_model"
# peft's names of the model that it wraps, of a module inside its wrappers, and of one that it has put out of use.
ROOT = "base_model.model."
_WRAPPER = re.compile(r"\.(base_layer|modules_to_save(\.default)?)(?=\.)")
UNUSED = ".original_module."
_FACTOR = re.compile(
    r"(?P<module>.+)\.lora_(?P<embedding>embedding_)?(?P<side>[AB])(\.default)?(\.(?P<kind>weight|bias))?"
)


@define(frozen=True, kw_only=True, eq=False)
class Product:
    """A difference from the base: scale · up · down, as peft holds the factors.

    Attributes:
        up: Array of the factor B, (out, rank, …).
        down: Array of the factor A, (rank, in, …).
        scale: Factor of the product.
        transposed: Whether the weights are stored as (in, out), as far as the adapter knows.
        embedding: Whether they are those of an embedding, whose factors have other names.
    """

    up: Any
    down: Any
    scale: float
    transposed: bool
    embedding: bool = False

    def matrices(self, *, transposed: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return the factors as float32 matrices, (rows, rank) and (rank, columns) of the tensor as it is stored."""
        up, down = (np.asarray(factor, np.float32).reshape(len(factor), -1) for factor in (self.up, self.down))
        return (down.T, up.T) if transposed else (up, down)

    def fits(self, shape: tuple[int, ...], *, transposed: bool) -> bool:
        """Return whether the product has as many rows and columns as a tensor of this shape."""
        rows, columns = len(self.up), prod(self.down.shape[1:])
        return (columns, rows) == shape if transposed else (rows, columns) == (shape[0], prod(shape[1:]))


@define(frozen=True, kw_only=True, eq=False)
class Whole:
    """A tensor that takes the place of the base's, or is added to it.

    Attributes:
        tensor: The values, of the shape that the base's tensor has.
        scale: By what it is multiplied before it is added; None where it is not added.
    """

    tensor: Any
    scale: float | None = None


Change = Product | Whole


def is_adapter(path: Path) -> bool:
    """Return whether a checkpoint file is an adapter's, by the name that peft gives it."""
    return path.stem == STEM


def read_changes(path: Path, choice: StateDictChoice) -> dict[str, Change]:
    """Return what an adapter changes, by the names that peft gives to the base's tensors.

    Raises:
        PopulationError: It cannot be read, or is no LoRA adapter of a kind that is a difference of weights.
    """
    config = adapter_config(path)
    tensors = {name: array for name, array in read_checkpoint(path, choice).tensors.items() if UNUSED not in name}
    pairs: dict[str, dict[str, Any]] = {}
    changes: dict[str, Change] = {}
    for name, tensor in tensors.items():
        match = _FACTOR.fullmatch(name.removeprefix(ROOT))
        if match is None:
            changes[_own_name(path, name)] = Whole(tensor=tensor)
        elif match["kind"] == "bias":
            changes[f"{match['module']}.bias"] = Whole(tensor=tensor, scale=scale_of(config, match["module"], None))
        else:
            pairs.setdefault(match["module"], {})[match["side"]] = tensor
            pairs[match["module"]]["embedding"] = bool(match["embedding"])
    for module, pair in pairs.items():
        if f"{module}.weight" in changes:
            raise PopulationError(f"{path}: holds both weights and factors of {module}; {ACCEPTED}")
        changes[f"{module}.weight"] = _product(path, config, module, pair)
    return changes


def names_of_whole(path: Path, choice: StateDictChoice) -> dict[str, str]:
    """Return the names in an adapter's file of the tensors that it holds whole, by peft's names of the base's.

    Raises:
        PopulationError: It cannot be read.
    """
    found: dict[str, str] = {}
    for name in tensor_shapes(path, choice):
        match = _FACTOR.fullmatch(name.removeprefix(ROOT))
        if match is None:
            found[_own_name(path, name)] = name
        elif match["kind"] == "bias":
            found[f"{match['module']}.bias"] = name
    return found


def _own_name(path: Path, name: str) -> str:
    """Return the base's name of a tensor that an adapter holds whole."""
    if ".lora_" in name:
        raise PopulationError(f"{path}: tensor {name!r} is no factor of LoRA; {ACCEPTED}")
    return _WRAPPER.sub("", name.removeprefix(ROOT))


def _product(path: Path, config: Mapping[str, Any], module: str, pair: Mapping[str, Any]) -> Product:
    if not {"A", "B"} <= pair.keys():
        raise PopulationError(f"{path}: holds only one of the two factors of {module}")
    up, down = pair["B"], pair["A"]
    if min(len(up.shape), len(down.shape)) < 2 or up.shape[1] != down.shape[0]:
        raise PopulationError(f"{path}: the factors of {module}, {up.shape} and {down.shape}, have no rank in common")
    transposed = pair["embedding"] or bool(config.get("fan_in_fan_out"))
    return Product(
        up=up,
        down=down,
        scale=scale_of(config, module, down.shape[0]),
        transposed=transposed,
        embedding=pair["embedding"],
    )
