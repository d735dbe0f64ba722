"""Landscapes of many runs as one picture: rows and columns of small ones on one scale."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from attrs import define, evolve, field
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from globscope.report.map.line_plot import walk
from globscope.report.map.scene import kind_of
from globscope.report.map.slices import slices
from globscope.report.map.surface import draw_surface
from globscope.report.map.tree_scene import TreeScene
from globscope.report.style.labels import short_names
from globscope.report.style.legend import Legend, colourbar, explain, tick_log
from globscope.report.style.palette import FAINT, INK
from globscope.report.style.scale import EXPLODED, Scale
from globscope.report.style.text import count_noun, figure_text, wrap_sentences
from globscope.report.style.theme import Picture, house_style, write_centred
from globscope.report.topology.basins import draw_basins
from globscope.report.topology.landscape_profile import ProfileScales
from globscope.values.landscape import Landscape

Content = Literal["landscapes", "profiles"]
# Inches of a small picture at most and at least, and of all of them side by side.
LARGE, SMALL, WHOLE = 2.3, 0.75, 20.0
# Tiles in a row that follow no key.
ACROSS = 5


@define(frozen=True, kw_only=True)
class Tile:
    """One small picture.

    Attributes:
        landscape: Landscape that is drawn.
        tree: Merge tree of the field that is drawn.
    """

    landscape: Landscape = field(repr=False)
    tree: TreeScene = field(repr=False)

    @property
    def note(self) -> str:
        """What the merge tree counts."""
        tree = self.tree.topology.tree
        return f"{count_noun(len(tree.minima), 'basin')}, {count_noun(len(tree.saddles), 'saddle')}"


@define(frozen=True, kw_only=True)
class Matrix:
    """Tiles in rows and columns.

    Attributes:
        title: Headline of the matrix.
        rows: Names of the rows.
        columns: Names of the columns.
        tiles: Tiles by row and column.
        absent: Reasons why there is no tile, by row and column.
        names: Names of single tiles by row and column, where rows and columns mean nothing.
    """

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    tiles: Mapping[tuple[int, int], Tile] = field(repr=False)
    absent: Mapping[tuple[int, int], str] = field(factory=dict, repr=False)
    names: Mapping[tuple[int, int], str] = field(factory=dict, repr=False)

    @classmethod
    def in_rows(cls, title: str, named: Mapping[str, Tile | str]) -> "Matrix":
        """Return named tiles in as many rows as they need; in place of a missing tile, the reason."""
        across = min(len(named), ACROSS)
        places = {name: divmod(at, across) for at, name in enumerate(named)}
        return cls(
            title=title,
            rows=("",) * -(-len(named) // across),
            columns=("",) * across,
            tiles={places[name]: one for name, one in named.items() if isinstance(one, Tile)},
            absent={places[name]: one for name, one in named.items() if isinstance(one, str)}
            | dict.fromkeys((divmod(at, across) for at in range(len(named), across * -(-len(named) // across))), ""),
            names={place: name for name, place in places.items()},
        )

    @property
    def size(self) -> float:
        """Inches of a tile's side: the more of them, the smaller."""
        return float(np.clip(WHOLE / max(len(self.columns), len(self.rows)), SMALL, LARGE))


def plot_matrix(matrix: Matrix, scales: ProfileScales, content: Content) -> Figure:
    """Return a matrix of landscapes or of their profiles as a figure."""
    down, across, size = len(matrix.rows), len(matrix.columns), matrix.size
    with house_style():
        figure = Picture(max(size * across + 1.9, 4.6), size * 1.12 * down + 1.3)
        panels = figure.subplots(down, across, squeeze=False)
        legend: Legend = {}
        for place, axes in np.ndenumerate(panels):
            legend |= _draw(axes, matrix, (place[0], place[1]), scales, content)
        (_name_each if matrix.names else _name)(panels, matrix)
        title = wrap_sentences([headline(matrix, content)], int(figure.get_figwidth() * 10))
        figure.suptitle(title, x=0.008, ha="left", fontsize=12, fontweight="bold")
        _bar(figure, panels.ravel().tolist(), matrix, scales, content)
        explain(figure, legend)
    return figure


def has_own_heights(matrix: Matrix, scales: ProfileScales) -> bool:
    """Whether every profile has linear heights of its own: on one linear scale, the lower ones would be flat."""
    heights = (tile.tree.values[np.isfinite(tile.tree.values)] for tile in matrix.tiles.values())
    tops = [float(values.max()) for values in heights if len(values)]
    return not scales.heights.log and bool(tops) and max(tops) > EXPLODED * min(tops)


def _own_heights(tree: TreeScene) -> Scale:
    """Return a profile's own linear scale, whatever part of its samples is at the bottom: the others have one too."""
    return ProfileScales.of([evolve(tree, style=evolve(tree.style, scale="linear"))]).heights


