"""The members' span itself: as many axes as the networks have directions."""

from collections.abc import Mapping

import numpy as np
from attrs import define

from globscope.api import Chart, FullSpace, PopulationError, ReducerInputs, ReducerTraits
from globscope.builtin.reducers.identity import identity_chart
from globscope.builtin.reducers.principal_axes import principal_axes


@define(frozen=True, kw_only=True)
class Span:
    """The members' own coordinates: a map of the whole affine span of all networks, which loses nothing.

    It has one axis for each direction that the members span, at most one fewer than there are members, along their
    principal axes. Distances on the map are those in weight space, and every member is decoded to itself. What holds
    on it, such as a pass, owes nothing to a choice of two axes or to a trained decoder. So many axes need a sampler
    without a lattice.
    """

    @property
    def traits(self) -> ReducerTraits:
        """A map of as many axes as the members span."""
        return ReducerTraits(latent_dim=_directions)

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the chart; `rng` is not used.

        Raises:
            PopulationError: The coordinates are those of weight space itself.
        """
        del rng
        if isinstance(inputs.space, FullSpace):
            raise PopulationError(
                "reducer 'span' has the axes that the members span, not one for each weight: leave out space = 'full'"
            )
        return self.restore(inputs, {})

    def trial(self, members: int) -> tuple["Span", float]:
        """Return itself: there is nothing to fit."""
        del members
        return self, 1.0

    def restore(self, inputs: ReducerInputs, arrays: Mapping[str, np.ndarray]) -> Chart:
        """Return the chart, which follows from the members alone."""
        spread = inputs.coordinates.var(axis=0)
        axes = principal_axes(spread / spread.sum())
        return identity_chart(inputs.space, inputs.coordinates, axes=axes, arrays=arrays, notes={})


def _directions(members: int, runs: int) -> int:
    del runs
    return members - 1
