"""The tasks: an equation each, and what they share."""

from math import pi
from typing import Any

from attrs import define, field
from attrs.validators import and_, deep_iterable, ge, gt

from globscope.api import EXAMPLES, SIDE, UNITS, Probe
from globscope.builtin.tasks.models import builder
from globscope.builtin.tasks.named_losses import Objective
from globscope.builtin.tasks.pinn.equations import Burgers, Convection, Equation, Reaction
from globscope.builtin.tasks.pinn.points import Points
from globscope.builtin.tasks.pinn.probe import PinnProbe
from globscope.builtin.tasks.pinn.terms import FUNCTION, TERMS, loss_terms


@define(frozen=True, kw_only=True)
class PinnTask:
    """Solve an equation for t in [0, 1] by a physics-informed network.

    Attributes:
        hidden: Widths of the hidden layers (tanh between).
        grid: Number of points along x and along t, for the initial condition, the boundary and the test split.
        collocation: Number of points inside the grid at which the residual is trained.
        point_seed: Seed of the draw of the collocation points.
        residual_weight: Weight of the squared residual in the loss.
        initial_weight: Weight of the squared error at t = 0 in the loss.
        boundary_weight: Weight of the squared mismatch at the boundary in the loss.
    """

    hidden: tuple[int, ...] = field(default=(50, 50, 50, 50), validator=deep_iterable(and_(ge(1), UNITS)))
    grid: tuple[int, int] = field(default=(256, 100), validator=deep_iterable(and_(ge(2), SIDE)))
    collocation: int = field(default=1000, validator=and_(ge(1), EXAMPLES))
    point_seed: int = field(default=0, validator=ge(0))
    residual_weight: float = field(default=1.0, validator=ge(0))
    initial_weight: float = field(default=1.0, validator=ge(0))
    boundary_weight: float = field(default=1.0, validator=ge(0))

    def __attrs_post_init__(self) -> None:
        if not any(self._weights):
            raise ValueError("residual_weight, initial_weight and boundary_weight are all 0, so nothing is trained")

    @property
    def _weights(self) -> tuple[float, ...]:
        return self.residual_weight, self.initial_weight, self.boundary_weight

    @property
    def _equation(self) -> Equation:
        raise NotImplementedError

    def build(self, device: str) -> Probe:
        """Return the task on a device.

        Raises:
            UserCodeError: The grid has fewer points inside than there are to be collocation points.
        """
        arrays = Points(
            equation=self._equation, grid=self.grid, collocation=self.collocation, seed=self.point_seed
        ).arrays()
        objective = Objective(
            weights={name: weight for name, weight in zip(TERMS, self._weights, strict=True) if weight}
        )

        def loss(outputs: Any, targets: Any) -> Any:
            return objective(loss_terms(outputs, targets))

        return PinnProbe(
            equation=self._equation,
            make=lambda: builder("mlp", {"hidden": self.hidden, "activation": "Tanh"})(arrays.shape, 1),
            arrays=arrays,
            loss=loss,
            device=device,
            kind=FUNCTION,
            vmappable=True,
        )


@define(frozen=True, kw_only=True)
class PinnConvection(PinnTask):
    """Solve ∂u/∂t + β ∂u/∂x = 0 on a circle by a physics-informed network (Krishnapriyan et al., 2021).

    x is in [0, 2π), t in [0, 1], u(x, 0) = sin x, so that u(x, t) = sin(x − βt). The loss is the mean squared residual
    at the collocation points, plus the mean squared error at t = 0, plus the mean of (u(0, t) − u(2π, t))², each times
    its weight. Without the weights they are the measures `residual_loss`, `initial_loss` and `boundary_loss`. `error`
    is the relative L2 error ‖u − u*‖ / ‖u*‖. The training points are the collocation points and those of the grid at
    t = 0 and at x = 0, as in the authors' code; the test split is the whole grid. Every point is an example: a
    `batch_size` of all of them, or more, is full-batch training, and a smaller one draws from all.

    Attributes:
        beta: Speed β of the wave. The problem has the same form for every β, and is hard to train beyond about 10.
    """

    beta: float = field(default=1.0, validator=ge(0))

    @classmethod
    def quick_examples(cls) -> "tuple[PinnConvection, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (cls(hidden=(8,), grid=(6, 5), collocation=12),)

    @property
    def _equation(self) -> Equation:
        return Convection(beta=self.beta)


@define(frozen=True, kw_only=True)
class PinnReaction(PinnTask):
    """Solve ∂u/∂t = ρ u (1 − u) on a circle by a physics-informed network (Krishnapriyan et al., 2021).

    x is in [0, 2π), t in [0, 1], u(x, 0) = h(x) = exp(−(x − π)² / (2 (π/4)²)), so that u(x, t) =
    h / (h + (1 − h) exp(−ρt)). Points, losses, measures and the error are those of `pinn-convection`, with the residual
    ∂u/∂t − ρ u (1 − u).

    Attributes:
        rho: Reaction coefficient ρ. Networks often end at u = 0, which has no residual, where it is 5 or more.
    """

    rho: float = field(default=1.0, validator=ge(0))

    @classmethod
    def quick_examples(cls) -> "tuple[PinnReaction, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (cls(hidden=(8,), grid=(6, 5), collocation=12),)

    @property
    def _equation(self) -> Equation:
        return Reaction(rho=self.rho)


@define(frozen=True, kw_only=True)
class PinnBurgers(PinnTask):
    """Solve ∂u/∂t + u ∂u/∂x = ν ∂²u/∂x² by a physics-informed network (Raissi, Perdikaris and Karniadakis, 2019).

    x is in [−1, 1], t in [0, 1], u(x, 0) = −sin πx and u(±1, t) = 0. The exact solution, for `error`, follows from the
    Cole–Hopf transformation and a trapezoidal rule (Basdevant et al., 1986). Points, losses and measures are those of
    `pinn-convection`, with this residual, and u² at both ends of x as the loss at the boundary.

    Attributes:
        viscosity: Viscosity ν. By default 0.01 / π, with which a front steepens at x = 0 from t = 0.3 on.
    """

    viscosity: float = field(default=0.01 / pi, validator=gt(0))

    @classmethod
    def quick_examples(cls) -> "tuple[PinnBurgers, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (cls(hidden=(8,), grid=(6, 5), collocation=12),)

    @property
    def _equation(self) -> Equation:
        return Burgers(viscosity=self.viscosity)
