"""Finished runs as their folders hold them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field

from globscope.errors import FileError
from globscope.files.plain import ARC, BASIN
from globscope.files.read import read
from globscope.files.run import AGAIN
from globscope.files.tree import restored
from globscope.reading import read_json, read_npz
from globscope.session import results
from globscope.values.landscape import Landscape
from globscope.values.topology import Topology

Names = tuple[str, str, str]


@define(frozen=True, kw_only=True)
class Finished:
    """A finished run.

    Attributes:
        name: What tables and pictures call it.
        folder: Of the run.
        record: Its results.
        trees: The files of its merge trees by the names of map, sampler and topology, in the run's order.
    """

    name: str
    folder: Path
    record: Mapping[str, Any] = field(repr=False)
    trees: Mapping[Names, Path] = field(repr=False)

    @classmethod
    def of(cls, folder: Path, name: str) -> "Finished":
        """Return the run in a folder.

        Raises:
            RunError: There is no finished run.
            FileError: An earlier version wrote it.
        """
        record = results(folder)
        trees = {_names(path): path for path in sorted((folder / "topology").glob("*.json"))}
        order = [one["name"] for one in record["reducers"]]
        kept = sorted(trees, key=lambda names: order.index(names[0]) if names[0] in order else len(order))
        return cls(name=name, folder=folder, record=record, trees={names: trees[names] for names in kept})

    @property
    def maps(self) -> tuple[str, ...]:
        """The maps' names."""
        return tuple(one["name"] for one in self.record["reducers"])

    def topology(self, names: Names) -> tuple[Landscape, Topology]:
        """Return a merge tree with its landscape; the unsimplified one knows pairs alone, no samples.

        Raises:
            FileError: A file is damaged.
        """
        told, nothing = _read(self.trees[names]), np.empty(0, int)
        path = self.folder / "landscapes" / f"{told['landscape']}.npz"
        arrays = read_npz(path, [BASIN + names[2], ARC + names[2]])
        try:
            tree = restored(told["simplified"], arrays[BASIN + names[2]], arrays[ARC + names[2]])
            full = restored(told["full"], nothing, nothing)
        except KeyError as error:
            raise FileError(f"{self.folder}: an earlier version wrote this run's report; {AGAIN}") from error
        about = {name: told[name] for name in ("field", "threshold", "left_out")}
        return read(path), Topology(**about, tree=tree, full=full, noise=told.get("noise", 0.0))

    def landscapes(self) -> dict[str, Path]:
        """Return the files of its landscapes by stem."""
        return {path.stem: path for path in sorted((self.folder / "landscapes").glob("*.npz"))}


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = read_json(path)
    except FileError as error:
        raise FileError(f"{error}; {AGAIN}") from error
    return found


def _names(path: Path) -> Names:
    told = _read(path)
    if not {"map", "sampler", "topology"} <= told.keys():
        raise FileError(f"{path.parent.parent}: an earlier version wrote this run's report; {AGAIN}")
    return told["map"], told["sampler"], told["topology"]
