"""The configuration of a LoRA adapter as peft writes it: by what its products are scaled, and what cannot be read."""

import re
from collections.abc import Iterator, Mapping
from math import sqrt
from pathlib import Path
from sys import float_info
from typing import Any

from globscope.errors import FileError, PopulationError
from globscope.reading import read_json
from globscope.spec.words import toml

CONFIG = "adapter_config.json"
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

# What peft takes for rank and alpha where a configuration does not say.
DEFAULT = 8
RANKS, ALPHAS = "rank_pattern", "alpha_pattern"


def adapter_config(path: Path) -> Mapping[str, Any]:
    """Return the configuration beside an adapter's file.

    Raises:
        PopulationError: There is none, or it is of an adapter of a kind that is no difference of weights.
    """
    place = path.with_name(CONFIG)
    if not place.is_file():
        raise PopulationError(f"{path}: has no {CONFIG} beside it, which says how the factors are scaled")
    try:
        config = read_json(place)
    except FileError as error:
        raise PopulationError(str(error)) from error
    if not isinstance(config, Mapping):
        raise PopulationError(f"{place}: is not the configuration of an adapter")
    for problem in (*_unread(config), *_unusable(config)):
        raise PopulationError(f"{place}: {problem}")
    return config


def scale_of(config: Mapping[str, Any], module: str, rank: int | None) -> float:
    """Return by what peft multiplies a module's product: alpha / rank, with rslora alpha / √rank.

    Args:
        config: The adapter's configuration.
        module: peft's name of the module.
        rank: Of its factors; that of the configuration if None.
    """
    rank = _by_pattern(config, RANKS, module, "r") if rank is None else rank
    alpha = _by_pattern(config, ALPHAS, module, "lora_alpha")
    return float(alpha / (sqrt(rank) if config.get("use_rslora") else rank))


def _by_pattern(config: Mapping[str, Any], patterns: str, module: str, otherwise: str) -> Any:
    """Return a module's own value where a pattern, a regular expression for the end of its name, matches it."""
    own = [value for key, value in (config.get(patterns) or {}).items() if re.match(rf"(.*\.)?({key})$", module)]
    return own[0] if own else config.get(otherwise, DEFAULT)


def _unread(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield why an adapter is not read."""
    kind, initial = str(config.get("peft_type", "LORA")), config.get("init_lora_weights", True)
    if kind != "LORA":
        yield f"is an adapter of type {kind}, not LORA; {ACCEPTED}"
    for option, name in UNREAD.items():
        if config.get(option):
            yield f"uses {name} ({option}); {ACCEPTED}"
    if isinstance(initial, str) and MOVES_BASE.match(initial.lower()):
        yield (
            f"was initialised by {toml(initial)}, which changes the base; "
            f"save it with path_initial_model_for_weight_conversion; {ACCEPTED}"
        )


def _unusable(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield which values give no scale."""
    for option, patterns, lowest in (("r", RANKS, 1), ("lora_alpha", ALPHAS, None)):
        own = config.get(patterns) or {}
        if not isinstance(own, Mapping) or not all(map(_is_expression, own)):
            yield f"{patterns} must be a table of regular expressions and numbers, got {own!r:.80}"
            continue
        for value in (config.get(option, DEFAULT), *own.values()):
            if not _is_number(value) or (lowest is not None and value < lowest):
                yield f"{option} must be a number{'' if lowest is None else f' from {lowest}'}, got {value!r:.80}"


def _is_expression(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= float_info.max
