"""Checks of what reducers and samplers return: charts, results of their functions, points."""

from collections.abc import Collection
from typing import Any

import numpy as np
from attrs import evolve

from globscope.errors import PluginError
from globscope.returned.numbers import checked_arrays, checked_instance, checked_shape, integers, numeric, real
from globscope.values.chart import Chart
from globscope.values.landscape import Samples


def checked_chart(component: str, returned: Any, members: int) -> Chart:
    """Return a reducer's chart, its numbers as float64.

    Raises:
        PluginError: It is not a chart, its latents are not one finite row for each member, a slice's centre or extent
            does not fit them, its axes' names are not one for each, its notes are not figures, or it has no inverse and
            does not say why.
    """
    chart = checked_instance(component, returned, Chart)
    latents = real(f"{component}: latents", chart.latents, finite=False)
    if latents.ndim != 2 or len(latents) != members or not latents.size:
        wanted = f"one row for each of the {members} members is wanted"
        raise PluginError(f"{component}: latents have shape {latents.shape}; {wanted}")
    real(f"{component}: latents", latents)
    shapes = {"centre": latents.shape[1:], "extent": (2, *latents.shape[1:])}
    corners: dict[str, Any] = {n: _corner(component, n, getattr(chart, n), shape) for n, shape in shapes.items()}
    for name in ("encode", "decode", "pullback"):
        if getattr(chart, name) is not None and not callable(getattr(chart, name)):
            raise PluginError(f"{component}: {name} is {type(getattr(chart, name)).__name__}, not a function")
    if chart.axes and len(chart.axes) != latents.shape[1]:
        wanted = f"{latents.shape[1]}, one for each latent axis, or none are wanted"
        raise PluginError(f"{component}: axes are {len(chart.axes)} names; {wanted}")
    if not all(isinstance(name, str) and name.strip() for name in chart.axes):
        raise PluginError(f"{component}: axes are {chart.axes!r}; names that are not empty are wanted")
    if chart.decode is None and not chart.why_no_inverse:
        raise PluginError(f"{component}: the chart has no decode, and why_no_inverse is empty")
    arrays = None if chart.arrays is None else checked_arrays(f"{component}: chart", chart.arrays)
    notes = {str(name): _note(component, name, value) for name, value in dict(chart.notes).items()}
    return evolve(chart, latents=latents, arrays=arrays, notes=notes, **corners)


def _corner(component: str, name: str, array: Any, shape: tuple[int, ...]) -> np.ndarray | None:
    if array is None:
        return None
    numbers = real(f"{component}: {name}", array)
    if numbers.shape != shape:
        raise PluginError(f"{component}: {name} has shape {numbers.shape}; {shape} is wanted on this chart")
    return numbers


def _note(component: str, name: Any, value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float) and not np.isfinite(value):
        raise PluginError(f"{component}: note {name!r} is {value}; finite numbers and text are accepted")
    if not isinstance(value, str | int | float | bool | None):
        raise PluginError(f"{component}: note {name!r} is {type(value).__name__}; finite numbers and text are accepted")
    return value


def checked_rows(what: str, array: Any, rows: int, width: int) -> np.ndarray:
    """Return the result of a chart's function; it may hold values that are not finite.

    Raises:
        PluginError: It is not (rows, width) real numbers.
    """
    numbers = real(what, array, finite=False)
    if numbers.shape != (rows, width):
        raise PluginError(f"{what} answered with shape {numbers.shape}; {(rows, width)} is wanted")
    return numbers


def checked_coordinates(what: str, pair: Any, rows: int, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the (rows, rank) coordinates of networks in a chart's space, and the norms left outside.

    Raises:
        PluginError: They have other types or shapes.
    """
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise PluginError(f"{what}: returned {type(pair).__name__}; coordinates and the norms left outside are wanted")
    return checked_rows(what, pair[0], rows, rank), real(f"{what}: norms left outside", pair[1], (rows,), finite=False)


def checked_samples(component: str, samples: Any, chart: Chart, before: int = 0) -> Samples | None:
    """Return a sampler's samples, with numbers as float64 and int64.

    Args:
        component: The sampler, as messages name it.
        samples: What it returned.
        chart: The chart that it was asked for.
        before: Number of samples of earlier rounds, to which edges may lead.

    Raises:
        PluginError: They are not samples, points have another dimension than the chart or are not finite, or an index,
            a shape or edges do not fit them.
    """
    if samples is None:
        return None
    if not isinstance(samples, Samples):
        raise PluginError(f"{component}: returned {type(samples).__name__}, neither Samples nor None")
    points = real(f"{component}: points", samples.points, finite=False)
    if points.ndim != 2 or points.shape[1] != chart.dimension:
        wanted = f"(n, {chart.dimension}) is wanted on this chart"
        raise PluginError(f"{component}: points have shape {points.shape}; {wanted}")
    real(f"{component}: points", points)
    if not len(points):
        raise PluginError(f"{component}: asks for no point; None ends its samples")
    shape = None if samples.shape is None else checked_shape(component, samples.shape)
    index = None if samples.index is None else _index(component, samples.index, len(points), shape)
    edges = None if samples.edges is None else _edges(component, samples.edges, before + len(points))
    return evolve(samples, points=points, index=index, shape=shape, edges=edges)


def check_gradient(component: str, name: str, fields: Collection[str], earlier: str | None) -> None:
    """Refuse the gradient of a field that is not measured, or of another one than in earlier rounds.

    Args:
        component: The sampler, as messages name it.
        name: Of the field.
        fields: Those that are measured.
        earlier: The field of earlier rounds; None where they asked for no gradient.

    Raises:
        PluginError: With the fields that there are.
    """
    if name not in fields:
        raise PluginError(f"{component}: asks for the gradient of {name!r}, which is none of {', '.join(fields)}")
    if earlier not in (None, name):
        raise PluginError(f"{component}: asks for the gradient of {name!r}, after that of {earlier!r}")


def _edges(component: str, edges: Any, samples: int) -> np.ndarray:
    pairs = integers(f"{component}: edges", edges, (None, 2), high=samples)
    if (pairs[:, 0] == pairs[:, 1]).any():
        raise PluginError(f"{component}: edges join a sample with itself")
    return pairs


def _index(component: str, index: Any, points: int, shape: tuple[int, ...] | None) -> np.ndarray:
    numbers = numeric(f"{component}: index", index)
    if numbers.ndim != 2 or len(numbers) != points:
        raise PluginError(f"{component}: index has {len(np.atleast_1d(numbers))} rows for {points} points")
    axes = None if shape is None else len(shape)
    places = integers(f"{component}: index", numbers, (points, axes))
    if shape is not None and (places >= shape).any():
        raise PluginError(f"{component}: index lies outside the lattice of {shape} samples")
    return places
