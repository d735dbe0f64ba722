"""Pictures of analyses, as numbers; the report decides how they look.

A figure that is not finite is None.
"""

from collections.abc import Mapping
from math import isfinite
from types import MappingProxyType
from typing import Literal

import numpy as np
from attrs import define, field
from numpy.typing import ArrayLike

from globscope.errors import near
from globscope.values.finite import finite_or_none

Number = float | None
SeriesStyle = Literal["line", "dashed", "points", "segments"]
"""How the points of a series are joined: `segments` joins the first with the second, the third with the fourth."""
TrailStyle = Literal["line", "dashed", "points", "arrows"]


@define(frozen=True, kw_only=True)
class Series:
    """A series of points in a panel.

    Attributes:
        label: Text in the legend; series with the same label look alike in all panels of a picture.
        x: Positions along the horizontal axis.
        y: Positions along the vertical axis, as many.
        style: Points joined by a line, by a dashed line, not at all, or in pairs by `segments`: the first with the
            second, the third with the fourth.
        error: Half-height at every point of a band around the line, such as a standard error; none where empty. On a
            logarithmic axis the band ends at the axis where it reaches 0.
    """

    label: str
    x: tuple[Number, ...]
    y: tuple[Number, ...]
    style: SeriesStyle = "line"
    error: tuple[Number, ...] = ()

    @classmethod
    def of(cls, label: str, x: ArrayLike, y: ArrayLike, style: SeriesStyle = "line", error: ArrayLike = ()) -> "Series":
        """Return the series of (n,) arrays; what is not finite becomes None."""
        return cls(label=label, x=_numbers(x), y=_numbers(y), style=style, error=_numbers(error))


@define(frozen=True, kw_only=True)
class Panel:
    """One part of a plot, with its own axes.

    Attributes:
        title: Text above the panel.
        series: The series that are drawn.
        x: Meaning and unit of its horizontal axis; the plot's where unset.
    """

    title: str
    series: tuple[Series, ...]
    x: str = ""


@define(frozen=True, kw_only=True)
class Plot:
    """Panels side by side, whose axes have the same meaning.

    Attributes:
        name: Name of the plot, unique in a finding, and of its file without suffix.
        caption: What the plot shows.
        x: Meaning and unit of the horizontal axes; empty where every panel has its own.
        y: Meaning and unit of the vertical axes.
        panels: The panels in reading order.
        title: Headline for people, unlike that of any other picture of the finding; the name in words if unset.
        log: Whether the vertical axes are logarithmic; values that are not positive are then listed, not drawn.
        log_x: Whether the horizontal axes are. They are labelled at round values; if the points stand at few whole
            numbers, at those that have room.
        lowest: Where the vertical axes begin; what is lower is cut off, as the caption says. All is shown if unset.
        places: Names of the horizontal places 1, 2, … where these are no numbers.
        numbered: Whether places along the horizontal axes mean something; else no numbers stand there.
    """

    name: str
    caption: str
    x: str
    y: str
    panels: tuple[Panel, ...]
    log: bool = False
    log_x: bool = False
    title: str = ""
    lowest: Number = None
    places: tuple[str, ...] = ()
    numbered: bool = True

    @property
    def headline(self) -> str:
        """The title, or else the name in words."""
        return self.title or _headline(self.name)

    @property
    def flaw(self) -> str:
        """Why it cannot be drawn; empty where it can."""
        if not self.panels:
            return "it has no panels"
        for panel in self.panels:
            for series in panel.series:
                if len(series.x) != len(series.y):
                    return f"in panel {panel.title!r}, series {series.label!r} has another number of x than of y"
                if series.style == "segments" and len(series.x) % 2:
                    return f"in panel {panel.title!r}, series {series.label!r} has a segment without an end"
                if series.error and len(series.error) != len(series.y):
                    return f"in panel {panel.title!r}, series {series.label!r} has another number of errors than of y"
        return ""


