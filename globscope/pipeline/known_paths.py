"""All that a study knows of paths between its runs: of its maps and of its analyses."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np
from attrs import define, evolve, field

from globscope.pipeline.chained_paths import chained_paths
from globscope.returned.known_paths import check_paths
from globscope.topology.joins import RunPasses
from globscope.values.field import Field
from globscope.values.findings import Atlas, Finding, Map
from globscope.values.known_path import KnownPath
from globscope.values.members import Population

Key = tuple[str, str, str]


@define(frozen=True, kw_only=True, slots=False)
class PathsOfStudy:
    """All that a study knows of paths between its runs.

    Attributes:
        atlas: Population, truth and maps.
        paths: Paths that were measured, by whatever found them.
        passes: Passes between runs on every merge tree of a map.
    """

    atlas: Atlas = field(repr=False)
    paths: tuple[KnownPath, ...]
    passes: tuple[RunPasses, ...]

    @cached_property
    def lowest(self) -> Mapping[Key, KnownPath]:
        """The best of the paths that can be compared, and of their chains, by field and the two runs in their order."""
        best = dict(self._own)
        places = {run: place for place, run in enumerate(self.atlas.population.variants)}
        for name in dict.fromkeys(key[0] for key in self._own):
            own = {(places[path.one], places[path.other]): path for key, path in self._own.items() if key[0] == name}
            costs = {pair: self._cost(path) for pair, path in own.items()}
            for chain in chained_paths(self.atlas.population.variants, own, costs):
                best[name, chain.one, chain.other] = chain
        return best

    @cached_property
    def _own(self) -> Mapping[Key, KnownPath]:
        """The best of the paths of two runs' own."""
        best: dict[Key, KnownPath] = {}
        for path in self.paths:
            key, cost = (path.field, path.one, path.other), self._cost(path)
            if not path.why_not_compared and (key not in best or cost < self._cost(best[key])):
                best[key] = path
        return best

    def pass_on(self, name: str, key: Key) -> float | None:
        """Return the lowest pass on a map between two runs, given with their field; None where there is none.

        It is looked up in the trees' matrices: thousands of runs have millions of pairs.
        """
        heights = [
            height for one in self._trees.get((name, key[0]), ()) if (height := one.height(*key[1:])) is not None
        ]
        return min(heights, default=None)

    @property
    def maps(self) -> list[str]:
        """The maps with merge trees."""
        return list(dict.fromkeys(passes.map for passes in self.passes))

    @property
    def has_passes(self) -> bool:
        """Whether any map has a pass between two runs."""
        return any(np.isfinite(passes.heights).any() for passes in self.passes)

    @cached_property
    def _trees(self) -> Mapping[tuple[str, str], Sequence[RunPasses]]:
        """The passes of merge trees, by map and field."""
        trees: dict[tuple[str, str], list[RunPasses]] = {}
        for passes in self.passes:
            trees.setdefault((passes.map, passes.field), []).append(passes)
        return trees

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields of the maps' merge trees; where there is no tree, all fields of paths."""
        keys = [passes.field for passes in self.passes] or [path.field for path in self.paths]
        return tuple(map(self.atlas.field_of, dict.fromkeys(keys)))

    def beaten_walls(self, passes: RunPasses) -> tuple[int, dict[Key, KnownPath]]:
        """Return how many walls a merge tree has between runs, and lower paths off its map through these walls.

        A path is lower if it stays below the wall by more than the tree's threshold, the least that it tells apart.
        """
        lower = {
            key: path
            for place, key, path in self._through_walls(passes, self.lowest.values())
            if path.map != passes.map and passes.heights[place] - path.worst > passes.threshold
        }
        return int(np.triu(passes.walls, 1).sum()), lower

    def _through_walls(
        self, passes: RunPasses, paths: Iterable[KnownPath]
    ) -> list[tuple[tuple[int, int], Key, KnownPath]]:
        """Return those of some paths that lead through walls of a merge tree, with their places, in the runs' order."""
        found = [
            (place, (path.field, path.one, path.other), path)
            for path in paths
            if path.field == passes.field
            and (place := passes.place(path.one, path.other)) is not None
            and passes.walls[place]
        ]
        return sorted(found, key=lambda one: one[0])

    def bypassed_walls(self, passes: RunPasses) -> set[Key]:
        """Return the walls of a merge tree below which a path between networks in the same basins of its map stays.

        Such a path says nothing of the runs' own networks, but that the ridge between these basins is the map's: it is
        lower than the passes of all the map's trees.
        """
        own = [path for path in self.paths if path.map == passes.map]
        heights = (
            (key, path.worst, self.pass_on(passes.map, key)) for _, key, path in self._through_walls(passes, own)
        )
        return {key for key, worst, height in heights if height is not None and height - worst > passes.threshold}

    def _cost(self, path: KnownPath) -> float:
        return -path.worst if self.atlas.field_of(path.field).higher_is_better else path.worst


def paths_of_study(atlas: Atlas, findings: Mapping[str, Finding], measuring: Collection[str] = ()) -> PathsOfStudy:
    """Return what the maps' merge trees, the analyses and explanations of samplers know of paths between runs.

    A pass is a measured path on a lattice, and on the edges of samplers of the names `measuring`: on others, its edges
    may leap over what nobody measured.
    """
    for source, explanation in atlas.explanations.items():
        check_paths(source, explanation, atlas)
    passes = [each for map_ in atlas.maps for each in _passes(map_, atlas)]
    order = {variant: place for place, variant in enumerate(atlas.population.variants)}
    known = [path for each in passes if _is_measured(atlas, each, measuring) for path in each.paths]
    known += [
        evolve(path, found_by=f"{path.found_by} ({source})")
        for source, finding in {**findings, **atlas.explanations}.items()
        for path in finding.paths
    ]
    ordered = (path if order[path.one] < order[path.other] else _swap_ends(path) for path in known)
    return PathsOfStudy(atlas=atlas, paths=tuple(ordered), passes=tuple(passes))


def _is_measured(atlas: Atlas, passes: RunPasses, measuring: Collection[str]) -> bool:
    [map_] = [map_ for map_ in atlas.maps if map_.name == passes.map]
    return map_.landscapes[passes.sampler].samples.shape is not None or passes.sampler in measuring


def _swap_ends(path: KnownPath) -> KnownPath:
    return evolve(path, one=path.other, other=path.one)


def _passes(map_: Map, atlas: Atlas) -> Iterator[RunPasses]:
    """Yield the passes on a map's trees of losses, if its networks are those of the study, not realigned copies."""
    if _final_keys(map_.population) <= _final_keys(atlas.population):
        for sampler, topologies in map_.topologies.items():
            for topology in topologies.values():
                if not atlas.field_of(topology.field).higher_is_better:
                    yield RunPasses.of(map_, sampler, topology)


def _final_keys(population: Population) -> set[tuple[str, str]]:
    finals, keys = population.finals, population.keys
    return {(population.members[row].label, keys[row] if keys else "") for row in finals}
