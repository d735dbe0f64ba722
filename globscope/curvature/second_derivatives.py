"""Derivatives of a scalar by tensors, once as a graph and then along vectors."""

from collections.abc import Sequence
from typing import Any


def first_derivatives(scalar: Any, tensors: Sequence[Any]) -> Sequence[Any]:
    """Return the derivatives of a scalar by tensors, so that they can be differentiated again."""
    import torch

    found: Sequence[Any] = torch.autograd.grad(scalar, tensors, create_graph=True, materialize_grads=True)
    return found


def derivatives_along(
    first: Sequence[Any], vectors: Sequence[Any], by: Sequence[Any], *, again: bool = True
) -> Sequence[Any] | None:
    """Return the derivatives of ⟨first, vectors⟩, or None where `first` is constant.

    Args:
        first: Tensors with a graph.
        vectors: As many tensors of their shapes.
        by: The tensors by which they are differentiated.
        again: Whether the graph is kept for further vectors.
    """
    import torch

    curved = [number for number, tensor in enumerate(first) if tensor.requires_grad]
    if not curved:
        return None
    found: Sequence[Any] = torch.autograd.grad(
        [first[number] for number in curved],
        by,
        [vectors[number] for number in curved],
        retain_graph=again,
        materialize_grads=True,
    )
    return found
