"""The curves at which strings start: straight, bent, through a third minimum, and along what others have measured."""

from collections.abc import Sequence

import numpy as np

from globscope.builtin.samplers.critical_points.curves import even_curves
from globscope.builtin.samplers.critical_points.record import Record, Steps

# How far a bent start leaves the straight line, as a share of its length.
BEND = 0.3


def lowest_curves(record: Record, curves: Sequence[np.ndarray]) -> Steps[tuple[np.ndarray, np.ndarray]]:
    """Return, for each string, the lowest of the curves at which it may start, and its top.

    Args:
        record: Receives what is measured at the inner points of all curves.
        curves: (c, k, d) curves of each of the s strings.

    Returns:
        The (s, k, d) curves, and the (s,) highest values at their inner points.
    """
    every = np.concatenate(curves)
    measured = yield from record.measure(every[:, 1:-1].reshape(-1, every.shape[2]), gradients=False)
    tops = measured.values.reshape(len(every), -1).max(axis=1)
    cuts = np.cumsum([len(each) for each in curves])[:-1]
    lowest = [int(own.argmin()) for own in np.split(tops, cuts)]
    rows = np.array(lowest) + np.concatenate([[0], cuts])
    return every[rows], tops[rows]


def straight_and_bent(ends: np.ndarray, images: int, bounds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the (3, images + 2, d) curves between (2, d) ends that are straight, or bent to one side or the other.

    The bends lead into one random direction across the straight line, and into its opposite; on one axis, there are
    none.
    """
    shares = np.linspace(0, 1, images + 2)[:, None]
    straight: np.ndarray = ends[0] + shares * (ends[1] - ends[0])
    if ends.shape[1] == 1:
        return straight[None]
    bow = np.sin(np.pi * shares) * _aside(ends[1] - ends[0], rng)
    curves: np.ndarray = np.clip(np.stack([straight, straight + bow, straight - bow]), *bounds)
    return curves


def along_ways(ways: Sequence[np.ndarray], images: int) -> list[np.ndarray]:
    """Return (1, images + 2, d) curves along (k, d) polylines."""
    return [even_curves(way[None], images + 2) for way in ways]


def _aside(line: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a random (d,) vector orthogonal to a line, of a share of its length."""
    length = float(np.linalg.norm(line))
    along, drawn = line / max(length, 1e-300), rng.standard_normal(len(line))
    drawn -= (drawn @ along) * along
    aside: np.ndarray = BEND * length * drawn / max(float(np.linalg.norm(drawn)), 1e-300)
    return aside
