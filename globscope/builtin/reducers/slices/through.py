"""Planes through three networks, and lines through two."""

import numpy as np
from attrs import define

from globscope.api import Chart, PopulationError, ReducerInputs, ReducerTraits
from globscope.builtin.reducers.requirements import rows_of
from globscope.builtin.reducers.slices.flat import (
    combine_differences,
    flat_chart,
    inner_products,
    orthonormal,
    restore_chart,
)

# Networks coincide or lie on a line below this share of a length.
NEGLIGIBLE = 1e-6


@define(frozen=True, kw_only=True)
class Plane:
    """The plane through three networks.

    Garipov, Izmailov, Podoprikhin, Vetrov and Wilson, "Loss Surfaces, Mode Connectivity, and Fast Ensembling of DNNs",
    NeurIPS 2018, appendix: the first network is the origin, the second lies on the first axis, and Gram-Schmidt
    gives the second axis from the third. The basis is orthonormal, so distances on the map are those in weight space.
    The grid covers the three networks, with its margin.

    Attributes:
        members: Three networks, as `variant` (its final network) or `variant@step`; the final networks of the first
            three variants if empty.
    """

    members: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        if len(self.members) not in (0, 3):
            raise ValueError("members must name 3 networks, or none")

    @property
    def traits(self) -> ReducerTraits:
        """A plane through networks that must be there."""
        return ReducerTraits(own_space=True, networks=self.members, latent_dim=2)

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the plane; `rng` is not used.

        Raises:
            PopulationError: No such networks, or they lie on a line.
        """
        del rng
        origin, *others = rows_of(inputs.population, self.members, 3, "plane")
        basis, mixing = orthonormal(combine_differences(inputs, origin, others, np.eye(2)))
        lengths = np.sqrt(np.diag(inner_products(inputs, origin, others)))
        if lengths.min() == 0 or mixing[1, 1] <= NEGLIGIBLE * lengths[1]:
            names = ", ".join(inputs.members[row].label for row in (origin, *others))
            raise PopulationError(f"reducer 'plane': {names} lie on a line; name three networks that do not")
        corners = np.concatenate([np.zeros((1, 2)), mixing])
        extent = np.stack([corners.min(axis=0), corners.max(axis=0)])
        first, second, third = (inputs.members[row].label for row in (origin, *others))
        return flat_chart(
            inputs,
            origin=origin,
            basis=basis,
            extent=extent,
            centred=False,
            axes=[f"direction {first} → {second}", f"towards {third}, across {first} → {second}"],
            notes=_network_note(inputs, others),
        )

    restore = staticmethod(restore_chart)


@define(frozen=True, kw_only=True)
class Line:
    """The straight line through two networks.

    Goodfellow, Vinyals and Saxe, "Qualitatively Characterizing Neural Network Optimization Problems", ICLR 2015: the
    coordinate is the t of (1 - t) a + t b, so 0 is the first network and 1 the second. One unit is their distance,
    which the notes of the map give. The grid covers both networks, with its margin; if the margin is 0, its ends are
    the networks.

    Attributes:
        members: Two networks, as `variant` (its final network) or `variant@step`; the final networks of the first two
            variants if empty.
    """

    members: tuple[str, ...] = ()

    @classmethod
    def quick_examples(cls) -> "tuple[Line, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(),
            cls(members=("A@0", "A")),
        )

    def __attrs_post_init__(self) -> None:
        if len(self.members) not in (0, 2):
            raise ValueError("members must name 2 networks, or none")

    @property
    def traits(self) -> ReducerTraits:
        """A line through networks that must be there."""
        return ReducerTraits(own_space=True, networks=self.members, latent_dim=1)

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the line; `rng` is not used.

        Raises:
            PopulationError: No such networks, or they coincide.
        """
        del rng
        origin, end = rows_of(inputs.population, self.members, 2, "line")
        basis, mixing = orthonormal(combine_differences(inputs, origin, [end], np.eye(1)))
        if mixing[0, 0] == 0:
            names = " and ".join(inputs.members[row].label for row in (origin, end))
            raise PopulationError(f"reducer 'line': {names} coincide; name two different networks")
        notes = _network_note(inputs, [end])
        return flat_chart(
            inputs,
            origin=origin,
            basis=basis,
            mixing=mixing,
            extent=np.array([[0.0], [1.0]]),
            centred=False,
            axes=[f"direction {inputs.members[origin].label} → {inputs.members[end].label}"],
            notes=notes,
        )

    restore = staticmethod(restore_chart)


def _network_note(inputs: ReducerInputs, rows: list[int]) -> dict[str, float | str]:
    return {"through": ", ".join(inputs.members[row].label for row in rows)}
