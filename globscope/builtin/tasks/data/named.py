"""Data by name: what it must look like, and where it may be had."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import define

from globscope.api import UserCodeError
from globscope.builtin.tasks.data.arrays import Arrays
from globscope.builtin.tasks.data.embedded import digits
from globscope.builtin.tasks.data.files import read


@define(frozen=True)
class Known:
    """What a named set of images is.

    Attributes:
        shape: Of an example.
        classes: How many.
        where: What to put at `task.path`.
    """

    shape: tuple[int, ...]
    classes: int
    where: str


CIFAR = (
    "the folder of its binary version ({0}), or an image folder or zip with train/<class>/ and test/<class>/; "
    "https://www.cs.toronto.edu/~kriz/cifar.html"
)
KNOWN = {
    "mnist": Known((1, 28, 28), 10, "its idx files (train-images-idx3-ubyte …, .gz or not), or an .npz of them"),
    "cifar10": Known((3, 32, 32), 10, CIFAR.format("data_batch_1.bin …")),
    "cifar100": Known((3, 32, 32), 100, CIFAR.format("train.bin, test.bin")),
}


def named(name: str, path: Path | None, test_share: float, seed: int) -> Arrays:
    """Return the data of a name; images as bytes, channels first.

    Raises:
        UserCodeError: No path where one is needed, or its files are something else.
    """
    if name.startswith("digits"):
        found = digits(test_share, seed)
        return found if name == "digits" else found.shaped(1, 8, 8)
    if path is None:
        where = KNOWN[name].where if name in KNOWN else "an .npz, an image folder or zip, idx or CIFAR binary files"
        told = "; ".join(filter(None, [where, remedy({"data": name})]))
        raise UserCodeError(f"task.path: data = {name!r} is read from your own files: {told}")
    found = read(path)
    if name in KNOWN:
        _require(name, KNOWN[name], found, path)
    return found


def remedy(table: Mapping[str, Any]) -> str:
    """Return what to do where the path in a task's table leads nowhere; empty for files that only the user has."""
    name = table.get("data")
    return f"`globscope data {name}` downloads it" if isinstance(name, str) and name in KNOWN else ""


def _require(name: str, known: Known, found: Arrays, path: Path) -> None:
    if (found.shape, found.classes) != (known.shape, known.classes):
        raise UserCodeError(
            f"task.path: {path} holds examples of shape {found.shape} in {found.classes} classes, which is not "
            f"{name} ({known.shape}, {known.classes} classes); data = 'files' takes any"
        )
