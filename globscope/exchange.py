"""Landscapes from and to other programs: the topology of a file, a finished run's files for others."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, evolve, field

from globscope.boundary import component_errors
from globscope.errors import FileError, SpecError, near
from globscope.files.export import FORMATS, Written
from globscope.files.read import read
from globscope.files.run import kept
from globscope.files.tree import record
from globscope.registry import Registry, installed
from globscope.report.topology.figures import write_topology
from globscope.roles import TopologyMethod
from globscope.session import results
from globscope.spec.entries import Entries
from globscope.spec.structure import converter
from globscope.store import claim
from globscope.values.landscape import Landscape
from globscope.values.topology import Topology

# What is taken of a file's several fields unless another is named.
USUAL = "train_loss"
# The threshold that is usual in specs.
PERSISTENCE = 0.1


@define(frozen=True, kw_only=True)
class Condensed:
    """The topology of a file's landscape.

    Attributes:
        path: The file.
        landscape: What it holds; samples are numbered in the C order of its arrays.
        topology: Of one of its fields.
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
        """The simplified tree with what it belongs to, as one JSON object."""
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
            **record(self.topology.tree),
        }

    def write(self, folder: Path) -> None:
        """Write the record and the pictures into a folder."""
        claim(folder, "topology")
        values = self.landscape.fields[self.topology.field]
        write_topology(folder, self.path.name, values, self.topology, self.record)


def condense(
    path: str | Path,
    *,
    persistence: float = PERSISTENCE,
    raw: bool = False,
    field: str | None = None,
    backend: str = "gudhi",
    adjacency: str | None = None,
    registry: Registry | None = None,
) -> Condensed:
    """Return the merge tree of a file's landscape.

    Args:
        path: Of any kind that `globscope.files.read` knows.
        persistence: Pairs whose death − birth is at most this are removed; absolute, in the field's unit.
        raw: Keep every pair, zero persistence included.
        field: Of the file's; `train_loss`, or the only one, where unset.
        backend: Name of the topology component.
        adjacency: Option of the component; its own default where unset.
        registry: Where the component comes from; all that is installed, where unset.

    Raises:
        FileError: The file holds no landscape.
        SpecError: There is no such component, or it refuses an option.
        PluginError: Another package's component failed.
    """
    where, scape = Path(path), read(Path(path))
    chosen = _field(where, scape, field)
    options = {"use": backend, "field": chosen, "persistence": 0.0 if raw else persistence, "adjacency": adjacency}
    found_in = registry or installed()
    method = _method(found_in, {name: value for name, value in options.items() if value is not None})
    if not np.isfinite(scape.fields[chosen]).any():
        raise FileError(f"{where}: no value of {chosen!r} is finite, so there is nothing to sweep")
    found = _computed(found_in, method, scape)
    topology = evolve(found, tree=found.full) if raw else found
    return Condensed(path=where, landscape=scape, topology=topology, backend=backend, raw=raw)


def _computed(registry: Registry, method: TopologyMethod, scape: Landscape) -> Topology:
    # A persistence beyond the largest float is infinite, so above any threshold.
    with component_errors(registry, method), np.errstate(over="ignore"):
        return method.compute(scape)


def _field(path: Path, scape: Landscape, asked: str | None) -> str:
    names = list(scape.fields)
    if asked is None and (len(names) == 1 or USUAL in names):
        return USUAL if USUAL in names else names[0]
    if asked in names:
        return str(asked)
    if asked is None:
        raise FileError(f"{path}: has several fields, {', '.join(names)}; choose one by --field")
    raise FileError(f"{path}: has no field {asked!r}; {near(asked, names)}")


def _method(registry: Registry, options: Mapping[str, Any]) -> TopologyMethod:
    problems: list[tuple[str, str]] = []
    entry = Entries(registry, converter(Path.cwd()), problems).entry("topology", options, "")
    problems = [(place.lstrip("."), text) for place, text in problems]
    if problems or entry is None:
        raise SpecError(f"--{'backend' if place == 'use' else place}: {text}" for place, text in problems)
    method: TopologyMethod = entry.component
    return method


def export(run: str | Path, formats: Sequence[str], folder: str | Path | None = None) -> list[Written]:
    """Return what became of a finished run's landscapes, trees and members in other programs' formats.

    Args:
        run: The run's folder.
        formats: Of `globscope.files.export.FORMATS`.
        folder: Where the files go; `export/` in the run's folder where unset.

    Raises:
        RunError: There is no finished run.
        FileError: There is no such format, its package is not installed, or it holds nothing of this run.
    """
    results(Path(run))
    for name in formats:
        if name not in FORMATS:
            raise FileError(f"--format: there is no {name!r}; {near(name, FORMATS)}")
    values, target = kept(Path(run)), Path(folder) if folder else Path(run) / "export"
    claim(target, "export")
    return [written for name in formats for written in FORMATS[name](values, target)]
