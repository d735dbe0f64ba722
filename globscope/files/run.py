"""What a finished run's folder holds for others: landscapes, merge trees, members."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field

from globscope.files.members import Tracks
from globscope.files.members import read as read_members
from globscope.files.plain import BASIN
from globscope.files.read import read
from globscope.reading import names_in_npz, read_json, read_npz
from globscope.store import written_files
from globscope.values.landscape import Landscape


@define(frozen=True, kw_only=True)
class Kept:
    """The values of a run's folder, by their files' stems.

    Attributes:
        landscapes: Of `landscapes/`.
        basins: Of each landscape: the simplified trees' basin by sample, by topology's name.
        trees: Of `topology/`, as JSON; `landscape` is the stem of the one that a tree belongs to.
        tracks: Of `members/`.
    """

    landscapes: Mapping[str, Landscape] = field(repr=False)
    basins: Mapping[str, Mapping[str, np.ndarray]] = field(repr=False)
    trees: Mapping[str, Mapping[str, Any]] = field(repr=False)
    tracks: Mapping[str, Tracks] = field(repr=False)


def kept(folder: Path) -> Kept:
    """Return what a run's folder holds.

    Raises:
        RunError: A file is not there, damaged or edited.
    """
    scapes = {path.stem: path for path in written_files(folder, "landscapes")}
    return Kept(
        landscapes={stem: read(path) for stem, path in scapes.items()},
        basins={stem: _basins(path) for stem, path in scapes.items()},
        trees={path.stem: read_json(path) for path in written_files(folder, "topology")},
        tracks={path.stem: read_members(path) for path in written_files(folder, "members")},
    )


def _basins(path: Path) -> dict[str, np.ndarray]:
    return read_npz(path, [name for name in names_in_npz(path) if name.startswith(BASIN)])
