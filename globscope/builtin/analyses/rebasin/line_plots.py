"""Plots of the straight lines, as runs are, re-based, and repaired."""

from collections.abc import Iterator, Sequence
from typing import Literal

from globscope.api import Field, Panel, Plot, Series
from globscope.builtin.analyses.rebasin.barriers import BEFORE, REPAIRED, Line


def plots(lines: Sequence[Line], measured: Field, shown: int) -> Iterator[Plot]:
    """Yield a plot of a field along the lines, and one of the re-based lines with and without repair if there are any.

    A panel is a pair. Repaired lines have a plot of their own, since those of networks as they are and of the null
    models are so much higher that nothing could be seen of a repair.
    """
    repaired = {each.rebased.method.removesuffix(REPAIRED) for each in lines if each.rebased.method.endswith(REPAIRED)}
    yield Plot(
        name="straight lines",
        title="Straight lines between runs, before and after re-basing",
        caption=f"The {measured.name} along the straight line to the partner, as it is and re-based."
        f"{_more(lines, shown)}",
        x="t",
        y=measured.name,
        panels=_panels([each for each in lines if not each.rebased.method.endswith(REPAIRED)], measured, shown, BEFORE),
    )
    methods = [method + end for method in repaired - {BEFORE} for end in ("", REPAIRED)]
    if methods:
        yield Plot(
            name="repaired lines",
            title="Straight lines to re-based runs, before and after REPAIR",
            caption=f"The {measured.name} along the straight line from the partner to the re-based run; dashed, with "
            f"the statistics of hidden units repaired.{_more(lines, shown)}",
            x="t",
            y=measured.name,
            panels=_panels([each for each in lines if each.rebased.method in methods], measured, shown, REPAIRED),
        )


def _more(lines: Sequence[Line], shown: int) -> str:
    """Return the end of a caption that says how many pairs are not shown."""
    count = len({each.pair for each in lines})
    return f" {count - shown} more pairs are in the table." if count > shown else ""


def _panels(lines: Sequence[Line], measured: Field, shown: int, dashed: str) -> tuple[Panel, ...]:
    """Return a panel for each pair, with the lines of methods that have some text in their name dashed."""
    pairs = list(dict.fromkeys(each.pair for each in lines))
    return tuple(
        Panel(
            title="–".join(pair),
            series=tuple(_series(each, measured.key, dashed) for each in lines if each.pair == pair),
        )
        for pair in pairs[:shown]
    )


def _series(each: Line, key: str, dashed: str) -> Series:
    style: Literal["dashed", "line"] = "dashed" if dashed in each.rebased.method else "line"
    return Series.of(each.rebased.method, each.t, each.values[key], style)
