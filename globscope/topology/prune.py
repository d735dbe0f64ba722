"""Trees without their short branches."""

from heapq import heapify, heappop, heappush
from math import isnan

from attrs import Factory, define

from globscope.values.level_set_tree import LevelSetTree

Extremum = tuple[float, int, int]
Arcs = dict[int, int]


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
    """The arcs of a tree that are left while its extrema are removed, the least persistent first.

    Source: Carr, Snoeyink, van de Panne, "Simplifying flexible isosurfaces using local geometric measures", IEEE
    Visualization 2004, with the persistence of the leaf as the measure of a branch.

    Attributes:
        values: (k,) values at the nodes, which stand by rising (value, vertex).
        persistences: (k,) persistences of the nodes that may be extrema.
        above: For each node, the arcs that lead up from it, by the node where they end.
        below: For each node, the arcs that lead down from it, by the node where they end.
        home: For each arc, the one with which it has become one; itself if there is none.
        heirs: For an arc that was removed, one that has its samples.
        within: For a node that is no longer one, the arc on which it lies.
        removed: Extrema that were removed.
        waiting: Heap of the extrema; some no longer are.
        branches: Branches that were cut off, in order.
    """

    values: list[float]
    persistences: list[float]
    above: list[Arcs]
    below: list[Arcs]
    home: list[int]
    heirs: dict[int, int] = Factory(dict)
    within: dict[int, int] = Factory(dict)
    removed: set[int] = Factory(set)
    waiting: list[Extremum] = Factory(list)
    branches: list[Branch] = Factory(list)

    @classmethod
    def of(cls, tree: LevelSetTree) -> "Pruning":
        """Return the beginning, with all arcs of a tree."""
        above: list[Arcs] = [{} for _ in tree.nodes]
        below: list[Arcs] = [{} for _ in tree.nodes]
        for number, (low, high) in enumerate(tree.arcs.tolist()):
            above[low][high] = below[high][low] = number
        begun = cls(
            values=tree.values.tolist(),
            persistences=tree.persistences.tolist(),
            above=above,
            below=below,
            home=list(range(len(tree.arcs))),
        )
        begun.waiting = [one for node in range(len(tree.nodes)) if (one := begun.as_extremum(node))]
        heapify(begun.waiting)
        return begun

    def simplify(self, threshold: float) -> "Pruning":
        """Remove all extrema of at most this persistence, as if the field were flooded up to their saddles.

        A leaf whose saddle has another arc on that side is cut off. Any other minimum is raised to the next node above
        it, from which its other arcs then lead up, until that node has another arc below; a maximum is lowered.
        """
        while self.waiting and self.waiting[0][0] <= threshold:
            extremum = heappop(self.waiting)
            if extremum == self.as_extremum(extremum[2]):
                (self._cut_off if self.is_prunable(extremum[2]) else self._flood)(extremum[2])
        return self

    def decompose(self) -> "Pruning":
        """Cut off one leaf after another whose saddle has another arc on that side, until no such leaf is left."""
        while self.waiting:
            node = heappop(self.waiting)[2]
            if self.is_prunable(node):
                self._cut_off(node)
        return self

    def as_extremum(self, node: int) -> Extremum | None:
        """Return (persistence, order, node) of a minimum or maximum that is left; None of the end of a join tree."""
        if bool(self.above[node]) == bool(self.below[node]) or isnan(self.persistences[node]):
            return None
        # Of two equally persistent ones the elder goes on: the lower minimum, or the higher maximum.
        return self.persistences[node], -node if self.above[node] else node, node

    def is_prunable(self, node: int) -> bool:
        """Return whether a node is a leaf whose saddle has another arc on that side."""
        own, side = self._sides(node)
        return len(self.above[node]) + len(self.below[node]) == 1 and len(side[next(iter(own[node]))]) > 1

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

    def _sides(self, node: int) -> tuple[list[Arcs], list[Arcs]]:
        """Return the arcs on the side to which a minimum or maximum is open, and those that lead back."""
        return (self.above, self.below) if self.above[node] else (self.below, self.above)

    def _cut_off(self, node: int) -> None:
        """Cut off a leaf with its arc; the arc's samples go to another one on the same side of the saddle."""
        own, side = self._sides(node)
        saddle, arc = own[node].popitem()
        del side[saddle][node]
        self.heirs[arc] = next(iter(side[saddle].values()))
        height = abs(self.values[saddle] - self.values[node])
        self.branches.append(Branch(leaf=node, saddle=saddle, height=height, arc=arc))
        self._settle(node, saddle)

    def _flood(self, node: int) -> None:
        """Move a minimum up, or a maximum down, to the nearest node, from which its other arcs lead on."""
        own, side = self._sides(node)
        nearest = (min if own is self.above else max)(own[node])
        arc = own[node].pop(nearest)
        del side[nearest][node]
        for far, number in own[node].items():
            del side[far][node]
            own[nearest][far] = side[far][nearest] = number
        own[node].clear()
        self.heirs[arc] = next(iter((side[nearest] or own[nearest]).values()))
        # Still open on one side alone, it takes the place of the extremum that it has become.
        if not side[nearest]:
            self.persistences[nearest] = self.persistences[node]
        self._settle(node, nearest)

    def _settle(self, node: int, near: int) -> None:
        """Note that an extremum is gone, and make one arc of two at the node where it was, if that is all it has."""
        self.removed.add(node)
        if len(self.above[near]) == len(self.below[near]) == 1:
            (high, upper), (low, lower) = self.above[near].popitem(), self.below[near].popitem()
            del self.above[low][near], self.below[high][near]
            self.home[upper] = self.within[near] = lower
            self.above[low][high] = self.below[high][low] = lower
            self._push(low)
            self._push(high)
        self._push(near)

    def _push(self, node: int) -> None:
        extremum = self.as_extremum(node)
        if extremum:
            heappush(self.waiting, extremum)
