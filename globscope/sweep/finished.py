"""Finished runs, read from their folders."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field

from globscope.files.plain import ARC, BASIN
from globscope.files.read import read_landscape
from globscope.files.tree import tree_from_record
from globscope.reading import read_npz
from globscope.session.finished_run import results
from globscope.store import read_json, written_file, written_files
from globscope.values.landscape import Landscape
from globscope.values.topology import Topology

Names = tuple[str, str, str]


@define(frozen=True, kw_only=True)
class FinishedRun:
    """A finished run.

    Attributes:
        name: Its name in tables and pictures.
        folder: Folder of the run.
        record: Its results, as one JSON object.
        trees: The files of its merge trees by the names of map, sampler and topology, in the run's order.
    """

    name: str
    folder: Path
    record: Mapping[str, Any] = field(repr=False)
    trees: Mapping[Names, Path] = field(repr=False)

    @classmethod
    def of(cls, folder: Path, name: str) -> "FinishedRun":
        """Return the run in a folder.

        Raises:
            RunError: There is no finished run, or a file of it is damaged or edited.
        """
        record = results(folder)
        trees = {_names(path): path for path in written_files(folder, "topology")}
        order = [reducer["name"] for reducer in record["reducers"]]
        ordered = sorted(trees, key=lambda names: order.index(names[0]) if names[0] in order else len(order))
        return cls(name=name, folder=folder, record=record, trees={names: trees[names] for names in ordered})

    @property
    def maps(self) -> tuple[str, ...]:
        """The maps' names."""
        return tuple(reducer["name"] for reducer in self.record["reducers"])

    def topology(self, names: Names) -> tuple[Landscape, Topology]:
        """Return a landscape and its topology; the full tree has pairs only, no samples.

        Raises:
            RunError: A file is damaged or edited.
        """
        record, nothing = read_json(self.trees[names]), np.empty(0, int)
        path = written_file(self.folder, f"landscapes/{record['landscape']}.npz")
        arrays = read_npz(path, [BASIN + names[2], ARC + names[2]])
        tree = tree_from_record(record["simplified"], arrays[BASIN + names[2]], arrays[ARC + names[2]])
        full = tree_from_record(record["full"], nothing, nothing)
        settings = {name: record[name] for name in ("field", "threshold", "left_out")}
        return read_landscape(path), Topology(**settings, tree=tree, full=full, noise=record.get("noise", 0.0))

    def landscapes(self) -> dict[str, Path]:
        """Return the files of its landscapes by stem."""
        return {path.stem: path for path in written_files(self.folder, "landscapes")}


def _names(path: Path) -> Names:
    record = read_json(path)
    return record["map"], record["sampler"], record["topology"]
