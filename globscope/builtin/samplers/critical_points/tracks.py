"""Descents that come upon the track of another one go on as that one."""

from collections.abc import Sequence

import numpy as np

from globscope.builtin.samplers.critical_points.record import Measured, Record

# Two descents so near to each other, with slopes less than 60° apart, go on as one.
NEAR, AGREE = 0.01, 0.7


def join_tracks(
    record: Record,
    here: Measured,
    follows: np.ndarray,
    going: np.ndarray,
    tracks: Sequence[tuple[np.ndarray, Measured]],
    *,
    gain: float,
    step: float,
) -> None:
    """End descents that have come upon the track of another one that is no higher there and leads the same way.

    Args:
        record: Receives the edges to these tracks.
        here: Where the n descents are.
        follows: (n,) number of the descent that each goes on as; changed for those that end.
        going: (n,) which still move; changed for those that end.
        tracks: The numbers of the descents that moved in each round, and where to.
        gain: What is too little to tell two values apart.
        step: Descents farther apart never join.
    """
    from scipy.spatial import cKDTree

    owner = np.concatenate([which for which, _ in tracks])
    points, values, slopes, rows = (
        np.concatenate([getattr(part, name) for _, part in tracks]) for name in ("points", "values", "slopes", "rows")
    )
    near = cKDTree(points).query_ball_point(here.points[going], min(NEAR, step))
    for number, around in zip(np.flatnonzero(going), near, strict=True):
        roots = np.array([_root(follows, owner[at]) for at in around], int)
        lower = (roots != number) & (values[around] < here.values[number] + gain)
        agree = _agreement(slopes[around], here.slopes[number], flat=gain / NEAR)
        for at in np.array(around, int)[lower & agree][:1]:
            follows[number], going[number] = owner[at], False
            record.join(np.array([[here.rows[number], rows[at]]]))


def _root(follows: np.ndarray, number: int) -> int:
    while follows[number] != number:
        number = follows[number]
    return int(number)


def _agreement(slopes: np.ndarray, one: np.ndarray, flat: float) -> np.ndarray:
    """Return which slopes lead the same way as one; flat ones lead nowhere, and so do not disagree."""
    lengths, length = np.linalg.norm(slopes, axis=1), np.linalg.norm(one)
    agree: np.ndarray = (slopes @ one > AGREE * lengths * length) | (lengths < flat) | (length < flat)
    return agree
