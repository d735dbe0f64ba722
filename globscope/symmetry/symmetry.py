"""A permutation symmetry: which units of which layers may change places, and where they are in the tensors."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import define, field

from globscope.errors import SymmetryError, near


@define(frozen=True, kw_only=True)
class Axis:
    """Where the units of a group are in a tensor.

    Attributes:
        tensor: The tensor's name.
        axis: The tensor's axis along which the units lie.
        index: (n, m) indices along the axis; unit u has those of row u, with m > 1 where a layer was flattened.
    """

    tensor: str
    axis: int
    index: np.ndarray = field(eq=False, repr=False)


@define(frozen=True, kw_only=True)
class Group:
    """Units that may change places with one another.

    Attributes:
        name: The layer that computes them; unique.
        size: The number n of units.
        axes: All the axes along which they lie.
    """

    name: str
    size: int
    axes: tuple[Axis, ...]


@define(frozen=True, kw_only=True)
class Frozen:
    """An operation or tensor that could not be followed, so that the order of its units is fixed.

    Attributes:
        where: The name of the layer or the tensor; empty for the model itself.
        what: The operation, or why the tensor is fixed.
    """

    where: str
    what: str

    def __str__(self) -> str:
        """Return the operation and its layer, for messages."""
        return f"{self.what} in {self.where!r}" if self.where else f"{self.what} in the model itself"


@define(frozen=True, kw_only=True)
class Symmetry:
    """Permutations of units that change a network's weights but not its outputs.

    Attributes:
        groups: Groups of units in the order in which the network computes them; each may be permuted alone.
        frozen: Operations and tensors that could not be followed.
        statistics: Names of tensors with axes that are re-estimated from data instead of trained.
    """

    groups: tuple[Group, ...]
    frozen: tuple[Frozen, ...] = ()
    statistics: frozenset[str] = frozenset()

    @property
    def sizes(self) -> dict[str, int]:
        """How many units each group has, by its name."""
        return {group.name: group.size for group in self.groups}

    def permute(self, tensors: Mapping[str, Any], permutations: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """Return the network with its units in another order, as new tensors.

        Args:
            tensors: Parameters and buffers by name, of numpy or torch; some of them may be missing.
            permutations: (n,) integers by name of the group: unit i of the result is unit `permutation[i]` of
                `tensors`. Groups that are omitted keep their order.

        Raises:
            SymmetryError: There is no such group, or an array is not a permutation of its units.
        """
        permuted = {name: tensor.copy() if _is_numpy(tensor) else tensor.clone() for name, tensor in tensors.items()}
        for (name, axis), order in self._orders(permutations, permuted).items():
            permuted[name] = _take(permuted[name], order, axis)
        return permuted

    def random(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return a uniformly random (units,) permutation of every group, by its name."""
        return {group.name: rng.permutation(group.size) for group in self.groups}

    def _orders(
        self, permutations: Mapping[str, np.ndarray], tensors: Mapping[str, Any]
    ) -> dict[tuple[str, int], np.ndarray]:
        """Return the index from which each index is taken, by tensor and axis."""
        orders: dict[tuple[str, int], np.ndarray] = {}
        for name, permutation in self._require_permutations(permutations).items():
            for axis in next(group for group in self.groups if group.name == name).axes:
                if axis.tensor in tensors:
                    length = tensors[axis.tensor].shape[axis.axis]
                    order = orders.setdefault((axis.tensor, axis.axis), np.arange(length))
                    order[axis.index] = axis.index[permutation]
        return orders

    def _require_permutations(self, permutations: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        sizes = self.sizes
        for name, permutation in permutations.items():
            if name not in sizes:
                raise SymmetryError(f"there is no group of units {name!r}; {near(name, sizes)}")
            if not np.array_equal(np.sort(permutation), np.arange(sizes[name])):
                raise SymmetryError(f"the array for {name!r} is not a permutation of its {sizes[name]} units")
        return {name: np.asarray(permutation) for name, permutation in permutations.items()}


def _is_numpy(tensor: Any) -> bool:
    return isinstance(tensor, np.ndarray)


def _take(tensor: Any, order: np.ndarray, axis: int) -> Any:
    if _is_numpy(tensor):
        return np.take(tensor, order, axis)
    import torch

    return tensor.index_select(axis, torch.from_numpy(order).to(tensor.device))
