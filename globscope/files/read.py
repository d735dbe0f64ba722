"""Landscapes from files of any known kind, and from run folders."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field

from globscope.errors import FileError
from globscope.files.classic import MAGIC as HDF5, read_classic
from globscope.files.landscaper import read_landscaper
from globscope.files.member_points import MemberPoints, read_member_points
from globscope.files.plain import BASIN, Arrays, lattice_values, run_landscape, scattered_values
from globscope.files.point_table import read_point_table
from globscope.files.read_vtk import STARTS, read_vtk
from globscope.reading import SEPARATORS, names_in_npz, read_json, read_npz
from globscope.store import written_files
from globscope.values.landscape import Landscape

ZIP, BOM = b"PK", b"\xef\xbb\xbf"
# Bytes in which the kind of a file shows: VTK's may have comments before its first element.
START = 2**14
ACCEPTED = (
    "accepted: an .npz with 'values' (a lattice), with 'points' and 'values', with landscaper's 'loss' and "
    "'coordinates', or of a run's landscapes/; the HDF5 surface of tomgoldstein/loss-landscape; VTK's .vti, .vtu and "
    ".vtp; CSV with columns x, y, z or x1, x2 … and fields"
)

# The arrays that identify a kind of .npz, optional ones (None: any), and its reader; the first match counts.
KINDS: tuple[tuple[set[str], set[str] | None, Callable[[Path, Arrays], Landscape]], ...] = (
    ({"points", "values"}, {"edges"}, scattered_values),
    ({"values"}, {"edges"}, lattice_values),
    ({"loss", "coordinates"}, set(), read_landscaper),
    ({"points", "trusted"}, None, run_landscape),
)


def read_landscape(path: Path, field: str | None = None) -> Landscape:
    """Return the landscape of a file. Its samples are numbered in the C order of the file's arrays, or as its rows.

    Args:
        path: Where the file is.
        field: Name of the field that is wanted, so that a message says why an array of this name is none.

    Raises:
        FileError: It holds no landscape; the message says what is wrong and what is accepted.
    """
    if not path.is_file():
        raise FileError(f"{path}: {'is a folder' if path.is_dir() else 'there is no such file'}; {ACCEPTED}")
    with path.open("rb") as opened:
        start = opened.read(START)
    if start.startswith(HDF5):
        return read_classic(path)
    if start.startswith(ZIP):
        return _read_npz_landscape(path)
    text = start.removeprefix(BOM).lstrip()
    if text.startswith(STARTS):
        return read_vtk(path, text, field)
    if not _is_table(text):
        raise FileError(f"{path}: is of no known kind; {ACCEPTED}")
    return read_point_table(path, field)


def _is_table(start: bytes) -> bool:
    """Return whether a file may be CSV: text whose first line has a separator."""
    first = start.partition(b"\n")[0]
    return b"\0" not in start and any(separator.encode() in first for separator in SEPARATORS)


def _read_npz_landscape(path: Path) -> Landscape:
    names = names_in_npz(path)
    for required, optional, reader in KINDS:
        if required <= set(names):
            known = (name for name in names if optional is None or name in required | optional)
            return reader(path, read_npz(path, known))
    held = ", ".join(map(repr, sorted(names))) or "no array"
    raise FileError(f"{path}: holds {held}; {ACCEPTED}")


@define(frozen=True, kw_only=True)
class RunFiles:
    """The files of a run's folder, by their names without suffix.

    Attributes:
        landscapes: The landscapes in `landscapes/`.
        basins: For each landscape, (n,) basins of the samples in the simplified trees, by topology's name.
        trees: The JSON of merge trees in `topology/`; `landscape` names the landscape of a tree.
        members: The members' points in `members/`.
    """

    landscapes: Mapping[str, Landscape] = field(repr=False)
    basins: Mapping[str, Mapping[str, np.ndarray]] = field(repr=False)
    trees: Mapping[str, Mapping[str, Any]] = field(repr=False)
    members: Mapping[str, MemberPoints] = field(repr=False)


def read_run_files(folder: Path) -> RunFiles:
    """Return the files of a run's folder.

    Raises:
        RunError: A file is missing, damaged or edited.
    """
    paths = {path.stem: path for path in written_files(folder, "landscapes")}
    return RunFiles(
        landscapes={stem: read_landscape(path) for stem, path in paths.items()},
        basins={stem: _basins(path) for stem, path in paths.items()},
        trees={path.stem: read_json(path) for path in written_files(folder, "topology")},
        members={path.stem: read_member_points(path) for path in written_files(folder, "members")},
    )


def _basins(path: Path) -> dict[str, np.ndarray]:
    return read_npz(path, [name for name in names_in_npz(path) if name.startswith(BASIN)])
