"""Landscapes from points with columns of figures: which axes count, and what the neighbours are."""

from collections.abc import Mapping

import numpy as np

from globscope.files.arrays import unsampled_landscape
from globscope.files.plain import BASIN, MOST_AXES
from globscope.topology.adjacency import edges
from globscope.values.landscape import Landscape, Samples

# The figures that GlobScope writes beside the fields; a file with both of the first is its own.
OWN, CYCLE = ("distance_to_member", "trusted"), "cycle_error"
# Points of more axes are not triangulated: ParaView's Delaunay filters have two and three.
TRIANGULATED = 3
# A difference of coordinates below this share of their range is rounding.
ROUNDING = 1e-9


def spread_axes(points: np.ndarray) -> np.ndarray:
    """Return (n, d) points without the axes along which all are equal, as VTK's third one of a plane."""
    spread = np.ptp(points, axis=0) > 0
    spread[0] |= not spread.any()
    kept: np.ndarray = points[:, spread]
    return kept


def lattice_samples_of(points: np.ndarray) -> Samples | None:
    """Return (n, d) points as the samples of a lattice, if each of its places has exactly one, else None.

    The samples keep the order of the points. The lattice's axes need not be evenly spaced.
    """
    if points.shape[1] > MOST_AXES:
        return None
    index = np.stack([_places(axis) for axis in points.T], axis=1)
    shape = tuple((index.max(axis=0) + 1).tolist())
    if np.prod(shape, dtype=float) != len(points) or len(np.unique(np.ravel_multi_index(index.T, shape))) < len(points):
        return None
    return Samples(points=points, index=index, shape=shape)


def _places(coordinates: np.ndarray) -> np.ndarray:
    """Return each coordinate's rank among the distinct ones."""
    order = np.argsort(coordinates, kind="stable")
    steps = np.diff(coordinates[order]) > ROUNDING * np.ptp(coordinates)
    places = np.empty(len(order), int)
    places[order] = np.append(0, np.cumsum(steps))
    return places


def triangulated_samples(points: np.ndarray) -> Samples:
    """Return scattered (n, d) points with their Delaunay edges, as ParaView's Delaunay filters join them.

    Beyond three axes they have no edges, so that the topology chooses the neighbours.
    """
    own = edges(points, "delaunay") if points.shape[1] <= TRIANGULATED else None
    return Samples(points=points, edges=own)


def is_own(columns: Mapping[str, np.ndarray]) -> bool:
    """Return whether figures of samples are those that GlobScope writes."""
    return set(OWN) <= set(columns)


def landscape_of(samples: Samples, columns: Mapping[str, np.ndarray]) -> Landscape:
    """Return samples with (n,) figures; of GlobScope's own, distances and trust are no fields."""
    if not is_own(columns):
        return unsampled_landscape(samples, columns)
    return Landscape(
        samples=samples,
        fields={
            name: values for name, values in columns.items() if name not in (*OWN, CYCLE) and not name.startswith(BASIN)
        },
        distance_to_member=columns[OWN[0]],
        trusted=columns[OWN[1]] == 1,  # −1 marks a place of a lattice without a sample
        cycle_error=columns.get(CYCLE),
    )
