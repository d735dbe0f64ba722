"""Examples of any structure, as batches on a device."""

import hashlib
import pickle
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from attrs import evolve

from globscope.api import UserCodeError, within_memory
from globscope.builtin.tasks.data.splits import Split
from globscope.builtin.tasks.trial import as_user_error


class Batches:
    """The examples of all splits; a batch is a pair of its data and its number of examples.

    Trees of tensors are moved to the device once, other examples whenever they are collated.
    """

    def __init__(self, splits: Mapping[str, Split], kind: Any, device: str) -> None:
        """Use splits, floating-point numbers as the torch type `kind`, float32 or float64.

        Raises:
            UserCodeError: They do not fit into memory.
        """
        self._kind, self._device, self._given = kind, device, splits
        with within_memory(UserCodeError, f"task.data: the examples do not fit into the memory of {device!r}"):
            self._splits = {name: evolve(split, tree=self._move(split.tree)) for name, split in splits.items()}

    def _move(self, data: Any) -> Any:
        """Return data on the device; what is no tensor moves by its own method `to` where it has one."""
        import torch
        from torch.utils._pytree import tree_map

        def place(leaf: Any) -> Any:
            if isinstance(leaf, torch.Tensor):
                return leaf.to(self._device, self._kind if leaf.is_floating_point() else leaf.dtype)
            return leaf.to(self._device) if hasattr(leaf, "to") else leaf

        return tree_map(place, data)

    def count(self, split: str) -> int:
        """Return how many examples a split has."""
        return self._splits[split].count

    def batch(self, split: str, indices: Any) -> tuple[Any, int]:
        """Return the data of the examples with these indices, and their number.

        Raises:
            UserCodeError: The user's collation fails.
        """
        from torch.utils._pytree import tree_map

        part = self._splits[split]
        if part.tree is not None:
            rows = indices.to(self._device)
            return tree_map(lambda leaf: leaf[rows], part.tree), len(indices)
        assert part.collate is not None
        with as_user_error("task.collate: fails"):
            data = part.collate([part.examples[number] for number in indices.tolist()])
        return self._move(data), len(indices)

    def first(self) -> tuple[Any, int]:
        """Return the first two training examples, or the only one."""
        return self.spread(2, last=1)

    def spread(self, count: int, last: int | None = None) -> tuple[Any, int]:
        """Return so many training examples, or all if there are fewer, evenly spaced up to the last."""
        import torch

        whole = self.count("train") - 1
        end = whole if last is None else min(last, whole)
        return self.batch("train", torch.linspace(0, end, min(count, end + 1)).round().long())

    def digest(self) -> str:
        """Return the hash of the examples.

        Raises:
            UserCodeError: An example cannot be hashed.
        """
        from torch.utils._pytree import tree_leaves

        total = hashlib.blake2b(digest_size=16)
        for name, split in self._given.items():
            total.update(name.encode())
            for content in _contents(tree_leaves((split.tree, list(split.examples)))):
                total.update(content)
        return total.hexdigest()


def _contents(leaves: Iterable[Any]) -> Any:
    """Yield the bytes of leaves."""
    import torch

    for leaf in leaves:
        if isinstance(leaf, torch.Tensor | np.ndarray):
            tensor = torch.as_tensor(leaf)
            yield repr((tensor.dtype, tuple(tensor.shape))).encode()
            yield tensor.cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes()
        else:
            with as_user_error("task.data: an example cannot be pickled, so that its change could not be seen"):
                yield pickle.dumps(leaf)
