"""LoRA adapters as peft's `save_pretrained` writes them: what they change of a base's tensors. Read without peft."""

import re
from collections.abc import Iterator, Mapping
from math import prod, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define

from globscope.errors import FileError, PopulationError
from globscope.population.checkpoint import read_checkpoint, tensor_shapes
from globscope.population.state_dict import StateDictChoice
from globscope.reading import read_json
from globscope.spec.words import toml

CONFIG, STEM = "adapter_config.json", "adapter_model"
# peft's names of the model that it wraps, of a module inside its wrappers, and of one that it has put out of use.
ROOT = "base_model.model."
_WRAPPER = re.compile(r"\.(base_layer|modules_to_save(\.default)?)(?=\.)")
UNUSED = ".original_module."
_FACTOR = re.compile(
    r"(?P<module>.+)\.lora_(?P<embedding>embedding_)?(?P<side>[AB])(\.default)?(\.(?P<kind>weight|bias))?"
)
# Options of LoRA with which a network is more than its base plus products of factors.
UNREAD = {
    "use_dora": "DoRA",
    "use_qalora": "QALoRA",
    "use_bdlora": "BD-LoRA",
    "alora_invocation_tokens": "activated LoRA",
    "arrow_config": "Arrow",
    "kasa_config": "KaSA",
    "monteclora_config": "MonteCLoRA",
    "layer_replication": "layer replication",
    "target_parameters": "LoRA on parameters of mixtures of experts",
    "trainable_token_indices": "trained tokens",
}
# Initialisations that change the base, of which the factors are then no difference.
MOVES_BASE = re.compile(r"pissa|olora|corda|loftq|lora_ga")
ACCEPTED = (
    "what is read is LoRA of linear, embedding and convolutional layers, with rslora, rank and alpha patterns, biases "
    "and modules_to_save; merge other adapters into their base (peft's merge_and_unload) and name the merged networks"
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
    config = _config(path)
    tensors = {name: array for name, array in read_checkpoint(path, choice).tensors.items() if UNUSED not in name}
    pairs: dict[str, dict[str, Any]] = {}
    changes: dict[str, Change] = {}
    for name, tensor in tensors.items():
        match = _FACTOR.fullmatch(name.removeprefix(ROOT))
        if match is None:
            changes[_own_name(path, name)] = Whole(tensor=tensor)
        elif match["kind"] == "bias":
            changes[f"{match['module']}.bias"] = Whole(tensor=tensor, scale=_scale(config, match["module"], None))
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
    if up.shape[1] != down.shape[0]:
        raise PopulationError(f"{path}: the factors of {module}, {up.shape} and {down.shape}, have no rank in common")
    transposed = pair["embedding"] or bool(config.get("fan_in_fan_out"))
    return Product(
        up=up,
        down=down,
        scale=_scale(config, module, down.shape[0]),
        transposed=transposed,
        embedding=pair["embedding"],
    )


def _scale(config: Mapping[str, Any], module: str, rank: int | None) -> float:
    """Return by what peft multiplies a module's product: alpha / rank, with rslora alpha / √rank."""
    rank = _by_pattern(config, "rank_pattern", module, "r") if rank is None else rank
    alpha = _by_pattern(config, "alpha_pattern", module, "lora_alpha")
    return float(alpha / (sqrt(rank) if config.get("use_rslora") else rank))


def _by_pattern(config: Mapping[str, Any], patterns: str, module: str, otherwise: str) -> Any:
    """Return a module's own value where a pattern, a regular expression for the end of its name, matches it."""
    own = [value for key, value in (config.get(patterns) or {}).items() if re.match(rf"(.*\.)?({key})$", module)]
    return own[0] if own else config.get(otherwise, 8)


def _config(path: Path) -> Mapping[str, Any]:
    place = path.with_name(CONFIG)
    if not place.is_file():
        raise PopulationError(f"{path}: has no {CONFIG} beside it, which says how the factors are scaled")
    try:
        config = read_json(place)
    except FileError as error:
        raise PopulationError(f"{place}: {error}") from error
    if not isinstance(config, Mapping):
        raise PopulationError(f"{place}: is not the configuration of an adapter")
    for problem in _problems(config):
        raise PopulationError(f"{place}: {problem}; {ACCEPTED}")
    return config


def _problems(config: Mapping[str, Any]) -> Iterator[str]:
    kind, initial = str(config.get("peft_type", "LORA")), config.get("init_lora_weights", True)
    if kind != "LORA":
        yield f"is an adapter of type {kind}, not LORA"
    for option, name in UNREAD.items():
        if config.get(option):
            yield f"uses {name} ({option})"
    if isinstance(initial, str) and MOVES_BASE.match(initial.lower()):
        yield (
            f"was initialised by {toml(initial)}, which changes the base; "
            "save it with path_initial_model_for_weight_conversion"
        )
