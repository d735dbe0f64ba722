"""Landscapes, merge trees and members as grids for ParaView."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from globscope.errors import FileError
from globscope.files.axes import lattice_array, lattice_axes
from globscope.files.member_points import MemberPoints
from globscope.files.table import point_data
from globscope.files.vtk import VtkGrid, write_grid, write_image
from globscope.values.landscape import Landscape, Samples
from globscope.values.topology import MINIMUM, MULTI_SADDLE, ROOT, SADDLE

MOST_AXES = 3
# TTK's numbers for critical points.
CRITICAL = {MINIMUM: 0, SADDLE: 1, ROOT: 3, MULTI_SADDLE: 4}


def suffix(samples: Samples) -> str:
    """Return the suffix of the file that holds these samples: .vti on a lattice over the map's axes, else .vtu."""
    return ".vti" if samples.shape is not None and len(samples.shape) == samples.points.shape[1] else ".vtu"


def write_landscape(path: Path, landscape: Landscape, basins: Mapping[str, np.ndarray]) -> None:
    """Write a landscape with every field, in the format of the path's suffix.

    Missing samples of a lattice are NaN, or −1 in arrays of integers.

    Raises:
        FileError: It has more than three axes, or no sample.
    """
    samples, data = (
        landscape.samples,
        point_data(landscape) | {name: basin.astype(np.int64) for name, basin in basins.items()},
    )
    _check(samples.points)
    if path.suffix == ".vti":
        write_image(path, lattice_axes(samples), {name: _spread(samples, array) for name, array in data.items()})
    else:
        cells, joined = _cells(samples)
        write_grid(path, VtkGrid(points=samples.points, cells=cells, as_lines=joined, at_points=data, joined=joined))


def _check(points: np.ndarray) -> None:
    if not len(points):
        raise FileError("there is no sample")
    if points.shape[1] > MOST_AXES:
        raise FileError(f"VTK's files have at most three axes, not {points.shape[1]}")


def _spread(samples: Samples, values: np.ndarray) -> np.ndarray:
    return lattice_array(samples, *((values, np.nan) if values.dtype.kind == "f" else (values.astype(np.int64), -1)))


def _cells(samples: Samples) -> tuple[list[np.ndarray], bool]:
    """Return the cells between scattered samples, and whether they are lines that join neighbours, or simplices."""
    if samples.edges is not None:
        return list(samples.edges), True
    if samples.index is not None:
        return [np.argsort(samples.index[:, 0], kind="stable")], True
    return _simplices(samples.points), False


def _simplices(points: np.ndarray) -> list[np.ndarray]:
    """Return the Delaunay simplices, or single points where there are none."""
    count, d = points.shape
    if d == 1:
        along = np.argsort(points[:, 0], kind="stable")
        return list(np.stack([along[:-1], along[1:]], axis=1)) or [along]
    from scipy.spatial import Delaunay, QhullError

    try:
        return list(Delaunay(points).simplices)
    except (QhullError, ValueError):
        return list(np.arange(count)[:, None])


def write_tree(path: Path, tree: Mapping[str, Any], landscape: Landscape, field: str) -> None:
    """Write a merge tree's JSON as .vtu: its nodes at their points on the map, its arcs as lines.

    On a map of more than three axes the nodes are placed as in a drawing: leaves side by side, heights by value.

    Raises:
        FileError: It has no node.
    """
    nodes, arcs = tree["nodes"], np.array(tree["arcs"], int).reshape(-1, 2)
    if not nodes:
        raise FileError("the tree has no node")
    vertices = np.array([node["vertex"] for node in nodes])
    values, points = landscape.fields[field][vertices], landscape.samples.points[vertices]
    if points.shape[1] > MOST_AXES:
        points = np.stack([_horizontal_places(len(nodes), arcs), values], axis=1)
    alone = np.setdiff1d(np.arange(len(nodes)), arcs)
    kinds = np.array([CRITICAL[node["kind"]] for node in nodes], np.int8)
    data = {field: values, "vertex": vertices, "CriticalType": kinds, "persistence": _persistence(tree, vertices)}
    write_grid(path, VtkGrid(points=points, cells=[*arcs, *alone[:, None]], at_points=data))


def _horizontal_places(count: int, arcs: np.ndarray) -> np.ndarray:
    """Return each node's horizontal place: leaves side by side, other nodes in the middle of those that they join."""
    below: dict[int, list[int]] = {}
    for low, high in arcs.tolist():
        below.setdefault(high, []).append(low)
    across, leaves = np.zeros(count), 0
    waiting = sorted(set(range(count)) - set(arcs[:, 0].tolist()), reverse=True)
    order: list[int] = []
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting += below.get(node, [])
    for node in order:
        if node not in below:
            across[node], leaves = leaves, leaves + 1
    for node in reversed(order):
        if node in below:
            across[node] = np.mean(across[below[node]])
    return across


def _persistence(tree: Mapping[str, Any], vertices: np.ndarray) -> np.ndarray:
    """Return the persistence of each minimum; NaN where its branch never dies, and at other nodes."""
    ends = [pair for pair in tree["pairs"] if pair["death"] is not None]
    lifetimes = {pair["birth_vertex"]: pair["death"] - pair["birth"] for pair in ends}
    return np.array([lifetimes.get(vertex, np.nan) for vertex in vertices.tolist()])


def write_member_points(path: Path, members: MemberPoints) -> None:
    """Write the members as .vtu: a line through each variant's members, by step, and a point for each derived member.

    Raises:
        FileError: The map has more than three axes, or no member.
    """
    _check(members.points)
    names = list(dict.fromkeys(members.variants))
    runs = [(name, rows) for name in names if len(rows := members.of(name))]
    derived = [(name, np.array([row])) for row, name in enumerate(members.variants) if members.kinds[row] != "trained"]
    lines = runs + derived
    number = np.array([names.index(name) for name in members.variants], int)
    owner = np.array([names.index(name) for name, _ in lines], int)
    grid = VtkGrid(
        points=members.points,
        cells=[rows for _, rows in lines],
        as_lines=True,
        at_points={"variant": number, "step": members.steps, **members.fields},
        at_cells={"variant": owner, "name": [name for name, _ in lines]},
    )
    write_grid(path, grid)
