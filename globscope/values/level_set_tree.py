"""How the pieces of a field's level sets appear, meet, part and vanish: as a join, split or contour tree."""

from typing import Literal

import numpy as np
from attrs import define, field

from globscope.values.arrays import read_only
from globscope.values.topology import MINIMUM, MULTI_SADDLE

TreeKind = Literal["join", "split", "contour"]
"""Which level sets a tree follows: pieces below a level, pieces above it, or both."""
MAXIMUM = "maximum"
"""A node at which a piece of the superlevel set appears."""
JOIN_SADDLE = "join saddle"
"""A node at which two pieces of the sublevel set meet."""
SPLIT_SADDLE = "split saddle"
"""A node at which two pieces of the superlevel set meet."""
END = "end"
"""The node at which a join or a split tree ends: the field's last value in its order."""


@define(frozen=True, kw_only=True)
class LevelSetTree:
    """A join, split or contour tree. A vertex is a sample's number.

    A join tree follows the components of the sublevel sets: its leaves are minima. A split tree follows those of the
    superlevel sets: its leaves are maxima. A contour tree follows those of the level sets, and has both.

    Attributes:
        kind: Which of the three.
        nodes: (k,) vertex of each node, by rising (value, vertex).
        values: (k,) values of the field at the nodes.
        kinds: (k,) `minimum`, `maximum`, `join saddle` (several arcs below, one above), `split saddle` (one below,
            several above), `multi-saddle` (several on both sides, or more than two on one), or `end` (the highest
            vertex of a component in a join tree, the lowest in a split tree).
        persistences: (k,) persistence of each minimum in the join tree and of each maximum in the split tree, before
            any simplification; infinite where it never ends, NaN for other nodes.
        arcs: (k − components, 2) rows of `nodes` that an arc joins, lower end first.
        arc: (n,) arc of each sample; −1 where it is left out, and for a component of one sample. A node is on one of
            its arcs.
    """

    kind: TreeKind
    nodes: np.ndarray = field(converter=read_only, eq=False, repr=lambda nodes: f"<{len(nodes)}>")
    values: np.ndarray = field(converter=read_only, eq=False, repr=False)
    kinds: tuple[str, ...] = field(repr=False)
    persistences: np.ndarray = field(converter=read_only, eq=False, repr=False)
    arcs: np.ndarray = field(converter=read_only, eq=False, repr=False)
    arc: np.ndarray = field(converter=read_only, eq=False, repr=False)

    @property
    def minima(self) -> np.ndarray:
        """(n,) vertices of the lower leaves, by rising value; none of a split tree."""
        return self.of_kind(MINIMUM)

    @property
    def maxima(self) -> np.ndarray:
        """(n,) vertices of the upper leaves, by rising value; none of a join tree."""
        return self.of_kind(MAXIMUM)

    @property
    def saddles(self) -> np.ndarray:
        """(n,) vertices where arcs meet or part, one of several once."""
        return self.of_kind(JOIN_SADDLE, SPLIT_SADDLE, MULTI_SADDLE)

    def of_kind(self, *kinds: str) -> np.ndarray:
        """Return the (n,) vertices of the nodes of some kinds, by rising value."""
        chosen: np.ndarray = self.nodes[np.array([kind in kinds for kind in self.kinds], bool)]
        return chosen
