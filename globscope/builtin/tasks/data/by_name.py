"""Data by name, with its expected shape and where to get it; and data from a path, of which nothing is unpickled."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import define

from globscope.api import FileError, UserCodeError
from globscope.builtin.tasks.data import cifar, idx, images, npz
from globscope.builtin.tasks.data.arrays import Arrays
from globscope.builtin.tasks.data.embedded import digits

ACCEPTED = (
    "an .npz with x_train, y_train, x_test, y_test; idx files; CIFAR's binary files; "
    "or an image folder, or a zip of one, with train/<class>/ and test/<class>/"
)


def read_path(path: Path) -> Arrays:
    """Return the examples of a file or folder.

    Raises:
        UserCodeError: It is of no known kind, or damaged.
    """
    for reader in (npz, idx, cifar, images):
        if reader.fits(path):
            try:
                arrays: Arrays = reader.read(path)
                return arrays
            except UserCodeError:
                raise
            except FileError as error:  # names the file itself
                raise UserCodeError(f"task.path: {error}") from error
            except Exception as error:
                raise UserCodeError(f"task.path: {path} cannot be read: {type(error).__name__}: {error}") from error
    if cifar.is_pickled(path):
        raise UserCodeError(
            f"task.path: {path} is CIFAR's python version, which is pickled code that is never run; "
            "take the binary version of the same page, https://www.cs.toronto.edu/~kriz/cifar.html"
        )
    raise UserCodeError(f"task.path: {path} holds no data that is known; accepted: {ACCEPTED}")


@define(frozen=True)
class KnownSet:
    """The expected content of a named data set.

    Attributes:
        shape: Shape of an example's input.
        classes: Number of classes.
        where: Which files `task.path` must lead to.
    """

    shape: tuple[int, ...]
    classes: int
    where: str


CIFAR = (
    "the folder of its binary version ({0}), or an image folder or zip with train/<class>/ and test/<class>/; "
    "https://www.cs.toronto.edu/~kriz/cifar.html"
)
KNOWN = {
    "mnist": KnownSet((1, 28, 28), 10, "its idx files (train-images-idx3-ubyte …, .gz or not), or an .npz of them"),
    "cifar10": KnownSet((3, 32, 32), 10, CIFAR.format("data_batch_1.bin …")),
    "cifar100": KnownSet((3, 32, 32), 100, CIFAR.format("train.bin, test.bin")),
}


PETS = "images.tar.gz and annotations.tar.gz of https://www.robots.ox.ac.uk/~vgg/data/pets/ unpack to it"


def load_named(name: str, path: Path | None, test_share: float, seed: int) -> Arrays:
    """Return the data set of a name; images as bytes, channels first.

    Raises:
        UserCodeError: There is no path where one is needed, or its files hold other data.
    """
    if name.startswith("digits"):
        arrays = digits(test_share, seed)
        return arrays if name == "digits" else arrays.reshape_inputs(1, 8, 8)
    if path is None:
        where = KNOWN[name].where if name in KNOWN else "an .npz, an image folder or zip, idx or CIFAR binary files"
        hint = "; ".join(filter(None, [where, remedy({"data": name})]))
        raise UserCodeError(f"task.path: data = {name!r} is read from your own files: {hint}")
    arrays = read_path(path)
    if name in KNOWN:
        _require(name, KNOWN[name], arrays, path)
    return arrays


def remedy(table: Mapping[str, Any]) -> str:
    """Return how to get the data if the path in a task's table does not exist; empty for the user's own files."""
    name = table.get("data")
    if name == "pets":
        return PETS
    return f"`globscope data {name}` downloads it" if isinstance(name, str) and name in KNOWN else ""


def _require(name: str, known: KnownSet, arrays: Arrays, path: Path) -> None:
    if (arrays.shape, arrays.classes) != (known.shape, known.classes):
        raise UserCodeError(
            f"task.path: {path} holds examples of shape {arrays.shape} in {arrays.classes} classes, which is not "
            f"{name} ({known.shape}, {known.classes} classes); data = 'files' takes any"
        )
