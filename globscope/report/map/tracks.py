"""The members on a map: one trajectory a variant, from its start to its end."""

from typing import Any

import numpy as np
from attrs import define, field
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from globscope.report.style.labels import name_points, short_names
from globscope.report.style.legend import Legend
from globscope.report.style.theme import DASHES, FAINT, INK, VARIANTS, halo
from globscope.topology.membership import PATH, last_networks
from globscope.values.findings import Map

# Markers of members that analyses derived, by kind.
DERIVED: dict[str, str] = {"curve": ".", "rebased": "d", "pass": "^"}


@define(frozen=True, kw_only=True)
class Track:
    """One variant's trained members on a map.

    Attributes:
        variant: Its name.
        number: Its place among the variants; decides the colour.
        label: Its name, cut to what fits beside a line; no other variant has the same.
        points: (m, d) latents by rising step; the last is the variant's final member.
        last: Its row among the members.
    """

    variant: str
    number: int
    label: str
    points: np.ndarray = field(eq=False, repr=False)
    last: int

    @property
    def colour(self) -> str:
        """The same in every picture of a study."""
        return VARIANTS[self.number % len(VARIANTS)]


def tracks(drawn: Map) -> tuple[Track, ...]:
    """Return the trained members' trajectories, in the variants' order; a point off the map is left out.

    On a slice, so is a run none of whose members lies on it: its projection would look as if it did.
    """
    found = []
    latents = drawn.chart.latents
    finite = np.isfinite(latents).all(axis=1)
    variants = drawn.population.variants
    for number, (variant, label) in enumerate(zip(variants, short_names(variants), strict=True)):
        rows = [row for row in drawn.population.of(variant) if finite[row]]
        if rows and not drawn.elsewhere[drawn.population.of(variant)].all():
            found.append(Track(variant=variant, number=number, label=label, points=latents[rows], last=rows[-1]))
    return tuple(found)


def not_on_map(drawn: Map) -> frozenset[str]:
    """Return the variants whose last network a map's first landscape does not show, though it is drawn there."""
    landscape, topology = drawn.landscape, drawn.topology
    if landscape is None or topology is None:
        return frozenset()
    reasons = last_networks(drawn, landscape, topology).reasons
    pairs = zip(drawn.population.variants, reasons, strict=True)
    return frozenset(variant for variant, reason in pairs if reason not in ("", PATH))


def draw_tracks(
    axes: Axes,
    drawn: Map,
    at: tuple[int, ...] = (0, 1),
    *,
    faint: bool = False,
    hollow: frozenset[str] | None = None,
) -> Legend:
    """Draw the trajectories over two of the latent axes, or over three; return what the legend must explain.

    Args:
        axes: Where to draw.
        drawn: The map.
        at: Latent axes.
        faint: Whether lines stand back.
        hollow: Variants whose end is a hollow star; by default those that the map does not show.
    """
    found, legend = tracks(drawn), _derived(axes, drawn, at)
    absent = not_on_map(drawn) if hollow is None else hollow
    axes.margins(0.12)  # room for the names; a landscape has set its limits already
    for track in found:
        _draw(axes, track, track.points[:, at], alpha=0.55 if faint else 1.0, hollow=track.variant in absent)
    if found:
        starts, ends = (np.array([track.points[step, at] for track in found]) for step in (0, -1))
        named = [(track.label, track.colour) for track in found]
        name_points(axes, named, seen(axes, ends), seen(axes, np.concatenate([ends, starts])))
        legend["start of a run"] = _key("o", "white", 6)
        shown = {track.variant not in absent for track in found}
        legend |= {"end of a run": _key("*", FAINT, 11)} if True in shown else {}
        legend |= {"end of a run that is not on this map": _key("*", "white", 11)} if False in shown else {}
    return legend


def seen(axes: Any, points: np.ndarray) -> np.ndarray:
    """Return points in the picture's plane; those of three coordinates are projected onto it."""
    if points.shape[1] == 2:
        return points
    from mpl_toolkits.mplot3d.proj3d import proj_transform

    return np.stack(proj_transform(*points.T, axes.get_proj())[:2], axis=1)


def _draw(axes: Axes, track: Track, points: np.ndarray, alpha: float, hollow: bool) -> None:
    colour, dash = track.colour, DASHES[track.number // len(VARIANTS) % len(DASHES)]
    axes.plot(*points.T, color=colour, lw=1.7 * alpha, ls=dash, alpha=alpha, path_effects=halo(3.4 * alpha), zorder=4)
    axes.plot(*points[1:-1].T, "o", color=colour, alpha=alpha, ms=2.6, zorder=4.1)
    _mark(axes, points[0], "o", mfc="white", mec=colour, mew=1.5, ms=6, alpha=alpha, zorder=4.2)
    edge, fill, width = (colour, "white", 1.2) if hollow else ("white", colour, 0.8)
    _mark(axes, points[-1], "*", mfc=fill, mec=edge, mew=width, ms=13, zorder=6)


def _mark(axes: Axes, point: np.ndarray, marker: str, **look: Any) -> None:
    """Draw a marker, whole also where it stands on the axes' edge."""
    mark = axes.plot(*point, marker, **look)[0]
    mark.set_clip_on(len(point) > 2 or not axes.viewLim.contains(*point))
    mark.set_in_layout(False)


def _derived(axes: Axes, drawn: Map, at: tuple[int, ...]) -> Legend:
    """Draw what analyses derived: thin and small below the runs, joined along a path, one legend entry a kind."""
    legend: Legend = {}
    for (kind, _), rows in _paths(drawn).items():
        look: dict[str, Any] = {"color": INK, "lw": 0.6, "marker": DERIVED.get(kind, "x"), "ms": 2.4, "mew": 0.4}
        line = axes.plot(*drawn.chart.latents[rows][:, at].T, **look, mfc="white", alpha=0.8, zorder=3.9)[0]
        legend.setdefault(f"{kind} members", line)
    return legend


def _paths(drawn: Map) -> dict[tuple[str, str], list[int]]:
    """Return the derived members' rows by kind and variant, by rising step; those off the map are left out."""
    found: dict[tuple[str, str], list[int]] = {}
    members, finite = drawn.population.members, np.isfinite(drawn.chart.latents).all(axis=1)
    for row in sorted(np.flatnonzero(finite & ~drawn.elsewhere).tolist(), key=lambda row: members[row].step):
        if members[row].kind != "trained":
            found.setdefault((members[row].kind, members[row].variant), []).append(row)
    return found


def _key(marker: str, fill: str, size: float) -> Line2D:
    edge, width = (FAINT, 1.3) if fill == "white" else ("white", 0.6)
    return Line2D([], [], ls="", marker=marker, mfc=fill, mec=edge, mew=width, ms=size)
