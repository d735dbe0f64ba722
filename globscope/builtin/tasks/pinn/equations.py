"""The equations: their domains, their residuals, and their solutions by formulas."""

from math import pi
from typing import Any, Protocol

import numpy as np
from attrs import define

from globscope.builtin.tasks.pinn.cole_hopf import burgers_solution


class Equation(Protocol):
    """An equation of u(x, t) for t in [0, 1], with what holds at t = 0 and at both ends of x."""

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest x."""
        ...

    @property
    def is_periodic(self) -> bool:
        """Whether u is the same at both ends; else it is 0 there."""
        ...

    @property
    def is_second_order(self) -> bool:
        """Whether the residual takes ∂²u/∂x²."""
        ...

    def residual(self, u: Any, slope_t: Any, slope_x: Any, bend_x: Any) -> Any:
        """Return the residual from (points,) tensors of u, ∂u/∂t, ∂u/∂x and ∂²u/∂x²; the last may be None."""
        ...

    def solution(self, x: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return u at (n,) places and times."""
        ...


@define(frozen=True, kw_only=True)
class Convection:
    """∂u/∂t + β ∂u/∂x = 0, u(x, 0) = sin x, so that u = sin(x − βt)."""

    beta: float
    ends: tuple[float, float] = (0.0, 2 * pi)
    is_periodic: bool = True
    is_second_order: bool = False

    def residual(self, u: Any, slope_t: Any, slope_x: Any, bend_x: Any) -> Any:
        """Return ∂u/∂t + β ∂u/∂x."""
        del u, bend_x
        return slope_t + self.beta * slope_x

    def solution(self, x: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return sin(x − βt)."""
        found: np.ndarray = np.sin(x - self.beta * t)
        return found


@define(frozen=True, kw_only=True)
class Reaction:
    """∂u/∂t = ρ u (1 − u), u(x, 0) = exp(−(x − π)² / (2 (π/4)²)): at every x a logistic curve."""

    rho: float
    ends: tuple[float, float] = (0.0, 2 * pi)
    is_periodic: bool = True
    is_second_order: bool = False

    def residual(self, u: Any, slope_t: Any, slope_x: Any, bend_x: Any) -> Any:
        """Return ∂u/∂t − ρ u (1 − u)."""
        del slope_x, bend_x
        return slope_t - self.rho * u * (1 - u)

    def solution(self, x: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return h / (h + (1 − h) exp(−ρt)), where h is u at t = 0."""
        start = np.exp(-(((x - pi) / (pi / 4)) ** 2) / 2)
        found: np.ndarray = start / (start + (1 - start) * np.exp(-self.rho * t))
        return found


@define(frozen=True, kw_only=True)
class Burgers:
    """∂u/∂t + u ∂u/∂x = ν ∂²u/∂x², u(x, 0) = −sin πx, u(±1, t) = 0: a front at x = 0 steepens to a width of about ν."""

    viscosity: float
    ends: tuple[float, float] = (-1.0, 1.0)
    is_periodic: bool = False
    is_second_order: bool = True

    def residual(self, u: Any, slope_t: Any, slope_x: Any, bend_x: Any) -> Any:
        """Return ∂u/∂t + u ∂u/∂x − ν ∂²u/∂x²."""
        return slope_t + u * slope_x - self.viscosity * bend_x

    def solution(self, x: np.ndarray, t: np.ndarray) -> np.ndarray:
        """Return u by the Cole–Hopf transformation."""
        return burgers_solution(self.viscosity, x, t)
