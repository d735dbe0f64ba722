"""One tensor of a base that adapters change, as an adapter's file holds it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import define, field

from globscope.population.adapter import Change, Product, Whole
from globscope.values.truncated import Truncated, truncated_difference, truncated_product


@define(frozen=True, kw_only=True)
class ChangedTensor:
    """A tensor of the base that the adapters of a population change.

    Attributes:
        name: peft's name of it.
        change: The change that an adapter makes, whose form others take.
        transposed: Whether the model stores it as (in, out).
        base: The base's tensor, or None where it has none.
    """

    name: str
    change: Change = field(eq=False, repr=False)
    transposed: bool
    base: Any = field(eq=False, repr=False)

    def truncate(self, tensor: Any, factors: tuple[np.ndarray, np.ndarray] | None, rank: int | None) -> Truncated:
        """Return what a network's tensor adds to the base's, in at most so many ranks; in all that it has if None.

        Args:
            tensor: The network's torch tensor.
            factors: What it adds, as (rows, R) and (R, columns) factors, where they are known.
            rank: The most ranks.
        """
        if factors is not None:
            return truncated_product(*factors, rank)
        rows = tensor.shape[0]
        difference = tensor.double().numpy().reshape(rows, -1) - np.asarray(self.base, np.float64).reshape(rows, -1)
        return truncated_difference(difference, rank)

    def held_whole(self, tensor: Any) -> Any:
        """Return a tensor that the file holds whole; of one that peft adds to the base's, the difference."""
        assert isinstance(self.change, Whole)
        return tensor if self._replaces_base else tensor - _torch(self.base).reshape(tensor.shape)

    def as_read(self, held: Sequence[Any], tensor: Any) -> Any:
        """Return the network's tensor as peft has it: the base's with what the file holds of it."""
        if isinstance(self.change, Product):
            a, b = (factor.float().reshape(len(factor), -1) for factor in held)
            product = (b @ a).T if self.transposed else b @ a
            return _torch(self.base).reshape(tensor.shape) + product.reshape(tensor.shape)
        [whole] = held
        if self._replaces_base:
            return whole.float().reshape(tensor.shape)
        return _torch(self.base).reshape(tensor.shape) + whole.float()

    @property
    def _replaces_base(self) -> bool:
        return self.base is None or (isinstance(self.change, Whole) and self.change.scale is None)


def _torch(array: Any) -> Any:
    import torch

    return torch.from_numpy(np.array(array, np.float32))
