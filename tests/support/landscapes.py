"""Landscapes of given values, and their trees."""

import numpy as np

from globscope.api import Landscape, Samples, Topology
from globscope.builtin.topology import Gudhi


def landscape_of(values, points=None, trusted=None, order=None) -> Landscape:
    """Return values of a lattice (or of points), its samples listed in `order`."""
    values = np.asarray(values, float)
    index, shape = (np.argwhere(np.ones(values.shape)), values.shape) if points is None else (None, None)
    points = np.asarray(index if points is None else points, float)
    order = np.arange(values.size) if order is None else order
    samples = Samples(points=points[order], index=None if index is None else index[order], shape=shape)
    field = values.ravel()[order]
    trusted = np.ones(len(order), bool) if trusted is None else np.asarray(trusted).ravel()[order]
    return Landscape(
        samples=samples,
        fields={"train_loss": field},
        distance_to_member=np.zeros(len(order)),
        trusted=trusted,
    )


def topology(values, persistence=0.0, order=None) -> tuple[Topology, np.ndarray]:
    landscape = landscape_of(values, order=order)
    return Gudhi(persistence=persistence).compute(landscape), landscape.fields["train_loss"]
