"""A flat chart: an origin, an orthonormal basis, and directions that are combinations of it."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from globscope.api import AffineSpace, Chart, ReducerInputs, column_blocks

Distance = float | tuple[float, ...]


def positive(distance: Distance, latent_dim: int) -> None:
    """Refuse half-widths that are not positive, or of another number of axes.

    Raises:
        ValueError: With what is accepted.
    """
    widths = distance if isinstance(distance, tuple) else (distance,)
    if isinstance(distance, tuple) and len(widths) != latent_dim:
        raise ValueError(f"distance names {len(widths)} axes, and latent_dim is {latent_dim}")
    if not all(0 < width < np.inf for width in widths):
        raise ValueError("distance must be > 0 and finite")


def around(distance: Distance, latent_dim: int) -> np.ndarray:
    """Return the (2, d) corners of so far on both sides of the latent origin."""
    half = np.broadcast_to(np.asarray(distance, float), (latent_dim,))
    return np.stack([-half, half])


def orthonormal(directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return orthonormal (d, D) rows, and the (d, d) mixing with which mixing @ rows is `directions`."""
    basis, upper = np.linalg.qr(directions.T)
    signs = np.where(np.diag(upper) < 0, -1.0, 1.0)
    return (basis * signs).T, (upper.T * signs)


def flat(
    inputs: ReducerInputs,
    *,
    origin: int,
    basis: np.ndarray,
    mixing: np.ndarray | None = None,
    extent: np.ndarray,
    centred: bool = True,
    notes: Mapping[str, float | str],
) -> Chart:
    """Return the chart whose point z is the network `origin` + (z @ mixing) @ basis.

    Args:
        inputs: The members.
        origin: Row of the network at the latent origin.
        basis: (d, D) orthonormal rows.
        mixing: (d, d) from points to coordinates; the identity where unset.
        extent: (2, d) corners of what is shown.
        centred: Whether the latent origin must be among a lattice's samples.
        notes: Figures of the fit; norms and angles of the directions are added.
    """
    mixing = np.eye(len(basis)) if mixing is None else mixing
    arrays = {
        "origin": np.array(inputs.population.weights[origin]),
        "basis": np.ascontiguousarray(basis),
        "mixing": np.ascontiguousarray(mixing),
        "extent": extent,
        "centred": np.array([centred]),
    }
    space = AffineSpace(origin=arrays["origin"], basis=arrays["basis"])
    arrays["latents"] = space.coordinates(inputs.population.weights)[0] @ np.linalg.inv(mixing)
    label = inputs.members[origin].label
    return stored(inputs, arrays, {"origin": label} | dict(notes) | _angles(basis, mixing))


def stored(
    inputs: ReducerInputs, arrays: Mapping[str, np.ndarray], notes: Mapping[str, float | str] | None = None
) -> Chart:
    """Return the chart of stored arrays."""
    del inputs
    mixing, inverse = arrays["mixing"], np.linalg.inv(arrays["mixing"])
    return Chart(
        space=AffineSpace(origin=arrays["origin"], basis=arrays["basis"]),
        latents=arrays["latents"],
        encode=lambda coordinates: coordinates @ inverse,
        decode=lambda points: points @ mixing,
        exact_inverse=True,
        pointwise=True,
        arrays=arrays,
        notes=notes or {},
        centre=np.zeros(len(mixing)) if arrays["centred"][0] else None,
        extent=arrays["extent"],
    )


def _angles(basis: np.ndarray, mixing: np.ndarray) -> dict[str, float | str]:
    """Return the norm of every direction, which is the length of one unit, and the largest |cosine| between two."""
    products = mixing @ (basis @ basis.T) @ mixing.T
    norms = np.sqrt(np.diag(products))
    found: dict[str, float | str] = {f"unit_{axis + 1}": float(norm) for axis, norm in enumerate(norms)}
    pairs = combinations(range(len(norms)), 2)
    cosines = [abs(products[one, two]) / (norms[one] * norms[two]) for one, two in pairs]
    return found | ({"largest_cosine": float(max(cosines))} if cosines else {})


def combined(inputs: ReducerInputs, origin: int, rows: Sequence[int], shares: np.ndarray) -> np.ndarray:
    """Return (d, D) float64: (d, n) shares of the differences of n networks from the origin, block by block."""
    weights = inputs.population.weights
    found = np.empty((len(shares), weights.shape[1]))
    for at in column_blocks(weights.shape[1], len(rows)):
        found[:, at] = shares @ _differences(inputs, origin, rows, at)
    return found


def products(inputs: ReducerInputs, origin: int, rows: Sequence[int]) -> np.ndarray:
    """Return the (n, n) inner products of networks' differences from the origin."""
    found = np.zeros((len(rows), len(rows)))
    for at in column_blocks(inputs.population.weights.shape[1], len(rows)):
        differences = _differences(inputs, origin, rows, at)
        found += differences @ differences.T
    return found


def _differences(inputs: ReducerInputs, origin: int, rows: Sequence[int], at: slice) -> np.ndarray:
    weights = inputs.population.weights
    own: np.ndarray = weights[list(rows), at].astype(np.float64) - weights[[origin], at]
    return own
