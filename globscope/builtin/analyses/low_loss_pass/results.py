"""A pass beside the other paths between its ends, as cells and as a picture."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from attrs import define, field as attribute

from globscope.api import Field, KnownPath, Overlay, Panel, Plot, Series, Trail, finite_or_none, mean_along
from globscope.builtin.analyses.curves.evaluated_path import EvaluatedPath
from globscope.builtin.analyses.low_loss_pass.minimax_path import MinimaxPath

LABELS = {"pass": "lowest pass", "straight": "straight line", "curve": "trained curve", "relaxed": "relaxed pass"}
CAPTION = (
    "The {field} along the lowest pass from each basin of {map} to the one that it merges into, and along the other "
    "paths between the same two networks, by the share of each path's length in weight space."
)
BORDER = "Where a pass keeps to the border, what was sampled decides it: a lower one may lie outside."
# More panels than this would be too small to read; the table has all passes.
SHOWN = 12


@define(frozen=True, kw_only=True)
class EvaluatedPass:
    """One pass and the other paths between its ends.

    Attributes:
        map: Name of the map.
        basins: Names of the two basins.
        measure: The topology's field.
        path: The path on the samples.
        floor: Value at the lower minimum.
        points: (n, d) latent points of the pass.
        paths: Evaluated paths by name, the pass first.
        untrusted: Share of the pass where the map extrapolates.
        border: (n,) whether a point of the pass lies on the border of the map's samples, its ends apart.
        runs: Two runs, one in each basin, with the distance from the ends of all paths to their final networks, as
            `KnownPath` has it.
        failed: Messages about paths that are missing because their training diverged.
    """

    map: str
    basins: tuple[str, str]
    measure: Field
    path: MinimaxPath
    floor: float
    points: np.ndarray = attribute(eq=False, repr=False)
    paths: dict[str, EvaluatedPath] = attribute(eq=False, repr=False)
    untrusted: float
    border: np.ndarray = attribute(eq=False, repr=False)
    failed: tuple[str, ...] = ()
    runs: tuple[tuple[tuple[str, str], float | None], ...] = ()

    @property
    def row(self) -> dict[str, Any]:
        """The cells of the table, by column."""
        values = self.paths["pass"].fields[self.measure.key]
        tops = {name: finite_or_none(path.fields[self.measure.key].max()) for name, path in self.paths.items()}
        ratio = self.paths["pass"].lengths[-1] / self.paths["straight"].lengths[-1]
        return {
            "name": self.map,
            "one": self.basins[0],
            "two": self.basins[1],
            "floor": self.floor,
            "saddle": self.path.saddle,
            **{name: tops.get(name) for name in ("pass", "straight", "curve", "relaxed")},
            "pass_mean": finite_or_none(mean_along(values, self.paths["pass"].lengths)),
            "length": finite_or_none(ratio),
            "untrusted": self.untrusted,
            "border": float(self.border.mean()),
        }

    @property
    def known_paths(self) -> Iterator[KnownPath]:
        """All paths, as paths between the runs of the two basins."""
        for runs, ends in self.runs:
            for name, path in self.paths.items():
                values, found_by = path.fields[self.measure.key], f"{LABELS[name]} on {self.map}"
                yield from KnownPath.of_values(runs, self.measure, values, found_by, map=self.map, ends=ends)

    @property
    def panel(self) -> Panel:
        """The losses along all paths."""
        series = []
        for name, path in self.paths.items():
            share = path.lengths / path.lengths[-1]
            style: Literal["line", "dashed"] = "dashed" if name == "straight" else "line"
            series.append(Series.of(LABELS[name], share, path.fields[self.measure.key], style))
        return Panel(title="–".join(self.basins), series=tuple(series))


def pictures(passes: Sequence[EvaluatedPass]) -> Iterator[Plot | Overlay]:
    """Yield, map by map, a plot of the losses along the passes that merge, and these passes over the map."""
    for name in dict.fromkeys(each.map for each in passes):
        merging = [each for each in passes if each.map == name and each.path.merging]
        if merging:
            yield _losses(name, merging)
            yield _passes(name, merging)


def _losses(name: str, merging: Sequence[EvaluatedPass]) -> Plot:
    field, count = merging[0].measure, len(merging)
    more = f" {count - SHOWN} more are in the table." if count > SHOWN else ""
    return Plot(
        name=f"losses on {name}",
        title=f"Along the lowest passes on {name}",
        caption=CAPTION.format(map=name, field=field.name) + more,
        x="share of the path's length",
        y=field.name,
        panels=tuple(each.panel for each in merging[:SHOWN]),
        log=not field.higher_is_better,
    )


def _passes(name: str, merging: Sequence[EvaluatedPass]) -> Overlay:
    trails = [Trail.of("lowest pass", each.points, values=each.paths["pass"].fields) for each in merging]
    edge = np.concatenate([each.points[each.border] for each in merging])
    bounded = [Trail.of("on the border of the map", edge, "points")] if len(edge) else []
    cut = f" {BORDER}" if bounded else ""
    tops = [each.points[each.paths["pass"].fields[each.measure.key].argmax()] for each in merging]
    return Overlay(
        name=f"passes on {name}",
        title=f"Where the lowest passes lead on {name}",
        caption=(
            f"The lowest passes between basins of {name}, each with the one that it merges into: upper bounds of the "
            f"lowest passes in weight space.{cut}"
        ),
        map=name,
        trails=(*trails, *bounded, Trail.of("its highest network", tops, "points")),
    )
