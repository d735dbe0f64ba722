"""The join tree of one connected domain, by TTK.

Usage: python join_tree.py QUESTION.npz ANSWER.npz

This file runs in whichever Python has TTK (3.9 or later), in a process of its own, and shares nothing with GlobScope
but the two files, neither of which holds objects. It says READY once TTK is there: what goes wrong before is about the
interpreter, what goes wrong after is about the field.

QUESTION holds `threads` and either `ranks`, the float64 field on a lattice of two or three axes, which TTK
triangulates, or `edges`, (m, 2) between vertices that are numbered by rising value. Values are distinct integers, so
TTK sees neither ties nor NaN, and no array named `_Order` that it would trust.

ANSWER holds TTK's arrays as they are: `node_id` and `node_vertex` of the nodes, `arc_down`, `arc_up` (of `node_id`)
and `arc_label` of the arcs, and `label`, the arc of each vertex.
"""

import sys
from typing import Any

import numpy as np
import topologytoolkit as ttk
from vtkmodules.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import (
    VTK_LINE,
    vtkCellArray,
    vtkDataSet,
    vtkDataSetAttributes,
    vtkImageData,
    vtkUnstructuredGrid,
)

READY = "TTK is ready"
FIELD = "rank"
# The filter's name up to TTK 1.2, and since.
MERGE_TREE = getattr(ttk, "ttkMergeTree", None) or ttk.ttkFTMTree


def image(ranks: np.ndarray) -> vtkDataSet:
    """Return a regular grid; its x is the last axis."""
    domain = vtkImageData()
    domain.SetDimensions(*ranks.shape[::-1], *[1] * (3 - ranks.ndim))
    return with_field(domain, ranks.ravel())


def graph(edges: np.ndarray) -> vtkDataSet:
    """Return line cells. Every vertex must have an edge: TTK leaves the others out."""
    count = int(edges.max()) + 1
    places = np.zeros((count, 3), np.float32)
    places[:, 0] = np.arange(count)
    points = vtkPoints()
    points.SetData(numpy_to_vtk(places, deep=True))
    starts = np.arange(0, edges.size + 1, 2, dtype=np.int64)
    cells = vtkCellArray()
    cells.SetData(*(numpy_to_vtkIdTypeArray(part, deep=True) for part in (starts, edges.ravel().astype(np.int64))))
    domain = vtkUnstructuredGrid()
    domain.SetPoints(points)
    domain.SetCells(VTK_LINE, cells)
    return with_field(domain, np.arange(count))


def with_field(domain: vtkDataSet, ranks: np.ndarray) -> vtkDataSet:
    """Return the domain with its scalar field."""
    scalars = numpy_to_vtk(ranks.astype(np.float64), deep=True)
    scalars.SetName(FIELD)
    domain.GetPointData().SetScalars(scalars)
    return domain


def join_tree(domain: vtkDataSet, threads: int) -> dict[str, Any]:
    """Return TTK's nodes, arcs and segmentation."""
    tree = MERGE_TREE()
    tree.SetDebugLevel(0)
    tree.SetUseAllCores(False)
    tree.SetThreadNumber(threads)
    tree.SetInputDataObject(0, domain)
    tree.SetInputArrayToProcess(0, 0, 0, 0, FIELD)
    if hasattr(tree, "SetBackend"):
        tree.SetBackend(0)  # FTM, the only one up to TTK 1.2; the other's arrays mean something else
    tree.SetTreeType(0)  # the join tree; TTK's default is not initialised
    tree.SetWithSegmentation(True)
    tree.SetWithNormalize(True)
    tree.SetWithAdvStats(False)  # sizes of regions, which nobody asks for
    tree.SetSuperArcSamplingLevel(0)  # one cell for each arc
    tree.Update()
    nodes, arcs, vertices = (tree.GetOutput(port) for port in range(3))
    return {
        "node_id": array(nodes.GetPointData(), "NodeId"),
        "node_vertex": array(nodes.GetPointData(), "VertexId"),
        "arc_down": array(arcs.GetCellData(), "downNodeId"),
        "arc_up": array(arcs.GetCellData(), "upNodeId"),
        "arc_label": array(arcs.GetCellData(), "SegmentationId"),
        "label": array(vertices.GetPointData(), "SegmentationId"),
    }


def array(data: vtkDataSetAttributes, name: str) -> np.ndarray:
    """Return one of TTK's arrays, or tell which there are."""
    found = data.GetArray(name)
    if found is None:
        names = [data.GetArrayName(each) for each in range(data.GetNumberOfArrays())]
        sys.exit(f"TTK gave no array {name!r}, only {names}")
    values: np.ndarray = vtk_to_numpy(found)
    return values


def main(question: str, answer: str) -> None:
    """Read the question, write the answer."""
    print(READY, flush=True)
    asked = np.load(question, allow_pickle=False)
    domain = image(asked["ranks"]) if "ranks" in asked else graph(asked["edges"])
    np.savez(answer, **join_tree(domain, int(asked["threads"])))


if __name__ == "__main__":
    main(*sys.argv[1:])
