"""Data of any structure that a user's function returns, by split: trees of arrays, or examples with a collation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import Code, UserCodeError, fixed_seed
from globscope.builtin.tasks.data.npz import NAMES

ACCEPTED = (
    "must return a dict of splits, {'train': …, 'test': …}, or a pair (train, test); each a tensor, a tuple or dict of "
    "tensors whose first axis is the examples, or a torch Dataset or DataLoader"
)


@define(frozen=True, kw_only=True)
class Split:
    """The examples of a split in memory: one tree of tensors, or a list that is collated batch by batch.

    Attributes:
        tree: Tensors in any container, with the examples along the first axis; None where there is a list.
        examples: The examples one by one; empty where there is a tree.
        collate: Makes a batch of a list of examples.
    """

    tree: Any = field(default=None, eq=False, repr=False)
    examples: Sequence[Any] = field(default=(), eq=False, repr=False)
    collate: Callable[[list[Any]], Any] | None = None

    @property
    def count(self) -> int:
        """The number of examples."""
        from torch.utils._pytree import tree_leaves

        return len(self.examples) if self.tree is None else len(tree_leaves(self.tree)[0])


def load_splits(code: Code, options: Mapping[str, Any], collate: Code | None) -> dict[str, Split]:
    """Return the splits of a user's function, `train` first; datasets are read once, with seeded generators.

    Raises:
        UserCodeError: It returns something else, a split is empty, or examples cannot be collated.
    """
    returned = code.call(**options)
    function = None if collate is None else collate.load()
    with fixed_seed(0, "cpu"):  # a dataset may draw
        return {name: _split(f"{code}: {name}", part, function) for name, part in _parts(code, returned).items()}


def _parts(code: Code, returned: Any) -> dict[str, Any]:
    """Return what the function returned, by split."""
    four = [returned.get(name) for name in NAMES] if isinstance(returned, Mapping) else returned
    if isinstance(four, tuple | list) and len(four) == len(NAMES) and all(hasattr(part, "shape") for part in four):
        return {"train": (four[0], four[1]), "test": (four[2], four[3])}
    if isinstance(returned, Mapping) and "train" in returned:
        strange = [name for name in returned if not (isinstance(name, str) and name.isidentifier())]
        if strange:
            raise UserCodeError(f"{code}: a split's name must be letters, digits and _; got {strange[0]!r}")
        return {"train": returned["train"], **returned}
    if isinstance(returned, tuple | list) and len(returned) == 2:
        return dict(zip(("train", "test"), returned, strict=True))
    keys = f" with keys {sorted(map(str, returned))}" if isinstance(returned, Mapping) else ""
    raise UserCodeError(f"{code} {ACCEPTED}; got {type(returned).__name__}{keys}")


def _split(place: str, part: Any, collate: Callable[[list[Any]], Any] | None) -> Split:
    import torch

    if isinstance(part, torch.utils.data.IterableDataset):
        raise UserCodeError(f"{place} is an IterableDataset, which has no length; let it return a list of its examples")
    if isinstance(part, torch.utils.data.DataLoader):
        part, collate = part.dataset, collate or part.collate_fn
    is_tree = isinstance(part, torch.Tensor | np.ndarray | tuple | Mapping)
    split = _tree(place, part) if is_tree else _dataset(place, part, collate)
    if split.count == 0:
        raise UserCodeError(f"{place} has no examples")
    return split


def _tree(place: str, part: Any) -> Split:
    """Return a split of arrays with one first axis."""
    import torch
    from torch.utils._pytree import tree_leaves, tree_map

    try:
        tree = tree_map(torch.as_tensor, part)
    except Exception as error:
        raise UserCodeError(f"{place} holds what is no array of numbers: {error}") from error
    counts = {len(leaf) if leaf.ndim else None for leaf in tree_leaves(tree)}
    if len(counts) != 1 or None in counts:
        shapes = ", ".join(str(tuple(leaf.shape)) for leaf in tree_leaves(tree))
        raise UserCodeError(f"{place}: all tensors must have the examples as their first axis; got shapes {shapes}")
    return Split(tree=tree)


def _dataset(place: str, part: Any, collate: Callable[[list[Any]], Any] | None) -> Split:
    """Return a split of a dataset, its examples collated at once where torch's own collation does that."""
    from torch.utils.data import default_collate

    if not (hasattr(part, "__getitem__") and hasattr(part, "__len__")):
        raise UserCodeError(f"{place} is of type {type(part).__name__}; the function {ACCEPTED}")
    examples = [part[number] for number in range(len(part))]
    if collate not in (None, default_collate):
        return Split(examples=examples, collate=collate)
    try:
        return _tree(place, default_collate(examples)) if examples else Split()
    except UserCodeError:
        raise
    except Exception as error:
        raise UserCodeError(
            f"{place}: torch cannot collate the examples ({type(error).__name__}: {str(error).partition(chr(10))[0]}); "
            'give task.collate = "file.py:name", a function of a list of examples'
        ) from error
