"""The members on a map: one trajectory a variant, from its start to its end."""

import numpy as np
from attrs import define, field
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from globscope.report.look import DASHES, FAINT, INK, VARIANTS, halo
from globscope.report.text import plain
from globscope.values.findings import Map

Legend = dict[str, Artist]


@define(frozen=True, kw_only=True)
class Track:
    """One variant's trained members on a map.

    Attributes:
        variant: Its name.
        number: Its place among the variants; decides the colour.
        points: (m, d) latents by rising step; the last is the variant's final member.
    """

    variant: str
    number: int
    points: np.ndarray = field(eq=False, repr=False)

    @property
    def colour(self) -> str:
        """The same in every picture of a study."""
        return VARIANTS[self.number % len(VARIANTS)]

    @property
    def label(self) -> str:
        """The variant's name, cut to what fits beside a line."""
        return plain(self.variant, 14)


def tracks(drawn: Map) -> tuple[Track, ...]:
    """Return the trained members' trajectories, in the variants' order; a point off the map is left out."""
    found = []
    latents = drawn.chart.latents
    finite = np.isfinite(latents).all(axis=1)
    for number, variant in enumerate(drawn.population.variants):
        rows = [row for row in drawn.population.of(variant) if finite[row]]
        if rows:
            found.append(Track(variant=variant, number=number, points=latents[rows]))
    return tuple(found)


def draw_tracks(axes: Axes, drawn: Map, at: tuple[int, int] = (0, 1)) -> Legend:
    """Draw the trajectories over two of the latent axes; return what the legend must explain."""
    found, legend = tracks(drawn), _derived(axes, drawn, at)
    axes.margins(0.12)  # room for the names; a landscape has set its limits already
    for track in found:
        _draw(axes, track, track.points[:, at])
    _name_ends(axes, found, at)
    if found:
        legend |= {"start of a run": _key("o", "white", 6), "end of a run": _key("*", FAINT, 11)}
    return legend


def _draw(axes: Axes, track: Track, points: np.ndarray) -> None:
    colour, dash = track.colour, DASHES[track.number // len(VARIANTS) % len(DASHES)]
    axes.plot(*points.T, color=colour, lw=1.7, ls=dash, path_effects=halo(), zorder=4)
    axes.plot(*points[1:-1].T, "o", color=colour, ms=2.6, zorder=4.1)
    axes.plot(*points[0], "o", mfc="white", mec=colour, mew=1.5, ms=6, zorder=4.2)
    axes.plot(*points[-1], "*", mfc=colour, mec="white", mew=0.8, ms=13, zorder=6)


def _name_ends(axes: Axes, found: tuple[Track, ...], at: tuple[int, int]) -> None:
    """Write each variant's name beside its end, away from the other ends."""
    ends = np.array([track.points[-1, at] for track in found])
    for track, end in zip(found, ends, strict=True):
        away = _unit(end - ends.mean(axis=0), 2 * np.pi * track.number / len(found))
        text = axes.annotate(track.label, tuple(end), tuple(12 * away), textcoords="offset points")
        text.set(color=track.colour, fontsize=11 if len(track.label) < 4 else 8.5, fontweight="bold")
        text.set(ha="center", va="center", zorder=7, path_effects=halo(3))


def _unit(vector: np.ndarray, angle: float) -> np.ndarray:
    """Return a vector's direction, or one at this angle where it has none."""
    size = np.linalg.norm(vector)
    direction: np.ndarray = vector / size if size > 0 else np.array([np.cos(angle), np.sin(angle)])
    return direction


def _derived(axes: Axes, drawn: Map, at: tuple[int, int]) -> Legend:
    legend: Legend = {}
    members = drawn.population.members
    for kind in dict.fromkeys(member.kind for member in members if member.kind != "trained"):
        rows = [i for i, member in enumerate(members) if member.kind == kind]
        marks = axes.plot(*drawn.chart.latents[rows][:, at].T, "x", color=INK, ms=4, mew=1, zorder=3.9)[0]
        marks.set_path_effects(halo(2.2))
        legend[f"{kind} members"] = marks
    return legend


def _key(marker: str, fill: str, size: float) -> Line2D:
    edge, width = (FAINT, 1.3) if marker == "o" else ("white", 0.6)
    return Line2D([], [], ls="", marker=marker, mfc=fill, mec=edge, mew=width, ms=size)
