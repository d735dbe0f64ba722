"""The probe of a physics-informed network (PINN): values and derivatives at points, for any weights."""

from collections.abc import Mapping
from math import pi
from typing import Any

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
