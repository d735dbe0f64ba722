"""The basin of a merge tree in which a network lies, if the map shows that network."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from attrs import define, field

from globscope.topology.surroundings import Surroundings
from globscope.values.findings import Map
from globscope.values.landscape import Landscape
from globscope.values.topology import Topology

# Why a map does not show a network.
PATH = "the samples are a path"
"""Why a map does not show a network: its samples are a path, which has no basins."""
OFF_SLICE = "not on the slice"
"""Why a map does not show a network: the map is a slice, in whose plane the network does not lie."""
UNKNOWN = "the loss of the network itself was not measured"
LOSS = "the decoded network has another loss"
FAR = "the decoded network lies far from the network itself"
OUTSIDE = "no finite sample lies beside the point"
BETWEEN = "the basin lies between the samples"
EXTRAPOLATED = "the lowest sample beside it lies outside the trusted region"
# A gap below this share of a network's own loss does not count, however small the persistence threshold is.
ROUNDING = 1e-2


@define(frozen=True, kw_only=True)
class Depiction:
    """n networks, and what a map shows of them.

    Attributes:
        points: (n, d) latent coordinates.
        own: (n,) values of the topology's field for the networks themselves.
        decoded: (n,) values of the field for the networks that their points decode to.
        distance: (n,) distances in weight space from each network to the one that its point decodes to.
        elsewhere: (n,) whether a slice shows only their projection.
    """

    points: np.ndarray = field(eq=False, repr=False)
    own: np.ndarray = field(eq=False, repr=False)
    decoded: np.ndarray = field(eq=False, repr=False)
    distance: np.ndarray = field(eq=False, repr=False)
    elsewhere: np.ndarray = field(eq=False, repr=False)

    @property
    def gaps(self) -> np.ndarray:
        """(n,) |decoded − own|; NaN where both are infinite."""
        with np.errstate(invalid="ignore"):
            gaps: np.ndarray = np.abs(self.decoded - self.own)
        return gaps


@define(frozen=True, kw_only=True)
class Membership:
    """The basins of n networks.

    Attributes:
        basins: (n,) vertex of the minimum in whose basin each lies; −1 where the map does not show the network.
        reasons: n reasons why the map does not show the network; empty where it does.
    """

    basins: np.ndarray = field(eq=False)
    reasons: tuple[str, ...]


def depiction(map_: Map, name: str, rows: Sequence[int]) -> Depiction:
    """Return what a map with an inverse shows of some of its members, in one field."""
    chosen, unknown = list(rows), np.full(len(map_.population.members), np.nan)
    return Depiction(
        points=map_.chart.latents[chosen],
        own=map_.truth.get(name, unknown)[chosen],
        decoded=map_.decoded.get(name, unknown)[chosen],
        distance=map_.residual[chosen],
        elsewhere=map_.elsewhere[chosen],
    )


def last_networks(map_: Map, landscape: Landscape, topology: Topology) -> Membership:
    """Return the basins of the variants' final networks on a map, in the variants' order."""
    return membership(map_, landscape, topology, depiction(map_, topology.field, map_.population.finals))


def runs_by_basin(map_: Map, landscape: Landscape, topology: Topology) -> dict[int, list[str]]:
    """Return, for the minimum of every basin, the variants whose final network lies in it."""
    runs: dict[int, list[str]] = {int(minimum): [] for minimum in topology.tree.minima}
    basins = last_networks(map_, landscape, topology).basins.tolist()
    for variant, basin in zip(map_.population.variants, basins, strict=True):
        if basin >= 0:
            runs[basin].append(variant)
    return runs


def membership(map_: Map, landscape: Landscape, topology: Topology, networks: Depiction) -> Membership:
    """Return in which basin each network lies; a network belongs to one only where the map shows that network.

    Its decoded point is inserted among the samples around it. It lies in the basin of the lowest of these where

    - its decoded loss differs from its own by no more than the persistence threshold, which is the smallest difference
      that the tree resolves (or a hundredth of its own loss, where that is more);
    - the network that it decodes to is as near to it as trusted samples are to a member;
    - that sample is trusted;
    - it drains to that sample, or lies in a dent of its own of no more than the threshold.

    The way from there to the basin's minimum climbs no more than the threshold, as the tree is made. It need not be
    trusted: its samples are networks whose values were measured, so it is as low as it looks, wherever it leads. Only
    of a wall is it doubtful whether it is there, or the decoder's invention.

    On a slice every sample is trusted, and networks that are not on it are in no basin. A path has no basins.
    """
    locator = BasinLocator(landscape, topology)
    cases = _cases(map_, locator, networks)
    pairs = [(-1, reason) if reason else locator.basin(point, loss) for reason, point, loss in cases]
    return Membership(basins=np.array([basin for basin, _ in pairs], int), reasons=tuple(reason for _, reason in pairs))


def _cases(map_: Map, locator: "BasinLocator", networks: Depiction) -> list[tuple[str, np.ndarray, float]]:
    """Return for each network why it cannot be shown with any samples, its point, and its decoded loss."""
    own, shape = networks.own, locator.landscape.samples.shape
    # No share of an infinite loss is a gap that could be allowed.
    allowed = np.maximum(locator.topology.threshold, np.where(np.isfinite(own), ROUNDING * np.abs(own), 0))
    is_path = shape is not None and len(shape) < map_.chart.dimension
    far = ~map_.is_near(networks.distance)
    rules = (
        (np.full(len(own), is_path), PATH),
        (networks.elsewhere, OFF_SLICE),
        (np.isnan(own), UNKNOWN),
        (~(networks.gaps <= allowed), LOSS),
        (far, FAR),
    )
    reasons = [next((reason for mask, reason in rules if mask[row]), "") for row in range(len(own))]
    return list(zip(reasons, networks.points, networks.decoded.tolist(), strict=True))


@define(frozen=True, slots=False)
class BasinLocator:
    """Finds the basin of a point among a landscape's samples.

    Attributes:
        landscape: The samples and their fields.
        topology: The merge tree of one of the fields.
    """

    landscape: Landscape = field(repr=False)
    topology: Topology = field(repr=False)

    @cached_property
    def _values(self) -> np.ndarray:
        return np.asarray(self.landscape.fields[self.topology.field], float)

    @cached_property
    def _surroundings(self) -> Surroundings:
        return Surroundings.of(self.landscape.samples)

    def basin(self, point: np.ndarray, loss: float) -> tuple[int, str]:
        """Return the minimum in whose basin a point with this loss lies, or −1 and the reason why there is none."""
        around = self._surroundings.around(point)
        around = around[self.topology.tree.basin[around] >= 0]
        if not len(around):
            return -1, OUTSIDE
        lowest = int(around[self._values[around].argmin()])
        if self._own_depth(lowest, loss) > self.topology.threshold:
            return -1, BETWEEN
        if not self.landscape.trusted[lowest]:
            return -1, EXTRAPOLATED
        return int(self.topology.tree.basin[lowest]), ""

    def _own_depth(self, lowest: int, loss: float) -> float:
        """Return the persistence of the branch that ends where a new vertex meets its lowest neighbour.

        The younger of the two branches ends there: that of the vertex, or that of the sample.
        """
        rim, floor = self._values[lowest], self._values[self.topology.full.basin[lowest]]
        return float(rim - max(loss, floor))
