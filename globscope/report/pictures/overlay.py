"""Trails over a map's landscape."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from attrs import define, field
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from globscope.report.map.axis_labels import axis_labels
from globscope.report.map.captions import facts
from globscope.report.map.figure import COLOURED, draw_map, panels_of
from globscope.report.map.scene import Scene
from globscope.report.map.slices import drawn_pairs, pairs
from globscope.report.pictures.trails import NARROW, draw_trail, key_of, line_widths
from globscope.report.pictures.view import View, scene_below
from globscope.report.style.legend import Legend, colourbar, explain
from globscope.report.style.palette import FAINT, TRAILS
from globscope.report.style.series import finite_array, label_styles, legend_names
from globscope.report.style.text import count_noun
from globscope.report.style.theme import Picture, house_style, write_headline
from globscope.values.finite import finite_rows
from globscope.values.pictures import Overlay, Trail

# Lines that are nowhere farther apart than this share of the picture's diagonal have one track.
ONE_TRACK = 0.01


@define(frozen=True, kw_only=True)
class OnMap:
    """An overlay on its map.

    Attributes:
        picture: The trails, as an analysis gave them.
        scene: The map below the trails.
        points: (n, d) points of each trail; a point with a coordinate that is not finite is NaN throughout.
        view: The part of the map that is shown.
    """

    picture: Overlay
    scene: Scene = field(repr=False)
    points: tuple[np.ndarray, ...] = field(eq=False, repr=False)
    view: View

    @classmethod
    def of(cls, picture: Overlay, scenes: Sequence[Scene]) -> "OnMap":
        """Return an overlay on its map, which is among the scenes."""
        scene = scene_below(picture.map, scenes)
        axes = scene.map_.chart.dimension
        points = tuple(_points(trail, axes) for trail in picture.trails)
        every = np.concatenate([np.empty((0, axes)), *points])
        return cls(picture=picture, scene=scene, points=points, view=View.of(scene, every))

    @property
    def axes(self) -> int:
        """The map's number of latent axes."""
        return self.scene.map_.chart.dimension

    def sentences(self) -> list[str]:
        """Return in sentences what lies below the trails, how they are shown, and which points are missing."""
        below = facts(self.scene)
        if self.scene.landscape_or_none is None and self.scene.map_.landscapes:
            below = ["No landscape spans its latent axes."]
        trails = [*self._projection(), *self._one_track(), *self.missing_points()]
        return [f"Map {self.scene.map_.name}. {below[0]}", *below[1:], *trails]

    def missing_points(self) -> list[str]:
        """Return in sentences which points of the trails are not shown."""
        broken = int(sum(np.isnan(points).any(axis=1).sum() for points in self.points))
        odd = f"{count_noun(broken, 'point is not finite', 'points are not finite')}."
        far = f"{count_noun(self.view.outside, 'point lies', 'points lie')} far outside of what is shown."
        return [odd] * bool(broken) + [far] * bool(self.view.outside)

    def _one_track(self) -> list[str]:
        """Return in a sentence which labels' lines the map places on each other."""
        lines: dict[str, list[np.ndarray]] = {}
        for trail, points in zip(self.picture.trails, self.points, strict=True):
            if trail.style in ("line", "dashed"):
                lines.setdefault(trail.label, []).append(points)
        near = ONE_TRACK * np.linalg.norm(np.ptp(self.view.shown, axis=1))
        return [
            f"The map places “{one}” and “{other}” on one track: it does not tell them apart."
            for one, other in combinations(lines, 2)
            if _farthest(lines[one], lines[other]) <= near
        ]

    def alt_text(self) -> str:
        """Return the overlay's alternative text."""
        labels = ", ".join(dict.fromkeys(trail.label for trail in self.picture.trails))
        below = "landscape" if self.scene.landscape_or_none else "members"
        return f"Trails over the {below} of {self.scene.map_.name}: {labels}."

    def _projection(self) -> list[str]:
        return [f"The trails are projected onto {drawn_pairs(self.axes)}."] if self.axes > 2 else []


def plot_overlay(overlay: OnMap) -> Figure:
    """Return a map as in its own picture, its members' trajectories faint, and the trails on top."""
    with house_style():
        figure, panels = _panels(overlay)
        legend = draw_map(panels, overlay.scene, faint=True)
        (_draw_strip if overlay.axes == 1 else _draw_over)(panels, overlay)
        width = int(13 * figure.sheet.natural)
        write_headline(panels[0], overlay.picture.headline, overlay.sentences(), width, 48)
        if overlay.scene.kind in COLOURED:
            colourbar(figure, panels, overlay.scene.scale)
        explain(figure, _legend(overlay) | legend)
    return figure


