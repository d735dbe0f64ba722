"""A pass beside the other ways between its ends: its cells, its picture."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from attrs import define, field

from globscope.api import Field, Overlay, Panel, Plot, Series, Trail, finite_or_none, mean_along
from globscope.builtin.analyses.low_loss_pass.evaluated_path import EvaluatedPath
from globscope.builtin.analyses.low_loss_pass.minimax_path import MinimaxPath

LABELS = {"pass": "lowest pass", "straight": "straight line", "curve": "trained curve", "relaxed": "relaxed pass"}
DRAWN = (
    "Losses along the lowest pass of each basin of {map} into the one it merges into, and along the other ways between "
    "the same two networks, by the share of each way's length in weight space."
)
# Panels beyond these are too small to read; the table has them all.
SHOWN = 12


@define(frozen=True, kw_only=True)
class EvaluatedPass:
    """One pass and the other ways between its ends.

    Attributes:
        map: Its name.
        who: What the two basins are called.
        measure: The field that the topology looked at.
        valley: On the samples.
        floor: The lower minimum's value.
        points: (n, d) latent points of the pass.
        ways: By name, the pass itself first.
        untrusted: Share of the pass where the map extrapolates.
        failed: Why ways are missing whose training diverged.
    """

    map: str
    who: tuple[str, str]
    measure: Field
    valley: MinimaxPath
    floor: float
    points: np.ndarray = field(eq=False, repr=False)
    ways: dict[str, EvaluatedPath] = field(eq=False, repr=False)
    untrusted: float
    failed: tuple[str, ...] = ()

    @property
    def row(self) -> dict[str, Any]:
        """The cells of the table."""
        values = self.ways["pass"].fields[self.measure.key]
        tops = {name: finite_or_none(way.fields[self.measure.key].max()) for name, way in self.ways.items()}
        lengths = self.ways["pass"].reached[-1] / self.ways["straight"].reached[-1]
        return {
            "name": self.map,
            "one": self.who[0],
            "two": self.who[1],
            "floor": self.floor,
            "saddle": self.valley.saddle,
            **{name: tops.get(name) for name in ("pass", "straight", "curve", "relaxed")},
            "pass_mean": finite_or_none(mean_along(values, self.ways["pass"].reached)),
            "length": finite_or_none(lengths),
            "untrusted": self.untrusted,
        }

    @property
    def panel(self) -> Panel:
        """The losses along all ways."""
        series = []
        for name, way in self.ways.items():
            share = way.reached / way.reached[-1]
            look: Literal["line", "dashed"] = "dashed" if name == "straight" else "line"
            series.append(Series.of(LABELS[name], share, way.fields[self.measure.key], look))
        return Panel(title="–".join(self.who), series=tuple(series))


def pictures(found: Sequence[EvaluatedPass]) -> Iterator[Plot | Overlay]:
    """Yield, map by map, the losses along the passes that merge, and where these run."""
    for name in dict.fromkeys(one.map for one in found):
        merging = [one for one in found if one.map == name and one.valley.merging]
        if merging:
            yield _losses(name, merging)
            yield _passes(name, merging)


def _losses(name: str, merging: Sequence[EvaluatedPass]) -> Plot:
    more = f" {len(merging) - SHOWN} more are in the table." if len(merging) > SHOWN else ""
    return Plot(
        name=f"losses on {name}",
        caption=DRAWN.format(map=name) + more,
        x="share of the way",
        y=merging[0].measure.name,
        panels=tuple(one.panel for one in merging[:SHOWN]),
        log=not merging[0].measure.higher_is_better,
    )


def _passes(name: str, merging: Sequence[EvaluatedPass]) -> Overlay:
    ways = [Trail.of("lowest pass", one.points) for one in merging]
    tops = [one.points[one.ways["pass"].fields[one.measure.key].argmax()] for one in merging]
    return Overlay(
        name=f"passes on {name}",
        caption=f"The lowest passes between basins of {name}, each with the one that it merges into.",
        map=name,
        trails=(*ways, Trail.of("its highest network", tops, "points")),
    )
