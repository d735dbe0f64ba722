"""Flat charts: an origin, an orthonormal basis, and directions that are combinations of its rows."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from attrs import evolve

from globscope.api import AffineSpace, Chart, ReducerInputs, ReducerTraits, column_blocks

Distance = float | tuple[float, ...]


def require_positive(distance: Distance, latent_dim: int) -> None:
    """Refuse half-widths that are not positive, or not as many as there are axes.

    Raises:
        ValueError: With the accepted values.
    """
    widths = distance if isinstance(distance, tuple) else (distance,)
    if isinstance(distance, tuple) and len(widths) != latent_dim:
        raise ValueError(f"distance names {len(widths)} axes, and latent_dim is {latent_dim}")
    if not all(0 < width < np.inf for width in widths):
        raise ValueError("distance must be > 0 and finite")


def centred_traits(network: str | None, latent_dim: int) -> ReducerTraits:
    """Return the traits of a slice around a network, which must be there if it is named."""
    networks = () if network is None else (network,)
    return ReducerTraits(own_space=True, centred=True, networks=networks, latent_dim=latent_dim)


def corners_around(distance: Distance, latent_dim: int) -> np.ndarray:
    """Return the (2, d) corners of the box with these half-widths around the latent origin."""
    half = np.broadcast_to(np.asarray(distance, float), (latent_dim,))
    return np.stack([-half, half])


def orthonormal(directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return orthonormal (d, D) rows, and the (d, d) mixing for which mixing @ rows is `directions`."""
    basis, upper = np.linalg.qr(directions.T)
    signs = np.where(np.diag(upper) < 0, -1.0, 1.0)
    return (basis * signs).T, (upper.T * signs)


def flat_chart(
    inputs: ReducerInputs,
    *,
    origin: int,
    basis: np.ndarray,
    mixing: np.ndarray | None = None,
    extent: np.ndarray,
    centred: bool = True,
    axes: Sequence[str],
    notes: Mapping[str, float | str],
) -> Chart:
    """Return the chart whose point z is the network `origin` + (z @ mixing) @ basis.

    Args:
        inputs: The members.
        origin: Row of the network at the latent origin.
        basis: (d, D) orthonormal rows.
        mixing: (d, d) matrix from points to coordinates; the identity if unset.
        extent: (2, d) corners of the part that is shown.
        centred: Whether the latent origin must be among a lattice's samples.
        axes: Names of the axes for people.
        notes: Figures of the fit, to which norms and angles of the directions are added.
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
    return evolve(_chart(arrays, {"origin": label} | dict(notes) | _angles(basis, mixing)), axes=axes)


def restore_chart(inputs: ReducerInputs, arrays: Mapping[str, np.ndarray]) -> Chart:
    """Return the chart of stored arrays, which depends on nothing else."""
    del inputs
    return _chart(arrays, {})


def _chart(arrays: Mapping[str, np.ndarray], notes: Mapping[str, float | str]) -> Chart:
    mixing, inverse = arrays["mixing"], np.linalg.inv(arrays["mixing"])
    return Chart(
        space=AffineSpace(origin=arrays["origin"], basis=arrays["basis"]),
        latents=arrays["latents"],
        encode=lambda coordinates: coordinates @ inverse,
        decode=lambda points: points @ mixing,
        pullback=lambda _, gradients: gradients @ mixing.T,
        exact_inverse=True,
        pointwise=True,
        arrays=arrays,
        notes=notes,
        centre=np.zeros(len(mixing)) if arrays["centred"][0] else None,
        extent=arrays["extent"],
    )


def _angles(basis: np.ndarray, mixing: np.ndarray) -> dict[str, float | str]:
    """Return the norms of the directions, which are the lengths of one unit, and the largest |cosine| between two."""
    products = mixing @ (basis @ basis.T) @ mixing.T
    norms = np.sqrt(np.diag(products))
    notes: dict[str, float | str] = {f"unit_{axis + 1}": float(norm) for axis, norm in enumerate(norms)}
    pairs = combinations(range(len(norms)), 2)
    cosines = [abs(products[a, b]) / (norms[a] * norms[b]) for a, b in pairs]
    return notes | ({"largest_cosine": float(max(cosines))} if cosines else {})


def combine_differences(inputs: ReducerInputs, origin: int, rows: Sequence[int], shares: np.ndarray) -> np.ndarray:
    """Return the (d, D) float64 sums of n networks' differences from the origin, with (d, n) shares."""
    weights = inputs.population.weights
    sums = np.empty((len(shares), weights.shape[1]))
    for block in column_blocks(weights.shape[1], len(rows)):
        sums[:, block] = shares @ _differences(inputs, origin, rows, block)
    return sums


def inner_products(inputs: ReducerInputs, origin: int, rows: Sequence[int]) -> np.ndarray:
    """Return the (n, n) inner products of networks' differences from the origin."""
    products = np.zeros((len(rows), len(rows)))
    for block in column_blocks(inputs.population.weights.shape[1], len(rows)):
        differences = _differences(inputs, origin, rows, block)
        products += differences @ differences.T
    return products


def _differences(inputs: ReducerInputs, origin: int, rows: Sequence[int], block: slice) -> np.ndarray:
    weights = inputs.population.weights
    differences: np.ndarray = weights[list(rows), block].astype(np.float64) - weights[[origin], block]
    return differences