def _farthest(ones: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> float:
    """Return the longest way from a point of one group of trails to the nearest of its partner in the other."""
    if len(ones) != len(others):
        return np.inf
    pairs = [(a[finite_rows(a)], b[finite_rows(b)]) for a, b in zip(ones, others, strict=True)]
    if not all(len(a) and len(b) for a, b in pairs):
        return np.inf
    ways = [np.linalg.norm(a[:, None] - b[None, :], axis=2) for a, b in pairs]
    return max(float(max(way.min(axis=0).max(), way.min(axis=1).max())) for way in ways)


def _points(trail: Trail, axes: int) -> np.ndarray:
    points = np.array([finite_array(point) for point in trail.points]).reshape(-1, axes)
    points[np.isnan(points).any(axis=1)] = np.nan
    return points


def _panels(overlay: OnMap) -> tuple[Picture, list[Axes]]:
    """Return a figure with the map's own panels; on one axis, with one more below them for the trails."""
    if overlay.axes > 1:
        return panels_of(overlay.scene)
    figure = Picture(7.2, 6.4, overlay.scene.style)
    rows = figure.add_gridspec(2, 1, height_ratios=(3, 2))
    return figure, [figure.add_subplot(rows[k, 0]) for k in range(2)]


def _draw_over(panels: Sequence[Axes], overlay: OnMap) -> None:
    for axes, pair in zip(panels, pairs(overlay.axes), strict=False):
        pair_axes = list(pair)
        if overlay.view.is_enlarged:
            _enlarge(axes, overlay, pair_axes)
        _draw_all(axes, overlay, [points[:, pair_axes] for points in overlay.points])


def _draw_strip(panels: Sequence[Axes], overlay: OnMap) -> None:
    """Draw the trails of a map of one axis below it, from their first points at the bottom to their last at the top."""
    for axes in panels:
        axes.set_xlim(*overlay.view.shown[0])
    axes = panels[1]
    axes.set(xlabel=axis_labels(overlay.scene.map_)[0], ylabel="along the trail", ylim=(-0.06, 1.06))
    axes.set_yticks((0, 1), ("first", "last"))
    flat = []
    for trail, points in zip(overlay.picture.trails, overlay.points, strict=True):
        place = np.arange(len(points)) // (2 if trail.style == "arrows" else 1)
        flat.append(np.column_stack([points[:, 0], place / max(1, place.max(initial=0))]))
    _draw_all(axes, overlay, flat)


def _draw_all(axes: Axes, overlay: OnMap, flat: Sequence[np.ndarray]) -> None:
    limits, styles = (axes.get_xlim(), axes.get_ylim()), label_styles([t.label for t in overlay.picture.trails], TRAILS)
    widths = line_widths(overlay.picture.trails)
    for trail, points in zip(overlay.picture.trails, flat, strict=True):
        draw_trail(axes, points, trail.style, styles[trail.label], widths.get(trail.label, NARROW))
    axes.set(xlim=limits[0], ylim=limits[1])


def _enlarge(axes: Axes, overlay: OnMap, pair: list[int]) -> None:
    """Show more than the map itself does; the landscape just ends."""
    (left, right), (low, high) = overlay.view.ground[pair]
    if overlay.scene.landscape_or_none is not None and overlay.scene.landscape_or_none.samples.index is not None:
        # The lattice's outermost cells reach beyond its edge.
        below = (*axes.collections, *axes.patches)
        edge = axes.add_patch(Rectangle((left, low), right - left, high - low, fill=False, ec=FAINT, lw=0.8))
        edge.set_zorder(3.3)
        for artist in below:
            if artist.get_clip_path() is None:  # others are cut to a part of the lattice
                artist.set_clip_path(edge)
    axes.set(xlim=overlay.view.shown[pair[0]], ylim=overlay.view.shown[pair[1]])


def _legend(overlay: OnMap) -> Legend:
    labels = [trail.label for trail in overlay.picture.trails]
    names, styles, legend = legend_names(labels), label_styles(labels, TRAILS), Legend()
    widths = line_widths(overlay.picture.trails)
    for trail in overlay.picture.trails:
        key = key_of(trail.style, styles[trail.label], len(trail.points), widths.get(trail.label, NARROW))
        legend.setdefault(names[trail.label], key)
    return legend
