"""Tensors under the model's own names, whatever frameworks made of them."""

from collections.abc import Mapping

import numpy as np

from globscope.roles import Probe


def named(tensors: Mapping[str, np.ndarray], probe: Probe) -> dict[str, np.ndarray]:
    """Return tensors under the model's own names: without what frameworks put before them, aliases resolved."""
    aliases: Mapping[str, str] = getattr(probe, "aliases", {})
    ties: Mapping[str, tuple[str, ...]] = getattr(probe, "ties", {})
    own = {".".join(aliases.get(part, part) for part in name.split(".")): array for name, array in tensors.items()}
    prefix = _prefix(own, probe.layout.names)
    found = {name.removeprefix(prefix): array for name, array in own.items() if name.startswith(prefix)}
    for name, twins in ties.items():  # one tensor under several names, of which a file may hold any
        held = [found[one] for one in (name, *twins) if one in found]
        found.update({name: held[0]} if held else {})
    return found


def _prefix(names: Mapping[str, np.ndarray], wanted: tuple[str, ...]) -> str:
    """Return what stands before the model's names: `module.`, `_orig_mod.`, Lightning's `model.` and others."""
    ends = [name for name in names for end in wanted[:1] if name == end or name.endswith(f".{end}")]
    prefixes = sorted({name.removesuffix(wanted[0]) for name in ends} | {""}, key=len)
    return max(prefixes, key=lambda prefix: sum(prefix + name in names for name in wanted))
