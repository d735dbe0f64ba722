"""The link of a lattice vertex in Freudenthal's triangulation: its neighbours, and the simplices between them."""

from functools import cache
from itertools import combinations

import numpy as np
from attrs import define, field

from globscope.topology.neighbour_rules import offsets

# Vertices of the simplices of a link in three axes.
SIZES = (1, 2, 3)


@define(frozen=True)
class LinkParts:
    """What part of a link some neighbours span: figures of all 2^k sets of the k neighbours.

    Set number Σ 2^j has the neighbours j, in the order of `offsets`.

    Attributes:
        pieces: (2^k,) how many components the part has.
        euler: (2^k,) its Euler characteristic: vertices − edges + triangles.
    """

    pieces: np.ndarray = field(eq=False, repr=False)
    euler: np.ndarray = field(eq=False, repr=False)

    @staticmethod
    @cache
    def of(axes: int) -> "LinkParts":
        """Return the parts of the link in a lattice of up to three axes, with up to 14 neighbours."""
        cliques = _cliques(offsets(axes, "freudenthal"))
        count = len(cliques[0])
        members = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
        euler = sum((-1) ** (size - 1) * _simplex_counts(members, cliques[size - 1]) for size in range(1, axes + 1))
        return LinkParts(pieces=_pieces(members.astype(bool), cliques[1]), euler=np.asarray(euler))


def _cliques(steps: np.ndarray) -> list[np.ndarray]:
    """Return the (m, size) neighbours that span a vertex, an edge or a triangle of the link, for each size.

    Any set of vertices that are neighbours of one another spans a simplex.
    """
    known = set(map(tuple, steps.tolist()))
    numbers = range(len(steps))
    joined = {(a, b) for a, b in combinations(numbers, 2) if tuple((steps[b] - steps[a]).tolist()) in known}
    groups = [[group for group in combinations(numbers, k) if joined.issuperset(combinations(group, 2))] for k in SIZES]
    return [np.array(simplices, int).reshape(-1, k) for k, simplices in zip(SIZES, groups, strict=True)]


def _simplex_counts(members: np.ndarray, simplices: np.ndarray) -> np.ndarray:
    """Return how many simplices each set holds."""
    counts = np.zeros(len(members), int)
    for simplex in simplices:
        counts += members[:, simplex].all(axis=1)
    return counts


def _pieces(members: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return how many components each set has: labels spread along edges until they no longer change."""
    labels = np.where(members, np.arange(members.shape[1]), members.shape[1])
    while True:
        before = labels.copy()
        for a, b in edges:
            both = members[:, a] & members[:, b]
            labels[both, a] = labels[both, b] = np.minimum(labels[both, a], labels[both, b])
        if np.array_equal(before, labels):
            break
    pieces: np.ndarray = ((labels == np.arange(members.shape[1])) & members).sum(axis=1)
    return pieces
