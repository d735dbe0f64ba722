"""A checkpoint as a member: its tensors under the model's own names, checked, and flattened."""

from collections.abc import Mapping

import numpy as np

from globscope.errors import PopulationError, near
from globscope.population.checkpoint import read
from globscope.population.find import Found
from globscope.roles import Probe
from globscope.values.members import Member


def member(found: Found, probe: Probe) -> tuple[Member, np.ndarray]:
    """Return a checkpoint as a member and its (D,) float32 weights.

    Raises:
        PopulationError: A tensor is missing, has another shape or kind, or is not finite.
    """
    layout, tensors = probe.layout, named(read(found.path), probe)
    if not tensors:
        raise PopulationError(f"{found.path}: holds no tensors")
    for name, shape in zip(layout.names, layout.shapes, strict=True):
        if name not in tensors:
            raise PopulationError(f"{found.path}: has no tensor {name!r}; {near(name, tensors)}")
        _require(found, name, tensors[name], shape)
    buffers = {n: a for n, a in tensors.items() if n not in layout.names} if probe.stateful else {}
    return Member(variant=found.variant, step=found.step, buffers=buffers), layout.flatten(tensors)


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


def _require(found: Found, name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    who = f"{found.path}: tensor {name!r}"
    if array.shape != shape:
        raise PopulationError(f"{who} has shape {tuple(array.shape)}, the model wants {shape}")
    if array.dtype.kind != "f":
        raise PopulationError(f"{who} holds {array.dtype}, not floating numbers")
    if not np.isfinite(array).all():
        raise PopulationError(f"{who} has values that are not finite")
