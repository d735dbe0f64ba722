"""A merge tree with all that its pictures draw from, such as the basins in which the training runs end."""

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
from attrs import define, field as attribute

from globscope.report.map.trajectory import Trajectory, run_names
from globscope.report.style.text import count_noun
from globscope.spec.style import AUTO, Style
from globscope.topology.membership import depiction, membership
from globscope.topology.outline import Outline, outline
from globscope.topology.tree import simplify
from globscope.values.field import Field
from globscope.values.findings import Map
from globscope.values.landscape import Landscape
from globscope.values.number import number
from globscope.values.topology import MergeTree, Topology

# Minima that can be told apart in a picture; of more, the most persistent ones are drawn.
MOST_MINIMA = 100
# What the height of a saddle means where the landscape is a map's.
UPPER_BOUND = "A saddle's height is an upper bound: a lower path may lie outside the map."


@define(frozen=True, kw_only=True)
class TreeScene:
    """The merge tree of one field of a landscape, ready to be drawn.

    Attributes:
        title: Name of the map or file, for headlines.
        topology: The tree, whole and simplified.
        field: Field whose tree it is.
        values: (n,) values of the field at all samples.
        runs: Runs whose final network lies in a leaf's basin, by leaf; by −1, those that the map does not show.
        style: How its pictures look.
        on_path: Whether the samples are a path, which has minima, but no basins in which networks could lie.
    """

    title: str
    topology: Topology = attribute(repr=False)
    field: Field
    values: np.ndarray = attribute(eq=False, repr=False)
    runs: Mapping[int, Sequence[Trajectory]] = attribute(factory=dict, repr=False)
    style: Style = AUTO
    on_path: bool = False

    @classmethod
    def of(cls, title: str, topology: Topology, values: np.ndarray, style: Style = AUTO) -> "TreeScene":
        """Return the scene of a merge tree whose landscape belongs to no map; `values`, (n,), are its field's."""
        return cls(title=title, topology=topology, field=Field.of(topology.field), values=values, style=style)

    @cached_property
    def outline(self) -> Outline:
        """The basins by size, as the landscape profile draws them."""
        return outline(self.topology.tree, self.values)

    @cached_property
    def thinned(self) -> tuple[MergeTree, float]:
        """The tree with at most `MOST_MINIMA` minima, and the threshold that leaves them: at least the topology's."""
        tree, threshold = self.topology.tree, self.topology.threshold
        persistences = np.sort(tree.persistences)[::-1]
        if len(persistences) <= MOST_MINIMA:
            return tree, threshold
        threshold = float(persistences[MOST_MINIMA])
        return simplify(self.topology.full, self.values, threshold), threshold

    @cached_property
    def thinned_runs(self) -> dict[int, list[Trajectory]]:
        """The runs by leaf of the thinned tree, in whose basins theirs have gone up."""
        tree, runs = self.thinned[0], dict[int, list[Trajectory]]()
        for leaf, ending in self.runs.items():
            runs.setdefault(int(tree.basin[leaf]) if leaf >= 0 else -1, []).extend(ending)
        return runs

    @property
    def thinning(self) -> list[str]:
        """Which minima a picture of single minima shows, in a sentence, where it does not show all."""
        tree, threshold = self.thinned
        all_shown = len(tree.minima) == len(self.topology.tree.minima)
        return [] if all_shown else [f"Drawn are the {len(tree.minima)} of persistence > {number(threshold)}."]

    @property
    def leaves(self) -> str:
        """The count of basins, or of a path's minima, and its threshold."""
        tree = self.topology.tree
        count = count_noun(len(tree.minima), *(("minimum", "minima") if self.on_path else ("basin",)))
        return f"{count} of persistence > {number(self.topology.threshold)}{self.apart}"

    @property
    def apart(self) -> str:
        """A clause on the number of the tree's components; empty where all basins meet."""
        parts = len({*self.topology.tree.parts.tolist()})
        return f", in {number(parts)} parts that no path joins" if parts > 1 else ""

    @property
    def summary(self) -> str:
        """The count of basins and where the runs end, in one clause."""
        return "; ".join(filter(None, (self.leaves, self.run_ends)))

    @property
    def facts(self) -> str:
        """What was counted, at which threshold, on how many samples."""
        topology, within = self.topology, int(self.topology.within_noise.sum())
        noise = f"; {number(within)} of them below {number(topology.noise)}, the draws' standard deviation"
        left = f", {number(topology.left_out)} left out" if topology.left_out else ""
        samples = f"{number(int((topology.full.basin >= 0).sum()))} samples{left}"
        return f"{self.leaves} in {self.field.name}{noise if within else ''}; {samples}"

    @property
    def missing_runs(self) -> str:
        """Which runs the map does not show, so that they name no leaf; empty where it shows all."""
        names = run_names(self.runs.get(-1, ()))
        return f"Not on this map: {names}." if names else ""

    @property
    def run_ends(self) -> str:
        """In how many basins the runs end, and which runs the map does not show; empty on a path."""
        absent, basins = self.runs.get(-1, ()), [runs for leaf, runs in self.runs.items() if leaf >= 0]
        shown, clauses = sum(map(len, basins)), []
        if shown:
            verb = "ends" if shown == 1 else "end"
            clauses.append(f"{count_noun(shown, 'run')} {verb} in {count_noun(len(basins), 'basin')}")
        if absent:
            every, names = shown + len(absent), run_names(absent)
            verb = "is" if len(absent) == 1 else "are"
            clauses.append(f"{len(absent)} of {count_noun(every, 'run')} {verb} not on this map ({names})")
        return "; ".join(clauses)


def trajectories_by_basin(
    map_: Map, landscape: Landscape, topology: Topology, trajectories: Sequence[Trajectory]
) -> dict[int, list[Trajectory]]:
    """Return the runs whose final network lies in a leaf's basin, by leaf; by −1, those that the map does not show."""
    basins: dict[int, list[Trajectory]] = {}
    if not trajectories or not len(landscape.samples.points):
        return basins
    last = depiction(map_, topology.field, [trajectory.last for trajectory in trajectories])
    for trajectory, basin in zip(
        trajectories, membership(map_, landscape, topology, last).basins.tolist(), strict=True
    ):
        basins.setdefault(basin, []).append(trajectory)
    return basins
