"""Landscapes whose merge trees are known."""

from collections.abc import Mapping

import numpy as np

from globscope.api import (
    MINIMUM,
    ROOT,
    SADDLE,
    Adjacency,
    Branches,
    Landscape,
    MergeTree,
    Neighbours,
    Samples,
    Topology,
    neighbours,
    sweep_order,
    trees,
)

SIDE = 9
# Depth of the deep bowl's floor, of the shallow one's, and of the pass between them.
DEEP, SHALLOW, PASS = 0.0, 0.25, 1.0


def landscape(values: np.ndarray, samples: Samples, field: str) -> Landscape:
    """Return a landscape of these values, trusted everywhere, under every name that a study may ask for."""
    fields = dict.fromkeys(("train_loss", "test_loss", "train_accuracy", "test_accuracy", field), values)
    count = len(samples.points)
    return Landscape(
        samples=samples,
        fields=fields,
        distance_to_member=np.zeros(count),
        cycle_error=np.zeros(count),
        trusted=np.ones(count, bool),
        seconds={"decode": 0.0, "evaluate": 0.0},
    )


def lattice() -> Samples:
    """Return the 9 × 9 lattice on [−2, 2]², in C order."""
    axis = np.linspace(-2, 2, SIDE)
    points = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    return Samples(points=points, index=np.indices((SIDE, SIDE)).reshape(2, -1).T, shape=(SIDE, SIDE))


def height(points: np.ndarray) -> np.ndarray:
    """Return two round bowls: floor 0 at (−1, 0), floor 0.25 at (1, 0), and the pass at (0, 0), height 1."""
    deep, shallow = (((points - (at, 0)) ** 2).sum(axis=1) for at in (-1, 1))
    lower: np.ndarray = np.minimum(deep + DEEP, shallow + SHALLOW)
    return lower


def slope(points: np.ndarray) -> np.ndarray:
    """Return the (n, 2) gradients of the two bowls; on the crest between them, that of the deep one."""
    deep, shallow = (points - (at, 0) for at in (-1, 1))
    is_shallow = (shallow**2).sum(axis=1) + SHALLOW < (deep**2).sum(axis=1) + DEEP
    steeper: np.ndarray = 2 * np.where(is_shallow[:, None], shallow, deep)
    return steeper


def bowls(field: str = "train_loss") -> Landscape:
    """Return a landscape of two bowls: floors 0 and 0.25, and between them a pass of height 1."""
    samples = lattice()
    return landscape(height(samples.points), samples, field)


def two_components(field: str = "train_loss") -> Landscape:
    """Return the two bowls with a wall of losses that are not finite between them."""
    samples = lattice()
    values = height(samples.points)
    wall = samples.points[:, 0] == 0
    values[wall] = np.where(np.arange(wall.sum()) % 2, np.inf, np.nan)
    return landscape(values, samples, field)


def path(values: np.ndarray, field: str = "train_loss") -> Landscape:
    """Return a landscape along a path: a lattice of one axis."""
    steps = np.arange(len(values))
    samples = Samples(points=np.stack([steps, 0.0 * steps], axis=1), index=steps[:, None], shape=(len(values),))
    return landscape(values, samples, field)


def vertex(x: float, y: float) -> int:
    """Return the lattice vertex at a point."""
    return int(np.flatnonzero((lattice().points == (x, y)).all(axis=1))[0])


def bowls_tree() -> MergeTree:
    """Return the merge tree of the two bowls, by the definitions of `MergeTree`."""
    points = lattice().points
    values = height(points)
    deep, shallow, saddle = vertex(-1, 0), vertex(1, 0), vertex(0, 0)
    root = int(np.flatnonzero(values == values.max())[-1])
    # The pass is a whole column of the lattice, x = 0, whose lowest point is the saddle.
    below = values < PASS
    right = below & (points[:, 0] > 0)
    return MergeTree(
        nodes=np.array([deep, shallow, saddle, root]),
        values=np.array([DEEP, SHALLOW, PASS, values[root]]),
        kinds=(MINIMUM, MINIMUM, SADDLE, ROOT),
        arcs=np.array([[0, 2], [1, 2], [2, 3]]),
        pairs=np.array([[deep, -1], [shallow, saddle]]),
        births=np.array([DEEP, SHALLOW]),
        deaths=np.array([np.inf, PASS]),
        elders=np.array([0, 0]),
        arc=np.where(below, right.astype(int), 2),
        basin=np.where(right, shallow, deep),
    )


