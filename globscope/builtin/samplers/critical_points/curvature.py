"""Curvatures at the tops of paths, by a few steps of Lanczos on differences of gradients."""

from collections.abc import Callable, Sequence

import numpy as np
from attrs import define

from globscope.builtin.samplers.critical_points.paths import Path
from globscope.builtin.samplers.critical_points.record import Record, Steps

# Half the distance between the two gradients of a difference, in units of the box.
REACH = 0.005
# Directions at most in which curvatures are looked at.
DIRECTIONS = 8
# Smaller shares of the largest curvature count as flat.
FLAT = 1e-3


@define(frozen=True, kw_only=True)
class Top:
    """What the field is like at the highest sample of a path.

    Attributes:
        across: Norm of the gradient across the path, per unit of the box.
        negative: Number of negative curvatures among those found.
        directions: Number of directions in which curvatures were looked at.
    """

    across: float
    negative: int
    directions: int


def measurements(paths: int, dimension: int) -> int:
    """Return how many gradients the tops of so many paths need."""
    return paths * (1 + 2 * min(dimension, DIRECTIONS))


def curvatures_at_tops(record: Record, paths: Sequence[Path], before_last: Callable[[], None]) -> Steps[list[Top]]:
    """Return what is found at the highest sample of each path; all paths in the same rounds.

    `before_last` is called before the last of these rounds, which brings all edges that were joined until then.

    The first direction is the path's tangent. With as many directions as axes the count is that of the Hessian; with
    fewer it is that of the Hessian on a Krylov space, a lower bound.

    Source: Lanczos, "An iteration method for the solution of the eigenvalue problem …", J. Res. Natl. Bur. Stand. 45,
    1950.
    """
    tops = np.array([path.points[path.values.argmax()] for path in paths])
    joined = [_neighbours(path) for path in paths]
    record.join(np.stack([[top for top, _, _ in joined], record.count + np.arange(len(paths))], axis=1))
    at_top = yield from record.measure(tops, gradients=True)
    along = np.array([path.tangent for path in paths])
    across = at_top.slopes - (at_top.slopes * along).sum(axis=1, keepdims=True) * along
    bases, products = [along], list[np.ndarray]()
    directions = min(tops.shape[1], DIRECTIONS)
    for number in range(directions):
        if number == directions - 1:
            before_last()
        product = yield from _products(record, tops, bases[-1], along, joined)
        products.append(product)
        bases.append(_next_directions(np.stack(bases, axis=1), product))
    spectra = _spectra(np.stack(bases[:-1], axis=1), np.stack(products, axis=1))
    return [
        Top(across=float(np.linalg.norm(slope)), negative=_negative(spectrum), directions=len(spectrum))
        for slope, spectrum in zip(across, spectra, strict=True)
    ]


def _negative(spectrum: np.ndarray) -> int:
    return int((spectrum < -FLAT * abs(spectrum).max()).sum())


def _neighbours(path: Path) -> tuple[int, int, int]:
    """Return the highest sample of a path, and those before and after it."""
    at = int(path.values.argmax())
    return int(path.rows[at]), int(path.rows[max(at - 1, 0)]), int(path.rows[min(at + 1, len(path.rows) - 1)])


def _products(
    record: Record, tops: np.ndarray, directions: np.ndarray, along: np.ndarray, joined: Sequence[tuple[int, int, int]]
) -> Steps[np.ndarray]:
    """Return the (p, d) products of the Hessians with directions, by central differences.

    Each new sample is a neighbour of the top, and of the sample on its own side of the path, which is lower.
    """
    ahead = (directions * along).sum(axis=1) >= 0
    sides = [(top, after if on else before) for (top, before, after), on in zip(joined, ahead, strict=True)]
    back = [(top, before if on else after) for (top, before, after), on in zip(joined, ahead, strict=True)]
    numbers = record.count + np.arange(2 * len(tops))
    for number, rows in zip(numbers, sides + back, strict=True):
        record.join(np.array([[row, number] for row in rows]))
    # On the rim of the box, so far inside that no probe is clipped.
    middles = np.clip(tops, record.bounds[0] + REACH, record.bounds[1] - REACH)
    probes = np.concatenate([middles + REACH * directions, middles - REACH * directions])
    measured = yield from record.measure(probes, gradients=True)
    up, down = measured.slopes[: len(tops)], measured.slopes[len(tops) :]
    differences: np.ndarray = (up - down) / (2 * REACH)
    return differences


def _next_directions(bases: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Return (p, d) directions orthogonal to (p, k, d) bases: the products', or axes where these bring no new one."""
    directions = _orthogonal(products, bases)
    lengths = np.linalg.norm(directions, axis=1)
    directions /= np.maximum(lengths, 1e-300)[:, None]
    for number in np.flatnonzero(lengths <= 1e-6 * np.linalg.norm(products, axis=1)):
        axes = _orthogonal(np.eye(bases.shape[2]), np.broadcast_to(bases[number], (bases.shape[2], *bases.shape[1:])))
        longest = axes[np.linalg.norm(axes, axis=1).argmax()]
        directions[number] = longest / max(float(np.linalg.norm(longest)), 1e-300)
    return directions


def _orthogonal(vectors: np.ndarray, bases: np.ndarray) -> np.ndarray:
    """Return (p, d) vectors without their parts along (p, k, d) orthonormal bases."""
    for _ in range(2):  # twice is enough: Parlett, "The Symmetric Eigenvalue Problem", 1980
        vectors = vectors - np.einsum("pk,pkd->pd", np.einsum("pd,pkd->pk", vectors, bases), bases)
    return vectors


def _spectra(bases: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Return the (p, k) eigenvalues of the Hessians on the spaces that the bases span."""
    projected = np.einsum("pkd,pld->pkl", bases, products)
    spectra: np.ndarray = np.linalg.eigvalsh((projected + projected.transpose(0, 2, 1)) / 2)
    return spectra
