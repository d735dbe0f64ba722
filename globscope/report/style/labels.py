"""The runs' names beside their ends: short, distinct, inside the axes, and off what is marked there."""

from collections.abc import Sequence
from itertools import takewhile

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from matplotlib.transforms import BboxBase, IdentityTransform

from globscope.report.style.label_choice import choose_labels
from globscope.report.style.palette import FAINT
from globscope.report.style.text import escape_dollars, one_line, shorten
from globscope.report.style.theme import halo, in_points

REACH, GAP = 8.0, 2.0  # half a star's width, and the least distance from the frame, in points
# How much farther from its point a name may stand where there is no room beside it, in points.
RINGS = (0.0, 11.0, 24.0, 40.0)
# What each of these costs: the share of a name's own area that it would rather cover of marks.
PATIENCE = 0.35
# Directions to try, as turns from the one that leads away from the other ends.
TURNS = np.array([k * side for k in range(9) for side in (1, -1)]) * np.pi / 8


def short_names(names: Sequence[str], longest: int = 14) -> tuple[str, ...]:
    """Return a label that matplotlib prints as it is for each name, as `distinct_titles` cuts it."""
    return tuple(map(escape_dollars, distinct_titles(names, longest)))


def distinct_titles(names: Sequence[str], longest: int) -> list[str]:
    """Return each name on one line of at most `longest` characters; different names stay different."""
    whole = [one_line(name) for name in names]
    short = [_shorten(line, whole, longest) for line in whole]
    if len(set(short)) < len(names):
        short = [shorten(f"{place} {line}", longest) for place, line in enumerate(whole, 1)]
    return short


def _shorten(line: str, whole: Sequence[str], longest: int) -> str:
    """Return a line cut at its end, or in its middle where others begin alike: what differs stays."""
    alike = [other for other in whole if other[: longest // 2] == line[: longest // 2]]
    if len(line) <= longest or len(alike) == 1:
        return shorten(line, longest)
    differs = len(list(takewhile(lambda letters: len(set(letters)) == 1, zip(*alike, strict=False))))
    end = shorten(line[min(differs, len(line) - longest // 2) :], longest - 5)
    return f"{line[: longest - 1 - len(end)]}…{end}"


class Name(Annotation):
    """A name that finds its place when it is drawn, since only then the size of its axes is known.

    It covers no name before it: where there is no room for it, it is not drawn. One that stands farther from its point
    is tied to it by a line.
    """

    def __init__(self, text: str, point: np.ndarray, angle: float, marks: np.ndarray, before: Sequence["Name"]) -> None:
        """Name `point`, best at `angle` from it; spare the `marks`, (k, 2) points, and the names `before`."""
        super().__init__(text, tuple(point), (0, 0), textcoords="offset points", ha="center", va="center")
        self._angle, self._marks, self._before = angle, marks, tuple(before)
        self.has_room = True
        # It stays inside the axes by itself; the layout must not make room for it.
        self.set_in_layout(False)

    def draw(self, renderer: RendererBase) -> None:
        """Draw the name where it covers least."""
        assert self.axes is not None
        unit: float = np.asarray(renderer.points_to_pixels(1.0)).item()
        box = self.get_window_extent(renderer)
        half: np.ndarray = np.array([box.width, box.height]) / 2
        point: np.ndarray = self.axes.transData.transform(self.xy)
        ways = [_around(half + (REACH + far) * unit, self._angle) for far in RINGS]
        places = _clip(self.axes.bbox, point + np.concatenate(ways), half + GAP * unit)
        costs = self._costs(places, half, unit, renderer)
        best = int(np.argmin(costs))
        self.has_room = bool(np.isfinite(costs[best]))
        if self.has_room:
            self.xyann = tuple((places[best] - point) / unit)
            if best >= len(TURNS):
                self._tie(point, places[best], renderer)
            super().draw(renderer)

    def _costs(self, places: np.ndarray, half: np.ndarray, unit: float, renderer: RendererBase) -> np.ndarray:
        """Return how bad each place is: infinitely where it covers a name."""
        assert self.axes is not None
        names = [np.array(name.get_window_extent(renderer).extents) for name in self._before if name.has_room]
        names = [*np.reshape(names, (-1, 4)) + np.array([-1, -1, 1, 1]) * GAP / 2 * unit]
        marks = _boxes_about(self.axes.transData.transform(self._marks), REACH * unit)
        rings = PATIENCE * 4 * half.prod() * np.repeat(np.arange(len(RINGS)), len(TURNS))
        costs: np.ndarray = np.round(_covered_area(places, half, marks) + rings, 3)
        return np.where(_covered_area(places, half, np.reshape(names, (-1, 4))) > 0, np.inf, costs)

    def _tie(self, point: np.ndarray, place: np.ndarray, renderer: RendererBase) -> None:
        line = Line2D(*np.stack([point, place], axis=1), color=FAINT, lw=0.7, transform=IdentityTransform())
        line.set_figure(self.get_figure())  # type: ignore[arg-type]
        line.draw(renderer)


def _around(reach: np.ndarray, angle: float) -> np.ndarray:
    """Return offsets in all directions that bring a box clear of a point; `reach` is half both widths."""
    ways = np.stack([np.cos(angle + TURNS), np.sin(angle + TURNS)], axis=1)
    offsets: np.ndarray = ways / np.abs(ways / reach).max(axis=1, keepdims=True)
    return offsets


def _boxes_about(centres: np.ndarray, half: float) -> np.ndarray:
    return np.hstack([centres - half, centres + half])


def _clip(frame: BboxBase, centres: np.ndarray, half: np.ndarray) -> np.ndarray:
    within: np.ndarray = np.clip(centres, frame.min + half, frame.max - half)
    return within


def _covered_area(centres: np.ndarray, half: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """Return the area that a box about each of (n, 2) centres shares with the (k, 4) taken ones."""
    low = np.maximum((centres - half)[:, None], taken[None, :, :2])
    high = np.minimum((centres + half)[:, None], taken[None, :, 2:])
    # Rounding must not make a difference between two free places.
    area: np.ndarray = np.round(np.clip(high - low, 0, None).prod(axis=2).sum(axis=1), 3)
    return area


def name_points(
    axes: Axes,
    named: Sequence[tuple[str, str]],
    points: np.ndarray,
    marks: np.ndarray,
    *,
    rows: Sequence[int] | None = None,
    direction: float | None = None,
) -> None:
    """Write names, each in its colour, beside (n, 2) points and off the marks.

    They stand in a direction, an angle in radians, if there is room; where None, away from the points' centre.

    Only those of `rows` are written, the first of which choose their places first; by default those that
    `choose_labels` chooses.
    """
    before: list[Name] = []
    for place in choose_labels([text for text, _ in named], points) if rows is None else rows:
        (text, colour), point = named[place], points[place]
        x, y = point - points.mean(axis=0)
        angle = float(np.arctan2(y, x)) if x or y else 2 * np.pi * len(before) / len(named)
        angle = angle if direction is None else direction
        name = Name(text, point, angle, marks, before)
        name.set(color=colour, fontsize=in_points(11 if len(text) < 4 else 8.5), fontweight="bold")
        name.set(zorder=7, path_effects=halo(3))
        before.append(name)
        axes.add_artist(name)
