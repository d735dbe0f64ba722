"""A finished run in other programs' formats."""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from attrs import define

from globscope.errors import FileError
from globscope.files import classic, landscaper, table, vtk
from globscope.files.paraview import suffix, write_landscape, write_tracks, write_tree
from globscope.files.run import Kept
from globscope.store import write_bytes


@define(frozen=True, kw_only=True)
class Written:
    """What became of one landscape, tree or trajectory.

    Attributes:
        what: Its file's stem in the run folder.
        path: The file; None where the format cannot hold it.
        why_not: Why there is none.
    """

    what: str
    path: Path | None = None
    why_not: str = ""


def _attempt(what: str, path: Path, write: Callable[..., None], *values: Any) -> Written:
    try:
        write(path, *values)
    except FileError as error:
        return Written(what=what, why_not=str(error))
    return Written(what=what, path=path)


def as_csv(kept: Kept, folder: Path) -> Iterator[Written]:
    """Write landscapes and members."""
    for stem, scape in kept.landscapes.items():
        yield _attempt(stem, folder / f"{stem}.csv", table.write, scape)
    for stem, tracks in kept.tracks.items():
        yield _attempt(stem, folder / f"{stem}-members.csv", write_bytes, tracks.csv.encode())


def as_vtk(kept: Kept, folder: Path) -> Iterator[Written]:
    """Write landscapes, simplified merge trees and members."""
    vtk.needed()
    for stem, scape in kept.landscapes.items():
        path = folder / f"{stem}{suffix(scape.samples)}"
        yield _attempt(stem, path, write_landscape, scape, kept.basins[stem])
    for stem, found in kept.trees.items():
        scape = kept.landscapes[found["landscape"]]
        yield _attempt(stem, folder / f"{stem}-tree.vtu", write_tree, found["simplified"], scape, found["field"])
    for stem, tracks in kept.tracks.items():
        yield _attempt(f"{stem}, members", folder / f"{stem}-members.vtu", write_tracks, tracks)


def as_landscaper(kept: Kept, folder: Path) -> Iterator[Written]:
    """Write each field of the landscapes, which is as much as a file holds."""
    for stem, scape in kept.landscapes.items():
        for field in scape.fields:
            path = folder / f"{stem}-{re.sub(r'[^A-Za-z0-9_]+', '-', field)}.npz"
            yield _attempt(f"{stem}, {field}", path, landscaper.write, scape, field)


def as_hdf5(kept: Kept, folder: Path) -> Iterator[Written]:
    """Write the landscapes."""
    classic.needed()
    for stem, scape in kept.landscapes.items():
        yield _attempt(stem, folder / f"{stem}.h5", classic.write, scape)


FORMATS: Mapping[str, Callable[[Kept, Path], Iterator[Written]]] = MappingProxyType(
    {"csv": as_csv, "vtk": as_vtk, "landscaper": as_landscaper, "hdf5": as_hdf5}
)
