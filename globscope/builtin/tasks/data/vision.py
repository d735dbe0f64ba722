"""torchvision's datasets by name, if it is installed, from files that exist already."""

import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from globscope.api import Code, UserCodeError, near
from globscope.builtin.tasks.data.arrays import Arrays
from globscope.builtin.tasks.data.by_name import KNOWN
from globscope.builtin.tasks.data.image_size import ImageSize
from globscope.builtin.tasks.data.user_data import stack_dataset

DATASETS = "torchvision.datasets"
# The options by which a dataset tells its splits, and what it may call them.
CHOICES, NAMES = ("train", "split", "image_set"), {"train": ("train", "trainval"), "test": ("test", "val")}
OWN = "data = 'file.py:name' takes a function that returns two datasets"


def is_vision(code: Code) -> bool:
    """Return whether a reference is to one of torchvision's datasets."""
    return code.module in ("torchvision", DATASETS)


def load_vision(code: Code, path: Path | None, options: Mapping[str, Any]) -> Arrays:
    """Return both splits of one of torchvision's datasets; images as bytes, channels first. Nothing is downloaded.

    Raises:
        UserCodeError: There is no such dataset, it unpickles, does not have two splits, or its files are missing.
    """
    return _load(code, path, options, lambda: {"transform": Code("torchvision.transforms", "PILToTensor").call()})


def load_vision_masks(code: Code, path: Path | None, options: Mapping[str, Any]) -> Arrays:
    """Return both splits of one of torchvision's datasets with masks, resized to `size`; the masks' values as they are.

    Raises:
        UserCodeError: As `load_vision`; or there is no size, or what the dataset returns beside an image is no mask.
    """
    if "size" not in options:
        raise UserCodeError(f"task.data_options.size: {code} needs a size to which images and masks are resized")
    size = ImageSize.of(options["size"])
    resize = {"transform": size.resize_image, "target_transform": size.resize_mask}
    return _load(code, path, {name: value for name, value in options.items() if name != "size"}, lambda: resize)


def _load(
    code: Code, path: Path | None, options: Mapping[str, Any], transforms: Callable[[], Mapping[str, Any]]
) -> Arrays:
    cls = _class(code)
    accepted = _accepted_options(cls)
    choice = next((name for name in CHOICES if name in accepted), None)
    if choice is None:
        raise UserCodeError(f"task.data: {code} takes neither 'train' nor 'split' to tell its splits; {OWN}")
    fixed = {"root": str(path), "download": False, **transforms()}
    fixed = {name: value for name, value in fixed.items() if name in accepted}
    _require_free(code, options, {*fixed, choice}, accepted)
    if "root" in fixed and path is None:
        raise UserCodeError(f"task.path: data = '{code}' is read from your own files: torchvision's root folder")
    splits = {split: _load_split(cls.__name__, {**fixed, **options}, choice, split) for split in NAMES}
    return Arrays(**{split: stack_dataset(code, dataset) for split, dataset in splits.items()})


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


def _require_free(code: Code, options: Mapping[str, Any], fixed: set[str], accepted: set[str]) -> None:
    for name in options:
        if name in fixed:
            reason = "the root is task.path, both splits are read as bytes, and nothing is downloaded"
            raise UserCodeError(f"task.data_options.{name}: is not to be set: {reason}")
        if name not in accepted:
            raise UserCodeError(f"task.data_options.{name}: {code} has no such option; {near(name, accepted - fixed)}")


def _load_split(name: str, options: Mapping[str, Any], choice: str, split: str) -> Any:
    """Return a dataset's split by the first of its names that the dataset knows."""
    values = [split == "train"] if choice == "train" else NAMES[split]
    for value in values[:-1]:
        try:
            return _open(name, {**options, choice: value})
        except UserCodeError as error:
            if not isinstance(_cause(error), ValueError):  # what torchvision raises for a value that it does not know
                raise
    return _open(name, {**options, choice: values[-1]})


def _open(name: str, options: Mapping[str, Any]) -> Any:
    try:
        return Code(DATASETS, name).call(**options)
    except UserCodeError as error:
        text = str(error)
        by_hand = f"; a study downloads nothing: {DATASETS}.{name} does, called in Python with download=True"
        raise UserCodeError(f"{text}{by_hand * ('download=True' in text)}") from error


def _cause(error: BaseException) -> BaseException:
    """Return the first error of those that led to this one."""
    return error if error.__cause__ is None else _cause(error.__cause__)
