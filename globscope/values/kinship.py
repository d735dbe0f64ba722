"""A tree over a population that joins near members, so that differences along it are short."""

from functools import cached_property

import numpy as np
from attrs import define, field


@define(frozen=True, slots=False)
class Kinship:
    """A forest over N members.

    Attributes:
        parents: (N,) row of each member's parent; its own row where it has none.
    """

    parents: np.ndarray = field(eq=False)

    @classmethod
    def chain(cls, members: int) -> "Kinship":
        """Return the chain in which each member is joined to the one before, as the checkpoints of a run are."""
        return cls(np.maximum(np.arange(members) - 1, 0))

    @classmethod
    def nearest(cls, points: np.ndarray) -> "Kinship":
        """Return the minimum spanning tree of (N, r) points, rooted in the first."""
        from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree
        from scipy.spatial.distance import pdist, squareform
        from scipy.stats import rankdata

        # Ranks instead of distances: equal points must be joined too, and no edge may have weight 0.
        ranks = squareform(rankdata(pdist(points), method="ordinal"))
        _, before = breadth_first_order(minimum_spanning_tree(ranks), 0, directed=False)
        return cls(np.where(before < 0, np.arange(len(points)), before))

    @cached_property
    def children(self) -> np.ndarray:
        """Rows of the members that have a parent."""
        rows: np.ndarray = np.flatnonzero(self.parents != np.arange(len(self.parents)))
        return rows

    @cached_property
    def paths(self) -> np.ndarray:
        """(N, N) ones where a member's path from its root passes through another one or itself."""
        paths, parents = np.eye(len(self.parents)), self.parents
        for _ in parents:
            further = np.maximum(paths, paths[parents])
            if (further == paths).all():
                break
            paths, parents = further, parents[parents]
        return paths

    def cut(self, kept: np.ndarray) -> "Kinship":
        """Return the forest in which only some members, by an (N,) mask, keep their parents."""
        return Kinship(np.where(kept, self.parents, np.arange(len(self.parents))))

    def bends(self, points: np.ndarray) -> bool:
        """Return whether two of (N, r) points are much nearer to each other than the longest step between them.

        Then their distance is a small difference of long steps, and is lost in rounding.
        """
        steps = np.linalg.norm(points - points[self.parents], axis=1)
        paths, other = self.paths, Kinship.nearest(points)
        rows = other.children
        near = np.linalg.norm(points[rows] - points[other.parents[rows]], axis=1)
        longest = (np.abs(paths[rows] - paths[other.parents[rows]]) * steps).max(axis=1, initial=0)
        return bool((near < NEARER * longest).any())


# A distance below this share of the longest step between two members is much shorter.
NEARER = 0.1
