"""Whether the lowest passes on a map exist in weight space, and how much of them is an artefact of the map."""

from collections.abc import Iterator, Sequence
from math import comb
from typing import Any, Literal

import attrs
import numpy as np
from attrs.validators import and_, ge

from globscope.api import (
    AXES,
    BATCH,
    EPOCHS,
    POINTS,
    WHERE,
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
    number,
    runs_by_basin,
)
from globscope.builtin.analyses.curves.evaluated_path import EvaluatedPath, straight_lines, trained_paths
from globscope.builtin.analyses.curves.shapes import Shape
from globscope.builtin.analyses.curves.training import CurveTraining
from globscope.builtin.analyses.curves.training_step import Settings
from globscope.builtin.analyses.low_loss_pass.minimax_path import (
    Basins,
    MinimaxPath,
    basin_names,
    chosen_minima,
    distances_to_runs,
    minimax_paths,
    on_border,
    points_along,
)
from globscope.builtin.analyses.low_loss_pass.results import EvaluatedPass, pictures

CAPTION = (
    "The lowest path between every two basins of a map's merge tree that the option `basins` selects; a basin is "
    "named by the runs that end in it, or by its sample. Every figure is an upper bound of the lowest pass between "
    "the two networks in weight space. saddle: height at which the merge tree joins the two on the samples; pass: "
    "highest loss of the networks decoded evenly along the path, also between the samples; straight: highest loss on "
    "the straight line in weight space between its ends, which are the networks decoded at the minima; curve: "
    "highest loss on a Bezier curve trained between them; relaxed: highest loss on the pass after its networks were "
    "trained as a chain. A pass above the saddle means that the lattice has missed a ridge; a pass below relaxed and "
    "curve, that training found no better path; the drop by relaxing is an artefact of the map. length: length of "
    "the pass over that of the straight line, in weight space; untrusted: share of the pass where the map "
    "extrapolates; border: share of it on the border of what was sampled, where a lower pass may lie outside."
)
COLUMNS = (
    "name", "one", "two", "floor", "saddle", "pass", "pass_mean", "straight", "curve", "relaxed", "length",
    "untrusted", "border",
)  # fmt: skip
# A pass of which this share lies on the border of what was sampled is one that the border decides.
ALONG_BORDER = 0.1
# Decoded networks may exceed the saddle by this share of its height above the floor; beyond, the lattice is too coarse.
MISSED = 0.1
Row = dict[str, Any]


