"""The affine hull of chosen networks."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from attrs import define, evolve

from globscope.api import (
    Chart,
    CheckFacts,
    Population,
    PopulationError,
    ReducerInputs,
    ReducerTraits,
    span,
)
from globscope.builtin.reducers.affine_hull import HullSpace, restore_space, stored_space
from globscope.builtin.reducers.identity import identity_chart
from globscope.builtin.reducers.requirements import row_of

ONE_NETWORK = "reducer 'hull' needs two different networks: name them by of, or take points = 'ends and starts'"


@define(frozen=True, kw_only=True)
class Hull:
    """The affine hull of chosen networks: the flat map of their weighted means, of all weights that add up to 1.

    Two networks have a line, three a plane, and n networks n − 1 axes (fewer if some are weighted means of others),
    along the principal axes of these networks. The axes are orthonormal, so distances on the map are those in weight
    space, and each of the networks lies on it to the last bits of its float32 weights. Networks beside the hull are
    projected onto it, as on any slice. A grid covers the networks, with its margin. `chart.space.barycentric(points)`
    returns the weights of the mean that each point is.

    Attributes:
        of: Training runs, or networks as `variant@step`; all training runs if empty.
        points: Networks of each training run: its final one, or its final and its first one.
    """

    of: tuple[str, ...] = ()
    points: Literal["ends", "ends and starts"] = "ends"

    @classmethod
    def quick_examples(cls) -> "tuple[Hull, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(),
            cls(points="ends and starts"),
            cls(of=("A", "C@1")),
        )

    def __attrs_post_init__(self) -> None:
        if self.of and self._axes(0, 0) < 1:
            raise ValueError("of must name at least 2 networks, or none")
        if len(set(self.of)) < len(self.of):
            raise ValueError(f"of names one network twice: {', '.join(self.of)}")

    @property
    def traits(self) -> ReducerTraits:
        """A flat map through networks that must be there."""
        return ReducerTraits(own_space=True, networks=self.of, latent_dim=self._axes)

    def check(self, facts: CheckFacts) -> None:
        """Refuse a single network, which has no direction.

        Raises:
            PopulationError: There is one training run, of which one network is taken.
        """
        if self._axes(0, len(facts.variants)) < 1:
            raise PopulationError(ONE_NETWORK)

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the hull; `rng` is not used.

        Raises:
            PopulationError: No such networks, one is named twice, or they all coincide.
        """
        del rng
        rows = self._rows(inputs.population)
        chosen = inputs.population.take(rows).weights
        if all(np.array_equal(weights, chosen[0]) for weights in chosen):
            raise PopulationError(ONE_NETWORK)
        space = span(chosen)
        latents = space.coordinates(inputs.population.weights)[0]
        first, *others = (inputs.members[row].label for row in rows)
        notes = {"origin": first, "through": ", ".join(others)}
        chart = _chart(space, stored_space(space) | {"latents": latents, "rows": np.array(rows)}, notes)
        return evolve(chart, axes=_axes_of(latents[rows], [first, *others]))

    def restore(self, inputs: ReducerInputs, arrays: Mapping[str, np.ndarray]) -> Chart:
        """Return the chart of stored coordinates of its networks."""
        return _chart(restore_space(inputs, arrays), arrays, {})

    def _axes(self, members: int, runs: int) -> int:
        """Return how many axes the hull has if no network is a mean of others."""
        del members
        of_run = 1 if self.points == "ends" else 2
        return sum(1 if "@" in name else of_run for name in self.of or [""] * runs) - 1

    def _rows(self, population: Population) -> list[int]:
        """Return the rows of the networks, final ones first."""
        names = self.of or population.variants
        rows = [row_of(population, name, "hull") for name in names]
        if len(set(rows)) < len(rows):
            raise PopulationError(f"reducer 'hull': of names one network twice: {', '.join(names)}")
        starts = [] if self.points == "ends" else _first_rows(population, names)
        return list(dict.fromkeys([*rows, *starts]))


def _axes_of(places: np.ndarray, names: Sequence[str]) -> list[str]:
    """Return the axes' names: of two networks the direction from one to the other, of more the means' own axes."""
    if len(names) == 2:
        low, high = np.argsort(places[:, 0]).tolist()
        return [f"direction {names[low]} → {names[high]}"]
    return [f"barycentric axis {axis} of {len(names)} networks" for axis in range(1, places.shape[1] + 1)]


def _first_rows(population: Population, names: Sequence[str]) -> list[int]:
    """Return the rows of the first networks of those names that are training runs."""
    return [population.of(name)[0] for name in names if name in population.variants]


def _chart(space: HullSpace, arrays: Mapping[str, np.ndarray], notes: Mapping[str, float | str]) -> Chart:
    extent = np.stack([space.members.min(axis=0), space.members.max(axis=0)])
    return identity_chart(space, arrays["latents"], extent=extent, arrays=arrays, notes=notes)
