"""Where a log axis has its ticks: enough to read a value, whatever range is drawn."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, NullLocator

from globscope.report.text import ticks


def tick_log(axis: Axis, low: float, high: float) -> None:
    """Label a log axis with plain numbers that fit the range drawn."""
    values = round_values(low, high)
    axis.set_major_locator(FixedLocator(values.tolist()))
    axis.set_major_formatter(FixedFormatter(ticks(values.tolist())))
    axis.set_minor_locator(NullLocator())


def round_values(low: float, high: float) -> np.ndarray:
    """Return at least three round values of a range above 0: decades, 1-2-5 of them, or equal steps."""
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    decades = 10.0 ** np.arange(first, last + 1)
    if high > 1000 * low:
        # Beyond nine labels they would touch.
        inside = decades[(low <= decades) & (decades <= high)]
        return inside[:: -(-len(inside) // 9)]
    values: np.ndarray = np.outer(decades, (1, 2, 5)).ravel()
    values = values[(low <= values) & (values <= high)]
    if len(values) < 3:
        values = np.asarray(MaxNLocator(nbins=6, steps=[1, 2, 5, 10], min_n_ticks=3).tick_values(low, high))
    return values[(low <= values) & (values <= high)]


def log_note(axes: Axes) -> str:
    """Return what the label of a log axis must say."""
    return " (log scale)" if axes.get_yscale() == "log" else ""
