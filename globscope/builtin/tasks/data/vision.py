"""torchvision's datasets by name, if it is installed, from files that exist already."""

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from globscope.api import Code, UserCodeError, near
from globscope.builtin.tasks.data.arrays import Arrays
from globscope.builtin.tasks.data.by_name import KNOWN
from globscope.builtin.tasks.data.user_data import stack_dataset

DATASETS = "torchvision.datasets"
OWN = "data = 'file.py:name' takes a function that returns two datasets"


def is_vision(code: Code) -> bool:
    """Return whether a reference is to one of torchvision's datasets."""
    return code.module in ("torchvision", DATASETS)


def load_vision(code: Code, path: Path | None, options: Mapping[str, Any]) -> Arrays:
    """Return both splits of one of torchvision's datasets; images as bytes, channels first. Nothing is downloaded.

    Raises:
        UserCodeError: There is no such dataset, it unpickles, does not have two splits, or its files are missing.
    """
    cls = _class(code)
    accepted = _accepted_options(cls)
    choice = next((name for name in ("train", "split") if name in accepted), None)
    if choice is None:
        raise UserCodeError(f"task.data: {code} takes neither 'train' nor 'split' to tell its splits; {OWN}")
    fixed = {name: value for name, value in _fixed_options(path).items() if name in accepted}
    _require_free(code, options, {*fixed, choice}, accepted)
    if "root" in fixed and path is None:
        raise UserCodeError(f"task.path: data = '{code}' is read from your own files: torchvision's root folder")
    splits = {}
    for split in ("train", "test"):
        dataset = _load_split(
            cls.__name__, {**fixed, **options, choice: split if choice == "split" else split == "train"}
        )
        splits[split] = stack_dataset(code, dataset)
    return Arrays(**splits)


def _class(code: Code) -> Any:
    """Return a dataset's class, unless it unpickles its files, which can run code."""
    parent = Code(DATASETS, "VisionDataset").load()
    known = {name: cls for name, cls in vars(sys.modules[DATASETS]).items() if _is_dataset(cls, parent)}
    if code.name not in known:
        raise UserCodeError(f"task.data: torchvision has no dataset {code.name!r}; {near(code.name, known)}")
    cls, name = known[code.name], code.name.lower()
    # Recognised by the import, so that further datasets of later versions are refused too.
    if any("pickle" in vars(sys.modules[base.__module__]) for base in cls.__mro__):
        instead = f"; data = '{name}' reads the binary version, `globscope data {name}` downloads it"
        raise UserCodeError(
            f"task.data: {code} unpickles its files, which can run code and is never done{instead * (name in KNOWN)}"
        )
    return cls


def _is_dataset(cls: Any, parent: type) -> bool:
    return isinstance(cls, type) and issubclass(cls, parent) and cls is not parent


def _accepted_options(cls: type) -> set[str]:
    """Return the names of a class's options, including its parents' if it passes them on."""
    names: set[str] = set()
    for owner in cls.__mro__:
        if "__init__" in vars(owner):
            parameters = inspect.signature(vars(owner)["__init__"]).parameters
            handed = {name for name, parameter in parameters.items() if parameter.kind is parameter.VAR_KEYWORD}
            names |= parameters.keys() - handed - {"self"}
            if not handed:
                break
    return names


def _fixed_options(path: Path | None) -> dict[str, Any]:
    bytes_of = Code("torchvision.transforms", "PILToTensor").call()
    return {"root": str(path), "transform": bytes_of, "download": False}


def _require_free(code: Code, options: Mapping[str, Any], fixed: set[str], accepted: set[str]) -> None:
    for name in options:
        if name in fixed:
            reason = "the root is task.path, both splits are read as bytes, and nothing is downloaded"
            raise UserCodeError(f"task.data_options.{name}: is not to be set: {reason}")
        if name not in accepted:
            raise UserCodeError(f"task.data_options.{name}: {code} has no such option; {near(name, accepted - fixed)}")


def _load_split(name: str, options: Mapping[str, Any]) -> Any:
    try:
        return Code(DATASETS, name).call(**options)
    except UserCodeError as error:
        text = str(error)
        by_hand = f"; a study downloads nothing: {DATASETS}.{name} does, called in Python with download=True"
        raise UserCodeError(f"{text}{by_hand * ('download=True' in text)}") from error
