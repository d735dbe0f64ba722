"""The files of a finished run for other programs: landscapes, merge trees, members."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field

from globscope.files.member_points import MemberPoints, read_member_points
from globscope.files.plain import BASIN
from globscope.files.read import read_landscape
from globscope.reading import names_in_npz, read_json, read_npz
from globscope.store import written_files
from globscope.values.landscape import Landscape


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
