"""What a map shows of each member: columns of `members/*.csv`, beside the members' own scores."""

from collections.abc import Iterator

import numpy as np

from globscope.files.member_points import MemberPoints, member_points
from globscope.topology.membership import depiction, membership
from globscope.values.findings import Atlas, Map


def members_of(map_: Map, atlas: Atlas) -> MemberPoints:
    """Return the members in the fit of a map, as its file has them."""
    fitted = [row for row, member in enumerate(atlas.population.members) if member.in_fit]
    truth = {name: values[fitted] for name, values in atlas.truth.items()}
    return member_points(map_.population.members, map_.chart.latents, truth | member_figures(map_))


def member_figures(map_: Map) -> dict[str, np.ndarray]:
    """Return (N,) figures by name.

    They are the fields of the network that each member's point decodes to (`decoded_<field>`), the distance to it in
    weight space (`distance_to_decoded`), whether that is within the map's trust radius and a slice holds the member
    (`trusted`, 0 or 1), and of each landscape the nearest sample (`sample_<sampler>`) and the minimum of the basin in
    which each merge tree shows the member (`basin_<sampler>_<topology>`; −1 in none).
    """
    decoded = {f"decoded_{key}": values for key, values in map_.decoded.items()}
    trusted = map_.is_near(map_.residual) & ~map_.elsewhere
    about = {"distance_to_decoded": map_.residual, "trusted": trusted.astype(int)}
    return decoded | (about if map_.reconstruction is not None else {}) | dict(_places(map_))


def _places(map_: Map) -> Iterator[tuple[str, np.ndarray]]:
    everyone = range(len(map_.chart.latents))
    for sampler, landscape in map_.landscapes.items():
        if len(landscape.samples.points):
            yield f"sample_{sampler}", landscape.nearest(map_.chart.latents)
        for name, topology in map_.topologies.get(sampler, {}).items():
            networks = depiction(map_, topology.field, everyone)
            yield f"basin_{sampler}_{name}", membership(map_, landscape, topology, networks).basins
