"""The files beside the page, under readable names: tables, landscapes, merge trees and members."""

import csv
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field

from globscope.files.plain import ARC, BASIN
from globscope.files.table import escape_formula
from globscope.files.tree import adjacency_record, tree_record
from globscope.report.page.members import members_of
from globscope.report.style.text import Names
from globscope.store import own_folder, write_arrays, write_bytes, write_json
from globscope.values.chart import Chart
from globscope.values.findings import Atlas, Table
from globscope.values.landscape import Landscape
from globscope.values.space import PrincipalSpace, SpanSpace
from globscope.values.topology import Topology


@define(frozen=True)
class TableFiles:
    """The `tables/` of a run folder; no two tables get one file."""

    _folder: Path
    _names: Names = field(factory=Names)

    @classmethod
    def of(cls, folder: Path) -> "TableFiles":
        """Return those of a run folder, which is GlobScope's own."""
        own_folder(folder, "tables")
        return cls(folder)

    def write(self, table: Table, *source: str) -> str:
        """Write a table as CSV; return its path in the run folder, made of its name and of where it comes from."""
        path = f"tables/{self._names.unique(*source, table.name)}.csv"
        write_bytes(self._folder / path, as_csv(table).encode())
        return path


def as_csv(table: Table) -> str:
    """Return a table as CSV: full precision, and nothing between the commas for a missing figure."""
    text = StringIO(newline="")
    writer = csv.DictWriter(text, table.columns, restval="", extrasaction="ignore")
    writer.writerow({key: escape_formula(key) for key in table.columns})
    writer.writerows({key: _csv_cell(row.get(key)) for key in table.columns} for row in table.rows)
    return text.getvalue()


def _csv_cell(value: object) -> object:
    return "" if value is None else escape_formula(value)


def write_values(folder: Path, atlas: Atlas) -> None:
    """Write `landscapes/*.npz`, `topology/*.json` and `members/*.csv`; each file whole or not at all."""
    names, runs = Names(), Names()
    for place in ("landscapes", "topology", "members"):
        own_folder(folder, place)
    for map_ in atlas.maps:
        listed = members_of(map_, atlas).csv
        write_bytes(folder / "members" / f"{runs.unique(map_.name)}.csv", listed.encode())
        for sampler, landscape in map_.landscapes.items():
            stem, topologies = names.unique(map_.name, sampler), map_.topologies.get(sampler, {})
            write_arrays(folder / "landscapes" / f"{stem}.npz", dict(_landscape(landscape, map_.chart, topologies)))
            for name, topology in topologies.items():
                tree = names.unique(map_.name, sampler, name)
                names_of = {"landscape": stem, "map": map_.name, "sampler": sampler, "topology": name}
                write_json(folder / "topology" / f"{tree}.json", names_of | _topology(topology))


def _landscape(
    landscape: Landscape, chart: Chart, topologies: Mapping[str, Topology]
) -> Iterator[tuple[str, np.ndarray]]:
    yield "points", landscape.samples.points
    yield "member_latents", chart.latents
    yield "distance_to_member", landscape.distance_to_member
    yield "trusted", landscape.trusted
    if landscape.samples.index is not None and landscape.samples.shape is not None:
        yield "index", landscape.samples.index
        yield "shape", np.array(landscape.samples.shape)
    optional = {
        "cycle_error": landscape.cycle_error,
        "edges": landscape.samples.edges,
        "gradients": landscape.gradients,
    }
    yield from ((name, array) for name, array in optional.items() if array is not None)
    if chart.extent is not None and chart.decode is not None and isinstance(chart.space, SpanSpace | PrincipalSpace):
        yield "barycentric", chart.space.barycentric(chart.decode(landscape.samples.points))
    for name, topology in topologies.items():
        yield f"{BASIN}{name}", topology.tree.basin
        yield f"{ARC}{name}", topology.tree.arc
    yield from landscape.fields.items()


def _topology(topology: Topology) -> dict[str, Any]:
    about: dict[str, Any] = {"field": topology.field, "threshold": topology.threshold, "left_out": topology.left_out}
    about |= adjacency_record(topology)
    if topology.leaves_by_neighbours:
        about["leaves_by_neighbours"] = dict(topology.leaves_by_neighbours)
    if topology.noise:
        within = topology.tree.pairs[topology.within_noise, 0].tolist()
        about |= {"noise": topology.noise, "minima_within_noise": within}
    return about | {"simplified": tree_record(topology.tree), "full": tree_record(topology.full)}
