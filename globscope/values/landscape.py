"""Samples of a chart and the losses of the networks they decode to."""

from collections.abc import Mapping

import numpy as np
from attrs import define, field

from globscope.values.arrays import read_only, read_only_fields


@define(frozen=True, kw_only=True)
class Samples:
    """Latent points to decode and evaluate.

    Attributes:
        points: (n, d) float64, in the chart's units.
        index: (n, d') integers on a lattice, or None where the points are scattered. A path on a
            chart of any dimension is a lattice of one axis (d' = 1).
        shape: The lattice's number of samples per axis, or None.
        edges: (m, 2) numbers of neighbouring samples, as of a file's mesh; where None, the topology method
            finds the neighbours.
    """

    points: np.ndarray = field(converter=read_only, eq=False, repr=False)
    index: np.ndarray | None = field(default=None, converter=read_only, eq=False, repr=False)
    shape: tuple[int, ...] | None = None
    edges: np.ndarray | None = field(default=None, converter=read_only, eq=False, repr=False)

    def concatenate(self, later: "Samples") -> "Samples":
        """Return these samples followed by a later round's, on the same lattice; edges are dropped."""
        index = None
        if self.index is not None and later.index is not None:
            index = np.concatenate([self.index, later.index])
        points = np.concatenate([self.points, later.points])
        return Samples(points=points, index=index, shape=self.shape)


@define(frozen=True, kw_only=True)
class Landscape:
    """The scalar fields over a chart's samples. Losses that are not finite are kept.

    Attributes:
        samples: The n samples.
        fields: (n,) float64 values by the field's name, such as `train_loss` (mean per example, in the loss's
            unit) or `test_accuracy` (in [0, 1]).
        distance_to_member: (n,) Euclidean distance in weight space from the decoded network to the
            nearest member in the fit.
        cycle_error: (n,) ‖encode(decode(z)) − z‖ in latent units, or None without an encoder.
        trusted: (n,) whether the decoded network is near enough to a member (see `Map.is_near`).
        seconds: Seconds spent on decoding and on evaluating.
    """

    samples: Samples
    fields: Mapping[str, np.ndarray] = field(converter=read_only_fields, eq=False, repr=False)
    distance_to_member: np.ndarray = field(converter=read_only, eq=False, repr=False)
    cycle_error: np.ndarray | None = field(default=None, converter=read_only, eq=False, repr=False)
    trusted: np.ndarray = field(converter=read_only, eq=False, repr=False)
    seconds: Mapping[str, float] = field(factory=dict, eq=False, repr=False)

    def nonfinite(self, name: str) -> int:
        """Return how many samples of a field are NaN or infinite."""
        return int((~np.isfinite(self.fields[name])).sum())

    def nearest(self, points: np.ndarray) -> np.ndarray:
        """Return the (m,) sample nearest to each of (m, d) latent points."""
        from scipy.spatial import cKDTree

        nearest: np.ndarray = cKDTree(self.samples.points).query(points)[1]
        return nearest
