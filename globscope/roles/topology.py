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
    """What a topology may have, with what holds where it is absent.

    Attributes:
        field: The field that it condenses; a name that the task does not measure is refused.
    """

    field: str | None = None
