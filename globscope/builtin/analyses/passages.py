"""A pass beside the other ways between its ends: its cells, its picture."""

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from attrs import define, field

from globscope.api import Overlay, Panel, Plot, Series, Trail
from globscope.builtin.analyses.cells import finite
from globscope.builtin.analyses.curves.lines import mean_along
from globscope.builtin.analyses.valleys import Valley
from globscope.builtin.analyses.ways import Way

LABELS = {"pass": "lowest pass", "straight": "straight line", "curve": "trained curve", "relaxed": "relaxed pass"}
DRAWN = (
    "Losses along the lowest pass of each basin into the one it merges into, and along the other ways between the same "
    "two networks, by the share of each way's length in weight space."
)
# Panels beyond these are too small to read; the table has them all.
SHOWN = 12


@define(frozen=True, kw_only=True)
class Found:
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
    measure: str
    valley: Valley
    floor: float
    points: np.ndarray = field(eq=False, repr=False)
    ways: dict[str, Way] = field(eq=False, repr=False)
    untrusted: float
    failed: tuple[str, ...] = ()

    @property
    def row(self) -> dict[str, Any]:
        """The cells of the table."""
        values = self.ways["pass"].fields[self.measure]
        tops = {name: finite(way.fields[self.measure].max()) for name, way in self.ways.items()}
        lengths = self.ways["pass"].reached[-1] / self.ways["straight"].reached[-1]
        return {
            "name": self.map,
            "one": self.who[0],
            "two": self.who[1],
            "floor": self.floor,
            "saddle": self.valley.saddle,
            **{name: tops.get(name) for name in ("pass", "straight", "curve", "relaxed")},
            "pass_mean": finite(mean_along(values, self.ways["pass"].reached)),
            "length": finite(lengths),
            "untrusted": self.untrusted,
        }

    @property
    def panel(self) -> Panel:
        """The losses along all ways."""
        series = []
        for name, way in self.ways.items():
            share = way.reached / way.reached[-1]
            values = tuple(map(finite, way.fields[self.measure]))
            look: Literal["line", "dashed"] = "dashed" if name == "straight" else "line"
            series.append(Series(label=LABELS[name], x=tuple(share.tolist()), y=values, look=look))
        return Panel(title=f"{self.map}: {'–'.join(self.who)}", series=tuple(series))


def pictures(found: Sequence[Found]) -> Iterator[Plot | Overlay]:
    """Yield the losses along the passes that merge, and where these run on each map."""
    merging = [one for one in found if one.valley.merging]
    if merging:
        panels = tuple(one.panel for one in merging[:SHOWN])
        more = f" {len(merging) - SHOWN} more are in the table." if len(merging) > SHOWN else ""
        caption = f"{DRAWN}{more}"
        across = "share of the way"
        yield Plot(name="losses along passes", caption=caption, x=across, y=merging[0].measure, panels=panels)
    for name in dict.fromkeys(one.map for one in found):
        here = [one for one in found if one.map == name]
        shown = [one for one in here if one.valley.merging] or here
        trails = [Trail(label="lowest pass", points=tuple(map(tuple, one.points.tolist()))) for one in shown]
        tops = tuple(tuple(one.points[one.ways["pass"].fields[one.measure].argmax()].tolist()) for one in shown)
        trails.append(Trail(label="its highest network", points=tops, look="points"))
        caption = f"The lowest passes between basins of {name}, each with the one that it merges into."
        yield Overlay(name=f"passes on {name}", caption=caption, map=name, trails=tuple(trails))
