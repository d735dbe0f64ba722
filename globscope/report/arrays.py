"""The numbers behind the figures, under readable names: landscapes as npz, merge trees as JSON."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from globscope.files.tree import record
from globscope.report.text import Names
from globscope.store import write_arrays, write_json
from globscope.values.findings import Atlas
from globscope.values.landscape import Landscape
from globscope.values.topology import Topology


def write_values(folder: Path, atlas: Atlas) -> None:
    """Write `landscapes/*.npz` and `topology/*.json`; each file whole or not at all."""
    names = Names()
    for place in ("landscapes", "topology"):
        (folder / place).mkdir(exist_ok=True)
    for drawn in atlas.maps:
        for sampler, scape in drawn.landscapes.items():
            stem = names.unique(drawn.name, sampler)
            write_arrays(folder / "landscapes" / f"{stem}.npz", dict(_landscape(scape, drawn.chart.latents)))
            for name, topology in drawn.topologies.get(sampler, {}).items():
                tree = names.unique(drawn.name, sampler, name)
                write_json(folder / "topology" / f"{tree}.json", _topology(topology))


def _landscape(scape: Landscape, latents: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    yield "points", scape.samples.points
    yield "member_latents", latents
    yield "distance_to_member", scape.distance_to_member
    yield "trusted", scape.trusted
    if scape.samples.index is not None:
        yield "index", scape.samples.index
    if scape.cycle_error is not None:
        yield "cycle_error", scape.cycle_error
    yield from scape.fields.items()


def _topology(topology: Topology) -> Mapping[str, Any]:
    about = {"field": topology.field, "threshold": topology.threshold, "left_out": topology.left_out}
    return about | {"simplified": record(topology.tree), "full": record(topology.full)}
