"""The numbers behind the figures, under readable names: landscapes as npz, merge trees as JSON, members as CSV."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from globscope.files.members import tracks
from globscope.files.plain import ARC, BASIN
from globscope.files.tree import record
from globscope.report.style.text import Names
from globscope.store import own_folder, write_arrays, write_bytes, write_json
from globscope.values.findings import Atlas
from globscope.values.landscape import Landscape
from globscope.values.topology import Topology


def write_values(folder: Path, atlas: Atlas) -> None:
    """Write `landscapes/*.npz`, `topology/*.json` and `members/*.csv`; each file whole or not at all."""
    names, runs = Names(), Names()
    for place in ("landscapes", "topology", "members"):
        own_folder(folder, place)
    fitted = [row for row, member in enumerate(atlas.population.members) if member.in_fit]
    truth = {name: values[fitted] for name, values in atlas.truth.items()}
    for drawn in atlas.maps:
        listed = tracks(drawn.population.members, drawn.chart.latents, truth).csv
        write_bytes(folder / "members" / f"{runs.unique(drawn.name)}.csv", listed.encode())
        for sampler, scape in drawn.landscapes.items():
            stem, topologies = names.unique(drawn.name, sampler), drawn.topologies.get(sampler, {})
            write_arrays(
                folder / "landscapes" / f"{stem}.npz", dict(_landscape(scape, drawn.chart.latents, topologies))
            )
            for name, topology in topologies.items():
                tree = names.unique(drawn.name, sampler, name)
                told = {"landscape": stem, "map": drawn.name, "sampler": sampler, "topology": name}
                write_json(folder / "topology" / f"{tree}.json", told | _topology(topology))


def _landscape(
    scape: Landscape, latents: np.ndarray, topologies: Mapping[str, Topology]
) -> Iterator[tuple[str, np.ndarray]]:
    yield "points", scape.samples.points
    yield "member_latents", latents
    yield "distance_to_member", scape.distance_to_member
    yield "trusted", scape.trusted
    if scape.samples.index is not None and scape.samples.shape is not None:
        yield "index", scape.samples.index
        yield "shape", np.array(scape.samples.shape)
    if scape.cycle_error is not None:
        yield "cycle_error", scape.cycle_error
    for name, topology in topologies.items():
        yield f"{BASIN}{name}", topology.tree.basin
        yield f"{ARC}{name}", topology.tree.arc
    yield from scape.fields.items()


def _topology(topology: Topology) -> dict[str, Any]:
    about = {"field": topology.field, "threshold": topology.threshold, "left_out": topology.left_out}
    if topology.noise:
        within = topology.tree.pairs[topology.within_noise, 0].tolist()
        about |= {"noise": topology.noise, "minima_within_noise": within}
    return about | {"simplified": record(topology.tree), "full": record(topology.full)}
