"""The persistence diagram: when each basin is born, and when it merges into a lower one."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from globscope.report.style.legend import Legend, tick_log
from globscope.report.style.palette import FAINT, INK, LINES, PALE
from globscope.report.style.scale import positive
from globscope.report.style.theme import in_points
from globscope.values.number import number
from globscope.values.topology import Topology

# A pair is a minimum with its saddle, so it has the mark of neither.
KEPT = LINES[0]


def draw_diagram(axes: Axes, topology: Topology) -> Legend:
    """Draw kept and removed pairs against the diagonal and the threshold; return the legend."""
    values = np.concatenate([topology.full.births, topology.full.deaths])
    log = positive(values)
    low, high, never = _frame(values[np.isfinite(values)], log)
    if log:
        axes.set(xscale="log", yscale="log")
        tick_log(axes.xaxis, low, high)
        tick_log(axes.yaxis, low, high)
    legend = _draw_lines(axes, topology, np.linspace(0, 1, 200), (low, high, never))
    legend |= _draw_pairs(axes, topology, never)
    axes.set(xlim=(low, high), ylim=(low, never * (never / high) ** 0.6 if log else 1.6 * never - 0.6 * high))
    return legend


def _frame(finite: np.ndarray, log: bool) -> tuple[float, float, float]:
    """Return the frame's low and high end, and the height of the line for what never dies."""
    low, high = float(finite.min()), float(finite.max())
    if log:
        margin = max((high / low) ** 0.05, 1.1)
        return low / margin, high * margin, high * margin**2.4
    margin = 0.05 * (high - low) or 0.1
    return low - margin, high + margin, high + 2.4 * margin


def _draw_lines(axes: Axes, topology: Topology, share: np.ndarray, frame: tuple[float, ...]) -> Legend:
    low, high, never = frame
    births = low * (high / low) ** share if axes.get_xscale() == "log" else low + (high - low) * share
    axes.fill_between(births, births, low, color="#eef0f2", linewidth=0, zorder=0)
    axes.plot(births, births, color=FAINT, lw=1, zorder=1)
    axes.axhline(never, color=FAINT, lw=0.8, ls=":", zorder=1)
    # Beside the axes no line can cross it.
    at: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "ha": "left", "va": "center"}
    axes.text(1.01, never, "never\ndies", fontsize=in_points(8.5), color=FAINT, **at)
    line = axes.plot(births, births + topology.threshold, color=INK, lw=1, ls="--", zorder=1)[0]
    legend: Legend = {f"persistence = {number(topology.threshold)}": line}
    if topology.noise:
        chance = axes.plot(births, births + topology.noise, color=INK, lw=1, ls=":", zorder=1)[0]
        legend[f"persistence = {number(topology.noise)}, the draws' standard deviation"] = chance
    return legend


def _draw_pairs(axes: Axes, topology: Topology, never: float) -> Legend:
    tree, full = topology.tree, topology.full
    removed = full.persistences <= topology.threshold
    kept = np.isfinite(tree.deaths)
    top = np.full(int((~kept).sum()), never)
    return (
        _dots(axes, "removed", full.births[removed], full.deaths[removed], {"c": PALE, "s": 10})
        | _dots(axes, "kept", tree.births[kept], tree.deaths[kept], {"c": KEPT, "s": 44})
        | _dots(axes, "never dies", tree.births[~kept], top, {"c": KEPT, "s": 58, "marker": "^"})
    )


def _dots(axes: Axes, name: str, births: np.ndarray, deaths: np.ndarray, style: dict[str, Any]) -> Legend:
    if not len(births):
        return {}
    # Thousands of removed pairs would make the vector file slow to open.
    many = len(births) > 2000
    dots = axes.scatter(births, deaths, linewidths=0.7, edgecolors="white", zorder=3, rasterized=many, **style)
    return {f"{name} ({number(len(births))})": dots}
