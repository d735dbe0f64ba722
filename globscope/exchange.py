"""Landscapes from and for other programs: the topology of a file, and a finished run in other formats."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
from attrs import define, evolve, field

from globscope.boundary import component_errors
from globscope.errors import FileError, SpecError, near
from globscope.files.export import FORMATS, ExportedFile
from globscope.files.level_sets import level_set_record
from globscope.files.read import read_landscape, read_run_files
from globscope.files.tree import adjacency_record, tree_record
from globscope.pipeline.stages.topology import with_adjacency
from globscope.registry import Registry, installed_registry
from globscope.report.pictures.level_sets import write_level_sets
from globscope.report.topology.figures import write_topology
from globscope.roles import TopologyMethod
from globscope.session.finished_run import results
from globscope.spec.entries import Entries
from globscope.spec.structure import converter
from globscope.store import LOCK, claim, remove_lock
from globscope.topology.level_sets import level_set_tree
from globscope.values.landscape import Landscape
from globscope.values.level_set_tree import LevelSetTree, TreeKind
from globscope.values.topology import Topology

# The field of a file that is used unless another is named.
USUAL = "train_loss"
# The usual threshold in specs.
PERSISTENCE = 0.1


@define(frozen=True, kw_only=True)
class CondensedFile:
    """The topology of a file's landscape.

    Attributes:
        path: Path of the file.
        landscape: The file's landscape; samples are numbered in the C order of its arrays.
        topology: The topology of one of its fields.
        backend: The component that computed it.
        raw: Whether the tree is that of every pair.
    """

    path: Path
    landscape: Landscape = field(repr=False)
    topology: Topology = field(repr=False)
    backend: str
    raw: bool = False

    @property
    def record(self) -> Mapping[str, Any]:
        """The simplified tree with its file, field and settings, as one JSON object."""
        return {**self.about, **tree_record(self.topology.tree)}

    @property
    def about(self) -> dict[str, Any]:
        """The file, the field and the settings."""
        shape = self.landscape.samples.shape
        return {
            "file": str(self.path),
            "field": self.topology.field,
            "backend": self.backend,
            "threshold": self.topology.threshold,
            "raw": self.raw,
            "samples": len(self.landscape.samples.points),
            "shape": list(shape) if shape else None,
            "left_out": self.topology.left_out,
            **adjacency_record(self.topology),
        }

    def write(self, folder: Path) -> None:
        """Write the record and the pictures into a folder."""
        claim(folder, "topology")
        values = self.landscape.fields[self.topology.field]
        write_topology(folder, self.path.name, values, self.topology, self.record)
        remove_lock(folder / LOCK)


@define(frozen=True, kw_only=True)
class LevelSetFile:
    """The split or contour tree of a file's landscape.

    Attributes:
        condensed: The file with its merge tree, whose samples, neighbours and threshold the tree has.
        tree: The tree, simplified at the threshold; with every branch if the merge tree is raw.
    """

    condensed: CondensedFile
    tree: LevelSetTree

    @classmethod
    def of(cls, condensed: CondensedFile, kind: str) -> "LevelSetFile":
        """Return the tree of a kind, `join`, `split` or `contour`.

        Raises:
            SpecError: There is no such kind.
        """
        if kind not in get_args(TreeKind):
            raise SpecError([f"--tree: there is no {kind!r}; {near(kind, get_args(TreeKind))}"])
        height = -1.0 if condensed.raw else None
        tree = level_set_tree(condensed.landscape, condensed.topology, cast("TreeKind", kind), height)
        return cls(condensed=condensed, tree=tree)

    @property
    def record(self) -> Mapping[str, Any]:
        """The tree with its file, field and settings, as one JSON object."""
        return self.condensed.about | level_set_record(self.tree, self.condensed.landscape, self.condensed.topology)

    def write(self, folder: Path) -> None:
        """Write the record and the pictures into a folder."""
        claim(folder, "topology")
        path, landscape, topology = self.condensed.path, self.condensed.landscape, self.condensed.topology
        write_level_sets(folder, path.name, self.tree, landscape=landscape, topology=topology, record=self.record)
        remove_lock(folder / LOCK)


def condense(
    path: str | Path,
    *,
    persistence: float = PERSISTENCE,
    raw: bool = False,
    field: str | None = None,
    backend: str = "gudhi",
    adjacency: str | None = None,
    registry: Registry | None = None,
) -> CondensedFile:
    """Return the merge tree of a file's landscape.

    Args:
        path: A file of any kind that `globscope.files.read` accepts.
        persistence: Pairs whose death − birth is at most this are removed; absolute, in the field's unit.
        raw: Keep every pair, zero persistence included.
        field: Name of the field; `train_loss`, or the only one, where unset.
        backend: Name of the topology component.
        adjacency: Option of the component; its own default where unset.
        registry: The components to choose from; all installed ones where unset.

    Raises:
        FileError: The file holds no landscape.
        SpecError: There is no such component, or it refuses an option.
        PluginError: Another package's component failed.
    """
    file, landscape = Path(path), read_landscape(Path(path), field)
    name = _field(file, landscape, field)
    options = {"use": backend, "field": name, "persistence": 0.0 if raw else persistence, "adjacency": adjacency}
    components = registry or installed_registry()
    method = _method(components, {name: value for name, value in options.items() if value is not None})
    if not np.isfinite(landscape.fields[name]).any():
        raise FileError(f"{file}: no value of {name!r} is finite, so there is nothing to sweep")
    computed = _compute(components, method, landscape)
    topology = evolve(computed, tree=computed.full) if raw else computed
    return CondensedFile(path=file, landscape=landscape, topology=topology, backend=backend, raw=raw)


def _compute(registry: Registry, method: TopologyMethod, landscape: Landscape) -> Topology:
    # A persistence beyond the largest float is infinite, so above any threshold.
    with component_errors(registry, method), np.errstate(over="ignore"):
        return with_adjacency(method.compute(landscape), method, landscape.samples)


def _field(path: Path, landscape: Landscape, name: str | None) -> str:
    names = list(landscape.fields)
    if name is None and (len(names) == 1 or USUAL in names):
        return USUAL if USUAL in names else names[0]
    if name in names:
        return str(name)
    if name is None:
        raise FileError(f"{path}: has several fields, {', '.join(names)}; choose one by --field")
    raise FileError(f"{path}: has no field {name!r}; {near(name, names)}")


def _method(registry: Registry, options: Mapping[str, Any]) -> TopologyMethod:
    problems: list[tuple[str, str]] = []
    entry = Entries(registry, converter(Path.cwd()), problems).entry("topology", options, "")
    problems = [(place.lstrip("."), text) for place, text in problems]
    if problems or entry is None:
        raise SpecError(f"--{'backend' if place == 'use' else place}: {text}" for place, text in problems)
    method: TopologyMethod = entry.component
    return method


def export(run: str | Path, formats: Sequence[str], folder: str | Path | None = None) -> list[ExportedFile]:
    """Write a finished run's landscapes, trees and members in other programs' formats; return what was written.

    Args:
        run: The run's folder.
        formats: Names in `globscope.files.export.FORMATS`.
        folder: Where the files go; `export/` in the run's folder where unset.

    Raises:
        RunError: There is no finished run.
        FileError: There is no such format, its package is not installed, or it holds nothing of this run.
    """
    results(Path(run))
    for name in formats:
        if name not in FORMATS:
            raise FileError(f"--format: there is no {name!r}; {near(name, FORMATS)}")
    run_files, target = read_run_files(Path(run)), Path(folder) if folder else Path(run) / "export"
    claim(target, "export")
    files = [written for name in formats for written in FORMATS[name](run_files, target)]
    remove_lock(target / LOCK)
    return files
