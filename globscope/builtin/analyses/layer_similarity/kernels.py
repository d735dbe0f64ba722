"""Linear kernels of layers on the same examples, and their alignment (CKA)."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from attrs import define, field

# Values whose variance is below this share of their mean square are constant: the rest is float32's rounding.
CONSTANT = 1e-12


@define(frozen=True, kw_only=True, slots=False)
class LayerKernel:
    """The centred linear kernel K = XXᵀ of one layer's features X, of mean square 1, in the smaller of two forms.

    Attributes:
        features: (n, p) float32 X, where p is below n / 2; else empty.
        triangle: (n (n + 1) / 2,) float32 K's upper triangle, its off-diagonal entries times √2, so that the inner
            product of two kernels is that of their triangles; else empty.
        diagonal: (n,) K's diagonal.
        width: Number of the layer's values for one example, p.
    """

    features: np.ndarray = field(eq=False, repr=False)
    triangle: np.ndarray = field(eq=False, repr=False)
    diagonal: np.ndarray = field(eq=False, repr=False)
    width: int

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """What is stored."""
        width = np.array(self.width)
        return {"features": self.features, "triangle": self.triangle, "diagonal": self.diagonal, "width": width}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "LayerKernel":
        """Return a stored kernel."""
        parts = {name: arrays[name] for name in ("features", "triangle", "diagonal")}
        return cls(**parts, width=int(arrays["width"]))

    @cached_property
    def matrix(self) -> np.ndarray:
        """The (n, n) kernel, of a layer that is kept as a triangle."""
        count = len(self.diagonal)
        found = np.zeros((count, count))
        found[np.triu_indices(count)] = self.triangle
        return (found + found.T - np.diag(np.diag(found))) / np.where(np.eye(count, dtype=bool), 1, np.sqrt(2))


def kernel_of(features: np.ndarray) -> LayerKernel:
    """Return the kernel of (n, p) features; NaN where they are constant or not finite."""
    count, width = features.shape
    none = np.empty(0, np.float32)
    centred = _scaled_features(features)
    diagonal = np.einsum("np,np->n", centred, centred, dtype=np.float64)
    if width < count / 2:
        return LayerKernel(features=centred, triangle=none, diagonal=diagonal, width=width)
    kernel = centred @ centred.T
    weights = np.where(np.eye(count, dtype=bool), 1, np.sqrt(2)).astype(np.float32)
    return LayerKernel(
        features=none, triangle=(kernel * weights)[np.triu_indices(count)], diagonal=diagonal, width=width
    )


def _scaled_features(features: np.ndarray) -> np.ndarray:
    """Return centred features of mean square 1 over the examples, so that no unit overflows."""
    if not np.isfinite(features).all():
        return np.full(features.shape, np.nan, np.float32)
    mean = features.mean(axis=0, dtype=np.float64)
    centred = features - mean.astype(np.float32)
    centred -= centred.mean(axis=0, dtype=np.float64).astype(np.float32)  # what the rounded mean has left
    square = float(np.einsum("np,np->", centred, centred, dtype=np.float64))
    if square <= CONSTANT * (square + len(features) * float((mean**2).sum())):
        return np.full(features.shape, np.nan, np.float32)
    scaled: np.ndarray = (centred / np.sqrt(square / len(features))).astype(np.float32)
    return scaled


def inner_product(one: LayerKernel, other: LayerKernel) -> float:
    """Return Σ K ∘ L of two centred kernels: (n − 1)² times HSIC's biased estimate."""
    if one.features.size and other.features.size:
        return float((_product(one.features.T, other.features) ** 2).sum())
    if one.triangle.size and other.triangle.size:
        return float(_product(one.triangle, other.triangle))
    wide, narrow = (one, other) if one.triangle.size else (other, one)
    own = narrow.features.astype(np.float64)
    return float(((wide.matrix @ own) * own).sum())


def _product(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    found: np.ndarray = one.astype(np.float64) @ other.astype(np.float64)
    return found


def unbiased_product(one: LayerKernel, other: LayerKernel) -> float:
    """Return n (n − 3) times HSIC's unbiased estimate, that of kernels without their diagonals.

    Song, Smola, Gretton, Bedo, Borgwardt, "Feature selection via dependence maximization", JMLR 13, 2012, equation 5;
    the rows of centred kernels add up to 0, so that what is left of the rows' sums are the diagonals.
    """
    count = len(one.diagonal)
    both = float((one.diagonal * other.diagonal).sum())
    sums = float(one.diagonal.sum() * other.diagonal.sum())
    return inner_product(one, other) - count / (count - 2) * both + sums / ((count - 1) * (count - 2))


def alignment(one: LayerKernel, other: LayerKernel, *, debiased: bool) -> float:
    """Return the CKA of two layers: HSIC(K, L) / √(HSIC(K, K) HSIC(L, L)); NaN where a layer has none."""
    product = unbiased_product if debiased else inner_product
    scale = product(one, one) * product(other, other)
    return product(one, other) / np.sqrt(scale) if scale > 0 else float("nan")
