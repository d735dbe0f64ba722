"""The merge trees of maps, with the names under which tables and pictures have them."""

from collections.abc import Iterator, Sequence
from typing import Any

from attrs import define, field

from globscope.api import Landscape, Map, Topology

TREE = ("name", "sampler", "topology")


@define(frozen=True, kw_only=True)
class MapTree:
    """One merge tree of a map.

    Attributes:
        map: The map of whose landscape it is.
        sampler: Name of the sampler.
        name: Name of the topology.
        landscape: Landscape of the sampler.
        topology: The merge tree, simplified and whole.
    """

    map: Map
    sampler: str
    name: str
    landscape: Landscape = field(repr=False)
    topology: Topology

    @property
    def names(self) -> dict[str, Any]:
        """The columns of a table that say which tree it is."""
        return dict(zip(TREE, (self.map.name, self.sampler, self.name), strict=True))

    @property
    def where(self) -> str:
        """The map, and sampler and topology where it has several trees, as the end of a title."""
        alone = sum(map(len, self.map.topologies.values())) == 1
        return f"on {self.map.name}" if alone else f"on {self.map.name} ({self.sampler}, {self.name})"


def map_trees(maps: Sequence[Map]) -> Iterator[MapTree]:
    """Yield the merge trees of maps that have samples in them, in the maps' order."""
    for map_ in maps:
        for sampler, topologies in map_.topologies.items():
            for name, topology in topologies.items():
                if len(topology.full.nodes):
                    landscape = map_.landscapes[sampler]
                    yield MapTree(map=map_, sampler=sampler, name=name, landscape=landscape, topology=topology)
