"""The landscape profile of a merge tree: its basins as nested shapes in the plane, whatever the field's dimension."""

import numpy as np
from attrs import define, field as attribute

from globscope.values.topology import MergeTree


@define(frozen=True, kw_only=True)
class Outline:
    """The basins of a merge tree side by side; a basin's width at a height is its number of samples up to there.

    A row is one node of the tree and the part of a basin that begins there: it reaches up to the next saddle, and is
    symmetric about its centre. A part that begins at a saddle holds all parts that meet there, which are drawn below
    it, side by side. Horizontal lengths are counted in samples, from the middle of the landscape.

    Attributes:
        nodes: (k,) vertex at which each part begins, by rising (value, vertex), as in the tree.
        kinds: What each node is, as in the tree.
        parents: (k,) row of the part above; −1 for a component's last.
        low: (k,) height at which each part begins.
        high: (k,) height at which the part above begins; infinite for a component's last.
        left: (k,) left end of each part at its greatest width.
        sizes: (k,) number of samples in each part and all below it: its greatest width.
        below: (k,) number of those that lie below it, in the parts that meet where it begins.
        heights: (m,) height from which each sample counts, ascending within each part: its value, or the part's `low`
            where a basin that was removed from the tree reaches below the part that holds it.
        starts: (k + 1,) where each part's samples begin in `heights`.
        samples: The number of samples, including those that the tree leaves out.
    """

    nodes: np.ndarray = attribute(eq=False)
    kinds: tuple[str, ...] = attribute(repr=False)
    parents: np.ndarray = attribute(eq=False, repr=False)
    low: np.ndarray = attribute(eq=False, repr=False)
    high: np.ndarray = attribute(eq=False, repr=False)
    left: np.ndarray = attribute(eq=False, repr=False)
    sizes: np.ndarray = attribute(eq=False, repr=False)
    below: np.ndarray = attribute(eq=False, repr=False)
    heights: np.ndarray = attribute(eq=False, repr=False)
    starts: np.ndarray = attribute(eq=False, repr=False)
    samples: int

    @property
    def centres(self) -> np.ndarray:
        """(k,) horizontal centre of each part."""
        centres: np.ndarray = self.left + self.sizes / 2
        return centres

    @property
    def meetings(self) -> np.ndarray:
        """(k,) position at which the two largest parts below each saddle touch; a part's centre for other nodes."""
        order = _by_size(self.sizes, self.parents)
        meetings = self.centres
        # Placed last, the two largest are neighbours.
        same = np.flatnonzero((self.parents[order[1:]] == self.parents[order[:-1]]) & (self.parents[order[1:]] >= 0))
        touching = np.maximum(self.left[order[same]], self.left[order[same + 1]])
        meetings[self.parents[order[same]]] = touching  # of several, the last counts
        return meetings

    def steps(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the (n,) heights at which a part becomes wider, ascending, and its (n,) widths from each height on."""
        heights = self.heights[self.starts[row] : self.starts[row + 1]]
        return heights, self.below[row] + np.arange(1, len(heights) + 1)

    def widths(self, height: float) -> np.ndarray:
        """Return the (k,) widths of the parts at a height; 0 for parts that do not reach it."""
        reaches = (self.low <= height) & (height < self.high)
        counted = np.concatenate([[0], np.cumsum(self.heights <= height)])[self.starts]
        widths: np.ndarray = np.where(reaches, self.below + np.diff(counted), 0)
        return widths


def outline(tree: MergeTree, values: np.ndarray) -> Outline:
    """Return the profile of a field's merge tree; `values`, (n,), are the field's at all samples.

    Children of a saddle, and components, are placed by size: from the smallest on, each takes the end that is farther
    from the middle of the landscape (the right one if both are equally far), so that the largest is nearest to it.

    Source: Oesterling, Heine, Weber, Scheuermann, "Visualizing nD point clouds as topological landscape profiles",
    IEEE TVCG 19(3), 2013; for loss landscapes, Geniesse et al., "Visualizing loss functions as topological landscape
    profiles", 2024. Each sample makes a part half a sample wider on both sides, so that it fits its place exactly.
    """
    parents = np.full(len(tree.nodes), -1)
    parents[tree.arcs[:, 0]] = tree.arcs[:, 1]
    owner, held = _owners(tree)
    heights = np.maximum(values[held], tree.values[owner])
    order = np.lexsort((values[held], heights, owner))
    counts = np.bincount(owner, minlength=len(parents))
    sizes = _totals(counts, parents)
    return Outline(
        nodes=tree.nodes,
        kinds=tree.kinds,
        parents=parents,
        low=tree.values,
        high=np.where(parents < 0, np.inf, tree.values[parents]),
        left=_places(sizes, parents),
        sizes=sizes,
        below=sizes - counts,
        heights=heights[order],
        starts=np.concatenate([[0], np.cumsum(counts)]),
        samples=len(values),
    )


def _owners(tree: MergeTree) -> tuple[np.ndarray, np.ndarray]:
    """Return the row of each sample in the tree, and those samples: a node's own row, or else the row of its arc."""
    lower = np.append(tree.arcs[:, 0], -1)  # arc −1: no arc
    rows = lower[tree.arc]
    rows[tree.nodes] = np.arange(len(tree.nodes))
    held = np.flatnonzero(rows >= 0)
    return rows[held], held


def _totals(counts: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """Return the sums of counts over each row and all rows below it."""
    totals = counts.tolist()
    for row, parent in enumerate(parents.tolist()):  # a parent's row is higher
        if parent >= 0:
            totals[parent] += totals[row]
    return np.array(totals, int)


def _places(sizes: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """Return the left end of each row's place. Lengths are doubled inside, so that they are integers."""
    left, count = [0] * len(sizes), sizes.tolist()
    order = _by_size(sizes, parents)
    bounds = np.searchsorted(parents[order], np.arange(-1, len(sizes) + 1)).tolist()
    children = order.tolist()
    _place_side_by_side(left, count, children[: bounds[1]], 0)
    for row in range(len(count) - 1, -1, -1):
        group = children[bounds[row + 1] : bounds[row + 2]]
        _place_side_by_side(left, count, group, left[row] + count[row])
    return np.array(left, int) / 2


def _by_size(sizes: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """Return the rows sorted by parent, then by size, then by falling row."""
    return np.lexsort((-np.arange(len(sizes)), sizes, parents))


def _place_side_by_side(left: list[int], count: list[int], group: list[int], centre: int) -> None:
    """Place rows, sorted by size, side by side about a centre."""
    width = sum(count[row] for row in group)
    first, last = centre - width, centre + width
    for row in group:
        if abs(first) > abs(last):
            left[row] = first
            first += 2 * count[row]
        else:
            last -= 2 * count[row]
            left[row] = last
