"""A permutation symmetry: which units of which layers may change places, and where they stand."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import define, field

from globscope.errors import SymmetryError, near


@define(frozen=True, kw_only=True)
class Axis:
    """Where the units of a group stand in a tensor.

    Attributes:
        tensor: Its name.
        axis: Of the tensor.
        index: (n, m) places along it; unit u has those of row u, m > 1 of them where a layer was flattened.
    """

    tensor: str
    axis: int
    index: np.ndarray = field(eq=False, repr=False)


@define(frozen=True, kw_only=True)
class Group:
    """Units that may change places with one another.

    Attributes:
        name: The layer that makes them; unique.
        size: n, how many they are.
        axes: All the places where they stand.
    """

    name: str
    size: int
    axes: tuple[Axis, ...]


@define(frozen=True, kw_only=True)
class Frozen:
    """What could not be followed, so that the order of units was left as it is.

    Attributes:
        where: The layer, or the tensor; empty for the model itself.
        what: The operation, or why the tensor stays.
    """

    where: str
    what: str

    def __str__(self) -> str:
        """Return it as messages say it."""
        return f"{self.what} in {self.where!r}" if self.where else f"{self.what} in the model itself"


@define(frozen=True, kw_only=True)
class Symmetry:
    """Permutations of units that change a network's weights and not what it computes.

    Attributes:
        groups: Of units, in the order in which the network makes them; each may be permuted alone.
        frozen: What could not be followed.
        statistics: Of the tensors with axes, those that are re-estimated from data instead of trained.
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
            tensors: Parameters and buffers by name, of numpy or torch. A part of them is permuted as a part.
            permutations: By name of the group, (n,) integers: unit i of the result is unit `permutation[i]` of
                `tensors`. Groups that are left out keep their order.

        Raises:
            SymmetryError: There is no such group, or what it is given is no permutation of its units.
        """
        found = {name: tensor.copy() if _is_numpy(tensor) else tensor.clone() for name, tensor in tensors.items()}
        for (tensor, axis), order in self._orders(permutations, found).items():
            found[tensor] = _taken(found[tensor], order, axis)
        return found

    def random(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return a uniformly drawn permutation of every group."""
        return {group.name: rng.permutation(group.size) for group in self.groups}

    def _orders(
        self, permutations: Mapping[str, np.ndarray], tensors: Mapping[str, Any]
    ) -> dict[tuple[str, int], np.ndarray]:
        """Return, by tensor and axis, the place from which each index is taken."""
        orders: dict[tuple[str, int], np.ndarray] = {}
        for name, permutation in self._checked(permutations).items():
            for one in next(group for group in self.groups if group.name == name).axes:
                if one.tensor in tensors:
                    length = tensors[one.tensor].shape[one.axis]
                    order = orders.setdefault((one.tensor, one.axis), np.arange(length))
                    order[one.index] = one.index[permutation]
        return orders

    def _checked(self, permutations: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        sizes = self.sizes
        for name, permutation in permutations.items():
            if name not in sizes:
                raise SymmetryError(f"there is no group of units {name!r}; {near(name, sizes)}")
            if not np.array_equal(np.sort(permutation), np.arange(sizes[name])):
                raise SymmetryError(f"what is given for {name!r} is no permutation of its {sizes[name]} units")
        return {name: np.asarray(permutation) for name, permutation in permutations.items()}


def _is_numpy(tensor: Any) -> bool:
    return isinstance(tensor, np.ndarray)


def _taken(tensor: Any, order: np.ndarray, axis: int) -> Any:
    if _is_numpy(tensor):
        return np.take(tensor, order, axis)
    import torch

    return tensor.index_select(axis, torch.from_numpy(order).to(tensor.device))
