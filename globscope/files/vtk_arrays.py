"""A program of its own: the arrays of one of VTK's XML files, for `read_vtk`, which runs it in another process.

VTK trusts its files: a damaged one may end the process, or ask for any amount of memory. So this process has a limit,
and its end is a message. It imports nothing of GlobScope. Its arguments are the kind of the file, the file, where the
arrays go (.npz), and how many bytes it may use beside the libraries. It prints one JSON object: `error`, or what the
arrays are.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
from vtkmodules import vtkCommonCore, vtkFiltersCore, vtkFiltersGeneral, vtkIOXML
from vtkmodules.util.numpy_support import vtk_to_numpy

READERS = {
    "ImageData": vtkIOXML.vtkXMLImageDataReader,
    "UnstructuredGrid": vtkIOXML.vtkXMLUnstructuredGridReader,
    "PolyData": vtkIOXML.vtkXMLPolyDataReader,
}
# VTK's numbers of cells: of points, of lines (two points, or any number), triangles and tetrahedra.
POINTS, LINE, POLY_LINE, TRIANGLE, TETRAHEDRON = (0, 1, 2), 3, 4, 5, 10
CORNERS = {LINE: 2, TRIANGLE: 3, TETRAHEDRON: 4}
GHOSTS, HIDDEN_POINT, HIDDEN_CELLS = "vtkGhostType", 2, 8 | 32
# Of GlobScope's own files: whether cells join neighbours, or only fill the space between scattered samples.
JOINED = "cells_join_neighbours"


class RefusedError(Exception):
    """A file with nothing to read, in words."""


def main(kind: str, source: str, target: str, allowance: str) -> None:
    """Write the arrays of a file, and print what they are."""
    limit_memory(int(allowance))
    complaints = vtkCommonCore.vtkStringOutputWindow()
    vtkCommonCore.vtkOutputWindow.SetInstance(complaints)
    try:
        arrays, about = read(kind, source, complaints)
    except RefusedError as error:
        arrays, about = {}, {"error": str(error)}
    except MemoryError:
        arrays, about = {}, {"error": "needs more memory than its size lets expect"}
    if arrays:
        with Path(target).open("wb") as opened:
            np.savez(opened, allow_pickle=False, **arrays)
    print(json.dumps(about))


def limit_memory(allowance: int) -> None:
    """Let this process have so many bytes more; only Linux keeps to that."""
    try:
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + allowance, resource.getrlimit(resource.RLIMIT_AS)[1]))
    except (ImportError, OSError, ValueError):
        return


def read(kind: str, source: str, complaints: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays of a file by name, and what they are."""
    reader = READERS[kind]()
    reader.SetFileName(source)
    reader.Update()
    require_silence(complaints)
    data = reader.GetOutput()
    if not data.GetNumberOfPoints():
        raise RefusedError("has no points")
    if kind != "ImageData" and reader.GetNumberOfPieces() > 1:
        raise RefusedError(
            "consists of several pieces whose points are not joined: apply ParaView's filter Clean to Grid"
        )
    arrays, about = point_arrays(data)
    if kind == "ImageData":
        axes, shape = image_axes(data)
        return arrays | axes, about | {"shape": shape}
    arrays["points"] = vtk_to_numpy(data.GetPoints().GetData())
    edges = mesh_edges(data, complaints)
    return arrays | ({} if edges is None else {"edges": edges}), about


def require_silence(complaints: Any) -> None:
    """Refuse a file of which VTK has complained."""
    output = re.sub(r" \(0x\w+\)", "", complaints.GetOutput())
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if lines:
        raise RefusedError(f"is damaged: {next((line for line in lines if not line.startswith('ERROR:')), lines[0])}")


