"""Directions made of eigenvectors, their names, and what a normalisation leaves of them."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from globscope.api import CurvatureMatrix, Eigenpairs, Layout, MatrixName
from globscope.builtin.reducers.slices.directions import BY_PART, Normalisation, scale_to_parts

# What an axis is called whose direction is an eigenvector of a matrix.
EIGENVECTORS: Mapping[MatrixName, str] = MappingProxyType(
    {
        "hessian": "eigenvector",
        "ggn": "Gauss–Newton eigenvector",
        "fisher": "Fisher eigenvector",
        "empirical-fisher": "empirical Fisher eigenvector",
    }
)


def normalised_eigenvectors(
    matrix: CurvatureMatrix, pairs: Eigenpairs, weights: np.ndarray, layout: Layout, normalisation: Normalisation
) -> np.ndarray:
    """Return (d, D) directions: the eigenvectors, every part of them as long as that of the (D,) weights if wanted.

    For parts, the eigenvectors are multiplied with the matrix once more. Where weights do not move the loss they are
    then 0, and not what Lanczos' random start has left there, which would be scaled up.
    """
    if normalisation not in BY_PART:
        return pairs.vectors
    directions: np.ndarray = matrix.products(pairs.vectors) * np.sign(pairs.values)[:, None]
    scale_to_parts(directions, weights, layout, normalisation)
    return directions


def describe_eigenpairs(pairs: Eigenpairs) -> dict[str, float | str]:
    """Return the number of products, every eigenvalue and its residual."""
    notes: dict[str, float | str] = {"products": pairs.products}
    for axis, (value, residual) in enumerate(zip(pairs.values, pairs.residuals, strict=True), 1):
        notes |= {f"eigenvalue_{axis}": float(value), f"residual_{axis}": float(residual)}
    return notes


def describe_normalised(
    matrix: CurvatureMatrix, pairs: Eigenpairs, directions: np.ndarray, normalisation: Normalisation
) -> dict[str, float | str]:
    """Return the curvature along each of (d, D) directions, and the cosine of its angle to the eigenvector."""
    if normalisation == "none":
        return {}
    notes: dict[str, float | str] = {"normalisation": normalisation}
    if normalisation not in BY_PART:
        return notes
    units = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    images = matrix.products(units)
    for axis, (unit, image, vector) in enumerate(zip(units, images, pairs.vectors, strict=True), 1):
        notes |= {f"curvature_{axis}": float(unit @ image), f"cosine_{axis}": float(unit @ vector)}
    return notes
