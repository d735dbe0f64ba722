"""What condenses a landscape."""

from typing import Protocol

from attrs import define

from globscope.topology.adjacency import Adjacency
from globscope.values.landscape import Landscape
from globscope.values.topology import Topology


class TopologyMethod(Protocol):
    """Condenses a landscape's field into a merge tree."""

    def compute(self, landscape: Landscape) -> Topology:
        """Return the merge tree of one field; samples that are not finite are left out."""
        ...


@define(frozen=True, kw_only=True)
class TopologyTraits:
    """What a study knows of a topology: its class variable or property `traits`.

    Attributes:
        field: Name of the field that it condenses, such as `train_loss`; a name that the task does not measure is
            refused. None where it chooses itself.
        adjacency: Which samples are neighbours, by the rules of `globscope.api.neighbours`, so that the explorer can
            compute its tree for other thresholds; None where it has rules of its own.
        neighbours: Number of nearest samples for `knn` and `mutual-knn`; 4 for each axis if unset.
    """

    field: str | None = None
    adjacency: Adjacency | None = None
    neighbours: int | None = None
