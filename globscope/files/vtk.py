"""VTK's XML files, .vti and .vtu, written by the package `vtk`; `read_vtk` reads them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from attrs import define, field

from globscope.errors import FileError
from globscope.store import replacing

# VTK's numbers for cells: simplices by their number of points, and a line through any number of points.
SIMPLICES = (1, 3, 5, 10)
POLY_LINE = 4
# The array that says whether cells join neighbours.
JOINED = "cells_join_neighbours"
EXTRA = 'pip install "globscope[export]"'

Data = Mapping[str, np.ndarray | Sequence[str]]


@define(frozen=True, kw_only=True)
class VtkGrid:
    """Points, and cells that join them.

    Attributes:
        points: (n, d) coordinates, d ≤ 3.
        cells: Numbers of the points that each cell joins.
        as_lines: Whether cells are lines through their points, not the simplices that the points span.
        at_points: (n,) arrays of values at the points, by name.
        at_cells: Numbers or words for each cell, by name.
        joined: Whether cells join neighbours; if not, they only fill the space between scattered samples.
    """

    points: np.ndarray = field(eq=False, repr=False)
    cells: Sequence[np.ndarray] = field(eq=False, repr=False)
    as_lines: bool = False
    at_points: Data = field(factory=dict, eq=False, repr=False)
    at_cells: Data = field(factory=dict, eq=False, repr=False)
    joined: bool = True

    @property
    def kinds(self) -> np.ndarray:
        """VTK's number for each cell's kind; a line of one point is a point."""
        sizes = [len(cell) for cell in self.cells]
        kinds = [POLY_LINE if self.as_lines and size > 1 else SIMPLICES[size - 1] for size in sizes]
        return np.array(kinds, np.uint8)


def write_image(path: Path, axes: Sequence[np.ndarray], data: Mapping[str, np.ndarray]) -> None:
    """Write arrays of a lattice's shape, of one to three evenly spaced axes, as .vti.

    VTK's points run along x fastest, numpy's along the last axis: our first axis is x.
    """
    vtk = load_vtk()
    image = vtk.vtkImageData()
    image.SetDimensions(*_three([len(axis) for axis in axes], 1))
    image.SetOrigin(*_three([float(axis[0]) for axis in axes], 0.0))
    image.SetSpacing(*_three([_step(axis) for axis in axes], 1.0))
    _fill(image.GetPointData(), {name: array.ravel("F") for name, array in data.items()})
    _write(vtk.vtkXMLImageDataWriter(), path, image)


def write_grid(path: Path, grid: VtkGrid) -> None:
    """Write points and cells as .vtu."""
    vtk = load_vtk()
    corners, cells, unstructured = vtk.vtkPoints(), vtk.vtkCellArray(), vtk.vtkUnstructuredGrid()
    corners.SetDataTypeToDouble()
    corners.SetData(_numbers(np.pad(np.asarray(grid.points, float), ((0, 0), (0, 3 - grid.points.shape[1])))))
    starts = np.cumsum([0, *map(len, grid.cells)])
    through = np.concatenate([*grid.cells, np.empty(0, int)])
    cells.SetData(_numbers(starts.astype(np.int64)), _numbers(through.astype(np.int64)))
    unstructured.SetPoints(corners)
    unstructured.SetCells(_numbers(grid.kinds), cells)
    _fill(unstructured.GetPointData(), grid.at_points)
    _fill(unstructured.GetCellData(), grid.at_cells)
    _fill(unstructured.GetFieldData(), {JOINED: np.array([grid.joined], np.uint8)})
    _write(vtk.vtkXMLUnstructuredGridWriter(), path, unstructured)


def _step(axis: np.ndarray) -> float:
    return float((axis[-1] - axis[0]) / (len(axis) - 1)) if len(axis) > 1 else 1.0


def _three(values: Sequence[Any], rest: Any) -> list[Any]:
    return [*values, *[rest] * (3 - len(values))]


def _fill(attributes: Any, data: Data) -> None:
    for name, values in data.items():
        array = _numbers(values) if isinstance(values, np.ndarray) else _words(values)
        array.SetName(name)
        attributes.AddArray(array)


def _numbers(values: np.ndarray) -> Any:
    from vtkmodules.util.numpy_support import numpy_to_vtk

    return numpy_to_vtk(np.ascontiguousarray(values), deep=True)


def _words(values: Sequence[str]) -> Any:
    array = load_vtk().vtkStringArray()
    for value in values:
        array.InsertNextValue(value)
    return array


def _write(writer: Any, path: Path, value: Any) -> None:
    with replacing(path) as part:
        writer.SetFileName(str(part))
        writer.SetInputData(value)
        if not writer.Write():
            raise FileError(f"{path}: vtk could not write it")


def load_vtk() -> Any:
    """Return the parts of vtk that are used; the whole package also loads rendering, which needs a display.

    Raises:
        FileError: It is not installed; the message says how to install it.
    """
    try:
        from vtkmodules import vtkCommonCore, vtkCommonDataModel, vtkIOXML
    except ImportError as error:
        raise FileError(f"writing .vti and .vtu needs vtk, which is not installed: {EXTRA}") from error
    return SimpleNamespace(**vars(vtkCommonCore) | vars(vtkCommonDataModel) | vars(vtkIOXML))
