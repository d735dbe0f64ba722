"""The simplex of three or four networks, with their shares as its axes."""

from collections.abc import Mapping

import numpy as np
from attrs import define, evolve

from globscope.api import Chart, CheckFacts, PopulationError, ReducerInputs, ReducerTraits, span
from globscope.builtin.reducers.affine_hull import HullSpace, restore_space, stored_space
from globscope.builtin.reducers.requirements import row_of

FEWEST, MOST = 3, 4
# Directions shorter than this share of the longest are rounding.
FLAT = 1e-6


@define(frozen=True, kw_only=True)
class Simplex:
    """The plane or the space of the weighted means of three or four networks, with their shares as axes.

    A point with the coordinates (b, c) is the network (1 − b − c) A + b B + c C: A lies at the origin, B at (1, 0) and
    C at (0, 1), each to the last bits of its float32 weights, and the triangle between them holds their means. Beyond
    it a share is negative; such networks are shown too, since a lattice covers the square, with its margin. Angles and
    distances are not those in weight space, for which `hull` has axes. Networks beside the plane are projected onto it,
    as on any slice.

    Attributes:
        of: Three or four training runs, or networks as `variant@step`; the first three training runs if empty. The
            first one lies at the origin.
    """

    of: tuple[str, ...] = ()

    @classmethod
    def quick_examples(cls) -> "tuple[Simplex, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(of=("A", "B", "C@1")),
            cls(of=("A", "B", "C", "A@0")),
        )

    def __attrs_post_init__(self) -> None:
        if self.of and not FEWEST <= len(self.of) <= MOST:
            raise ValueError("of must name 3 or 4 networks, or none")
        if len(set(self.of)) < len(self.of):
            raise ValueError(f"of names one network twice: {', '.join(self.of)}")

    @property
    def traits(self) -> ReducerTraits:
        """A flat map through networks that must be there."""
        return ReducerTraits(own_space=True, networks=self.of, latent_dim=(len(self.of) or FEWEST) - 1)

    def check(self, facts: CheckFacts) -> None:
        """Refuse fewer than three training runs where no networks are named.

        Raises:
            PopulationError: There are fewer.
        """
        runs = len(facts.variants)
        if not self.of and runs < FEWEST:
            raise PopulationError(f"reducer 'simplex' needs three networks, and there are {runs} training runs")

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the simplex; `rng` is not used.

        Raises:
            PopulationError: No such networks, one is named twice, or one is a weighted mean of the others.
        """
        del rng
        names = self.of or inputs.population.variants[:FEWEST]
        rows = [row_of(inputs.population, name, "simplex") for name in names]
        space = span(inputs.population.take(rows).weights)
        edges = space.members[1:] - space.members[0]
        lengths = np.linalg.svd(edges, compute_uv=False)
        if len(lengths) < len(edges) or lengths[-1] <= FLAT * lengths[0]:
            raise PopulationError(f"reducer 'simplex': one of {', '.join(names)} is a weighted mean of the others")
        labels = [inputs.members[row].label for row in rows]
        latents = _shares(space, space.coordinates(inputs.population.weights)[0])
        chart = _chart(space, stored_space(space) | {"latents": latents, "rows": np.array(rows)})
        notes = {"origin": labels[0], "through": ", ".join(labels[1:])}
        return evolve(chart, axes=[f"share of {label}" for label in labels[1:]], notes=notes)

    def restore(self, inputs: ReducerInputs, arrays: Mapping[str, np.ndarray]) -> Chart:
        """Return the chart of stored coordinates of its networks."""
        return _chart(restore_space(inputs, arrays), arrays)


def _shares(space: HullSpace, coordinates: np.ndarray) -> np.ndarray:
    """Return the (n, d) shares of all networks but the first in networks of (n, r) coordinates."""
    shares: np.ndarray = (coordinates - space.members[0]) @ np.linalg.pinv(space.members[1:] - space.members[0])
    return shares


def _chart(space: HullSpace, arrays: Mapping[str, np.ndarray]) -> Chart:
    first, edges = space.members[0], space.members[1:] - space.members[0]
    return Chart(
        space=space,
        latents=arrays["latents"],
        encode=lambda coordinates: _shares(space, coordinates),
        decode=lambda points: first + points @ edges,
        pullback=lambda _, gradients: gradients @ edges.T,
        exact_inverse=True,
        pointwise=True,
        flat=True,
        extent=np.stack([np.zeros(len(edges)), np.ones(len(edges))]),
        arrays=arrays,
    )
