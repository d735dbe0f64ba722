"""What components announce before a run: how many networks they will score. Checked, and bounded by arithmetic."""

from typing import Any

from globscope.bounds import SAMPLES
from globscope.errors import PopulationError
from globscope.returned.numbers import checked_count, checked_shape
from globscope.roles import Counts, ReducerTraits, offered, traits
from globscope.spec.model import ReducerEntry


def sample_count(sampler: Any, name: str, dimension: int) -> int | None:
    """Return how many samples a sampler asks for on a chart of so many axes; None where only a run can tell.

    Raises:
        PopulationError: They are more than any study could score.
        PluginError: It is no count.
    """
    announcing = offered(sampler, Counts)
    announced = None if announcing is None else announcing.count(dimension)
    if announced is None:
        return None
    count = checked_count(f"sampler {name!r}: count", announced)
    if count > SAMPLES.bound:
        raise PopulationError(f"asks for {readable(count)} samples, which {SAMPLES.words}; take a lower resolution")
    return count


def map_dimension(entry: ReducerEntry) -> int:
    """Return how many axes a reducer's maps have."""
    return traits(entry.component, ReducerTraits).latent_dim


def lattice_shape(sampler: Any, name: str, dimension: int) -> tuple[int, ...]:
    """Return the samples per axis that a sampler announces for a chart of so many axes.

    Raises:
        PluginError: They are no positive integers.
    """
    return checked_shape(f"sampler {name!r}", sampler.shape(dimension))


def readable(number: int) -> str:
    """Return a count with its thousands set apart; of one beyond 18 digits the magnitude alone."""
    return f"{number:,}" if number < 10**18 else f"more than 10^{int(number.bit_length() * 0.30102)}"
