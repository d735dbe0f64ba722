"""Directions made of eigenvectors, and what a normalisation leaves of them."""

import numpy as np

from globscope.api import CurvatureMatrix, Eigenpairs, Layout
from globscope.builtin.reducers.slices.directions import BY_PART, Normalisation, scale_to_parts


def normalised_eigenvectors(
    hessian: CurvatureMatrix, pairs: Eigenpairs, weights: np.ndarray, layout: Layout, normalisation: Normalisation
) -> np.ndarray:
    """Return (d, D) directions: the eigenvectors, every part of them as long as that of the (D,) weights if wanted.

    For parts, the eigenvectors are multiplied with the Hessian once more. Where weights do not move the loss they are
    then 0, and not what Lanczos' random start has left there, which would be scaled up.
    """
    if normalisation not in BY_PART:
        return pairs.vectors
    directions: np.ndarray = hessian.products(pairs.vectors) * np.sign(pairs.values)[:, None]
    scale_to_parts(directions, weights, layout, normalisation)
    return directions


def describe_eigenpairs(pairs: Eigenpairs) -> dict[str, float | str]:
    """Return the number of products, every eigenvalue and its residual."""
    notes: dict[str, float | str] = {"products": pairs.products}
    for axis, (value, residual) in enumerate(zip(pairs.values, pairs.residuals, strict=True), 1):
        notes |= {f"eigenvalue_{axis}": float(value), f"residual_{axis}": float(residual)}
    return notes


def describe_normalised(
    hessian: CurvatureMatrix, pairs: Eigenpairs, directions: np.ndarray, normalisation: Normalisation
) -> dict[str, float | str]:
    """Return the curvature along each of (d, D) directions, and the cosine of its angle to the eigenvector."""
    if normalisation == "none":
        return {}
    notes: dict[str, float | str] = {"normalisation": normalisation}
    if normalisation not in BY_PART:
        return notes
    units = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    images = hessian.products(units)
    for axis, (unit, image, vector) in enumerate(zip(units, images, pairs.vectors, strict=True), 1):
        notes |= {f"curvature_{axis}": float(unit @ image), f"cosine_{axis}": float(unit @ vector)}
    return notes
