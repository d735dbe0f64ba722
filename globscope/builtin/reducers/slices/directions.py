"""Directions around a network, scaled as its weights are, and the unit in which axes count them."""

from typing import Literal

import numpy as np

from globscope.api import Layout, PopulationError
from globscope.builtin.reducers.slices.flat import orthonormal

Normalisation = Literal["filter", "layer", "model", "none"]

BY_PART: tuple[Normalisation, ...] = ("filter", "layer")
# Directions depend on one another where the shortest part across the others is below this share of a length.
NEGLIGIBLE = 1e-6


def scale_to_parts(directions: np.ndarray, weights: np.ndarray, layout: Layout, normalisation: Normalisation) -> None:
    """Scale every filter or layer of (d, D) directions, in place, to its norm in the (D,) weights.

    A filter has the entries with one index along the first axis of a tensor of two or more axes. Tensors with one axis
    become 0. A part in which a direction is 0 stays 0.
    """
    for direction in directions:
        tensors = layout.unflatten(weights)
        for name, tensor in layout.unflatten(direction).items():
            if tensor.ndim < 2:
                tensor[...] = 0
                continue
            parts = len(tensor) if normalisation == "filter" else 1
            rows, wanted = (t.reshape(parts, -1) for t in (tensor, tensors[name]))
            lengths = np.linalg.norm(rows, axis=1, keepdims=True)
            rows *= np.linalg.norm(wanted, axis=1, keepdims=True) / np.where(lengths == 0, 1, lengths)


def basis_and_mixing(
    directions: np.ndarray, weights: np.ndarray, normalisation: Normalisation, *, relative: bool, reducer: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return orthonormal (d, D) rows, and the (d, d) mixing for which mixing @ rows are the axes' units.

    Args:
        directions: (d, D), normalised already where that is by filter or layer; else their span alone counts.
        weights: (D,) weights of the network.
        normalisation: By filter or layer a unit is the direction itself, by `model` it has the norm of the network,
            and for `none` it has length 1.
        relative: Whether units have the norm of the network in any case; angles between directions stay.
        reducer: Name of the reducer, for the message.

    Raises:
        PopulationError: The directions span fewer axes, or the network's norm is wanted and 0.
    """
    count, moved = len(directions), int(directions.any(axis=0).sum())
    if moved < count:
        raise PopulationError(
            f"reducer {reducer!r}: normalisation = {normalisation!r} moves {moved} weights of this network, "
            f"fewer than latent_dim = {count}"
        )
    basis, mixing = orthonormal(directions)
    lengths = np.linalg.norm(mixing, axis=1, keepdims=True)
    if (np.diag(mixing) <= NEGLIGIBLE * lengths[:, 0]).any():
        raise PopulationError(
            f"reducer {reducer!r}: with normalisation = {normalisation!r} the {count} directions lie in a space of "
            f"fewer axes; choose a smaller latent_dim"
        )
    if normalisation not in BY_PART:
        mixing, lengths = np.eye(count), np.ones((count, 1))
    if relative or normalisation == "model":
        mixing = mixing / lengths * _norm_of(weights, reducer)
    return basis, mixing


def unit_of(normalisation: Normalisation, *, relative: bool) -> str:
    """Return what follows the name of an axis that counts norms of the network, of weights w; else nothing."""
    return "; in ‖w‖" if relative or normalisation == "model" else ""


def _norm_of(weights: np.ndarray, reducer: str) -> float:
    norm = float(np.linalg.norm(weights))
    if norm == 0:
        raise PopulationError(f"reducer {reducer!r}: all weights of this network are 0, so no axis can have its norm")
    return norm
