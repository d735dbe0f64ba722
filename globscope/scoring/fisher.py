"""The Fisher information of predicted distributions, as products with vectors."""

from typing import Any


def categorical_fisher(logits: Any, vectors: Any, axis: int = -1) -> Any:
    """Return (diag p − p pᵀ) v, where p is the softmax of logits along an axis.

    This is the mean of s sᵀ v over classes drawn from p, where s is the derivative by the logits of −log of the class's
    probability.

    Args:
        logits: Of any shape.
        vectors: Of the logits' shape.
        axis: The axis of the classes.
    """
    p = logits.softmax(axis)
    return p * (vectors - (p * vectors).sum(axis, keepdim=True))
