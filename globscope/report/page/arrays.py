"""The numbers behind the figures, under readable names: landscapes as npz, merge trees as JSON, members as CSV."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from globscope.files.member_points import member_points
from globscope.files.plain import ARC, BASIN
from globscope.files.tree import tree_record
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
    for map_ in atlas.maps:
        listed = member_points(map_.population.members, map_.chart.latents, truth).csv
        write_bytes(folder / "members" / f"{runs.unique(map_.name)}.csv", listed.encode())
        for sampler, landscape in map_.landscapes.items():
            stem, topologies = names.unique(map_.name, sampler), map_.topologies.get(sampler, {})
            write_arrays(
                folder / "landscapes" / f"{stem}.npz", dict(_landscape(landscape, map_.chart.latents, topologies))
            )
            for name, topology in topologies.items():
                tree = names.unique(map_.name, sampler, name)
                names_of = {"landscape": stem, "map": map_.name, "sampler": sampler, "topology": name}
                write_json(folder / "topology" / f"{tree}.json", names_of | _topology(topology))


def _landscape(
    landscape: Landscape, latents: np.ndarray, topologies: Mapping[str, Topology]
) -> Iterator[tuple[str, np.ndarray]]:
    yield "points", landscape.samples.points
    yield "member_latents", latents
    yield "distance_to_member", landscape.distance_to_member
    yield "trusted", landscape.trusted
    if landscape.samples.index is not None and landscape.samples.shape is not None:
        yield "index", landscape.samples.index
        yield "shape", np.array(landscape.samples.shape)
    if landscape.cycle_error is not None:
        yield "cycle_error", landscape.cycle_error
    for name, topology in topologies.items():
        yield f"{BASIN}{name}", topology.tree.basin
        yield f"{ARC}{name}", topology.tree.arc
    yield from landscape.fields.items()


def _topology(topology: Topology) -> dict[str, Any]:
    about = {"field": topology.field, "threshold": topology.threshold, "left_out": topology.left_out}
    if topology.noise:
        within = topology.tree.pairs[topology.within_noise, 0].tolist()
        about |= {"noise": topology.noise, "minima_within_noise": within}
    return about | {"simplified": tree_record(topology.tree), "full": tree_record(topology.full)}
