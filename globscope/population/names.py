"""Tensors under the model's own names, whatever frameworks made of them."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from globscope.errors import PopulationError
from globscope.roles import Probe, ProbeTraits, traits

# PEFT saves adapters without their name, `default` unless it is given, and without its wrapper of whole modules;
# https://github.com/huggingface/peft/blob/main/src/peft/utils/save_and_load.py
_ADAPTER = re.compile(r"(\.modules_to_save)?\.default(?=\.|$)")
_VECTOR = re.compile(r"(\.lora_magnitude_vector)\.weight$")


def named(tensors: Mapping[str, np.ndarray], probe: Probe, path: Path) -> dict[str, np.ndarray]:
    """Return tensors under the model's own names: without what frameworks put before them, aliases resolved.

    Args:
        tensors: By their names in the file.
        probe: Of the model.
        path: Of the file.

    Raises:
        PopulationError: The file holds several networks that would fit.
    """
    known = traits(probe, ProbeTraits)
    aliases, ties = known.aliases, known.ties
    own = {".".join(aliases.get(part, part) for part in name.split(".")): array for name, array in tensors.items()}
    own = _with_adapters(own, [*probe.layout.names, *known.fixed])
    prefix = _prefix(own, probe.layout.names, path)
    found = {name.removeprefix(prefix): array for name, array in own.items() if name.startswith(prefix)}
    for name, twins in ties.items():  # one tensor under several names, of which a file may hold any
        held = [found[one] for one in (name, *twins) if one in found]
        found.update({name: held[0]} if held else {})
    return found


def _prefix(names: Mapping[str, np.ndarray], wanted: tuple[str, ...], path: Path) -> str:
    """Return what stands before the model's names: `module.`, `_orig_mod.`, Lightning's `model.` and others."""
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


def _with_adapters(names: Mapping[str, np.ndarray], wanted: Iterable[str]) -> dict[str, np.ndarray]:
    """Return tensors with the names of their adapters, where a model has such and a file leaves them out."""
    saved = {form: name for name in wanted if (form := _VECTOR.sub(r"\1", _ADAPTER.sub("", name))) != name}
    return {_lengthened(name, saved): array for name, array in names.items()} if saved else dict(names)


def _lengthened(name: str, saved: Mapping[str, str]) -> str:
    parts = name.split(".")
    for at in range(len(parts)):
        end = ".".join(parts[at:])
        if end in saved:
            return name.removesuffix(end) + saved[end]
    return name
