"""Landscapes in VTK's XML files: images, unstructured grids and polygons, as ParaView and TTK write them."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from globscope.errors import FileError
from globscope.files.arrays import axis, lattice_samples, numbers
from globscope.files.plain import check_edges, check_points
from globscope.files.scattered import landscape_of, spread_axes, triangulated_samples
from globscope.files.vtk import EXTRA
from globscope.reading import read_npz, unpacked_bound
from globscope.values.landscape import Landscape, Samples

# What begins the text of one of VTK's files, and its kind.
STARTS, KIND = (b"<?xml", b"<VTKFile"), re.compile(rb"<VTKFile\s[^>]*?\btype\s*=\s*[\"'](\w+)[\"']")
KINDS = {"ImageData": ".vti", "UnstructuredGrid": ".vtu", "PolyData": ".vtp"}
PROGRAM = Path(__file__).with_name("vtk_arrays.py")
AT_CELLS = "holds values of cells, not of points: apply ParaView's filter Cell Data to Point Data first"
# How often the arrays of a file are held at the same time, by VTK and by NumPy.
COPIES = 4


def read_vtk(path: Path, start: bytes, wanted: str | None = None) -> Landscape:
    """Return the landscape of a .vti, .vtu or .vtp file; a sample's number is that of VTK's point.

    On an image the neighbours are those of a lattice, and otherwise the edges of the cells. Points without such are
    triangulated. Axes along which all points are equal are left out.

    Args:
        path: Where the file is.
        start: Its first bytes.
        wanted: Name of the field that must be there; None for any.

    Raises:
        FileError: It is damaged or of another kind, holds no field or not the wanted one, or vtk is not installed.
    """
    found = KIND.search(start)
    kind = found[1].decode() if found else "no VTK file"
    if kind not in KINDS:
        raise FileError(
            f"{path}: is XML, of {kind!r}; accepted are VTK's {', '.join(KINDS)} ({', '.join(KINDS.values())})"
        )
    _require_vtk(path)
    with TemporaryDirectory() as folder:
        about, arrays = _arrays(path, kind, Path(folder) / "arrays.npz")
    fields = _fields(path, about, arrays, wanted)
    return landscape_of(_samples(path, about, arrays), fields)


def _require_vtk(path: Path) -> None:
    try:
        import vtkmodules  # noqa: F401
    except ImportError as error:
        raise FileError(f"{path}: reading VTK's files needs vtk, which is not installed: {EXTRA}") from error


def _arrays(path: Path, kind: str, target: Path) -> tuple[Mapping[str, Any], dict[str, np.ndarray]]:
    """Return what a file holds and its arrays, from another process: a damaged file may end it."""
    allowance = COPIES * unpacked_bound(path.stat().st_size)
    command = [sys.executable, "-P", str(PROGRAM), kind, str(path), str(target), str(allowance)]
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603
    try:
        about = json.loads(done.stdout)
    except ValueError:
        about = {"error": _end(done)}
    if "error" in about:
        raise FileError(f"{path}: {about['error']}")
    return about, read_npz(target)


def _end(done: subprocess.CompletedProcess[bytes]) -> str:
    """Return how the process ended that has returned nothing."""
    if b"bad_alloc" in done.stderr or b"MemoryError" in done.stderr:
        return "is damaged, or needs more memory than its size lets expect"
    last = (done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    return f"is damaged: vtk ended while it read it ({last.strip()})"


def _fields(
    path: Path, about: Mapping[str, Any], arrays: dict[str, np.ndarray], wanted: str | None
) -> dict[str, np.ndarray]:
    """Return the arrays at the points that can be fields, by name."""
    if wanted in about["unusable"]:
        raise FileError(f"{path}: {wanted!r} {about['unusable'][wanted]}")
    if wanted is not None and wanted not in about["names"] and wanted in about["cells"]:
        raise FileError(f"{path}: {wanted!r} {AT_CELLS}")
    if not about["names"]:
        held = [f"{name!r} {reason}" for name, reason in about["unusable"].items()]
        held += [f"{name!r} {AT_CELLS}" for name in about["cells"]]
        raise FileError(f"{path}: has no field at its points: {'; '.join(held) or 'it holds no arrays'}")
    return {name: numbers(path, name, arrays[f"field_{number}"]) for number, name in enumerate(about["names"])}


def _samples(path: Path, about: Mapping[str, Any], arrays: dict[str, np.ndarray]) -> Samples:
    if "shape" in about:
        along = [axis(path, "spacing", arrays[f"axis_{number}"]) for number in range(len(about["shape"]))]
        return lattice_samples([each for each in along if len(each) > 1] or along[:1], first_axis_fastest=True)
    points = spread_axes(check_points(path, arrays["points"]))
    if not about["joined"]:
        return Samples(points=points)
    if "edges" in arrays:
        return Samples(points=points, edges=check_edges(path, arrays["edges"], len(points)))
    return triangulated_samples(points)
