"""The rows of networks that a spec names."""

from collections.abc import Sequence

from globscope.api import Population, PopulationError


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
