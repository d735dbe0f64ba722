"""A chart: the map from latent points to weights that a reducer found."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from attrs import define, field

from globscope.values.frozen import read_only
from globscope.values.members import Layout, Member, Population
from globscope.values.space import Space

Transform = Callable[[np.ndarray], np.ndarray]


class Progress:
    """What a long computation reports to; this one is silent.

    Call it with the work done so far, the whole, and figures worth showing beside the bar.
    """

    def __call__(self, done: int, total: int, **figures: float) -> None:
        """Take note of `done` out of `total`."""


@define(frozen=True, kw_only=True)
class ReducerInputs:
    """What a reducer fits.

    Attributes:
        coordinates: (N, r) float64, isometric to the members' weights (centred weights in the
            full space). Row i belongs to member i.
        population: The members, their weights and their layout.
        space: Where the coordinates live.
        task: Returns the task, for charts that need its loss (Hessian directions).
        progress: Takes the fit's progress.
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


@define(frozen=True, kw_only=True)
class Chart:
    """A map between latent points and weights.

    Attributes:
        space: Turns coordinates into weights.
        latents: (N, d) of the members, from the fit.
        encode: (n, r) coordinates → (n, d) points, or None (MDS).
        decode: (n, d) points → (n, r) coordinates, or None: then there is no landscape.
        exact_inverse: Whether decode(encode(c)) is c for the members.
        pointwise: Whether decode takes each point by itself, so that a point decodes to the same network (but for
            rounding) whatever else is in its batch. Points may then be added to a landscape without decoding it anew.
        arrays: What `restore` needs to build this chart again without a fit.
        notes: Figures of the fit worth keeping (steps, final loss, eigenvalues …).
        why_no_inverse: Told to the reader where decode is None.
        centre: (d,) latent point of the network that a slice is made around, which must be among the samples of a
            lattice; None for maps that have no such network.
        extent: (2, d) lowest and highest corner of what a slice shows; None for a map that was fitted to all members,
            which is shown where they lie. Around a centre samplers take it as it stands, else with their margin.
        members: The N members; filled in by the study.
        layout: Of the weights; filled in by the study.
    """

    space: Space = field(repr=False)
    latents: np.ndarray = field(converter=read_only, eq=False, repr=False)
    encode: Transform | None = field(default=None, eq=False, repr=False)
    decode: Transform | None = field(default=None, eq=False, repr=False)
    exact_inverse: bool = False
    pointwise: bool = False
    arrays: Mapping[str, np.ndarray] | None = field(default=None, eq=False, repr=False)
    notes: Mapping[str, float | str] = field(factory=dict)
    why_no_inverse: str = ""
    centre: np.ndarray | None = field(default=None, converter=read_only, eq=False, repr=False)
    extent: np.ndarray | None = field(default=None, converter=read_only, eq=False, repr=False)
    members: tuple[Member, ...] = field(default=(), repr=False)
    layout: Layout | None = field(default=None, repr=False)

    @property
    def dimension(self) -> int:
        """d, the number of latent axes."""
        return int(self.latents.shape[1])
