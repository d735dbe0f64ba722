"""Directions of descent from the last steps of many descents, by L-BFGS."""

import numpy as np
from attrs import define, field

# Steps whose differences of gradients are remembered.
MEMORY = 6
# Lengths of a first step and of any step, in units of the box.
FIRST, LONGEST = 0.02, 0.05
# Points so near to the rim of the box lie on it.
ROUNDING = 1e-12


@define
class PastSteps:
    """The last steps of n descents.

    Attributes:
        moves: The steps, (n, d) each; zero where the slope did not turn upwards along one.
        turns: By how much the slopes changed in these steps, (n, d) each.
    """

    moves: list[np.ndarray] = field(factory=list)
    turns: list[np.ndarray] = field(factory=list)

    def add(self, move: np.ndarray, turn: np.ndarray) -> None:
        """Remember a step, and how the slopes turned in it."""
        bends_up = ((move * turn).sum(axis=1) > 1e-12 * (turn**2).sum(axis=1))[:, None]
        self.moves = [*self.moves, np.where(bends_up, move, 0)][-MEMORY:]
        self.turns = [*self.turns, np.where(bends_up, turn, 0)][-MEMORY:]

    def directions(self, points: np.ndarray, slopes: np.ndarray, bounds: np.ndarray) -> np.ndarray:
        """Return (n, d) directions of descent from points with slopes, (n, d) each, that do not lead out of the box.

        They are those of L-BFGS's two loops.

        Source: Nocedal, "Updating quasi-Newton matrices with limited storage", Math. Comput. 35, 1980.
        """
        inner = _inward(points, slopes, bounds)
        direction, pairs = inner.copy(), list(zip(self.moves, self.turns, strict=True))
        weights = []
        for move, turn in reversed(pairs):
            scale = (move * turn).sum(axis=1)
            weight = np.divide((move * direction).sum(axis=1), scale, out=np.zeros(len(scale)), where=scale > 0)
            direction -= weight[:, None] * turn
            weights.append(weight)
        direction *= self._first_scale(slopes)[:, None]
        for (move, turn), weight in zip(pairs, reversed(weights), strict=True):
            scale = (move * turn).sum(axis=1)
            back = np.divide((turn * direction).sum(axis=1), scale, out=np.zeros(len(scale)), where=scale > 0)
            direction += np.where(scale > 0, weight - back, 0.0)[:, None] * move
        # A direction that rises has lost its way: along the slope then.
        rises = (direction * inner).sum(axis=1) <= 0
        direction[rises] = _of_length(inner[rises], FIRST)
        direction = _inward(points, direction, bounds)
        length = np.linalg.norm(direction, axis=1, keepdims=True)
        shortened: np.ndarray = -direction * np.minimum(1.0, LONGEST / np.maximum(length, 1e-300))
        return shortened

    def _first_scale(self, slopes: np.ndarray) -> np.ndarray:
        """Return what one over the curvature is thought to be, from the newest step that says so."""
        scale: np.ndarray = FIRST / np.maximum(np.linalg.norm(slopes, axis=1), 1e-300)
        for move, turn in zip(self.moves, self.turns, strict=True):
            product, square = (move * turn).sum(axis=1), (turn**2).sum(axis=1)
            scale = np.where(product > 0, product / np.maximum(square, 1e-300), scale)
        return scale


def _inward(points: np.ndarray, slopes: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Return slopes without what would lead out of the box when followed downwards."""
    leaves = ((points <= bounds[0] + ROUNDING) & (slopes > 0)) | ((points >= bounds[1] - ROUNDING) & (slopes < 0))
    kept: np.ndarray = np.where(leaves, 0.0, slopes)
    return kept


def _of_length(vectors: np.ndarray, length: float) -> np.ndarray:
    scaled: np.ndarray = vectors * (length / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-300))
    return scaled
