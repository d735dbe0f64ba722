"""Which of many runs a picture names: the best, the worst, and those that end far from all others."""

from collections.abc import Sequence

import numpy as np

# Of more runs than these, only so many are named.
MOST_NAMES = 24
# Ends that are nearer to one that is named than this share of the picture are not named as well.
NEAR = 0.05
Labels = str | int | Sequence[str]


def choose_labels(
    names: Sequence[str], points: np.ndarray, costs: np.ndarray | None = None, labels: Labels = "ends"
) -> list[int]:
    """Return the rows of the runs that a picture names, in the order in which names find their places.

    Args:
        names: Names of the n runs.
        points: (n, 2) places of their ends.
        costs: (n,) of their final networks, lower is better; None or NaN where it is not known.
        labels: `ends`: all, or of more than `MOST_NAMES` the best, the worst and those farthest apart; `all`; `none`; a
            number of them; or the names of those that are wanted.
    """
    every = list(range(len(names)))
    if labels == "none":
        return []
    if labels == "all":
        return every
    if isinstance(labels, str | int):
        most = labels if isinstance(labels, int) else MOST_NAMES
        return every if len(names) <= most else _farthest_apart(points, _best_and_worst(costs), most)
    return [row for row in every if names[row] in labels]


def _best_and_worst(costs: np.ndarray | None) -> list[int]:
    if costs is None or np.isnan(costs).all():
        return []
    return list(dict.fromkeys((int(np.nanargmin(costs)), int(np.nanargmax(costs)))))


def _farthest_apart(points: np.ndarray, first: Sequence[int], most: int) -> list[int]:
    """Return at most so many rows of (n, 2) points: the first, and then each the farthest from those before it."""
    scaled = (points - points.mean(axis=0)) / np.maximum(np.ptp(points, axis=0), np.finfo(float).tiny)
    rows = [*first][:most]
    near = np.array([np.linalg.norm(scaled - scaled[row], axis=1) for row in rows]).reshape(-1, len(points))
    distances = near.min(axis=0) if len(rows) else np.linalg.norm(scaled, axis=1)
    while len(rows) < most and (not rows or distances.max() > NEAR):
        rows.append(int(distances.argmax()))
        apart = np.linalg.norm(scaled - scaled[rows[-1]], axis=1)
        distances = apart if len(rows) == 1 else np.minimum(distances, apart)
    return rows
