"""Images and masks of any size as bytes of one size."""

from typing import Any

import numpy as np
from attrs import define

from globscope.api import UserCodeError

# Largest side in pixels: an image of it takes 200 MB.
LARGEST = 8192


@define(frozen=True)
class ImageSize:
    """The size to which images and masks are resized.

    Attributes:
        height: Number of pixels from top to bottom.
        width: Number of pixels from left to right.
    """

    height: int
    width: int

    @classmethod
    def of(cls, option: Any) -> "ImageSize":
        """Return the size that `task.data_options.size` gives: a side of squares, or [height, width].

        Raises:
            UserCodeError: It is something else.
        """
        sides = option if isinstance(option, list | tuple) else [option, option]
        if len(sides) != 2 or not all(type(side) is int and 1 <= side <= LARGEST for side in sides):
            accepted = f"must be a number of pixels from 1 to {LARGEST}, or [height, width]"
            raise UserCodeError(f"task.data_options.size: {accepted}; got {option!r}")
        return cls(*sides)

    def resize_image(self, image: Any) -> np.ndarray:
        """Return a PIL image of any mode as (3, height, width) bytes, resized bilinearly.

        Where it shrinks, the filter widens with the scale, as PIL and torchvision do it, so that nothing aliases.
        """
        from PIL import Image

        # PIL warns of transparent colours in a palette, unless they are resolved first.
        whole = image.convert("RGBA") if "transparency" in image.info else image
        small = whole.convert("RGB").resize((self.width, self.height), Image.Resampling.BILINEAR)
        return np.ascontiguousarray(np.asarray(small).transpose(2, 0, 1))

    def resize_mask(self, mask: Any) -> np.ndarray:
        """Return a PIL image of one channel as (height, width) bytes, each the value of the nearest pixel.

        Raises:
            ValueError: It is no image, or has several channels.
        """
        from PIL import Image

        if not isinstance(mask, Image.Image) or len(mask.getbands()) != 1:
            found = f"mode {mask.mode}" if isinstance(mask, Image.Image) else type(mask).__name__
            raise ValueError(f"a mask is an image with one channel, not {found}")
        # Colours of a palette stay numbers.
        return np.asarray(mask.resize((self.width, self.height), Image.Resampling.NEAREST)).astype(np.uint8)
