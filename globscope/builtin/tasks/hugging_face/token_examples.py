"""Tokenised examples on a device, by the names of a model's arguments."""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from globscope.api import IGNORED, UserCodeError, within_memory
from globscope.builtin.tasks.hugging_face.arguments import LABELS

TOKENS, MASK = "input_ids", "attention_mask"
# Arrays by the names of the model's arguments, (examples, …) each.
Named = Mapping[str, np.ndarray]


class TokenExamples:
    """The examples of the splits `train` and `test`."""

    def __init__(self, splits: Mapping[str, Named], device: str) -> None:
        """Move arrays to the device: integers as int64, other numbers as float32."""
        self._device = device
        with within_memory(UserCodeError, f"task: the examples do not fit into the memory of the device {device!r}"):
            self._splits = {
                split: {name: _tensor(array).to(device) for name, array in arrays.items()}
                for split, arrays in splits.items()
            }

    def count(self, split: str) -> int:
        """Return how many examples a split has."""
        return len(self._splits[split][LABELS])

    def batch(self, split: str, indices: Any) -> tuple[dict[str, Any], Any]:
        """Return the examples with these indices: the model's arguments by name, and the labels.

        The places at the end that are padding in all of them are left out.
        """
        rows = indices.to(self._device)
        named = _without_padding({name: tensor[rows] for name, tensor in self._splits[split].items()})
        return {name: tensor for name, tensor in named.items() if name != LABELS}, named[LABELS]

    def first(self) -> tuple[dict[str, Any], Any]:
        """Return the two training examples with the most labels that count, or the only one."""
        labels = self._splits["train"][LABELS]
        counted = (labels != IGNORED).reshape(len(labels), -1).sum(1)
        return self.batch("train", counted.argsort(descending=True, stable=True)[:2].cpu())

    def digest(self) -> str:
        """Return the hash of the examples' bytes."""
        total = hashlib.blake2b(digest_size=16)
        for split, arrays in self._splits.items():
            for name, tensor in arrays.items():
                array = tensor.cpu().numpy()
                total.update(repr((split, name, str(array.dtype), array.shape)).encode())
                total.update(np.ascontiguousarray(array).data)
        return total.hexdigest()


def _tensor(array: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(np.array(array, np.int64 if array.dtype.kind in "iub" else np.float32))


def _without_padding(batch: dict[str, Any]) -> dict[str, Any]:
    """Return a batch that ends at its last place with a mask; arrays of other lengths stay."""
    if MASK not in batch:
        return batch
    places = batch[MASK].shape[-1]
    used = batch[MASK].flatten(0, -2).any(0).nonzero()
    end = int(used.max()) + 1 if len(used) else places
    return {name: x[..., :end] if x.shape[-1] == places and x.ndim > 1 else x for name, x in batch.items()}


def require_fitting(config: Any, splits: Mapping[str, Named]) -> None:
    """Refuse tokens, places and classes that a configuration's model does not have: a GPU would not say which.

    Raises:
        UserCodeError: There are such.
    """
    for split, named in splits.items():
        limits = {
            "vocab_size": ("tokens up to {}", int(named[TOKENS].max()) + 1),
            "max_position_embeddings": ("examples of {} places", named[TOKENS].shape[-1]),
        }
        if named[LABELS].ndim == 1 and named[LABELS].dtype.kind in "iu" and config.num_labels > 1:
            limits["num_labels"] = ("labels up to {}", int(named[LABELS].max()) + 1)
        for name, (what, needed) in limits.items():
            own = getattr(config, name, None)
            if own is not None and needed > own:
                largest = needed if "places" in what else needed - 1
                raise UserCodeError(
                    f"task: the {split} split has {what.format(largest)}, and the configuration has {name} = {own}"
                )
