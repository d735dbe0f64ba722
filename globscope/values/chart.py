"""A chart: the map from latent points to weights that a reducer found."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from attrs import define, field

from globscope.values.arrays import read_only
from globscope.values.members import Layout, Member, Population
from globscope.values.space import Differentiable, Space

Transform = Callable[[np.ndarray], np.ndarray]
"""From (n, r) coordinates to (n, d) latent points, or back."""
Pullback = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""From (n, d) points and (n, r) gradients with respect to the coordinates that they decode to, to (n, d) gradients."""


class Progress:
    """A receiver of a long computation's progress; this one is silent.

    Call it with the work done so far, the total, and figures to show beside the progress bar.
    """

    def __call__(self, done: int, total: int, **figures: float) -> None:
        """Report that `done` out of `total` are done."""


@define(frozen=True, kw_only=True)
class ReducerInputs:
    """The inputs that a reducer is fitted to.

    Attributes:
        coordinates: (N, r) float64, isometric to the members' weights (centred weights in the
            full space). Row i belongs to member i.
        population: The members, their weights and their layout.
        space: The space that the coordinates belong to.
        task: Returns the task, for charts that need its loss (Hessian directions).
        progress: Receives the progress of the fit.
    """

    coordinates: np.ndarray = field(eq=False, repr=False)
    population: Population
    space: Space
    task: Callable[[], Any] = field(default=lambda: None, eq=False, repr=False)
    progress: Progress = field(factory=Progress, eq=False, repr=False)

    @property
    def members(self) -> tuple[Member, ...]:
        """The N members."""
        return self.population.members


def _as_tuple(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(names)


@define(frozen=True, kw_only=True)
class Chart:
    """A map between latent points and weights.

    Attributes:
        space: Turns coordinates into weights.
        latents: (N, d) latent points of the members, from the fit.
        encode: Maps (n, r) coordinates to (n, d) points; None where no such function exists (MDS).
        decode: Maps (n, d) points to (n, r) coordinates; without it there is no landscape.
        exact_inverse: Whether decode(encode(c)) is c for the members.
        report_decode: As `decode`, from (n, d) points to (n, r) coordinates, given a receiver of its progress too;
            for charts whose decoding takes long.
        pointwise: Whether decode treats each point by itself, so that a point decodes to the same network (up to
            rounding) in any batch. Points can then be added to a landscape without decoding it again.
        flat: Whether every point is a weighted mean of networks, so that nothing between them is invented by a fit, and
            every sample is trusted.
        pullback: Turns gradients with respect to coordinates into gradients with respect to latent points: maps (n, d)
            points z and (n, r) gradients g to the (n, d) products Jᵀg with the Jacobian J of `decode` at z. Where None,
            gradients are central differences of decoded networks.
        arrays: Arrays of any shape by name, from which `restore` rebuilds this chart without a fit.
        notes: Figures of the fit worth keeping (steps, final loss, eigenvalues …).
        why_no_inverse: Why there is no decode, for the report.
        axes: Names of the d latent axes for people, such as `eigenvector 1, λ = 4381`; empty where they have no meaning
            of their own, as on a map that was learned.
        centre: (d,) latent point of the network around which a slice is made; it must be among the samples of a
            lattice. None for maps without such a network.
        extent: (2, d) lowest and highest corner of a slice; None for a map that was fitted to all members, which is
            shown around them. Samplers use it unchanged around a centre, else with their margin.
        members: The N members; filled in by the study.
        layout: Names and shapes of the weights; filled in by the study.
    """

    space: Space = field(repr=False)
    latents: np.ndarray = field(converter=read_only, eq=False, repr=False)
    encode: Transform | None = field(default=None, eq=False, repr=False)
    decode: Transform | None = field(default=None, eq=False, repr=False)
    report_decode: Callable[[np.ndarray, Progress], np.ndarray] | None = field(default=None, eq=False, repr=False)
    exact_inverse: bool = False
    pointwise: bool = False
    flat: bool = False
    pullback: Pullback | None = field(default=None, eq=False, repr=False)
    arrays: Mapping[str, np.ndarray] | None = field(default=None, eq=False, repr=False)
    notes: Mapping[str, float | str] = field(factory=dict)
    why_no_inverse: str = ""
    axes: tuple[str, ...] = field(default=(), converter=_as_tuple)
    centre: np.ndarray | None = field(default=None, converter=read_only, eq=False, repr=False)
    extent: np.ndarray | None = field(default=None, converter=read_only, eq=False, repr=False)
    members: tuple[Member, ...] = field(default=(), repr=False)
    layout: Layout | None = field(default=None, repr=False)

    @property
    def dimension(self) -> int:
        """d, the number of latent axes."""
        return int(self.latents.shape[1])

    @property
    def axis_names(self) -> tuple[str, ...]:
        """What people call each latent axis; `latent 1` and so on where the chart does not name them."""
        return self.axes or tuple(f"latent {axis}" for axis in range(1, self.dimension + 1))

    @property
    def differentiates(self) -> bool:
        """Whether gradients follow from one backward pass of each network, through the chart and its space."""
        return self.pullback is not None and isinstance(self.space, Differentiable)

    @property
    def gradient_cost(self) -> int:
        """What a field with its gradient costs, in forward passes: a backward pass counts as two."""
        return 3 if self.differentiates else 1 + 2 * self.dimension
