"""The runs' trajectories over a map, named at their ends."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from globscope.report.map.named_runs import named_runs
from globscope.report.map.scene import Scene
from globscope.report.map.trajectory import Trajectory, drawn_members
from globscope.report.style.labels import name_points
from globscope.report.style.legend import Legend
from globscope.report.style.palette import DASHES, EDGE, FAINT, INK, RIM
from globscope.report.style.text import figure_text, shorten
from globscope.report.style.theme import casing, halo, in_points
from globscope.values.findings import Map
from globscope.values.finite import finite_rows

# Trajectories beyond which each is drawn thin.
CROWD = 60
# The most letters of a figure's name in the legend.
LONGEST_NAME = 24
# Markers of members that analyses derived, by kind.
DERIVED: dict[str, str] = {"curve": ".", "rebased": "s", "pass": "^", "average": "D"}


def draw_trajectories(axes: Axes, scene: Scene, dimensions: tuple[int, ...] = (0, 1), *, faint: bool = False) -> Legend:
    """Draw the trajectories over two of the latent axes, or over three; return what the legend must explain.

    Args:
        axes: Where to draw.
        scene: Whose trajectories; the end of a run that its map does not show is a hollow star.
        dimensions: The latent axes, two or three.
        faint: Whether lines stand back.
    """
    legend = _draw_derived(axes, scene.map_, dimensions)
    axes.margins(0.12)  # room for the names; a landscape has set its limits already
    if not scene.trajectories:
        return legend
    starts, ends = (
        in_plane(axes, np.array([trajectory.points[step, dimensions] for trajectory in scene.trajectories]))
        for step in (0, -1)
    )
    rows, many = named_runs(scene, ends), len(scene.trajectories) > CROWD
    _draw_runs(axes, scene, dimensions, rows, 0.55 if faint or many else 1.0)
    written = [(trajectory.label, trajectory.tint) for trajectory in scene.trajectories]
    # The marks of all of a crowd would leave no place free.
    marks = [ends[rows]] if many else [ends, starts]
    name_points(axes, written, ends, np.concatenate([*marks, _minima(scene, dimensions)]), rows=rows)
    legend |= _figure_keys(scene)
    legend |= {"start of a run": _key("o", RIM, 6)} if any(one.has_start for one in scene.trajectories) else {}
    shown = {trajectory.variant not in scene.not_shown for trajectory in scene.trajectories}
    legend |= {"end of a run": _key("*", FAINT, 11)} if True in shown else {}
    return legend | ({"end of a run that is not on this map": _key("*", RIM, 11)} if False in shown else {})


def _figure_keys(scene: Scene) -> Legend:
    """Return what the colours of the runs' points mean, where they show a figure."""
    if scene.colours is None:
        return {}
    name = shorten(scene.colours.name, LONGEST_NAME)
    return {figure_text(f"{name}: {words}"): _key("*", colour, 11) for words, colour in scene.colours.key.items()}


def _minima(scene: Scene, dimensions: tuple[int, ...]) -> np.ndarray:
    """Return the (k, 2) places of the minima that the picture marks."""
    if scene.tree is None or scene.kind != "surface" or len(dimensions) != 2:
        return np.empty((0, 2))
    minima: np.ndarray = scene.landscape.samples.points[scene.tree.topology.tree.minima]
    return minima


def _draw_runs(axes: Axes, scene: Scene, dimensions: tuple[int, ...], named: Collection[int], alpha: float) -> None:
    """Draw the runs, those that are not named fainter; of a crowd these are thin."""
    others = [one for row, one in enumerate(scene.trajectories) if row not in named]
    many = len(scene.trajectories) > CROWD
    if many:
        _draw_crowd(axes, others, scene.not_shown, dimensions)
    for row, trajectory in enumerate(scene.trajectories):
        if row in named or not many:
            strength, hollow = alpha if row in named else 0.5 * alpha, trajectory.variant in scene.not_shown
            _draw(axes, trajectory, trajectory.points[:, dimensions], alpha=strength, hollow=hollow)


def in_plane(axes: Any, points: np.ndarray) -> np.ndarray:
    """Return points in the picture's plane; those of three coordinates are projected onto it."""
    if points.shape[1] == 2:
        return points
    from mpl_toolkits.mplot3d.proj3d import proj_transform

    return np.stack(proj_transform(*points.T, axes.get_proj())[:2], axis=1)


