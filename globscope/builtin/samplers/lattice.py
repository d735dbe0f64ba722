"""The lattice over the members' box: `grid` samples all of it, `adaptive` a part."""

from typing import Any

import numpy as np

from globscope.api import SAMPLES, Chart, PopulationError
from globscope.builtin.samplers.members import box


def at_least_two(_: Any, attribute: Any, value: Any) -> None:
    """Refuse a resolution that leaves an axis without two samples, or that is too large."""
    if min((value,) if isinstance(value, int) else value, default=0) < 2:
        raise ValueError(f"{attribute.name} must be >= 2 on every axis")
    if max((value,) if isinstance(value, int) else value) > SAMPLES.bound:
        raise ValueError(f"{attribute.name} {SAMPLES.words}")


def lattice_shape(resolution: int | tuple[int, ...], dimension: int) -> tuple[int, ...]:
    """Return the number of samples along each axis of a chart of this dimension.

    Raises:
        PopulationError: `resolution` has another number of axes than the chart.
    """
    if isinstance(resolution, int):
        return (resolution,) * dimension
    if len(resolution) != dimension:
        raise PopulationError(f"resolution names {len(resolution)} axes, but the map has {dimension}")
    return tuple(resolution)


def lattice_axes(chart: Chart, margin: float, shape: tuple[int, ...]) -> list[np.ndarray]:
    """Return each axis' latent coordinates; the ends of an axis are samples, and so is the centre of a slice."""
    low, high = box(chart, margin)
    if chart.centre is None:
        return [np.linspace(*ends) for ends in zip(low, high, shape, strict=True)]
    # Steps are counted from the middle, so that the middle sample is exactly the network.
    counted = [np.arange(-(count // 2), count // 2 + 1) / (count // 2) for count in shape]
    halves = (high - low) / 2
    return [middle + half * steps for middle, half, steps in zip(chart.centre, halves, counted, strict=True)]


def require_middle(shape: tuple[int, ...], *, centred: bool) -> None:
    """Refuse a lattice that puts no sample on the network around which a slice is made.

    Raises:
        PopulationError: The resolution is even; the message has the nearest odd ones.
    """
    even = [count for count in shape if count % 2 == 0]
    if centred and even:
        nearest = f"{even[0] - 1} and {even[0] + 1}" if even[0] > 2 else "3"
        raise PopulationError(
            f"resolution = {even[0]} puts no sample on the network around which the slice is made; "
            f"the nearest odd one{'s are' if even[0] > 2 else ' is'} {nearest}"
        )
