"""What reducers require of a population, and the networks in it that a spec names."""

from collections.abc import Sequence

import numpy as np

from globscope.api import Population, PopulationError, ReducerInputs

# A fit that solves for all members at once takes at most a second for so many.
MANY = 1000


def require_directions(inputs: ReducerInputs, name: str, latent_dim: int) -> None:
    """Refuse more latent axes than the members have directions.

    Raises:
        PopulationError: With both numbers, or because all members coincide.
    """
    members, width = inputs.coordinates.shape
    if not np.ptp(inputs.coordinates, axis=0).any():
        raise PopulationError(f"reducer {name!r} has nothing to map: the {members} members in the fit all coincide")
    # In the full space there are more coordinates than directions.
    directions = min(width, members - 1)
    if latent_dim > directions:
        raise PopulationError(
            f"reducer {name!r} wants latent_dim = {latent_dim}, "
            f"but the {members} members in the fit span only {directions} direction{'s' * (directions != 1)}"
        )


def row_of(population: Population, name: str | None, reducer: str) -> int:
    """Return the row of `variant@step`, or of a variant's final network; that of the first variant without a name.

    Raises:
        PopulationError: There is no network of this name.
    """
    if name is None:
        return population.of(population.variants[0])[-1]
    return population.row(name, f"reducer {reducer!r}")


def rows_of(population: Population, names: Sequence[str], count: int, reducer: str) -> list[int]:
    """Return the rows of `count` networks: the named ones, or the first variants' final networks.

    Raises:
        PopulationError: There are fewer variants, or a name is unknown or given twice.
    """
    chosen = names or population.variants[:count]
    if len(chosen) < count:
        raise PopulationError(
            f"reducer {reducer!r} leads through {count} networks, but there are {len(chosen)} variants; name {count} "
            "networks by members"
        )
    rows = [row_of(population, name, reducer) for name in chosen]
    if len(set(rows)) < len(rows):
        raise PopulationError(f"reducer {reducer!r}: members names one network twice: {', '.join(chosen)}")
    return rows
