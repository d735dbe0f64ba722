"""The topology `gudhi`."""

from typing import get_args

import numpy as np
from attrs import define, field as attribute
from attrs.validators import and_, ge, in_, optional

from globscope.api import (
    NEIGHBOURS,
    Adjacency,
    Branches,
    Landscape,
    Samples,
    Topology,
    TopologyTraits,
    condense,
    neighbours,
)
from globscope.builtin.topology.tomato import branches


@define(frozen=True, kw_only=True)
class Gudhi:
    """Merge tree, persistence pairs and basins of a field, by GUDHI's ToMaTo.

    The samples are swept by rising (value, sample number); the tree records where the components of
    the samples swept so far appear (minima) and meet (saddles). Where branches meet, the one with
    the lowest minimum continues and the others die there (elder rule). Lattice vertices without a
    sample are absent.

    The simplified tree follows from the list of pairs. A removed branch belongs to the branch into
    which it died, which may itself be removed: its samples lie on the arc that leads up from there,
    as if flooded to that saddle. A sample's basin is the minimum of the branch that its arc lies
    on, so samples above a saddle are in the basin of the lowest minimum that meets there.

    Degenerate fields:

    - Ties and plateaus: the later of equal samples counts as higher, as in TTK. A plateau may hold
      several minima, whose pairs have persistence 0; any threshold removes them.
    - A constant field has one minimum for each component of the samples, and no pair that dies.
    - Samples that are not finite (or not trusted, with `mask`) are left out, and their edges with
      them; several components are a forest, with one root and one pair that never dies for each.
    - A component of one sample is a minimum and no arc: the sample's `arc` is −1.
    - Where the last sample of a component is also where its last branches meet (possible on a
      path), that saddle is the root, and no arc leads up from it.
    - Without any finite sample the tree is empty: no nodes, no pairs.

    Source: Chazal, Guibas, Oudot, Skraba, "Persistence-based clustering in Riemannian manifolds",
    J. ACM 60(6), 2013 (ToMaTo); Carr, Snoeyink, Axen, "Computing contour trees in all dimensions",
    Comput. Geom. 24, 2003 (join trees).

    Attributes:
        field: Name of the field whose merge tree is computed, such as `train_loss`.
        persistence: Threshold, absolute and in the field's unit: pairs whose death − birth is at most this are removed.
        adjacency: Which samples are neighbours. On a lattice, `freudenthal` triangulates as TTK does (6 neighbours in
            2-D, 14 in 3-D) and `full` joins a sample to all 3^n − 1 around it. With or without a lattice, `delaunay`
            triangulates (up to six axes), `gabriel` keeps those Delaunay edges whose ball holds no third sample, `knn`
            joins each sample to its nearest ones, and `mutual-knn` joins two samples where each is among the nearest of
            the other. `auto` is `freudenthal` on a lattice and `knn` elsewhere (on a line, each sample is joined to the
            next); without a lattice `freudenthal` and `full` are the same as `auto`.
        neighbours: Number of nearest samples for `knn` and `mutual-knn`; 4 for each axis if unset. Among samples
            equally far away, those with lower numbers are taken.
        mask: Whether samples outside the trusted region are left out.
    """

    field: str = "train_loss"
    persistence: float = attribute(default=0.1, validator=ge(0))
    adjacency: Adjacency = attribute(default="auto", validator=in_(get_args(Adjacency)))
    neighbours: int | None = attribute(default=None, validator=optional(and_(ge(1), NEIGHBOURS)))
    mask: bool = False

    @classmethod
    def quick_examples(cls) -> "tuple[Gudhi, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(),
            cls(field="test_loss", adjacency="full", mask=True),
            cls(adjacency="mutual-knn", neighbours=6),
        )

    @property
    def traits(self) -> TopologyTraits:
        """The field whose merge tree is computed, and which samples are neighbours."""
        return TopologyTraits(field=self.field, adjacency=self.adjacency, neighbours=self.neighbours)

    def compute(self, landscape: Landscape) -> Topology:
        """Return the merge tree of the field, simplified and with every pair."""
        return condense(landscape, self.field, self.persistence, mask=self.mask, sweep=self._branches)

    def _branches(self, samples: Samples, swept: np.ndarray) -> Branches:
        return branches(neighbours(samples, swept, self.adjacency, self.neighbours))