def _draw(axes: Axes, trajectory: Trajectory, points: np.ndarray, alpha: float, hollow: bool) -> None:
    colour, dash = trajectory.tint, DASHES[trajectory.number % len(DASHES)]
    # The rims are whole also where the line is dashed.
    axes.plot(*points.T, color=RIM, lw=1.7 * alpha, alpha=alpha, path_effects=casing(3.4 * alpha), zorder=3.95)
    # On its white rim, a faint line must keep its colour.
    strength = (1 + alpha) / 2
    axes.plot(*points.T, color=colour, lw=1.7 * strength, ls=dash, alpha=strength, zorder=4)
    for point, tint in _dots(trajectory, points):
        axes.plot(*point.T, "o", color=tint, alpha=alpha, ms=2.6, zorder=4.1)
    if trajectory.has_start:
        start: dict[str, Any] = {"mfc": RIM, "mec": trajectory.tints[0], "mew": 1.5, "ms": in_points(6), "alpha": alpha}
        _mark(axes, points[0], "o", **start, zorder=4.2, path_effects=casing(2.7))
    edge, fill, width = (colour, RIM, 1.2) if hollow else (RIM, colour, 0.8)
    rims = casing(2.4) if hollow else halo(1.6, EDGE)
    _mark(axes, points[-1], "*", mfc=fill, mec=edge, mew=width, ms=in_points(13), zorder=6, path_effects=rims)


def _dots(trajectory: Trajectory, points: np.ndarray) -> list[tuple[np.ndarray, str]]:
    """Return what is drawn between start and end: all points at once, or each in the colour of its figure."""
    between = points[1:-1]
    return (
        [*zip(between, trajectory.shades[1:-1], strict=True)] if trajectory.shades else [(between, trajectory.colour)]
    )


def _draw_crowd(
    axes: Axes, trajectories: Sequence[Trajectory], not_shown: Collection[str], dimensions: tuple[int, ...]
) -> None:
    """Draw many trajectories thin and small, those of one colour as one line; in a vector file as pixels."""
    by_colour: dict[str, list[Trajectory]] = {}
    for trajectory in trajectories:
        by_colour.setdefault(trajectory.tint, []).append(trajectory)
    gap = np.full((1, len(dimensions)), np.nan)
    style: dict[str, Any] = {"ls": "", "rasterized": True, "clip_on": False, "alpha": 0.7}
    for colour, alike in by_colour.items():
        lines = [part for trajectory in alike for part in (trajectory.points[:, dimensions], gap)]
        axes.plot(*np.concatenate(lines).T, color=colour, lw=0.5, alpha=0.4, zorder=3.9, rasterized=True)
        starts = [trajectory.points[0, dimensions] for trajectory in alike if trajectory.has_start]
        if starts:
            axes.plot(*np.array(starts).T, "o", mfc=RIM, mec=colour, mew=0.5, ms=2, zorder=3.92, **style)
        for hollow in (False, True):
            ends = [t.points[-1, dimensions] for t in alike if (t.variant in not_shown) == hollow]
            edge, fill = (colour, RIM) if hollow else (RIM, colour)
            if ends:
                axes.plot(*np.array(ends).T, "*", ms=5, mec=edge, mfc=fill, mew=0.4, zorder=3.94, **style)


def _mark(axes: Axes, point: np.ndarray, marker: str, **style: Any) -> None:
    """Draw a marker, whole also where it stands on the axes' edge."""
    mark = axes.plot(*point, marker, **style)[0]
    mark.set_clip_on(len(point) > 2 or not axes.viewLim.contains(*point))
    mark.set_in_layout(False)


def _draw_derived(axes: Axes, map_: Map, dimensions: tuple[int, ...]) -> Legend:
    """Draw what analyses derived: thin and small below the runs, joined along a path, one legend entry a kind."""
    legend: Legend = {}
    for (kind, _), rows in _paths(map_).items():
        style: dict[str, Any] = {"color": INK, "lw": 0.6, "marker": DERIVED.get(kind, "x"), "ms": 2.4, "mew": 0.4}
        line = axes.plot(*map_.chart.latents[rows][:, dimensions].T, **style, mfc="white", alpha=0.8, zorder=3.9)[0]
        legend.setdefault(f"{kind} members", line)
    return legend


def _paths(map_: Map) -> dict[tuple[str, str], list[int]]:
    """Return the derived members' rows by kind and variant, by rising step; those off the map are left out."""
    paths: dict[tuple[str, str], list[int]] = {}
    members, finite = map_.population.members, finite_rows(map_.chart.latents)
    for row in sorted(np.flatnonzero(finite & drawn_members(map_)).tolist(), key=lambda row: members[row].step):
        if members[row].kind != "trained":
            paths.setdefault((members[row].kind, members[row].variant), []).append(row)
    return paths


def _key(marker: str, fill: str, size: float) -> Line2D:
    edge, width = (FAINT, 1.3) if fill == RIM else ("white", 0.6)
    return Line2D([], [], ls="", marker=marker, mfc=fill, mec=edge, mew=width, ms=in_points(size))
