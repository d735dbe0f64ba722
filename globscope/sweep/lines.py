"""A figure of maps against another, such as persistence against dimension, over several runs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from globscope.sweep.finished import FinishedRun
from globscope.values.finite import finite_or_none
from globscope.values.pictures import Panel, Plot, Series

TITLE = "Maps of several kinds"
# The most groups of runs that have colours of their own.
COLOURS = 8
CAPTION = (
    "{label} against {over}: a panel for each kind of map, which are those of one [[reducer]] table, and in it a line "
    "for each run, through the median of its maps of that kind with equal {over}. Runs of one group have one colour; "
    "those of surrogates in the networks' place are dashed."
)


def line_plots(runs: Sequence[FinishedRun], groups: Sequence[str]) -> Iterator[Plot]:
    """Yield a plot of every figure that an analysis declares to be drawn over another.

    Args:
        runs: The runs.
        groups: The group of every run, by which it has its colour.
    """
    declared = [figure for run in runs for figure in run.record.get("comparison", ()) if figure.get("over")]
    labels = {one["key"]: one["label"] for run in runs for one in run.record.get("comparison", ())}
    shown = groups if len(set(groups)) <= COLOURS else ["runs"] * len(runs)
    for key, over in dict.fromkeys((figure["key"], figure["over"]) for figure in declared):
        kinds = dict.fromkeys(map_["kind"] for run in runs for map_ in run.record["reducers"] if key in map_)
        lines = [(kind, [*_lines(runs, shown, kind, key, over)]) for kind in kinds]
        panels = tuple(Panel(title=kind, series=tuple(series)) for kind, series in lines if series)
        if panels:
            label, across = labels[key], labels.get(over, over).lower()
            caption = CAPTION.format(label=label, over=across)
            yield Plot(name=f"{label} by {across}", caption=caption, x=across, y=label, panels=panels)


def _lines(runs: Sequence[FinishedRun], groups: Sequence[str], kind: str, key: str, over: str) -> Iterator[Series]:
    for run, group in zip(runs, groups, strict=True):
        maps = [map_ for map_ in run.record["reducers"] if map_.get("kind") == kind]
        known = [map_ for map_ in maps if map_.get(key) is not None and map_.get(over) is not None]
        if known:
            places = sorted({map_[over] for map_ in known})
            values = tuple(_median(known, key, over, place) for place in places)
            style: Any = "dashed" if run.record.get("null") else "line"
            yield Series(label=group, x=tuple(places), y=values, style=style)


def _median(maps: Sequence[Mapping[str, Any]], key: str, over: str, place: float) -> float | None:
    return finite_or_none(np.median([map_[key] for map_ in maps if map_[over] == place]))
