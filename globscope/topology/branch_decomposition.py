"""The branches of which a tree consists."""

import numpy as np
from attrs import define

from globscope.topology.prune import Branch, Pruning
from globscope.values.level_set_tree import LevelSetTree


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
    def of(cls, tree: LevelSetTree) -> "BranchDecomposition":
        """Return the branches that are cut off a tree one after another, the least persistent first, in reverse.

        Source: Pascucci, Cole-McLaughlin, Scorzelli, "Multi-resolution computation and presentation of contour trees",
        2004.
        """
        cut = Pruning.of(tree).decompose()
        alone = [(node, node, -1) for node in np.setdiff1d(np.arange(len(tree.nodes)), tree.arcs).tolist()]
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
