"""Does the lowest pass on the map exist in weight space, and how much of it is the map's own doing?"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import attrs
import numpy as np
from attrs.validators import and_, ge

from globscope.api import (
    AXES,
    BATCH,
    EPOCHS,
    POINTS,
    Adjacency,
    AnalysisTraits,
    Atlas,
    Bench,
    CheckFacts,
    Finding,
    Map,
    Samples,
    Table,
    device,
    device_name,
    lengths_along,
)
from globscope.builtin.analyses.low_loss_pass.evaluated_path import EvaluatedPath, PathTraining, straight_lines
from globscope.builtin.analyses.low_loss_pass.minimax_path import (
    Basins,
    MinimaxPath,
    basin_names,
    chosen_minima,
    minimax_paths,
    points_along,
)
from globscope.builtin.analyses.low_loss_pass.results import EvaluatedPass, pictures

CAPTION = (
    "The lowest path between every two basins of a map's merge tree that hold a run or are trusted (or as the option "
    "`basins` says), each named by the runs that end in it, or by its sample. saddle: height at which the merge tree "
    "joins the two, on the samples; pass: the highest loss of the networks decoded evenly along that path, between the "
    "samples too; straight: of the straight line in weight space between the same two ends, which are the networks "
    "decoded at the minima; curve: of a Bezier curve trained between them; relaxed: of the pass itself after its "
    "networks were trained as a chain. Above saddle, the lattice has missed a ridge; below relaxed or curve, no "
    "training found a better way than the map shows; what relaxing takes off is the map's own doing. length: of the "
    "pass over the straight line, in weight space; untrusted: share of the pass where the map extrapolates."
)
COLUMNS = (
    "name", "one", "two", "floor", "saddle", "pass", "pass_mean", "straight", "curve", "relaxed", "length", "untrusted",
)  # fmt: skip
# Of the saddle's height above the floor, by which decoded networks may exceed it before the lattice is too coarse.
MISSED = 0.1
Row = dict[str, Any]


@attrs.define(frozen=True, kw_only=True)
class LowLossPass:
    """Follow the lowest passes between each map's basins in real networks, beside other ways between them.

    The path is the minimax path on the graph of samples, whose top is the merge tree's saddle; its networks are
    decoded finely and evaluated. A relaxed pass is a PolyChain trained as in Garipov et al., 2018, that starts from
    the pass: as in AutoNEB (Draxler et al., 2018), but with random points along the chain instead of springs.

    Attributes:
        points: Networks evaluated along every way, ends included.
        training: Between which ends ways are trained: of `all` passes, of those `merging` in the merge tree, each
            from a basin to the one it merges into, or of `none`.
        bends: Inner networks of the chain to which a pass is relaxed.
        adjacency: Which samples are neighbours, as the topology's option.
        reducers: Names of the maps whose passes are followed; all that have an inverse where empty.
        basins: Between which basins passes are followed: those in which `runs` end; these and the `trusted` ones, whose
            minimum lies in the trusted region; or `all`, of which a map that extrapolates may have very many.
        epochs: Of the training of each curve and chain, on the task's own loss.
        learning_rate: Of the training.
        batch_size: Examples per step.
        device: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card.
    """

    points: int = attrs.field(default=61, validator=and_(ge(3), POINTS))
    training: Literal["all", "merging", "none"] = "merging"
    bends: int = attrs.field(default=5, validator=and_(ge(1), AXES))
    adjacency: Adjacency = "auto"
    reducers: tuple[str, ...] = ()
    basins: Basins = "trusted"
    epochs: int = attrs.field(default=30, validator=and_(ge(1), EPOCHS))
    learning_rate: float = attrs.field(default=0.05, validator=attrs.validators.gt(0))
    batch_size: int = attrs.field(default=128, validator=and_(ge(1), BATCH))
    device: str = attrs.field(default="auto", validator=device_name)

    @property
    def traits(self) -> AnalysisTraits:
        """The maps whose passes it follows."""
        return AnalysisTraits(reducers=self.reducers)

    def plan(self, maps: int, variants: int) -> str:
        """Return what it will do, for a study of so many maps with an inverse."""
        del variants
        trained = {"all": "all", "merging": "those that merge", "none": "none"}[self.training]
        return f"lowest passes of {maps} map{'s' * (maps != 1)}, beside curves trained for {trained}"

    def check(self, facts: CheckFacts) -> None:
        """Refuse a device that is not there."""
        del facts
        device(self.device, "analysis.device")

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the table of passes, pictures of those that merge, and a warning where the map misleads."""
        del rng  # a training draws from the study's seed
        maps = [one for one in atlas.maps if not self.reducers or one.name in self.reducers]
        found = [one for drawn in maps for one in self._passes(drawn, atlas, bench)]
        rows = tuple(one.row for one in found)
        table = Table(name="passes", caption=CAPTION, columns=COLUMNS, rows=rows)
        failed = [text for one in found for text in one.failed]
        return Finding(
            tables=(table,),
            warnings=(*_warnings(rows), *failed, *(text for one in maps for text in self._left_out(one))),
            pictures=tuple(pictures(found)),
        )

    def _left_out(self, one: Map) -> Iterator[str]:
        """Yield where so many basins are left out that there is no pass."""
        if one.landscape is not None and one.topology is not None:
            followed = len(chosen_minima(one, one.landscape, one.topology, self.basins))
            leaves = len(one.topology.tree.minima)
            if followed < 2 <= leaves:
                kind = "hold a run" if self.basins == "runs" else "hold a run or are trusted"
                yield f'{one.name}: no pass, for only {followed} of {leaves} basins {kind}; basins = "all" follows all'

    def _passes(self, one: Map, atlas: Atlas, bench: Bench) -> Iterator[EvaluatedPass]:
        """Yield every pass of a map's first merge tree; all are decoded and evaluated at once."""
        landscape, topology = one.landscape, one.topology
        if landscape is None or topology is None:
            return
        assert one.chart.decode is not None
        minima = chosen_minima(one, landscape, topology, self.basins)
        passes = list(minimax_paths(landscape, topology, self.adjacency, minima))
        if not passes:
            return
        points = np.concatenate([points_along(landscape, valley, self.points).points for valley in passes])
        decoded, coordinates = bench.sample(one, Samples(points=points)), np.asarray(one.chart.decode(points))
        lines = straight_lines(one, coordinates.reshape(len(passes), self.points, -1), bench)
        names = basin_names(one, landscape, topology)
        for at, valley in enumerate(passes):
            own = slice(at * self.points, (at + 1) * self.points)
            fields = {name: values[own] for name, values in decoded.fields.items()}
            way, who = (
                EvaluatedPath(fields=fields, reached=lengths_along(coordinates[own])),
                (names[valley.one], names[valley.two]),
            )
            tried = self._trained(one, f"{'–'.join(who)} on {one.name}", coordinates[own], valley, bench)
            yield EvaluatedPass(
                map=one.name,
                who=who,
                measure=atlas.field_of(topology.field),
                valley=valley,
                floor=float(landscape.fields[topology.field][valley.one]),
                points=points[own],
                ways={"pass": way, "straight": lines[at]}
                | {name: found for name, found in tried.items() if isinstance(found, EvaluatedPath)},
                failed=tuple(found for found in tried.values() if isinstance(found, str)),
                untrusted=1 - float(decoded.trusted[own].mean()),
            )

    def _trained(
        self, one: Map, label: str, coordinates: np.ndarray, valley: MinimaxPath, bench: Bench
    ) -> dict[str, EvaluatedPath | str]:
        """Return the ways that are trained between the ends of a pass, or why their training failed."""
        if self.training == "none" or (self.training == "merging" and not valley.merging):
            return {}
        stops = np.linspace(0, len(coordinates) - 1, self.bends + 2).round().astype(int)
        networks, training = one.chart.space.lift(coordinates[stops]), self._training(label, one, coordinates)
        ends, chain = networks[[0, -1]], networks[1:-1]
        return {"curve": training.way(bench, ends), "relaxed": training.way(bench, ends, chain)}

    def _training(self, label: str, one: Map, coordinates: np.ndarray) -> PathTraining:
        """Return how ways between the ends of a pass are trained and scored."""
        held = one.population.buffers
        ends = one.nearest(coordinates[[0, -1]])[0] if held else ()
        return PathTraining(
            label=label,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            device=self.device,
            points=self.points,
            buffers=tuple(held[row] for row in ends),
        )


def _warnings(rows: Sequence[Row]) -> Iterator[str]:
    """Yield warnings about each map's passes."""
    for name in dict.fromkeys(row["name"] for row in rows):
        own = [row for row in rows if row["name"] == name and row["pass"] is not None]
        missed = [row for row in own if row["pass"] > row["saddle"] + MISSED * (row["saddle"] - row["floor"])]
        beaten = [row for row in own if row["straight"] is not None and row["straight"] < row["pass"]]
        if missed:
            worst = max(missed, key=lambda row: row["pass"] - row["saddle"])
            yield (
                f"{name}: on {len(missed)} of {len(own)} passes the networks between the samples are worse than the "
                f"samples: {worst['one']}–{worst['two']} rises to {worst['pass']:.3g}, its saddle is "
                f"{worst['saddle']:.3g}; a finer lattice would tell another saddle"
            )
        if beaten:
            yield (
                f"{name}: on {len(beaten)} of {len(own)} pairs the straight line in weight space stays below the map's "
                "lowest pass: the ridge between those basins is the map's own doing"
            )
