"""The surfaces of equal loss in a landscape over three latent axes."""

import numpy as np
from attrs import define, field

from globscope.report.map.surface import positions
from globscope.report.style.scale import Scale
from globscope.values.landscape import Landscape

# What share of the finite samples lies below each surface: small, so that one can see into the next.
SHARES = (0.03, 0.1, 0.3)
CORNERS = tuple(np.ndindex(2, 2, 2))


@define(frozen=True, kw_only=True)
class Isosurface:
    """Where a field takes one value.

    Attributes:
        level: Value of the field on the surface.
        below: Share of the finite samples at or below the level.
        triangles: (t, 3, 3) corners, in latent units.
        trusted: (t,) whether the sample nearest to each triangle is trusted.
    """

    level: float
    below: float
    triangles: np.ndarray = field(eq=False, repr=False)
    trusted: np.ndarray = field(eq=False, repr=False)


@define(frozen=True, kw_only=True)
class Volume:
    """A field on its lattice of three axes, as marching cubes takes it.

    Attributes:
        heights: (nx, ny, nz) on the colours' scale, from 0 to 1; losses that span decades vary evenly there.
        cells: (nx, ny, nz) whether all eight samples of the cell that ends at a place have a value.
        trusted: (nx, ny, nz) whether the sample at a place is trusted.
        axes: Positions of the samples along each latent axis.
    """

    heights: np.ndarray = field(eq=False, repr=False)
    cells: np.ndarray = field(eq=False, repr=False)
    trusted: np.ndarray = field(eq=False, repr=False)
    axes: tuple[np.ndarray, ...] = field(eq=False, repr=False)

    @classmethod
    def of(cls, landscape: Landscape, scale: Scale) -> "Volume":
        """Return the volume of a landscape's samples; those without a finite value are left out."""
        values, (shape, place) = scale.drawable(landscape.fields[scale.field.key]), _places(landscape)
        finite = np.isfinite(values)
        heights, known, trusted = np.ones(shape), np.zeros(shape, bool), np.ones(shape, bool)
        heights[place] = scale.norm()(np.where(finite, values, scale.high))
        known[place], trusted[place] = finite, landscape.trusted
        axes = tuple(positions(landscape.samples, k) for k in range(3))
        return cls(heights=heights, cells=_whole(known), trusted=trusted, axes=axes)

    def surface(self, height: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the triangles (t, 3, 3) at a height, and which of them are trusted."""
        from skimage.measure import marching_cubes

        if not self.cells.any():
            return np.empty((0, 3, 3)), np.empty(0, bool)
        try:
            options = {"mask": self.cells, "allow_degenerate": False}
            corners, faces, *_ = marching_cubes(self.heights, height, **options)  # type: ignore[no-untyped-call]
        except RuntimeError:  # all that crosses this height are cells that were left out
            return np.empty((0, 3, 3)), np.empty(0, bool)
        nearest = np.rint(corners[faces].mean(axis=1)).astype(int)
        points = [np.interp(corners[:, k], np.arange(len(axis)), axis) for k, axis in enumerate(self.axes)]
        return np.stack(points, axis=1)[faces], self.trusted[tuple(nearest.T)]


def isosurfaces(landscape: Landscape, scale: Scale) -> tuple[Isosurface, ...]:
    """Return the surfaces that there are, the lowest first; none where the field is flat."""
    values = landscape.fields[scale.field.key]
    finite, volume, surfaces = values[np.isfinite(values)], Volume.of(landscape, scale), []
    for level in levels(scale.drawable(finite)):
        triangles, trusted = volume.surface(float(scale.norm()(level)))
        if len(triangles):
            below = float((finite <= level).mean())
            surfaces.append(Isosurface(level=level, below=below, triangles=triangles, trusted=trusted))
    return tuple(surfaces)


def levels(values: np.ndarray) -> list[float]:
    """Return the values below which the chosen shares lie, rounded to as few digits as tell them apart."""
    if not len(values):
        return []
    exact = np.unique(np.quantile(values, SHARES))
    exact = exact[(exact > values.min()) & (exact < values.max())]
    for digits in range(2, 18):
        rounded = [float(f"{value:.{digits - 1}e}") for value in exact]
        if len(set(rounded)) == len(rounded) and all(values.min() < value < values.max() for value in rounded):
            break
    return rounded


def _places(landscape: Landscape) -> tuple[tuple[int, ...], tuple[np.ndarray, ...]]:
    shape, index = landscape.samples.shape, landscape.samples.index
    assert shape is not None
    assert index is not None
    return shape, tuple(index.T)


def _whole(known: np.ndarray) -> np.ndarray:
    """Mark each cell of eight known samples at its far corner, where marching cubes reads its mask."""
    marked, ends = np.zeros(known.shape, bool), [length - 1 for length in known.shape]
    parts = [known[tuple(slice(k, k + end) for k, end in zip(corner, ends, strict=True))] for corner in CORNERS]
    marked[1:, 1:, 1:] = np.logical_and.reduce(parts)
    return marked
