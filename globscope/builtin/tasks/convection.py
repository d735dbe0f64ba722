"""Convection in one dimension, solved by a physics-informed network."""

from collections.abc import Mapping
from math import pi
from typing import Any

import numpy as np
from attrs import define, field
from attrs.validators import and_, deep_iterable, ge

from globscope.api import EXAMPLES, SIDE, UNITS, Probe, UserCodeError
from globscope.builtin.tasks.data import Arrays
from globscope.builtin.tasks.measures import FUNCTION
from globscope.builtin.tasks.models import builder
from globscope.builtin.tasks.supervised import Supervised

Tensors = Mapping[str, Any]


class ConvectionProbe(Supervised):
    """A network u(x, t), with the residual of the equation and the jump across the boundary at each point.

    Inputs are (points, 2) places and times. Outputs are (points, 3): u; the residual ∂u/∂t + β ∂u/∂x; and
    u(0, t) − u(2π, t) where x is 0, elsewhere 0.
    """

    grad_inside = True

    def __init__(self, *, speed: float, **task: Any) -> None:
        """Use the speed β, and the arguments of every supervised task."""
        self._speed = speed
        super().__init__(**task)

    def _answer(self, parameters: Tensors, buffers: Tensors, batch: Any) -> Any:
        """Return u, (points, 1)."""
        return super()._forward(parameters, buffers, batch[0])

    def _forward(self, parameters: Tensors, buffers: Tensors, inputs: Any) -> Any:
        import torch

        forward = super()._forward
        # Curvature may be computed in float64.
        places = inputs.to(next(iter(parameters.values())).dtype)
        u, back, *_ = torch.func.vjp(lambda points: forward(parameters, buffers, points), places)
        slope = back(torch.ones_like(u))[0]  # u at a point depends on that point alone
        residual = slope[:, 1:] + self._speed * slope[:, :1]
        edge = (inputs[:, 0] == 0).nonzero()[:, 0]
        other = forward(parameters, buffers, places[edge] + places.new_tensor([2 * pi, 0.0]))
        jump = torch.zeros_like(u).index_copy(0, edge, u[edge] - other)
        return torch.cat([u, residual, jump], dim=1)


@define(frozen=True, kw_only=True)
class PinnConvection:
    """Solve ∂u/∂t + β ∂u/∂x = 0 on a circle by a physics-informed network (Krishnapriyan et al., 2021).

    x is in [0, 2π), t in [0, 1], u(x, 0) = sin x, so that u(x, t) = sin(x − βt). The loss is the mean squared residual
    at the collocation points, plus the mean squared error at t = 0, plus the mean of (u(0, t) − u(2π, t))², each times
    its weight. `error` is the relative L2 error ‖u − u*‖ / ‖u*‖. The training points are the collocation points and
    those of the grid at t = 0 and at x = 0, as in the authors' code; the test split is the whole grid. Every point is
    an example: a `batch_size` of all of them, or more, is full-batch training, and a smaller one draws from all.

    Attributes:
        beta: Speed β of the wave. The problem has the same form for every β, and is hard to train beyond about 10.
        hidden: Widths of the hidden layers (tanh between).
        grid: Number of points along x and along t, for the initial condition, the boundary and the test split.
        collocation: Number of points inside the grid at which the residual is trained.
        point_seed: Seed of the draw of the collocation points.
        residual_weight: Weight of the squared residual in the loss.
        initial_weight: Weight of the squared error at t = 0 in the loss.
        boundary_weight: Weight of the squared jump between x = 0 and 2π in the loss.
    """

    beta: float = field(default=1.0, validator=ge(0))
    hidden: tuple[int, ...] = field(default=(50, 50, 50, 50), validator=deep_iterable(and_(ge(1), UNITS)))
    grid: tuple[int, int] = field(default=(256, 100), validator=deep_iterable(and_(ge(2), SIDE)))
    collocation: int = field(default=1000, validator=and_(ge(1), EXAMPLES))
    point_seed: int = field(default=0, validator=ge(0))
    residual_weight: float = field(default=1.0, validator=ge(0))
    initial_weight: float = field(default=1.0, validator=ge(0))
    boundary_weight: float = field(default=1.0, validator=ge(0))

    def build(self, device: str) -> Probe:
        """Return the task on a device.

        Raises:
            UserCodeError: The grid has fewer points inside than there are to be collocation points.
        """
        arrays = Arrays(train=self._training(), test=self._testing())
        options = {"hidden": self.hidden, "activation": "Tanh"}
        return ConvectionProbe(
            speed=self.beta,
            make=lambda: builder("mlp", options)(arrays.shape, 1),
            arrays=arrays,
            loss=weighted_squares,
            device=device,
            kind=FUNCTION,
            vmappable=True,
        )

    def _grid(self) -> np.ndarray:
        """Return the grid's points, (along t, along x, 2)."""
        along, steps = self.grid
        x, t = np.meshgrid(np.linspace(0, 2 * pi, along, endpoint=False), np.linspace(0, 1, steps))
        return np.stack([x, t], axis=-1)

    def _training(self) -> tuple[np.ndarray, np.ndarray]:
        grid = self._grid()
        inside = grid[1:, 1:].reshape(-1, 2)
        if self.collocation > len(inside):
            raise UserCodeError(
                f"task.collocation: {self.collocation} of the {len(inside)} points inside task.grid = {self.grid}; "
                "take a finer grid or fewer points"
            )
        chosen = np.random.default_rng(self.point_seed).permutation(len(inside))[: self.collocation]
        parts = (grid[0], grid[:, 0], inside[np.sort(chosen)])
        sorts = np.repeat(np.arange(3), [len(part) for part in parts])
        return self._with_weights(np.concatenate(parts), sorts == 0, sorts == 1, sorts == 2)

    def _testing(self) -> tuple[np.ndarray, np.ndarray]:
        places = self._grid().reshape(-1, 2)
        return self._with_weights(places, places[:, 1] == 0, places[:, 0] == 0, np.ones(len(places), bool))

    def _with_weights(self, places: np.ndarray, *sorts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return places, and for each place the exact value and the weights of the three terms.

        The weights make a term's mean over all places equal to its mean over its own places.
        """
        shares = (self.initial_weight, self.boundary_weight, self.residual_weight)
        weights = [share * len(places) / mask.sum() * mask for share, mask in zip(shares, sorts, strict=True)]
        return places, np.stack([np.sin(places[:, 0] - self.beta * places[:, 1]), *weights], axis=1)


def weighted_squares(outputs: Any, targets: Any) -> Any:
    """Return the mean over points of the weighted squared error at t = 0, jump and residual."""
    exact, initial, boundary, inside = targets.unbind(1)
    u, residual, jump = outputs.unbind(1)
    return (initial * (u - exact) ** 2 + boundary * jump**2 + inside * residual**2).mean()