@define(frozen=True, kw_only=True)
class HeatMap:
    """A matrix of figures, shown in colour.

    Attributes:
        name: Name of the picture, unique in a finding, and of its file without suffix.
        caption: What the picture shows.
        rows: Names of the rows.
        columns: Names of the columns.
        values: Figures, one tuple for each row.
        label: Meaning and unit of the figures.
        sides: What rows and columns are; empty where their names say it.
        notes: Texts of at most two lines below the figures, in smaller letters and where they fit: rows like those of
            the figures; none where unset.
        log: Whether the colour scale is logarithmic; it is linear if a figure is not positive.
        title: Headline for people, unlike that of any other picture of the finding; the name in words if unset.
        limits: Lowest and highest value that a figure can have, such as (0, 1) for a share; None where there is none.
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
    title: str = ""
    limits: tuple[Number, Number] = (None, None)

    @property
    def headline(self) -> str:
        """The title, or else the name in words."""
        return self.title or _headline(self.name)

    @property
    def is_symmetric(self) -> bool:
        """Whether the lower triangle says all: rows are columns, and figures and notes the same both ways."""
        square = self.rows == self.columns and len(self.rows) > 2
        tables: tuple[tuple[tuple[object, ...], ...], ...] = (self.values, self.notes)
        return square and all(table == tuple(zip(*table, strict=True)) for table in tables)

    @property
    def flaw(self) -> str:
        """Why it cannot be drawn; empty where it can."""
        if not self.rows or not self.columns:
            return "it has no cells"
        expected = [len(self.columns)] * len(self.rows)
        for what, cells in (("values", self.values), ("notes", self.notes or self.values)):
            if [len(row) for row in cells] != expected:
                return f"its {what} are not {len(self.rows)} rows of {len(self.columns)} columns"
        return ""


@define(frozen=True, kw_only=True)
class Trail:
    """A series of points on a map.

    Attributes:
        label: Text in the legend; trails with the same label look alike.
        points: Latent coordinates, one tuple for each point.
        style: Points joined by a line, by a dashed line, not at all, or in pairs by `arrows`: from the first to the
            second, from the third to the fourth.
        values: What was measured of the networks themselves, whatever the map makes of them: by field, one value for
            each point, None where it is not finite. May be empty.
    """

    label: str
    points: tuple[tuple[float, ...], ...]
    style: TrailStyle = "line"
    values: Mapping[str, tuple[float | None, ...]] = field(factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        label: str,
        points: ArrayLike,
        style: TrailStyle = "line",
        values: Mapping[str, np.ndarray] = MappingProxyType({}),
    ) -> "Trail":
        """Return the trail of (n, d) latent coordinates; `values` are (n,) of each field, if they were measured."""
        return cls(
            label=label,
            points=tuple(map(tuple, np.asarray(points, float).tolist())),
            style=style,
            values={key: tuple(map(finite_or_none, np.asarray(own).tolist())) for key, own in values.items()},
        )


@define(frozen=True, kw_only=True)
class Overlay:
    """Trails over a map's landscape.

    Attributes:
        name: Name of the picture, unique in a finding, and of its file without suffix.
        caption: What the picture shows.
        map: Name of the map's reducer.
        trails: The trails that are drawn.
        title: Headline for people, unlike that of any other picture of the finding; the name in words if unset.
    """

    name: str
    caption: str
    map: str
    trails: tuple[Trail, ...]
    title: str = ""

    @property
    def headline(self) -> str:
        """The title, or else the name in words."""
        return self.title or _headline(self.name)

    def flaw_on(self, axes: Mapping[str, int]) -> str:
        """Return why it cannot be drawn, given each map's number of latent axes by name; empty where it can."""
        if self.map not in axes:
            return f"there is no map {self.map!r}; {near(self.map, axes)}"
        for trail in self.trails:
            if any(len(point) != axes[self.map] for point in trail.points):
                return f"trail {trail.label!r} has points of another dimension than map {self.map!r}"
            if trail.style == "arrows" and len(trail.points) % 2:
                return f"trail {trail.label!r} has an arrow without an end"
            for key, values in trail.values.items():
                if len(values) != len(trail.points):
                    return f"trail {trail.label!r} has {len(values)} values of {key} at {len(trail.points)} points"
        return ""


def _headline(name: str) -> str:
    words = name.replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}"


def _numbers(values: ArrayLike) -> tuple[Number, ...]:
    return tuple(value if isfinite(value) else None for value in np.asarray(values, float).tolist())


Picture = Plot | HeatMap | Overlay
"""A picture of an analysis."""
