"""The probe of a physics-informed network."""

from collections.abc import Callable, Mapping
from typing import Any

from globscope.builtin.tasks.pinn.equations import Equation
from globscope.builtin.tasks.supervised import Supervised

Tensors = Mapping[str, Any]


class PinnProbe(Supervised):
    """A network u(x, t), with the residual of the equation and the mismatch at the boundary at each point.

    Inputs are (points, 2) places and times. Outputs are (points, 3): u; the residual; and at the boundary the mismatch,
    u(left, t) − u(right, t) where u is periodic and otherwise u, elsewhere 0.
    """

    grad_inside = True

    def __init__(self, *, equation: Equation, **task: Any) -> None:
        """Use an equation, and the arguments of every supervised task."""
        self._equation = equation
        super().__init__(**task)

    def digest(self) -> str:
        """Return the hash of the examples' bytes, with the measures: evaluations without the terms are others."""
        return f"{super().digest()} {' '.join(self.measures)}"

    def _answer(self, parameters: Tensors, buffers: Tensors, batch: Any) -> Any:
        """Return u, (points, 1)."""
        return super()._forward(parameters, buffers, batch[0])

    def _forward(self, parameters: Tensors, buffers: Tensors, inputs: Any) -> Any:
        import torch

        forward = super()._forward
        # Curvature may be computed in float64.
        places = inputs.to(next(iter(parameters.values())).dtype)

        def network(points: Any) -> Any:
            return forward(parameters, buffers, points)

        differentiate = _second_order if self._equation.is_second_order else _first_order
        u, slopes, bend = differentiate(network, places)
        residual = self._equation.residual(u[:, 0], slopes[:, 1], slopes[:, 0], bend)
        return torch.cat([u, residual[:, None], self._mismatch(network, inputs, places, u)], dim=1)

    def _mismatch(self, network: Callable[[Any], Any], inputs: Any, places: Any, u: Any) -> Any:
        """Return the (points, 1) mismatch at the boundary."""
        import torch

        left, right = self._equation.ends
        if not self._equation.is_periodic:
            ends = (inputs[:, :1] == left) | (inputs[:, :1] == right)
            return u * ends
        edge = (inputs[:, 0] == left).nonzero()[:, 0]
        other = network(places[edge] + places.new_tensor([right - left, 0.0]))
        return torch.zeros_like(u).index_copy(0, edge, u[edge] - other)


def _first_order(network: Callable[[Any], Any], places: Any) -> tuple[Any, Any, None]:
    """Return (points, 1) u and its (points, 2) slopes along x and t: u at a point depends on that point alone."""
    import torch

    u, back, *_ = torch.func.vjp(network, places)
    return u, back(torch.ones_like(u))[0], None


def _second_order(network: Callable[[Any], Any], places: Any) -> tuple[Any, Any, Any]:
    """Return u, its slopes, and its (points,) second derivative along x."""
    import torch

    def slopes_of(points: Any) -> tuple[Any, Any]:
        u, slopes, _ = _first_order(network, points)
        return slopes, u

    slopes, back, *values = torch.func.vjp(slopes_of, places, has_aux=True)
    along_x = torch.zeros_like(places)
    along_x[:, 0] = 1
    return values[0], slopes, back(along_x)[0][:, 0]