def point_arrays(data: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the arrays at the points, `field_0` …, with their names, and why others cannot be fields."""
    at_points, count = data.GetPointData(), data.GetNumberOfPoints()
    names, unusable, arrays = list[str](), dict[str, str](), dict[str, np.ndarray]()
    hidden = hidden_points(at_points, count)
    for number in range(at_points.GetNumberOfArrays()):
        array = at_points.GetAbstractArray(number)
        name = array.GetName() or f"array {number}"
        reason = flaw(array, count)
        if name == GHOSTS:
            continue
        if reason:
            unusable[name] = reason
            continue
        values = vtk_to_numpy(array)
        arrays[f"field_{len(names)}"] = np.where(hidden, np.nan, values) if hidden.any() else values
        names.append(name)
    at_cells = data.GetCellData()
    cells = [at_cells.GetArrayName(number) or "" for number in range(at_cells.GetNumberOfArrays())]
    joined = vtk_array(data.GetFieldData(), JOINED)
    about = {"names": names, "unusable": unusable, "cells": [name for name in cells if name != GHOSTS]}
    return arrays, about | {"joined": joined is None or bool(joined.all())}


def flaw(array: Any, count: int) -> str:
    """Return why an array is no field; empty where it is one."""
    if not array.IsA("vtkDataArray") or array.IsA("vtkBitArray"):
        return "holds no numbers"
    if array.GetNumberOfComponents() != 1:
        return f"has {array.GetNumberOfComponents()} components, and a field has one"
    tuples = array.GetNumberOfTuples()
    return "" if tuples == count else f"has {tuples} values at {count} points"


def vtk_array(attributes: Any, name: str) -> np.ndarray | None:
    """Return an array of numbers by name, None where there is none."""
    array = attributes.GetArray(name)
    return None if array is None else vtk_to_numpy(array)


def hidden_points(at_points: Any, count: int) -> np.ndarray:
    """Return the (n,) mask of blanked points."""
    ghosts = vtk_array(at_points, GHOSTS)
    if ghosts is None or ghosts.shape != (count,):
        return np.zeros(count, bool)
    return (ghosts.astype(int) & HIDDEN_POINT) > 0


def image_axes(image: Any) -> tuple[dict[str, np.ndarray], list[int]]:
    """Return the coordinates along each axis, whatever its direction in space, and their numbers."""
    extent, origin, spacing = image.GetExtent(), image.GetOrigin(), image.GetSpacing()
    along = [origin[i] + spacing[i] * np.arange(extent[2 * i], extent[2 * i + 1] + 1.0) for i in range(3)]
    return {f"axis_{i}": axis for i, axis in enumerate(along)}, [len(axis) for axis in along]


def mesh_edges(data: Any, complaints: Any) -> np.ndarray | None:
    """Return the (m, 2) edges of the cells, without those of hidden cells; None where cells join no points.

    Cells that are no simplices are divided by VTK's triangle filter, as before TTK's filters.
    """
    grid = as_unstructured(data)
    kinds, starts, through = cells_of(grid)
    require_cells(kinds, starts, through, grid.GetNumberOfPoints())
    if not np.isin(kinds, [*POINTS, POLY_LINE, *CORNERS]).all():
        grid = simplices(grid)
        require_silence(complaints)
        kinds, starts, through = cells_of(grid)
        require_cells(kinds, starts, through, data.GetNumberOfPoints())
    if np.isin(kinds, POINTS).all():
        return None
    ghosts = vtk_array(grid.GetCellData(), GHOSTS)
    shown = np.ones(len(kinds), bool) if ghosts is None else (ghosts.astype(int) & HIDDEN_CELLS) == 0
    found = [*simplex_edges(kinds, starts, through, shown), line_edges(kinds == POLY_LINE, starts, through, shown)]
    pairs = np.sort(np.concatenate(found), axis=1).astype(np.int64)
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    codes = np.unique(pairs[:, 0] * grid.GetNumberOfPoints() + pairs[:, 1])
    return np.stack(np.divmod(codes, grid.GetNumberOfPoints()), axis=1)


def as_unstructured(data: Any) -> Any:
    """Return a mesh as an unstructured grid with the same points."""
    if data.IsA("vtkUnstructuredGrid"):
        return data
    append = vtkFiltersCore.vtkAppendFilter()
    append.AddInputData(data)
    append.Update()
    return append.GetOutput()


def simplices(grid: Any) -> Any:
    """Return a grid with its cells divided into simplices of the same points."""
    divide = vtkFiltersGeneral.vtkDataSetTriangleFilter()
    divide.SetInputData(grid)
    divide.Update()
    divided = divide.GetOutput()
    if divided.GetNumberOfPoints() != grid.GetNumberOfPoints():
        raise RefusedError("has cells that VTK divides only with further points")
    return divided


def cells_of(grid: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the cells' kinds, (c + 1,) starts in the list of the points that they join, and this list."""
    cells = grid.GetCells()
    if not grid.GetNumberOfCells():
        return np.empty(0, int), np.zeros(1, int), np.empty(0, int)
    renamed = hasattr(grid, "GetDistinctCellTypesArray")  # in VTK 9.6
    types = grid.GetCellTypes() if renamed else grid.GetCellTypesArray()
    return integers(types), integers(cells.GetOffsetsArray()), integers(cells.GetConnectivityArray())


def integers(array: Any) -> np.ndarray:
    """Return an array of integers, even one that VTK computes where it is read."""
    stored = vtkCommonCore.vtkTypeInt64Array()
    stored.DeepCopy(array)
    numbers: np.ndarray = vtk_to_numpy(stored)
    return numbers


def require_cells(kinds: np.ndarray, starts: np.ndarray, through: np.ndarray, points: int) -> None:
    """Refuse cells that lead to points which are not there: VTK itself does not look."""
    sizes = np.diff(starts)
    if len(starts) != len(kinds) + 1 or np.any(sizes < 0) or starts[0] < 0 or starts[-1] > len(through):
        raise RefusedError("is damaged: the offsets of its cells do not fit them")
    if np.any((through < 0) | (through >= points)):
        raise RefusedError(f"is damaged: a cell joins points that are none of the {points}")
    for kind, corners in CORNERS.items():
        if np.any(sizes[kinds == kind] != corners):
            raise RefusedError("is damaged: a cell has another number of points than its kind")


def simplex_edges(kinds: np.ndarray, starts: np.ndarray, through: np.ndarray, shown: np.ndarray) -> list[np.ndarray]:
    """Return the edges of lines, triangles and tetrahedra, one array for every two corners."""
    found = [np.empty((0, 2), np.int64)]
    for kind, corners in CORNERS.items():
        first = starts[:-1][(kinds == kind) & shown]
        ends = [(a, b) for b in range(corners) for a in range(b)]
        found += [np.stack([through[first + a], through[first + b]], axis=1) for a, b in ends]
    return found


def line_edges(lines: np.ndarray, starts: np.ndarray, through: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Return the edges between consecutive points of poly-lines."""
    last = np.ones(len(through), bool)
    for cell in np.flatnonzero(lines & shown):
        last[starts[cell] : max(starts[cell], starts[cell + 1] - 1)] = False
    before = np.flatnonzero(~last)
    return np.stack([through[before], through[before + 1]], axis=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
