"""Data from a path to npz, idx or CIFAR binary files, an image folder or a zip. Nothing is unpickled."""

from pathlib import Path

from globscope.api import FileError, UserCodeError
from globscope.builtin.tasks.data import cifar, idx, images, npz
from globscope.builtin.tasks.data.arrays import Arrays

ACCEPTED = (
    "an .npz with x_train, y_train, x_test, y_test; idx files; CIFAR's binary files; "
    "or an image folder, or a zip of one, with train/<class>/ and test/<class>/"
)


def read(path: Path) -> Arrays:
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
