"""Pictures that analyses ask for, in numbers; how they look is the report's business.

A figure that is not finite is None.
"""

from typing import Literal

from attrs import define

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


@define(frozen=True, kw_only=True)
class Panel:
    """One part of a plot, with its own axes.

    Attributes:
        title: Above it.
        series: What is drawn.
    """

    title: str
    series: tuple[Series, ...]


@define(frozen=True, kw_only=True)
class Plot:
    """Panels side by side, which share the meaning of their axes.

    Attributes:
        name: Also its file's stem; unique in a finding.
        caption: What is shown.
        x: Meaning and unit of the horizontal axes.
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
    """

    name: str
    caption: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[Number, ...], ...]
    label: str


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


Picture = Plot | HeatMap | Overlay
