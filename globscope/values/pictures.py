"""Pictures that analyses ask for, in numbers; how they look is the report's business.

A figure that is not finite is None.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Literal

import numpy as np
from attrs import define
from numpy.typing import ArrayLike

from globscope.errors import near

Number = float | None


@define(frozen=True, kw_only=True)
class Series:
    """Points of a panel.

    Attributes:
        label: In the legend; series of one label look alike, in all panels of a picture.
        x: Along the horizontal axis.
        y: Along the vertical one, as many.
        look: Joined by a line, by a dashed one, or not at all.
    """

    label: str
    x: tuple[Number, ...]
    y: tuple[Number, ...]
    look: Literal["line", "dashed", "points"] = "line"

    @classmethod
    def of(cls, label: str, x: ArrayLike, y: ArrayLike, look: Literal["line", "dashed", "points"] = "line") -> "Series":
        """Return the series of (n,) arrays; what is not finite becomes None."""
        return cls(label=label, x=_numbers(x), y=_numbers(y), look=look)


@define(frozen=True, kw_only=True)
class Panel:
    """One part of a plot, with its own axes.

    Attributes:
        title: Above it.
        series: What is drawn.
        x: Meaning and unit of its own horizontal axis; that of the plot where unset.
    """

    title: str
    series: tuple[Series, ...]
    x: str = ""


@define(frozen=True, kw_only=True)
class Plot:
    """Panels side by side, which share the meaning of their axes.

    Attributes:
        name: Also its file's stem; unique in a finding.
        caption: What is shown.
        x: Meaning and unit of the horizontal axes; empty where every panel has its own.
        y: Of the vertical ones.
        panels: In reading order.
        log: Whether the vertical axes are logarithmic; values that are not positive are then told, not drawn.
    """

    name: str
    caption: str
    x: str
    y: str
    panels: tuple[Panel, ...]
    log: bool = False

    @property
    def flaw(self) -> str:
        """Why it cannot be drawn; empty where it can."""
        if not self.panels:
            return "it has no panels"
        drawn = [(panel, series) for panel in self.panels for series in panel.series]
        odd = [(panel.title, one.label) for panel, one in drawn if len(one.x) != len(one.y)]
        return f"in panel {odd[0][0]!r}, series {odd[0][1]!r} has another number of x than of y" if odd else ""


@define(frozen=True, kw_only=True)
class HeatMap:
    """A matrix with its figures in colour.

    Attributes:
        name: Also its file's stem; unique in a finding.
        caption: What is shown.
        rows: Their names.
        columns: Theirs.
        values: One row of figures each.
        label: Meaning and unit of the figures.
        sides: What rows and what columns are; empty where their names say it.
        notes: Below each figure in smaller letters, where they fit: rows like those of the figures, of at most two
            lines each; none where unset.
        log: Whether equal ratios, not differences, look equally far; not where a figure is not positive.
    """

    name: str
    caption: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[Number, ...], ...]
    label: str
    sides: tuple[str, str] = ("", "")
    notes: tuple[tuple[str, ...], ...] = ()
    log: bool = False

    @property
    def flaw(self) -> str:
        """Why it cannot be drawn; empty where it can."""
        if not self.rows or not self.columns:
            return "it has no cells"
        fits = [len(self.columns)] * len(self.rows)
        for what, found in (("values", self.values), ("notes", self.notes or self.values)):
            if [len(row) for row in found] != fits:
                return f"its {what} are not {len(self.rows)} rows of {len(self.columns)} columns"
        return ""


@define(frozen=True, kw_only=True)
class Trail:
    """Points on a map.

    Attributes:
        label: In the legend; trails of one label look alike.
        points: Latent coordinates, one tuple each.
        look: Joined by a line or a dashed one, not at all, or as `arrows`, each from one point to the next: the first
            to the second, the third to the fourth.
    """

    label: str
    points: tuple[tuple[float, ...], ...]
    look: Literal["line", "dashed", "points", "arrows"] = "line"

    @classmethod
    def of(cls, label: str, points: ArrayLike, look: Literal["line", "dashed", "points", "arrows"] = "line") -> "Trail":
        """Return the trail of (n, d) latent coordinates."""
        return cls(label=label, points=tuple(map(tuple, np.asarray(points, float).tolist())), look=look)


@define(frozen=True, kw_only=True)
class Overlay:
    """Trails over a map's landscape.

    Attributes:
        name: Also its file's stem; unique in a finding.
        caption: What is shown.
        map: The reducer's name.
        trails: What is drawn.
    """

    name: str
    caption: str
    map: str
    trails: tuple[Trail, ...]

    def flaw_on(self, axes: Mapping[str, int]) -> str:
        """Return why it cannot be drawn on maps of these numbers of latent axes, by name; empty where it can."""
        if self.map not in axes:
            return f"there is no map {self.map!r}; {near(self.map, axes)}"
        for trail in self.trails:
            if any(len(point) != axes[self.map] for point in trail.points):
                return f"trail {trail.label!r} has points of another dimension than map {self.map!r}"
            if trail.look == "arrows" and len(trail.points) % 2:
                return f"trail {trail.label!r} has an arrow without an end"
        return ""


def _numbers(values: ArrayLike) -> tuple[Number, ...]:
    return tuple(value if isfinite(value) else None for value in np.asarray(values, float).tolist())


Picture = Plot | HeatMap | Overlay