@attrs.define(frozen=True, kw_only=True)
class LowLossPass:
    """Evaluate the lowest passes between each map's basins as real networks, beside other paths between them.

    The path is the minimax path on the graph of samples, whose top is the merge tree's saddle; its networks are
    decoded at many points and evaluated. A relaxed pass is a PolyChain trained as in Garipov et al., 2018, that starts
    from the pass: as in AutoNEB (Draxler et al., 2018), but with random points along the chain instead of springs.

    Attributes:
        points: Number of networks to evaluate on every path, including its ends.
        training: Passes beside which curves and chains are trained: `all`, those `merging` in the merge tree, which
            lead from a basin to the one that it merges into, or `none`.
        bends: Number of inner networks of the chain to which a pass is relaxed.
        reducers: Names of the maps whose passes are evaluated; all maps with an inverse if empty.
        basins: Basins between which passes are evaluated: those in which `runs` end; these and the `trusted` ones,
            whose minimum lies in the trusted region; or `all`, of which a map that extrapolates may have very many.
        epochs: Number of epochs for which each curve and chain is trained, on the task's loss.
        learning_rate: Learning rate of the training.
        batch_size: Number of examples per step.
        device: Device on which paths are trained: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card.
    """

    points: int = attrs.field(default=61, validator=and_(ge(3), POINTS))
    training: Literal["all", "merging", "none"] = "merging"
    bends: int = attrs.field(default=5, validator=and_(ge(1), AXES))
    reducers: tuple[str, ...] = ()
    basins: Basins = "trusted"
    epochs: int = attrs.field(default=30, validator=and_(ge(1), EPOCHS))
    learning_rate: float = attrs.field(default=0.05, validator=attrs.validators.gt(0))
    batch_size: int = attrs.field(default=128, validator=and_(ge(1), BATCH))
    device: str = attrs.field(default="auto", validator=device_name, metadata=WHERE)

    @classmethod
    def quick_examples(cls) -> "tuple[LowLossPass, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(points=5, epochs=1),
            cls(points=5, training="none", basins="runs"),
        )

    @property
    def traits(self) -> AnalysisTraits:
        """The maps whose passes it follows."""
        return AnalysisTraits(reducers=self.reducers)

    def plan(self, maps: int, variants: int) -> str:
        """Return what the analysis will do, for so many maps with an inverse."""
        del variants
        trained = {"all": "all", "merging": "those that merge", "none": "none"}[self.training]
        return f"lowest passes of {maps} map{'s' * (maps != 1)}, beside curves trained for {trained}"

    def evaluations(self, lattices: Sequence[tuple[int, ...]], maps: int, variants: int) -> int | None:
        """Return the largest number of networks to score: passes, straight lines, curves and chains.

        None unless `basins` are those of runs: only the merge tree knows how many others there are.
        """
        del lattices
        if self.basins != "runs":
            return None
        # Each basin but the lowest is the upper one of at most one pass that merges.
        merging = max(0, variants - 1)
        trained = {"all": comb(variants, 2), "merging": merging, "none": 0}[self.training]
        return maps * 2 * (comb(variants, 2) + trained) * self.points

    def check(self, facts: CheckFacts) -> None:
        """Refuse a device that is not there."""
        del facts
        device(self.device, "analysis.device")

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the table of passes, pictures of those that merge, and warnings where the map misleads."""
        del rng  # training uses the study's seed
        maps = [map_ for map_ in atlas.maps if not self.reducers or map_.name in self.reducers]
        passes = [each for map_ in maps for each in self._passes(map_, atlas, bench)]
        rows = tuple(each.row for each in passes)
        table = Table(name="passes", caption=CAPTION, columns=COLUMNS, rows=rows)
        failed = [text for each in passes for text in each.failed]
        missing = [text for map_ in maps for text in self._no_pass_warnings(map_)]
        return Finding(
            tables=(table,),
            warnings=(*_warnings(rows), *failed, *missing),
            pictures=tuple(pictures(passes)),
            paths=tuple(path for each in passes for path in each.known_paths),
        )

    def _no_pass_warnings(self, map_: Map) -> Iterator[str]:
        """Yield a warning if so few basins are selected that there is no pass."""
        if map_.landscape is not None and map_.topology is not None:
            chosen = len(chosen_minima(map_, map_.landscape, map_.topology, self.basins))
            leaves = len(map_.topology.tree.minima)
            if chosen < 2 <= leaves:
                kind = "hold a run" if self.basins == "runs" else "hold a run or are trusted"
                yield f'{map_.name}: no pass, because only {chosen} of {leaves} basins {kind}; basins = "all" takes all'

    def _passes(self, map_: Map, atlas: Atlas, bench: Bench) -> Iterator[EvaluatedPass]:
        """Yield the evaluated passes of a map's first merge tree; all are decoded and evaluated at once."""
        landscape, topology = map_.landscape, map_.topology
        if landscape is None or topology is None:
            return
        assert map_.chart.decode is not None
        minima = chosen_minima(map_, landscape, topology, self.basins)
        paths = list(minimax_paths(landscape, topology, minima))
        if not paths:
            return
        points = np.concatenate([points_along(landscape, path, self.points).points for path in paths])
        decoded, coordinates = bench.sample(map_, Samples(points=points)), np.asarray(map_.chart.decode(points))
        lines = straight_lines(map_, coordinates.reshape(len(paths), self.points, -1), bench)
        names = basin_names(map_, landscape, topology)
        runs = runs_by_basin(map_, landscape, topology)
        ends = [(names[path.lower], names[path.upper]) for path in paths]
        trained = self._train(map_, paths, ends, coordinates.reshape(len(paths), self.points, -1), bench)
        for place, path in enumerate(paths):
            rows = slice(place * self.points, (place + 1) * self.points)
            fields = {name: values[rows] for name, values in decoded.fields.items()}
            yield EvaluatedPass(
                map=map_.name,
                basins=ends[place],
                measure=atlas.field_of(topology.field),
                path=path,
                floor=float(landscape.fields[topology.field][path.lower]),
                points=points[rows],
                paths={
                    "pass": EvaluatedPath(fields=fields, lengths=lengths_along(coordinates[rows])),
                    "straight": lines[place],
                    **{name: result for name, result in trained[place].items() if isinstance(result, EvaluatedPath)},
                },
                failed=tuple(result for result in trained[place].values() if isinstance(result, str)),
                untrusted=1 - float(decoded.trusted[rows].mean()),
                border=on_border(landscape.samples, points[rows]),
                runs=tuple(distances_to_runs(map_, coordinates[rows][[0, -1]], runs[path.lower], runs[path.upper])),
            )

    def _train(
        self,
        map_: Map,
        paths: Sequence[MinimaxPath],
        ends: Sequence[tuple[str, str]],
        coordinates: np.ndarray,
        bench: Bench,
    ) -> list[dict[str, EvaluatedPath | str]]:
        """Return the paths trained beside every pass, or the messages of training that failed; all train at once."""
        curves = [
            self._curves(map_, "–".join(pair), own, bench) if self._trains(path) else {}
            for path, pair, own in zip(paths, ends, coordinates, strict=True)
        ]
        trained = iter(trained_paths(bench, [curve for own in curves for curve in own.values()], self.points))
        return [{name: next(trained) for name in own} for own in curves]

    def _trains(self, path: MinimaxPath) -> bool:
        return self.training == "all" or (self.training == "merging" and path.merging)

    def _curves(self, map_: Map, ends: str, coordinates: np.ndarray, bench: Bench) -> dict[str, CurveTraining]:
        """Return the trainings of a curve between the ends of a pass, and of a chain that starts from the pass."""
        stops = np.linspace(0, len(coordinates) - 1, self.bends + 2).round().astype(int)
        networks, members = map_.chart.space.lift(coordinates[stops]), map_.population.buffers
        nearest = map_.nearest(coordinates[[0, -1]])[0] if members else ()
        curve = CurveTraining(
            task=bench.task,
            device=device(self.device, "analysis.device"),
            ends=networks[[0, -1]],
            settings=self._settings("Bezier", 1),
            seed=bench.seed,
            name=f"{ends} on {map_.name}",
            buffers=tuple(members[row] for row in nearest),
        )
        chain = attrs.evolve(curve, settings=self._settings("PolyChain", self.bends), start=networks[1:-1])
        return {"curve": curve, "relaxed": chain}

    def _settings(self, shape: Shape, bends: int) -> Settings:
        return Settings(
            shape=shape,
            bends=bends,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            weight_decay=0.0,
        )


