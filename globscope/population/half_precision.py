"""Tensors of files in half precision, which become float32 only where they are read."""

from typing import Any

import numpy as np


class HalfPrecision:
    """An array of a memory-mapped torch tensor in bfloat16 or float16; its numbers are float32.

    Converted whole, the file of a large network would need memory for twice its size.

    Attributes:
        tensor: The tensor, of any shape.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, tensor: Any) -> None:
        """Keep the tensor, without a copy."""
        self.tensor = tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape."""
        return tuple(self.tensor.shape)

    def __len__(self) -> int:
        """Count the rows; of a flat tensor, the weights."""
        return len(self.tensor)

    def __getitem__(self, key: Any) -> np.ndarray:
        """Return some numbers as a float32 array."""
        array: np.ndarray = self.tensor[key].float().numpy()
        return array

    def reshape(self, *shape: int) -> "HalfPrecision":
        """Return the same numbers in another shape, without a copy."""
        return HalfPrecision(self.tensor.reshape(shape))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Return all numbers as an array."""
        if copy is False:
            raise ValueError("a tensor in half precision has no float32 array without a copy")
        return self[...].astype(dtype or self.dtype, copy=False)
