"""torchvision's datasets by name, where it is installed, from files that lie there."""

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from globscope.api import Code, UserCodeError, near
from globscope.builtin.tasks.data.arrays import Arrays
from globscope.builtin.tasks.data.named import KNOWN
from globscope.builtin.tasks.data.supplied import gathered

DATASETS = "torchvision.datasets"
OWN = "data = 'file.py:name' takes a function that returns two datasets"


def is_vision(code: Code) -> bool:
    """Whether a reference is to one of torchvision's datasets."""
    return code.module in ("torchvision", DATASETS)


def vision(code: Code, path: Path | None, options: Mapping[str, Any]) -> Arrays:
    """Return both splits of a dataset of torchvision's; images as bytes, channels first. Nothing is downloaded.

    Raises:
        UserCodeError: There is no such dataset, it unpickles, has no two splits, or its files are not there.
    """
    cls = _class(code)
    accepted = _accepted(cls)
    choice = next((name for name in ("train", "split") if name in accepted), None)
    if choice is None:
        raise UserCodeError(f"task.data: {code} takes neither 'train' nor 'split' to tell its splits; {OWN}")
    ours = {name: value for name, value in _ours(path).items() if name in accepted}
    _require_free(code, options, {*ours, choice}, accepted)
    if "root" in ours and path is None:
        raise UserCodeError(f"task.path: data = '{code}' is read from your own files: torchvision's root folder")
    found = {}
    for split in ("train", "test"):
        made = _made(cls.__name__, {**ours, **options, choice: split if choice == "split" else split == "train"})
        found[split] = gathered(code, made)
    return Arrays(**found)


def _class(code: Code) -> Any:
    """Return a dataset's class, unless reading it would run code: strangers' files are never unpickled."""
    parent = Code(DATASETS, "VisionDataset").load()
    known = {name: cls for name, cls in vars(sys.modules[DATASETS]).items() if _is_dataset(cls, parent)}
    if code.name not in known:
        raise UserCodeError(f"task.data: torchvision has no dataset {code.name!r}; {near(code.name, known)}")
    cls, name = known[code.name], code.name.lower()
    # Told by the import, so that a later version's further ones are refused too.
    if any("pickle" in vars(sys.modules[base.__module__]) for base in cls.__mro__):
        instead = f"; data = '{name}' reads the binary version, `globscope data {name}` downloads it"
        raise UserCodeError(
            f"task.data: {code} unpickles its files, which can run code and is never done{instead * (name in KNOWN)}"
        )
    return cls


def _is_dataset(cls: Any, parent: type) -> bool:
    return isinstance(cls, type) and issubclass(cls, parent) and cls is not parent


def _accepted(cls: type) -> set[str]:
    """Return the names of a class's options, its parents' too where it hands them on."""
    names: set[str] = set()
    for owner in cls.__mro__:
        if "__init__" in vars(owner):
            parameters = inspect.signature(vars(owner)["__init__"]).parameters
            handed = {name for name, one in parameters.items() if one.kind is one.VAR_KEYWORD}
            names |= parameters.keys() - handed - {"self"}
            if not handed:
                break
    return names


def _ours(path: Path | None) -> dict[str, Any]:
    bytes_of = Code("torchvision.transforms", "PILToTensor").call()
    return {"root": str(path), "transform": bytes_of, "download": False}


def _require_free(code: Code, options: Mapping[str, Any], ours: set[str], accepted: set[str]) -> None:
    for name in options:
        if name in ours:
            given = "the root is task.path, both splits are read as bytes, and nothing is downloaded"
            raise UserCodeError(f"task.data_options.{name}: is not to be set: {given}")
        if name not in accepted:
            raise UserCodeError(f"task.data_options.{name}: {code} has no such option; {near(name, accepted - ours)}")


def _made(name: str, options: Mapping[str, Any]) -> Any:
    try:
        return Code(DATASETS, name).call(**options)
    except UserCodeError as error:
        told = str(error)
        by_hand = f"; a study downloads nothing: {DATASETS}.{name} does, called in Python with download=True"
        raise UserCodeError(f"{told}{by_hand * ('download=True' in told)}") from error