def bowls_topology() -> Topology:
    """Return the two bowls' topology."""
    tree = bowls_tree()
    return Topology(field="train_loss", threshold=0.1, tree=tree, full=tree, left_out=0)


def no_topology(samples: int) -> Topology:
    """Return the topology of a landscape without any finite sample."""
    none = np.empty(0)
    arrays: Mapping[str, np.ndarray] = {
        "nodes": none.astype(int),
        "values": none,
        "arcs": np.empty((0, 2), int),
        "pairs": np.empty((0, 2), int),
        "births": none,
        "deaths": none,
        "elders": none.astype(int),
        "arc": np.full(samples, -1),
        "basin": np.full(samples, -1),
    }
    tree = MergeTree(**arrays, kinds=())
    return Topology(field="train_loss", threshold=0.1, tree=tree, full=tree, left_out=samples)


def swept_topology(
    landscape: Landscape, threshold: float = 0.1, adjacency: Adjacency = "auto", k: int | None = None
) -> Topology:
    """Return a landscape's topology by the definition, sweeping sample by sample: for tiny landscapes alone.

    Args:
        landscape: The landscape, with a training loss.
        threshold: Persistence below which pairs are removed.
        adjacency: Which samples are neighbours.
        k: Number of nearest samples that an adjacency of these joins; its default if unset.
    """
    values = landscape.fields["train_loss"]
    swept = sweep_order(values, np.isfinite(values))
    tree, full = trees(values, swept, _swept(neighbours(landscape.samples, swept, adjacency, k)), threshold)
    return Topology(field="train_loss", threshold=threshold, tree=tree, full=full, left_out=len(values) - len(swept))


def _swept(around: Neighbours) -> Branches:
    """Return the branches of a graph whose vertices are numbered in sweep order."""
    never = len(around)
    births, deaths, elders, own = list[int](), list[int](), list[int](), list[int]()
    for now, near in enumerate(around):
        met = sorted({_alive(own[other], elders) for other in near if other < now})
        for younger in met[1:]:
            deaths[younger], elders[younger] = now, met[0]
        if not met:
            met = [len(births)]
            births, deaths, elders = [*births, now], [*deaths, never], [*elders, len(births)]
        own.append(met[0])
    tops = {_alive(branch, elders): vertex for vertex, branch in enumerate(own)}
    arrays = {"births": births, "deaths": deaths, "elders": elders, "own": own, "tops": [tops[k] for k in sorted(tops)]}
    return Branches(**{name: np.array(numbers, int) for name, numbers in arrays.items()})


def _alive(branch: int, elders: list[int]) -> int:
    """Return the branch that goes on where this one has died, if it has."""
    while elders[branch] != branch:
        branch = elders[branch]
    return branch


def pairs_on_a_path(values: np.ndarray) -> set[tuple[int, int]]:
    """Return the persistence pairs (birth, death) of a path by the definition, −1 for never.

    Vertices are swept by rising (value, number); each starts a component or joins its neighbours',
    of which all but the one born first die there.
    """
    rank = np.argsort(np.argsort(values, kind="stable"))
    born, pairs = np.full(len(values), -1), set()
    for now in np.argsort(rank):
        near = {int(born[n]) for n in (now - 1, now + 1) if 0 <= n < len(values) and born[n] >= 0}
        elder = min(near, key=lambda v: rank[v], default=int(now))
        pairs |= {(younger, int(now)) for younger in near - {elder}}
        born[np.isin(born, list(near))] = elder
        born[now] = elder
    return pairs | {(int(lowest), -1) for lowest in set(born)}
