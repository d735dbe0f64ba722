"""Curves of evenly spaced points: their tangents, their profile between the points, and how they are spaced anew."""

import numpy as np

# Where the profile of a segment is looked at, as shares of its length.
SHARES = np.array([0.25, 0.5, 0.75])


def lengths(curves: np.ndarray) -> np.ndarray:
    """Return the (s, k) lengths of (s, k, d) curves up to each of their points."""
    steps = np.linalg.norm(np.diff(curves, axis=1), axis=2)
    return np.concatenate([np.zeros((len(curves), 1)), np.cumsum(steps, axis=1)], axis=1)


def at_lengths(curves: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return the (s, m, d) points of (s, k, d) polylines at (s, m) lengths along them."""
    along = lengths(curves)
    left = np.clip((wanted[:, :, None] >= along[:, None, :]).sum(axis=2) - 1, 0, curves.shape[1] - 2)
    rows = np.arange(len(curves))[:, None]
    start, stop = along[rows, left], along[rows, left + 1]
    share = (wanted - start) / np.maximum(stop - start, 1e-300)
    points: np.ndarray = curves[rows, left] + share[:, :, None] * (curves[rows, left + 1] - curves[rows, left])
    return points


def even_curves(curves: np.ndarray, count: int) -> np.ndarray:
    """Return (s, k, d) polylines with another number of points, evenly spaced along them."""
    whole = lengths(curves)[:, -1:]
    points = at_lengths(curves, whole * np.linspace(0, 1, count))
    points[:, 0], points[:, -1] = curves[:, 0], curves[:, -1]
    return points


def respace(curves: np.ndarray, pinned: np.ndarray) -> np.ndarray:
    """Return (s, k, d) curves with points evenly spaced on both sides of the (s,) pinned one, which stays.

    A curve whose first point is pinned is spaced as a whole.
    """
    along, count = lengths(curves), curves.shape[1]
    number = np.arange(count)[None]
    pin = pinned[:, None]
    pinned_length = np.take_along_axis(along, pin, axis=1)
    before = pinned_length * number / np.maximum(pin, 1)
    after = pinned_length + (along[:, -1:] - pinned_length) * (number - pin) / np.maximum(count - 1 - pin, 1)
    points = at_lengths(curves, np.where(number < pin, before, after))
    rows = np.arange(len(curves))
    points[:, 0], points[:, -1] = curves[:, 0], curves[:, -1]
    points[rows, pinned] = curves[rows, pinned]
    return points


def tangents(curves: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return unit tangents at the inner points of (s, k, d) curves, (s, k − 2, d), from the side that is higher.

    Source: Henkelman, Jónsson, "Improved tangent estimate in the nudged elastic band method", J. Chem. Phys. 113, 2000.
    """
    with np.errstate(invalid="ignore"):
        ahead, behind = curves[:, 2:] - curves[:, 1:-1], curves[:, 1:-1] - curves[:, :-2]
        rise, fall = values[:, 2:] - values[:, 1:-1], values[:, 1:-1] - values[:, :-2]
        steeper, flatter = np.maximum(abs(rise), abs(fall)), np.minimum(abs(rise), abs(fall))
        is_up = values[:, 2:] > values[:, :-2]
    weight_ahead = np.where(is_up, steeper, flatter)
    weight_behind = np.where(is_up, flatter, steeper)
    usable = np.isfinite(weight_ahead + weight_behind) & (weight_ahead + weight_behind > 0)
    weight_ahead, weight_behind = (np.where(usable, w, 1.0) for w in (weight_ahead, weight_behind))
    monotone_up, monotone_down = (rise > 0) & (fall > 0), (rise < 0) & (fall < 0)
    weight_ahead = np.where(monotone_up, 1.0, np.where(monotone_down, 0.0, weight_ahead))
    weight_behind = np.where(monotone_down, 1.0, np.where(monotone_up, 0.0, weight_behind))
    return unit(unit(ahead) * weight_ahead[..., None] + unit(behind) * weight_behind[..., None])


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors of length one; those of no length stay."""
    scaled: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-300)
    return scaled


def profile(curves: np.ndarray, values: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """Return (s, 4 (k − 1) + 1) values along curves, between their points by cubic Hermite interpolation.

    `slopes` are the (s, k, d) gradients; at both ends, where no gradient need be known, a parabola stands in.
    """
    steps = np.diff(curves, axis=1)
    first, last = values[:, :-1], values[:, 1:]
    with np.errstate(invalid="ignore"):
        out, into = (slopes[:, :-1] * steps).sum(axis=2), (slopes[:, 1:] * steps).sum(axis=2)
        out[:, 0] = 2 * (last - first)[:, 0] - into[:, 0]
        into[:, -1] = 2 * (last - first)[:, -1] - out[:, -1]
        t = SHARES
        inner = (
            (2 * t**3 - 3 * t**2 + 1) * first[..., None]
            + (t**3 - 2 * t**2 + t) * out[..., None]
            + (3 * t**2 - 2 * t**3) * last[..., None]
            + (t**3 - t**2) * into[..., None]
        )
    inner = np.where(np.isfinite(inner), inner, np.maximum(first, last)[..., None])
    whole = np.concatenate([first[..., None], inner], axis=2).reshape(len(values), -1)
    return np.concatenate([whole, values[:, -1:]], axis=1)
