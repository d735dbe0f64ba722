"""The places and times at which a physics-informed network is trained and tested, with what is asked of it there."""

import numpy as np
from attrs import define

from globscope.api import UserCodeError
from globscope.builtin.tasks.data import Arrays
from globscope.builtin.tasks.pinn.equations import Equation


@define(frozen=True, kw_only=True)
class Points:
    """Points of an equation on a grid.

    Attributes:
        equation: What is to be solved, and where.
        grid: Number of points along x and along t; both ends of x are on it where u is not periodic.
        collocation: Number of points inside the grid at which the residual is trained.
        seed: Seed of the draw of the collocation points.
    """

    equation: Equation
    grid: tuple[int, int]
    collocation: int
    seed: int

    def arrays(self) -> Arrays:
        """Return (points, 2) places with times, and (points, 4) targets.

        The targets are the exact value, and the factors of a point's squares in the loss at t = 0, in that at the
        boundary and in that of the residual. The factors make a term's mean over all points equal to its mean over
        its own points.

        Raises:
            UserCodeError: The grid has fewer points inside than there are to be collocation points.
        """
        return Arrays(train=self._training(), test=self._testing())

    def _places(self) -> np.ndarray:
        """Return the grid's points, (along t, along x, 2)."""
        along, steps = self.grid
        left, right = self.equation.ends
        across = np.linspace(left, right, along, endpoint=not self.equation.is_periodic)
        return np.stack(np.meshgrid(across, np.linspace(0, 1, steps)), axis=-1)

    def _training(self) -> tuple[np.ndarray, np.ndarray]:
        places = self._places()
        last = None if self.equation.is_periodic else -1
        sides = [places[:, 0]] if last is None else [places[:, 0], places[:, -1]]
        inside = places[1:, 1:last].reshape(-1, 2)
        if self.collocation > len(inside):
            raise UserCodeError(
                f"task.collocation: {self.collocation} of the {len(inside)} points inside task.grid = {self.grid}; "
                "take a finer grid or fewer points"
            )
        chosen = np.random.default_rng(self.seed).permutation(len(inside))[: self.collocation]
        parts = (places[0], np.concatenate(sides), inside[np.sort(chosen)])
        sorts = np.repeat(np.arange(3), [len(part) for part in parts])
        return self._with_targets(np.concatenate(parts), sorts == 0, sorts == 1, sorts == 2)

    def _testing(self) -> tuple[np.ndarray, np.ndarray]:
        places = self._places().reshape(-1, 2)
        sides = self.equation.ends[: 1 if self.equation.is_periodic else 2]
        return self._with_targets(
            places, places[:, 1] == 0, np.isin(places[:, 0], sides), np.ones(len(places), dtype=bool)
        )

    def _with_targets(self, places: np.ndarray, *sorts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        factors = [len(places) / mask.sum() * mask for mask in sorts]
        return places, np.stack([self.equation.solution(*places.T), *factors], axis=1)
