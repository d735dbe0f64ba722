"""Tensors under the model's own names, whatever names frameworks gave them."""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from globscope.errors import PopulationError
from globscope.roles import Probe, ProbeTraits, traits

T = TypeVar("T")
# PEFT saves adapters without their name, `default` unless it is given, and without its wrapper of whole modules;
# https://github.com/huggingface/peft/blob/main/src/peft/utils/save_and_load.py
_ADAPTER = re.compile(r"(\.modules_to_save)?\.default(?=\.|$)")
_VECTOR = re.compile(r"(\.lora_magnitude_vector)\.weight$")


def tensors_by_model_name(tensors: Mapping[str, T], probe: Probe, path: Path) -> dict[str, T]:
    """Return tensors under the model's own names: without frameworks' prefixes, with aliases resolved.

    Args:
        tensors: Tensors, or whatever stands for them, by their names in the file.
        probe: The probe of the model.
        path: The file, for messages.

    Raises:
        PopulationError: The file holds several networks that would fit.
    """
    known = traits(probe, ProbeTraits)
    aliases, ties = known.aliases, known.ties
    renamed = {_without_alias(name, aliases): array for name, array in tensors.items()}
    renamed = _with_adapters(renamed, [*probe.layout.names, *known.fixed])
    prefix = _prefix(renamed, probe.layout.names, path)
    tensors_by_name = {name.removeprefix(prefix): array for name, array in renamed.items() if name.startswith(prefix)}
    for name, twins in ties.items():  # one tensor under several names, of which a file may hold any
        held = [tensors_by_name[key] for key in (name, *twins) if key in tensors_by_name]
        tensors_by_name.update({name: held[0]} if held else {})
    return tensors_by_name


def _without_alias(name: str, aliases: Mapping[str, str]) -> str:
    """Return a tensor's name with the model's own names of modules, each of one part or of several."""
    others = "|".join(map(re.escape, aliases))
    return re.sub(rf"(?<![^.])({others})(?![^.])", lambda match: aliases[match[1]], name) if aliases else name


def _prefix(names: Collection[str], wanted: tuple[str, ...], path: Path) -> str:
    """Return the prefix of the model's names: `module.`, `_orig_mod.`, Lightning's `model.` and others."""
    ends = [name for name in names for end in wanted[:1] if name == end or name.endswith(f".{end}")]
    prefixes = sorted({name.removesuffix(wanted[0]) for name in ends} | {""}, key=len)
    counts = {prefix: sum(prefix + name in names for name in wanted) for prefix in prefixes}
    whole = [prefix for prefix, count in counts.items() if count == len(wanted)]
    if len(whole) > 1 and "" not in whole:
        keys = [prefix.removesuffix(".") for prefix in whole]
        raise PopulationError(
            f"{path}: holds several networks that fit the model: {', '.join(sorted(keys))}; "
            f"choose one with population.key = {keys[0]!r}"
        )
    return max(prefixes, key=lambda prefix: counts[prefix])


def _with_adapters(names: Mapping[str, T], wanted: Iterable[str]) -> dict[str, T]:
    """Return tensors with their adapters' names, where the model has adapters and the file omits their names."""
    saved = {form: name for name in wanted if (form := _VECTOR.sub(r"\1", _ADAPTER.sub("", name))) != name}
    return {_with_adapter_name(name, saved): array for name, array in names.items()} if saved else dict(names)


def _with_adapter_name(name: str, saved: Mapping[str, str]) -> str:
    parts = name.split(".")
    for first in range(len(parts)):
        end = ".".join(parts[first:])
        if end in saved:
            return name.removesuffix(end) + saved[end]
    return name