def _draw(axes: Axes, matrix: Matrix, place: tuple[int, int], scales: ProfileScales, content: Content) -> Legend:
    tile = matrix.tiles.get(place)
    if tile is None:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        write_centred(axes, figure_text(matrix.absent.get(place, "no landscape")))
        return {}
    if matrix.size > 1.3:
        axes.set_xlabel(tile.note, fontsize=7.5, color=FAINT, labelpad=2)
    if content == "profiles":
        apart = has_own_heights(matrix, scales)
        shown = evolve(scales, heights=_own_heights(tile.tree)) if apart else scales
        return _draw_profile(axes, tile, shown, named=apart or place[1] == 0)
    return _draw_landscape(axes, tile, scales.colours, named=place[1] == 0)


def _draw_profile(axes: Axes, tile: Tile, scales: ProfileScales, *, named: bool) -> Legend:
    legend: Legend = {}
    if len(tile.tree.outline.nodes):
        legend = draw_basins(axes, tile.tree.outline, scales.heights, scales.colours, ruler=False)
    axes.tick_params(labelleft=named, labelsize=7)
    return legend


def _draw_landscape(axes: Axes, tile: Tile, scale: Scale, *, named: bool) -> Legend:
    """Draw a surface, the first slice of more axes, or a line; its axes bear no numbers, for they are the map's own."""
    kind, legend = kind_of(tile.landscape, scale.field.key), Legend()
    if kind in ("line", "path"):
        _draw_line(axes, tile, scale)
        axes.tick_params(labelleft=named, labelsize=7)
    elif kind == "members":
        write_centred(axes, "no lattice")
        axes.set(yticks=[])
    else:
        flat = tile.landscape if kind == "surface" else next(iter(slices(tile.landscape, scale.field.key)))[1]
        legend = draw_surface(axes, flat, scale)
        axes.set(yticks=[])
    axes.set(xticks=[])
    axes.spines[:].set_visible(kind in ("line", "path"))
    return legend


def _draw_line(axes: Axes, tile: Tile, scale: Scale) -> None:
    order, along = walk(tile.landscape.samples)
    values = tile.tree.values[order]
    axes.plot(along, np.where(np.isfinite(values), values, np.nan), color="#236798", lw=1.4)
    axes.set(ylim=(scale.low, scale.high), yscale="log" if scale.log else "linear")
    if scale.log:
        tick_log(axes.yaxis, scale.low, scale.high)


def _name(panels: np.ndarray, matrix: Matrix) -> None:
    longest = max(6, int(matrix.size * 11))
    for axes, name in zip(panels[0], short_names(matrix.columns, longest), strict=True):
        axes.set_title(name, fontsize=9, color=INK)
    for axes, name in zip(panels[:, 0], short_names(matrix.rows, longest), strict=True):
        axes.set_ylabel(name, fontsize=9, color=INK)


def _name_each(panels: np.ndarray, matrix: Matrix) -> None:
    names = short_names(list(matrix.names.values()), max(6, int(matrix.size * 12)))
    for place, name in zip(matrix.names, names, strict=True):
        panels[place].set_title(name, fontsize=8.5, color=INK)


def _bar(figure: Figure, panels: list[Axes], matrix: Matrix, scales: ProfileScales, content: Content) -> None:
    own = ", each profile's from its own lowest to its own highest" if has_own_heights(matrix, scales) else ""
    differs = bool(own) or scales.colours.log != scales.heights.log
    text = f"{scales.colours.label}; heights: linear scale{own}" if content == "profiles" and differs else ""
    colourbar(figure, panels, scales.colours, label=text)


def headline(matrix: Matrix, content: Content) -> str:
    """Return the title of a matrix, unlike that of the other picture of the same runs."""
    return f"{'Landscapes' if content == 'landscapes' else 'Landscape profiles'}: {matrix.title}"


def caption(matrix: Matrix, scales: ProfileScales, content: Content) -> str:
    """Return in sentences what a matrix shows."""
    what = {
        "landscapes": "the landscape of each run; of a map with more than two axes, a slice through its lowest sample",
        "profiles": "the landscape profile of each run: at every height a basin is as wide as its share of the samples",
    }
    own = content == "profiles" and has_own_heights(matrix, scales)
    shared = "All share one scale of colours; each has linear heights of its own." if own else ""
    shared = shared or f"All share one scale of {scales.heights.field.name}."
    return f"{headline(matrix, content)}: {what[content]}. {shared}"


def alt_text(matrix: Matrix) -> str:
    """Return the alternative text of a matrix."""
    named = {(r, c): f"{matrix.rows[r]}, {matrix.columns[c]}" for r, c in matrix.tiles} | dict(matrix.names)
    notes = [f"{named[place]}: {tile.note}" for place, tile in matrix.tiles.items()]
    return "; ".join(notes[:40]) + (f"; and {len(notes) - 40} more" if len(notes) > 40 else "")
