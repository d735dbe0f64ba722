"""Networks that leave a study from a map: at a point, at a minimum of its merge tree, at a pass between two runs."""

from collections.abc import Sequence

import numpy as np
from attrs import define

from globscope.errors import RunError, near
from globscope.pipeline.take.choice import Choice, factors_in_space, trained_label
from globscope.topology.joins import pass_sample
from globscope.topology.membership import runs_by_basin
from globscope.values.findings import Map
from globscope.values.landscape import Landscape
from globscope.values.topology import Topology


@define(frozen=True, kw_only=True)
class MapTree:
    """A merge tree of a map.

    Attributes:
        map: The map whose samples are joined.
        sampler: Name of the sampler of its landscape.
        topology: The merge tree of one of the fields.
    """

    map: Map
    sampler: str
    topology: Topology

    @classmethod
    def of(cls, map_: Map, sampler: str | None = None, field: str | None = None) -> "MapTree":
        """Return the merge tree of a map for a sampler and a field; the first where unset.

        Raises:
            RunError: The map has no inverse, no such sampler, or no merge tree of this field.
        """
        require_inverse(map_)
        if sampler is not None and sampler not in map_.landscapes:
            raise RunError(f"map {map_.name!r} has no sampler {sampler!r}; {near(sampler, map_.landscapes)}")
        names = [sampler] if sampler is not None else list(map_.topologies)
        trees = [cls(map=map_, sampler=name, topology=one) for name in names for one in map_.topologies[name].values()]
        if not trees:
            raise RunError(f"map {map_.name!r} has no merge tree")
        for tree in trees:
            if field in (None, tree.topology.field):
                return tree
        raise RunError(f"map {map_.name!r} has no merge tree of {field!r}; {near(str(field), _fields(trees))}")

    @property
    def landscape(self) -> Landscape:
        """The samples of which it is the tree."""
        return self.map.landscapes[self.sampler]

    def minimum(self, number: int) -> Choice:
        """Return the network at a minimum, counted from 1, the lowest.

        Raises:
            RunError: There is no such minimum.
        """
        minima, field = self.topology.tree.minima.tolist(), self.topology.field
        if not 1 <= number <= len(minima):
            count = len(minima)
            known = f"known: 1, the lowest{f', to {count}' * (count > 1)}" if minima else "it has none"
            raise RunError(f"map {self.map.name!r} has no minimum {number} of {field}; {known}")
        vertex = int(minima[number - 1])
        runs = runs_by_basin(self.map, self.landscape, self.topology)[vertex]
        basin = {"runs that end in its basin": ", ".join(runs) or "none that the map shows"}
        return self._at(vertex, f"minimum {number} of {len(minima)} of {field} on the map {self.map.name}", basin)

    def pass_between(self, runs: tuple[str, str]) -> Choice:
        """Return the network at the highest point of the lowest path between two runs' final networks.

        Raises:
            RunError: A run does not exist, or no path joins them on the map.
        """
        variants = self.map.population.variants
        for name in runs:
            if name not in variants:
                raise RunError(f"pass: this study has no run {name!r}; {near(name, variants)}")
        rows = [self.map.population.of(name)[-1] for name in runs]
        vertex = pass_sample(self.map, self.landscape, self.topology, rows)
        where = f"between {runs[0]} and {runs[1]} on the map {self.map.name}"
        if vertex is None:
            raise RunError(f"pass: there is none {where}: it does not show both networks, or one point stands for both")
        return self._at(
            vertex, f"the pass of {self.topology.field} {where}", {"runs that it joins": " and ".join(runs)}
        )

    def _at(self, vertex: int, title: str, about: dict[str, str]) -> Choice:
        samples = self.landscape.samples.points
        # A chart that decodes a batch as a whole decodes a point of it elsewhere if it is alone.
        points = samples[[vertex]] if self.map.chart.pointwise else samples
        decoded = _decode(self.map, points)[[0 if self.map.chart.pointwise else vertex]]
        known = {key: float(values[vertex]) for key, values in self.landscape.fields.items()}
        about = {"sampler": self.sampler, **about}
        return _choice(self.map, samples[vertex], decoded, title=title, about=about, known=known)


def point_of_map(map_: Map, point: Sequence[float]) -> Choice:
    """Return the network to which a map decodes a point.

    Raises:
        RunError: The map has no inverse, or other axes.
    """
    require_inverse(map_)
    place = np.array(point, float)
    if place.shape != (map_.chart.dimension,):
        size, got = map_.chart.dimension, place.size
        axes = f"{size} {'axis' if size == 1 else 'axes'}, got {got} coordinate{'s' * (got != 1)}"
        raise RunError(f"at: map {map_.name!r} has {axes}")
    if not np.isfinite(place).all():
        raise RunError(f"at: {_numbers(place)} is no point; finite numbers are accepted")
    return _choice(map_, place, _decode(map_, place[None]), title=f"the map {map_.name} at {_numbers(place)}")


def require_inverse(map_: Map) -> None:
    """Refuse a map that decodes nothing.

    Raises:
        RunError: With the reason.
    """
    if map_.chart.decode is None:
        reason = map_.hidden or map_.chart.why_no_inverse
        raise RunError(f"map {map_.name!r} has no inverse, so none of its points is a network: {reason}")


def _choice(
    map_: Map,
    point: np.ndarray,
    coordinates: np.ndarray,
    *,
    title: str,
    about: dict[str, str] | None = None,
    known: dict[str, float] | None = None,
) -> Choice:
    rows, distances = map_.nearest(coordinates)
    nearest = map_.population.members[int(rows[0])]
    trust = "every point is" if np.isinf(map_.trust_radius) else "yes" if map_.is_near(distances)[0] else "no"
    facts = {"map": map_.name, "point": _numbers(point), **(about or {}), "in the trusted region": trust}
    return Choice(
        title=title,
        weights=map_.chart.space.lift(coordinates)[0],
        buffers=nearest.buffers,
        like=trained_label(map_.population, int(rows[0])),
        factors=factors_in_space(map_.chart.space, coordinates, map_.population.layout.names),
        about=facts,
        known=known or {},
        warnings=tuple(_doubts(map_, title, nearest.label, float(distances[0]))),
    )


def _doubts(map_: Map, title: str, nearest: str, distance: float) -> list[str]:
    """Return the warning about a point outside of the trusted region."""
    if map_.is_near(np.array([distance]))[0]:
        return []
    trusted = map_.trust_radius
    return [
        f"{title}: outside of the trusted region; the network lies {distance:.3g} from the nearest member, {nearest}, "
        f"{distance / trusted:.1f} times the distance up to which this map is trusted ({trusted:.3g})"
    ]


def _decode(map_: Map, points: np.ndarray) -> np.ndarray:
    assert map_.chart.decode is not None
    return np.asarray(map_.chart.decode(points))


def _numbers(point: np.ndarray) -> str:
    return f"({', '.join(f'{value:.6g}' for value in point.tolist())})"


def _fields(trees: Sequence[MapTree]) -> list[str]:
    return list(dict.fromkeys(tree.topology.field for tree in trees))
