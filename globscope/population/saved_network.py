"""A network as its file holds it: what is written, and which network whoever reads it has."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import define, field


@define(frozen=True, kw_only=True)
class SavedNetwork:
    """A network as its file holds it.

    Attributes:
        tensors: Torch tensors by their names in the file, in the number types of the file.
        by_model_name: All tensors of the network by the model's names, as whoever reads the file has them.
        weights_name: Name of the file of weights for which the framework looks in a folder.
        documents: What lies beside the weights, by file name: the text, or the file from which it is copied.
        facts: What a card says of the file, by what it is.
    """

    tensors: Mapping[str, Any] = field(repr=False)
    by_model_name: Mapping[str, Any] = field(repr=False)
    weights_name: str
    documents: Mapping[str, str | Path] = field(factory=dict)
    facts: Mapping[str, str] = field(factory=dict)


def number_types(tensors: Mapping[str, Any]) -> str:
    """Return the number types of some torch tensors in words."""
    return ", ".join(sorted({str(tensor.dtype).removeprefix("torch.") for tensor in tensors.values()}))


def as_type(tensor: Any, kind: Any, *, as_float32: bool) -> Any:
    """Return a copy of a tensor on the CPU in a number type, or in float32 where it holds floating numbers.

    Tensors that share memory, as tied ones do, cannot be written under two names.
    """
    import torch

    wanted = torch.float32 if as_float32 and kind.is_floating_point else kind
    return tensor.detach().to("cpu", wanted, copy=True).contiguous()