def _warnings(rows: Sequence[Row]) -> Iterator[str]:
    """Yield warnings about the passes of each map."""
    for name in dict.fromkeys(row["name"] for row in rows):
        passes = [row for row in rows if row["name"] == name and row["pass"] is not None]
        missed = [row for row in passes if row["pass"] > row["saddle"] + MISSED * (row["saddle"] - row["floor"])]
        beaten = [row for row in passes if row["straight"] is not None and row["straight"] < row["pass"]]
        bounded = [row for row in passes if row["border"] > ALONG_BORDER]
        if bounded:
            yield (
                f"{name}: {len(bounded)} of {len(passes)} lowest passes keep to the border of what was sampled, "
                "which decides them; with a larger margin there may be lower ones"
            )
        if missed:
            worst = max(missed, key=lambda row: row["pass"] - row["saddle"])
            yield (
                f"{name}: on {len(missed)} of {len(passes)} passes the networks between the samples are worse than the "
                f"samples: {worst['one']}–{worst['two']} rises to {number(worst['pass'])}, its saddle is "
                f"{number(worst['saddle'])}; a finer lattice would find another saddle"
            )
        if beaten:
            yield (
                f"{name}: on {len(beaten)} of {len(passes)} pairs the straight line in weight space stays below the "
                "map's lowest pass: the ridge between those basins is an artefact of the map"
            )
