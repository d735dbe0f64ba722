"""Members joined to near ones: a tree over a population, along which differences are short."""

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
        """Return the members in a row, each joined to the one before: a run's checkpoints lie so."""
        return cls(np.maximum(np.arange(members) - 1, 0))

    @classmethod
    def nearest(cls, points: np.ndarray) -> "Kinship":
        """Return the minimum spanning tree of (N, r) points, rooted in the first."""
        from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree
        from scipy.spatial.distance import pdist, squareform
        from scipy.stats import rankdata

        # Ranks, for equal points must be joined too and no edge may weigh nothing.
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
        """(N, N) ones where a member's path from its root leads through another, itself counted in."""
        paths, parents = np.eye(len(self.parents)), self.parents
        for _ in parents:
            further = np.maximum(paths, paths[parents])
            if (further == paths).all():
                break
            paths, parents = further, parents[parents]
        return paths

    def cut(self, kept: np.ndarray) -> "Kinship":
        """Return the forest that is left where only some of the members, by an (N,) mask, keep their parents."""
        return Kinship(np.where(kept, self.parents, np.arange(len(self.parents))))

    def bends(self, points: np.ndarray) -> bool:
        """Whether two of (N, r) points lie much nearer to each other than the longest step between them here.

        Then their distance is a small difference of long steps, and lost in their rounding.
        """
        steps = np.linalg.norm(points - points[self.parents], axis=1)
        paths, other = self.paths, Kinship.nearest(points)
        rows = other.children
        near = np.linalg.norm(points[rows] - points[other.parents[rows]], axis=1)
        longest = (np.abs(paths[rows] - paths[other.parents[rows]]) * steps).max(axis=1, initial=0)
        return bool((near < NEARER * longest).any())


# Of the longest step between two members, at which their distance is much shorter.
NEARER = 0.1
