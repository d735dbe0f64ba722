"""Trees without their short branches, and the branches of which a tree consists."""

from heapq import heapify, heappop, heappush

import numpy as np
from attrs import Factory, define

Leaf = tuple[float, int, int]


@define(frozen=True, kw_only=True)
class Branch:
    """A path in a tree, from a leaf to the node where it is cut off; rows of the tree's nodes.

    Attributes:
        leaf: Row of the leaf.
        saddle: Row of the node where the branch begins; of a component's last branch, the other leaf.
        height: |value of the leaf − value of the saddle|.
        arc: Number of the arc that was left of the path when it was cut off; −1 of a node without arcs.
    """

    leaf: int
    saddle: int
    height: float
    arc: int


@define(kw_only=True)
class Pruning:
    """The arcs that are left while branches are cut off a tree, the shortest first.

    Source: Carr, Snoeyink, van de Panne, "Simplifying flexible isosurfaces using local geometric measures", IEEE
    Visualization 2004, with the height of a branch as its measure.

    Attributes:
        values: (k,) values at the nodes, which stand by rising (value, vertex).
        above: For each node, the arcs that lead up from it, by the node where they end.
        below: For each node, the arcs that lead down from it, by the node where they end.
        home: For each arc, the one with which it has become one; itself if there is none.
        heirs: For an arc that was cut off, the one that has its samples: on the same side of the saddle.
        within: For a node that is no longer one, the arc on which it lies.
        waiting: Heap of the leaves that can be cut off; some no longer can.
        branches: Branches that were cut off, in order.
    """

    values: list[float]
    above: list[dict[int, int]]
    below: list[dict[int, int]]
    home: list[int]
    heirs: dict[int, int] = Factory(dict)
    within: dict[int, int] = Factory(dict)
    waiting: list[Leaf] = Factory(list)
    branches: list[Branch] = Factory(list)

    @classmethod
    def of(cls, values: np.ndarray, arcs: np.ndarray) -> "Pruning":
        """Return the beginning, from (a, 2) arcs between rows of nodes, lower end first."""
        above: list[dict[int, int]] = [{} for _ in values]
        below: list[dict[int, int]] = [{} for _ in values]
        for number, (low, high) in enumerate(arcs.tolist()):
            above[low][high] = below[high][low] = number
        begun = cls(values=values.tolist(), above=above, below=below, home=list(range(len(arcs))))
        begun.waiting = [leaf for node in range(len(values)) if (leaf := begun.as_leaf(node))]
        heapify(begun.waiting)
        return begun

    def until(self, threshold: float) -> "Pruning":
        """Cut off all branches whose height is at most a threshold."""
        while self.waiting and self.waiting[0][0] <= threshold:
            leaf = heappop(self.waiting)
            if leaf == self.as_leaf(leaf[2]):
                self._cut_off(leaf[2])
        return self

    def as_leaf(self, node: int) -> Leaf | None:
        """Return (height, order, node) of a leaf that can be cut off, as its saddle has another arc on that side."""
        if len(self.above[node]) + len(self.below[node]) != 1:
            return None
        is_lower = bool(self.above[node])
        saddle = next(iter(self.above[node] or self.below[node]))
        if len((self.below if is_lower else self.above)[saddle]) < 2:
            return None
        # Of two branches of one height the elder goes on: that of the lower minimum, or of the higher maximum.
        return abs(self.values[saddle] - self.values[node]), -node if is_lower else node, node

    def remaining_arcs(self) -> list[tuple[int, int, int]]:
        """Return (lower node, upper node, number) of the arcs that are left, sorted."""
        return sorted((low, high, arc) for low, ends in enumerate(self.above) for high, arc in ends.items())

    def united_arc(self, arc: int) -> int:
        """Return the arc with which one has become one."""
        while self.home[arc] != arc:
            self.home[arc] = self.home[self.home[arc]]
            arc = self.home[arc]
        return arc

    def heir(self, arc: int) -> int:
        """Return the arc, among those that are left, that has the samples of an arc."""
        arc = self.united_arc(arc)
        while arc in self.heirs:
            arc = self.united_arc(self.heirs[arc])
        return arc

    def _cut_off(self, node: int) -> None:
        """Cut off a leaf with its arc."""
        own, side = (self.above[node], self.below) if self.above[node] else (self.below[node], self.above)
        saddle, arc = own.popitem()
        del side[saddle][node]
        self.heirs[arc] = next(iter(side[saddle].values()))
        height = abs(self.values[saddle] - self.values[node])
        self.branches.append(Branch(leaf=node, saddle=saddle, height=height, arc=arc))
        if len(self.above[saddle]) == len(self.below[saddle]) == 1:
            self._contract(saddle)
        self._push(saddle)

    def _contract(self, node: int) -> None:
        """Make one arc of the two that meet at a node."""
        (high, upper), (low, lower) = self.above[node].popitem(), self.below[node].popitem()
        del self.above[low][node], self.below[high][node]
        self.home[upper] = self.within[node] = lower
        self.above[low][high] = self.below[high][low] = lower
        self._push(low)
        self._push(high)

    def _push(self, node: int) -> None:
        leaf = self.as_leaf(node)
        if leaf:
            heappush(self.waiting, leaf)


@define(frozen=True, kw_only=True)
class BranchDecomposition:
    """The branches of which a tree consists.

    Attributes:
        branches: The last branch of each component, then the others: each begins on one that stands before it.
        parents: For each branch, the one on which it begins; −1 for the last of a component.
    """

    branches: tuple[Branch, ...]
    parents: tuple[int, ...]

    @classmethod
    def of(cls, values: np.ndarray, arcs: np.ndarray) -> "BranchDecomposition":
        """Return the branches that are cut off one after another, the shortest first, in reverse.

        Source: Pascucci, Cole-McLaughlin, Scorzelli, "Multi-resolution computation and presentation of contour trees",
        2004.

        Args:
            values: (k,) values at the nodes, by rising (value, vertex).
            arcs: (a, 2) rows of nodes that an arc joins, lower end first.
        """
        cut = Pruning.of(values, arcs).until(np.inf)
        alone = [(node, node, -1) for node in np.setdiff1d(np.arange(len(values)), arcs).tolist()]
        trunks = [
            Branch(leaf=low, saddle=high, height=cut.values[high] - cut.values[low], arc=arc)
            for low, high, arc in (*cut.remaining_arcs(), *alone)
        ]
        branches = (*trunks, *reversed(cut.branches))
        on_arc = {branch.arc: row for row, branch in enumerate(branches)}
        ends = {
            end: row for row, branch in reversed(list(enumerate(branches))) for end in _ends(branch, row, len(trunks))
        }
        parents = tuple(
            on_arc[cut.united_arc(cut.within[branch.saddle])] if branch.saddle in cut.within else ends[branch.saddle]
            for branch in branches[len(trunks) :]
        )
        return cls(branches=branches, parents=(-1,) * len(trunks) + parents)


def _ends(branch: Branch, row: int, trunks: int) -> tuple[int, ...]:
    """Return the nodes that are a branch's own: its leaf, and both ends of a component's last branch."""
    return (branch.leaf, branch.saddle) if row < trunks else (branch.leaf,)
