"""Where the branches of a tree are drawn: side by side, each a vertical line from its leaf to where it begins."""

import numpy as np
from attrs import define, field

from globscope.topology.branch_decomposition import BranchDecomposition
from globscope.topology.prune import Branch
from globscope.values.level_set_tree import LevelSetTree


@define(frozen=True, kw_only=True)
class BranchLayout:
    """The places of a tree's branches and nodes across a drawing; their heights are values.

    Attributes:
        decomposition: The tree's branches.
        across: (b,) place of each branch: 0, 1, …
        nodes: (k,) place of each node: that of the branch on which it lies.
    """

    decomposition: BranchDecomposition
    across: np.ndarray = field(eq=False)
    nodes: np.ndarray = field(eq=False, repr=False)

    @classmethod
    def of(cls, tree: LevelSetTree) -> "BranchLayout":
        """Return the places of a tree's branches.

        Branches that lead down stand to the left of the one on which they begin, the lowest beginning nearest to it;
        those that lead up to the right, the highest beginning nearest: so no two of one branch cross.
        """
        decomposition = BranchDecomposition.of(tree)
        branches, parents = decomposition.branches, decomposition.parents
        sides: list[tuple[list[int], list[int]]] = [([], []) for _ in branches]
        for row, parent in enumerate(parents):
            if parent >= 0:
                sides[parent][branches[row].leaf > branches[row].saddle].append(row)
        across = np.empty(len(branches), int)
        across[_in_order(branches, parents, sides)] = np.arange(len(branches))
        nodes = np.empty(len(tree.nodes), int)
        for row, (branch, parent) in enumerate(zip(branches, parents, strict=True)):
            nodes[branch.saddle] = across[row if parent < 0 else parent]
        for row, branch in enumerate(branches):
            nodes[branch.leaf] = across[row]
        return cls(decomposition=decomposition, across=across, nodes=nodes)


def _in_order(
    branches: tuple[Branch, ...], parents: tuple[int, ...], sides: list[tuple[list[int], list[int]]]
) -> list[int]:
    """Return the rows of all branches from left to right."""
    order, done = list[int](), [False] * len(branches)
    waiting = [row for row, parent in enumerate(parents) if parent < 0][::-1]
    while waiting:
        row = waiting.pop()
        if done[row]:
            order.append(row)
            continue
        done[row] = True
        down, up = (sorted(side, key=lambda one: -branches[one].saddle) for side in sides[row])
        waiting += [*up[::-1], row, *down[::-1]]
    return order
