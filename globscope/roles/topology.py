"""What condenses a landscape."""

from typing import Protocol

from attrs import define

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
    """

    field: str | None = None
