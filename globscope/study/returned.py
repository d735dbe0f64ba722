"""What components return must fit what it is for; told at once, not three stages later."""

import numpy as np

from globscope.errors import PluginError
from globscope.values.chart import Chart
from globscope.values.landscape import Samples


def checked_chart(who: str, chart: Chart, members: int) -> Chart:
    """Return a reducer's chart.

    Raises:
        PluginError: It is none, its latents are not one finite row a member, a slice's centre or extent does not fit
            them, or it has no inverse and does not say why.
    """
    if not isinstance(chart, Chart):
        raise PluginError(f"{who}: returned {type(chart).__name__}, not a Chart")
    latents = np.asarray(chart.latents)
    if latents.ndim != 2 or len(latents) != members or not latents.size:
        raise PluginError(
            f"{who}: latents have shape {latents.shape}; one row for each of the {members} members is wanted"
        )
    if not np.isfinite(latents).all():
        raise PluginError(f"{who}: latents are not finite")
    shapes = [("centre", chart.centre, latents.shape[1:]), ("extent", chart.extent, (2, *latents.shape[1:]))]
    for name, array, wanted in shapes:
        if array is not None and np.shape(array) != wanted:
            raise PluginError(f"{who}: {name} has shape {np.shape(array)}; {wanted} is wanted on this chart")
    if chart.decode is None and not chart.why_no_inverse:
        raise PluginError(f"{who}: the chart has no decode, and why_no_inverse is empty")
    return chart


def checked_samples(who: str, samples: Samples | None, chart: Chart) -> Samples | None:
    """Return what a sampler asked.

    Raises:
        PluginError: No samples, points of another dimension than the chart's, not finite, or an index that does
            not fit them.
    """
    if samples is None:
        return None
    if not isinstance(samples, Samples):
        raise PluginError(f"{who}: returned {type(samples).__name__}, neither Samples nor None")
    shape = np.shape(samples.points)
    if len(shape) != 2 or shape[1] != chart.dimension:
        raise PluginError(f"{who}: points have shape {shape}; (n, {chart.dimension}) is wanted on this chart")
    if not np.isfinite(samples.points).all():
        raise PluginError(f"{who}: points are not finite")
    if samples.index is not None and len(samples.index) != shape[0]:
        raise PluginError(f"{who}: index has {len(samples.index)} rows for {shape[0]} points")
    return samples


def checked_rows(who: str, array: np.ndarray, rows: int, width: int) -> np.ndarray:
    """Return what a chart's function answered.

    Raises:
        PluginError: It is not (rows, width).
    """
    found = np.asarray(array)
    if found.shape != (rows, width):
        raise PluginError(f"{who} answered with shape {found.shape}; {(rows, width)} is wanted")
    return found
