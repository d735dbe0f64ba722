"""A request for a network of a finished study: exactly one source, and where on a map it is."""

from typing import Any

from attrs import define, fields

from globscope.errors import RunError, near
from globscope.pipeline.take.choice import Choice
from globscope.pipeline.take.from_map import MapTree, point_of_map
from globscope.pipeline.take.from_members import aligned_network, curve_network, member
from globscope.pipeline.take.from_merging import merged_network
from globscope.pipeline.workshop import Workshop
from globscope.values.findings import Atlas, Map

SOURCES = ("member", "at", "minimum", "pass_between", "aligned", "curve", "soup")
# By option, the sources with which it goes.
OPTIONS = {
    "map": ("at", "minimum", "pass_between"),
    "sampler": ("minimum", "pass_between"),
    "field": ("minimum", "pass_between"),
    "aligner": ("aligned",),
    "members": ("soup",),
    "analysis": ("soup",),
}


@define(frozen=True, kw_only=True)
class NetworkRequest:
    """Which network of a finished study is wanted, by exactly one of several sources.

    Attributes:
        member: Label of a network of the population, such as `A@40`, or a run, for its last one.
        at: Point of a map, one number for each axis.
        minimum: Number of a minimum of a map's merge tree, from 1, the lowest.
        pass_between: Two runs, for the pass between their last networks on a map.
        aligned: A network and the one to which its units are aligned; runs stand for their last networks.
        curve: Two runs and a place t in [0, 1], on a curve that an analysis found between them.
        soup: Recipe by which an analysis merged networks, such as `greedy`, or `best`.
        map: Name of the map; the first that has an inverse if unset.
        sampler: Name of the sampler whose merge tree has the minimum or the pass; the first if unset.
        field: Field of the merge tree; that of the first tree if unset.
        aligner: Name of the aligner; the first of the study if unset.
        members: Names of the networks that are merged; unset, the best of all sets and pairs of the analysis is taken.
        analysis: Name of the analysis that merges them; the first that does if unset.
    """

    member: str | None = None
    at: tuple[float, ...] | None = None
    minimum: int | None = None
    pass_between: tuple[str, str] | None = None
    aligned: tuple[str, str] | None = None
    curve: tuple[str, str, float] | None = None
    soup: str | None = None
    map: str | None = None
    sampler: str | None = None
    field: str | None = None
    aligner: str | None = None
    members: tuple[str, ...] | None = None
    analysis: str | None = None

    def __attrs_post_init__(self) -> None:
        given = [name for name in SOURCES if getattr(self, name) is not None]
        if len(given) != 1:
            listed = " and ".join(given) if given else "none"
            raise RunError(f"name one network, by one of {', '.join(SOURCES)}; got {listed}")
        for option, sources in OPTIONS.items():
            if getattr(self, option) is not None and given[0] not in sources:
                raise RunError(f"{option} goes with {' or '.join(sources)}, not with {given[0]}")

    @classmethod
    def of(cls, **options: Any) -> "NetworkRequest":
        """Return a request with options as they come from Python: any sequences.

        Raises:
            RunError: There is no such option, or not exactly one source.
        """
        known = [one.name for one in fields(cls)]
        for name in options:
            if name not in known:
                raise RunError(f"there is no option {name!r} of a network; {near(name, known)}")
        listed: dict[str, Any] = {
            n: tuple(v) if isinstance(v, list) or hasattr(v, "tolist") else v for n, v in options.items()
        }
        return cls(**listed)

    def choose(self, workshop: Workshop, atlas: Atlas) -> Choice:
        """Return the network of a finished study.

        Raises:
            RunError: It is not there.
            PopulationError: A member is not there.
            SymmetryError: The networks' units cannot be exchanged.
        """
        trained = atlas.population.take(atlas.population.trained)
        if self.member is not None:
            return member(atlas, self.member)
        if self.aligned is not None:
            return aligned_network(workshop, trained, self.aligned, self.aligner)
        if self.curve is not None:
            return curve_network(workshop, trained, self.curve[:2], float(self.curve[2]))
        if self.soup is not None:
            return merged_network(workshop, atlas, self.soup, self.members or (), self.analysis)
        return self._choose_on_map(atlas)

    def _choose_on_map(self, atlas: Atlas) -> Choice:
        map_ = self._map(atlas)
        if self.at is not None:
            return point_of_map(map_, self.at)
        tree = MapTree.of(map_, self.sampler, self.field)
        if self.minimum is not None:
            return tree.minimum(self.minimum)
        assert self.pass_between is not None
        return tree.pass_between(self.pass_between)

    def _map(self, atlas: Atlas) -> Map:
        maps = {map_.name: map_ for map_ in atlas.maps}
        decoding = [name for name, map_ in maps.items() if map_.chart.decode is not None]
        name = self.map or next(iter([*decoding, *maps]))
        if name not in maps:
            raise RunError(f"this study has no map {name!r}; {near(name, maps)}")
        return maps[name]
