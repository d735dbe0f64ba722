"""Checkpoints that others wrote: found by a pattern, read without running anything, checked by name."""

import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define

from globscope.errors import PopulationError, near
from globscope.values.members import Layout, Member

SUFFIXES = (".safetensors", ".pt", ".pth", ".th", ".ckpt", ".bin")
WRAPPERS = ("state_dict", "model_state_dict", "model", "net")
PREFIXES = ("module.", "_orig_mod.")


@define(frozen=True, kw_only=True)
class Found:
    """One checkpoint file.

    Attributes:
        path: Of the file.
        variant: From its path.
        step: From its path.
    """

    path: Path
    variant: str
    step: int


def find(pattern: str, folder: Path) -> list[Found]:
    """Return the files that match `…{variant}…{step}…`, by variant, then by step as a number.

    Raises:
        PopulationError: None matches, or two claim the same variant and step.
    """
    path = Path(pattern).expanduser()
    whole = str(path if path.is_absolute() else folder / path)
    before = re.split(r"\{", whole)[0]
    root = Path(before) if before.endswith("/") else Path(before).parent
    files = sorted(p for p in root.rglob("*") if p.is_file()) if root.is_dir() else []
    matches = [(file, match) for file in files if (match := _expression(whole).fullmatch(str(file)))]
    if not matches:
        raise PopulationError(f"population.checkpoints: {_nothing(whole, root, len(files))}")
    found = [Found(path=file, variant=m["variant"], step=int(m["step"])) for file, m in matches]
    found.sort(key=lambda f: (f.variant, f.step))
    for one, two in pairwise(found):
        if (one.variant, one.step) == (two.variant, two.step):
            raise PopulationError(f"{one.path} and {two.path} are both step {one.step} of {one.variant!r}")
    return found


def _expression(pattern: str) -> re.Pattern[str]:
    named = {"{variant}": "(?P<variant>[^/]+?)", "{step}": r"(?P<step>\d+)"}
    parts = re.split(r"(\{variant\}|\{step\})", pattern)
    seen: set[str] = set()
    text = ""
    for part in parts:
        again = part in seen  # a placeholder used twice must match the same text
        text += f"(?P={part[1:-1]})" if again else named.get(part, re.escape(part))
        seen |= {part} & set(named)
    return re.compile(text)


def _nothing(pattern: str, root: Path, count: int) -> str:
    if not root.is_dir():
        return f"no folder {root}"
    return f"none of the {count} files below {root} matches {pattern}"


def read(path: Path) -> dict[str, np.ndarray]:
    """Return a checkpoint's tensors by name, without wrappers and prefixes; nothing is executed.

    Raises:
        PopulationError: Not a checkpoint, damaged, or a pickle that would run code.
    """
    tensors = _raw(path)
    for prefix in PREFIXES:
        if tensors and all(name.startswith(prefix) for name in tensors):
            tensors = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return {name: _array(tensor, f"{path}: tensor {name!r}") for name, tensor in tensors.items()}


def _raw(path: Path) -> dict[str, Any]:
    import torch

    if path.suffix not in SUFFIXES:
        raise PopulationError(f"{path}: not a checkpoint; known suffixes: {', '.join(SUFFIXES)}")
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise PopulationError(f"{path}: {_unreadable(path)}") from error
    for name in WRAPPERS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(name), Mapping):
            loaded = loaded[name]
    if not isinstance(loaded, Mapping):
        raise PopulationError(f"{path}: holds a {type(loaded).__name__}, not a state dict")
    return {str(name): tensor for name, tensor in loaded.items() if isinstance(tensor, torch.Tensor)}


def _unreadable(path: Path) -> str:
    """Return why a file is refused; torch's own words advise to run whatever it holds."""
    size = path.stat().st_size
    if size == 0:
        return "is empty"
    if path.suffix == ".safetensors":
        return f"is no whole safetensors file ({size:,} bytes): damaged, truncated, or of another format"
    return (
        "cannot be read as tensors alone: it is damaged, or a pickle that would run code, which is never done; "
        "save the state dict by itself, or as safetensors"
    )


def _own(name: str, aliases: Mapping[str, str]) -> str:
    return ".".join(aliases.get(part, part) for part in name.split("."))


def _array(tensor: Any, who: str) -> np.ndarray:
    import torch

    if tensor.is_complex():
        raise PopulationError(f"{who} is complex; maps are of real weights")
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_meta:
        raise PopulationError(f"{who} is sparse, quantised or without data; save dense numbers")
    tensor = tensor.detach()
    array: np.ndarray = (tensor.float() if tensor.is_floating_point() else tensor).numpy()
    return array


def member(
    found: Found, layout: Layout, stateful: bool, aliases: Mapping[str, str] | None = None
) -> tuple[Member, np.ndarray]:
    """Return a checkpoint as a member and its (D,) weights; modules under an alias get their own name.

    Raises:
        PopulationError: A tensor is missing, has another shape, or is not finite.
    """
    tensors = {_own(name, aliases or {}): array for name, array in read(found.path).items()}
    for name, shape in zip(layout.names, layout.shapes, strict=True):
        if name not in tensors:
            raise PopulationError(f"{found.path}: has no tensor {name!r}; {near(name, tensors)}")
        if tensors[name].shape != shape:
            other = tuple(tensors[name].shape)
            raise PopulationError(f"{found.path}: tensor {name!r} has shape {other}, the model wants {shape}")
        if tensors[name].dtype.kind != "f":
            raise PopulationError(f"{found.path}: tensor {name!r} holds {tensors[name].dtype}, not floating numbers")
        if not np.isfinite(tensors[name]).all():
            raise PopulationError(f"{found.path}: tensor {name!r} has values that are not finite")
    buffers = {n: a for n, a in tensors.items() if n not in layout.names} if stateful else {}
    return Member(variant=found.variant, step=found.step, buffers=buffers), layout.flatten(tensors)
