"""A finished run in other programs' formats."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from attrs import define

from globscope.errors import FileError
from globscope.files import classic, landscaper, table, vtk
from globscope.files.paraview import suffix, write_landscape, write_member_points, write_tree
from globscope.files.read import RunFiles
from globscope.store import write_bytes


@define(frozen=True, kw_only=True)
class ExportedFile:
    """The export of one landscape, tree or table of members.

    Attributes:
        what: Name of its file in the run folder, without suffix.
        path: The written file; None where the format cannot hold it.
        why_not: Why there is no file; empty where there is one.
    """

    what: str
    path: Path | None = None
    why_not: str = ""


def _attempt(what: str, path: Path, write: Callable[..., None], *values: Any) -> ExportedFile:
    try:
        write(path, *values)
    except FileError as error:
        return ExportedFile(what=what, why_not=str(error))
    return ExportedFile(what=what, path=path)


def export_csv(files: RunFiles, folder: Path) -> Iterator[ExportedFile]:
    """Write landscapes and members."""
    for stem, landscape in files.landscapes.items():
        yield _attempt(stem, folder / f"{stem}.csv", table.write_table, landscape)
    for stem, members in files.members.items():
        yield _attempt(stem, folder / f"{stem}-members.csv", write_bytes, members.csv.encode())


def export_vtk(files: RunFiles, folder: Path) -> Iterator[ExportedFile]:
    """Write landscapes, simplified merge trees and members."""
    vtk.load_vtk()  # refuses early where it is missing
    for stem, landscape in files.landscapes.items():
        path = folder / f"{stem}{suffix(landscape.samples)}"
        yield _attempt(stem, path, write_landscape, landscape, files.basins[stem])
    for stem, tree in files.trees.items():
        landscape = files.landscapes[tree["landscape"]]
        yield _attempt(stem, folder / f"{stem}-tree.vtu", write_tree, tree["simplified"], landscape, tree["field"])
    for stem, members in files.members.items():
        yield _attempt(f"{stem}, members", folder / f"{stem}-members.vtu", write_member_points, members)


def export_landscaper(files: RunFiles, folder: Path) -> Iterator[ExportedFile]:
    """Write each field of the landscapes to its own file: a file holds one field."""
    for stem, landscape in files.landscapes.items():
        for field in landscape.fields:
            path = folder / f"{stem}-{re.sub(r'[^A-Za-z0-9_]+', '-', field)}.npz"
            yield _attempt(f"{stem}, {field}", path, landscaper.write_landscaper, landscape, field)


def export_hdf5(files: RunFiles, folder: Path) -> Iterator[ExportedFile]:
    """Write the landscapes."""
    classic.load_h5py("writing HDF5")  # refuses early where it is missing
    for stem, landscape in files.landscapes.items():
        yield _attempt(stem, folder / f"{stem}.h5", classic.write_classic, landscape)


FORMATS: Mapping[str, Callable[[RunFiles, Path], Iterator[ExportedFile]]] = MappingProxyType(
    {"csv": export_csv, "vtk": export_vtk, "landscaper": export_landscaper, "hdf5": export_hdf5}
)
