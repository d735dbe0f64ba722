"""A photo of the Oxford-IIIT Pet data set with its trimap, read and resized."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define

from globscope.api import UserCodeError
from globscope.builtin.tasks.data.image_size import ImageSize

# What a pixel of a trimap may be, by its value.
TRIMAP = {1: "foreground", 2: "background", 3: "undecided"}
# By how much the shape of a trimap may differ from its photo's: either may have been resized, and is rounded then.
SHAPE = 0.02


@define(frozen=True, kw_only=True)
class Photo:
    """A photo and its trimap.

    Attributes:
        image: Path of the photo.
        trimap: Path of the trimap.
    """

    image: Path
    trimap: Path

    def read(self, size: ImageSize) -> tuple[np.ndarray, np.ndarray]:
        """Return (3, height, width) and (height, width) bytes.

        Raises:
            UserCodeError: A file is no image, the trimap's shape is not the photo's, or it has another value.
        """
        (photo, shape), (trimap, own) = (
            _open(path, resize) for path, resize in ((self.image, size.resize_image), (self.trimap, size.resize_mask))
        )
        if abs(own[0] * shape[1] / (own[1] * shape[0]) - 1) > SHAPE:
            raise refusal(self.trimap, f"is {own[0]}×{own[1]} pixels, its photo {shape[0]}×{shape[1]}")
        strange = np.setdiff1d(trimap, list(TRIMAP))
        if len(strange):
            values = ", ".join(f"{value} ({name})" for value, name in TRIMAP.items())
            raise refusal(self.trimap, f"has a pixel of value {strange[0]}; a trimap has {values}")
        return photo, trimap


def _open(path: Path, resize: Callable[[Any], np.ndarray]) -> tuple[np.ndarray, tuple[int, int]]:
    """Return an image resized, and its own width and height."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return resize(image), image.size
    except Exception as error:  # Pillow's decoders raise many kinds
        raise refusal(path, f"cannot be read: {type(error).__name__}: {error}") from error


def refusal(path: Path, reason: str) -> UserCodeError:
    """Return the error that a file is not what it must be."""
    return UserCodeError(f"task.path: {path} {reason}")
