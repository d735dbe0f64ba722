"""The straight line from a network to its partner, before and after it is re-based."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from attrs import define, field

from globscope.api import (
    Atlas,
    Bench,
    Field,
    Panel,
    Plot,
    Series,
    Table,
    area,
    barrier,
    finite_or_none,
    scores,
)
from globscope.builtin.analyses.curves.straight_line import measure_straight_line
from globscope.builtin.analyses.formatting import median
from globscope.builtin.analyses.rebasin.rebased_networks import Rebased

BEFORE = "as it is"
CAPTION = (
    "The straight line in weight space from the last network of `one` to that of `other`, as it is and re-based, at "
    "{points} equal steps of t. barrier: max over t of L(t) − ((1 − t) L(0) + t L(1)), the excess over the linear "
    "interpolation of the ends, not below 0; area: the integral of that excess. of_before: the {field} barrier over "
    "that of the network as it is; changed: how far re-basing moved the network's own {field}, which is rounding. "
    "`random` is a random permutation, `third network` an alignment to {third}."
)
SUMMARY = (
    "The table below by method: medians over the pairs, and the mean of the {field} barrier. A barrier that is not "
    "finite counts as infinite."
)
Row = dict[str, Any]


@define(frozen=True, kw_only=True)
class Line:
    """The losses on a straight line.

    Attributes:
        one: The variant that it starts from.
        other: The one that it leads to.
        how: How that was re-based.
        t: (n,) from 0 to 1.
        fields: (n,) each.
        measured: How people read them, by key.
    """

    one: str
    other: str
    how: str
    t: np.ndarray = field(eq=False, repr=False)
    fields: Mapping[str, np.ndarray] = field(eq=False, repr=False)
    measured: Mapping[str, Field] = field(eq=False, repr=False)

    def barrier(self, name: str) -> float | None:
        """Return the barrier of a field: for an accuracy its deepest fall."""
        return finite_or_none(barrier(self.measured[name].cost(self.fields[name]), self.t))

    def area(self, name: str) -> float | None:
        """Return the area under the excess."""
        return finite_or_none(area(self.measured[name].cost(self.fields[name]), self.t))


def line(atlas: Atlas, bench: Bench, rows: tuple[int, int], who: tuple[str, str, str], points: int) -> Line:
    """Return the straight line between two members; its ends are measured already."""
    t, at = np.linspace(0, 1, points), list(rows)
    own = {name: values[at] for name, values in atlas.truth.items()}
    fields = measure_straight_line(atlas.population.take(at), own, t, bench)
    one, other, how = who
    known = {name: fields[name] for name in scores(fields)}
    return Line(one=one, other=other, how=how, t=t, fields=known, measured={key: atlas.field_of(key) for key in known})


def lines(atlas: Atlas, bench: Bench, last: Mapping[Rebased, int], points: int) -> Iterator[Line]:
    """Yield, pair by pair, the line to the network as it is, then to each re-based one."""
    before: tuple[str, str] | None = None
    for who, row in last.items():
        start = atlas.population.of(who.one)[-1]
        if (who.one, who.other) != before:
            before = (who.one, who.other)
            as_it_is = atlas.population.of(who.other)[-1]
            yield line(atlas, bench, (start, as_it_is), (*before, BEFORE), points)
        yield line(atlas, bench, (start, row), (who.one, who.other, who.how), points)


def table(found: Sequence[Line], measured: Field, points: int, third: str) -> Table:
    """Return a row for every line."""
    before = {(one.one, one.other): one for one in found if one.how == BEFORE}
    rows = tuple(_row(one, before[one.one, one.other], measured.key) for one in found)
    fields = list(found[0].fields) if found else []
    figures = (f"{field}_{what}" for field in fields for what in ("barrier", "area"))
    columns = ("one", "other", "how", *figures, "of_before", "changed")
    caption = CAPTION.format(points=points, field=measured.name, third=third)
    return Table(name="barriers", caption=caption, columns=columns, rows=rows)


def summary(found: Sequence[Line], measured: Field) -> Table:
    """Return a row for every way to re-base: medians over the pairs."""
    fields = list(found[0].fields) if found else []
    by: dict[str, list[Line]] = {}
    for one in found:
        by.setdefault(one.how, []).append(one)
    rows = tuple({"how": how, "pairs": len(lines), **_summed(lines, fields, measured.key)} for how, lines in by.items())
    figures = (f"{field}_{what}" for field in fields for what in ("barrier", "area"))
    columns = ("how", "pairs", f"{measured.key}_mean", *figures)
    return Table(name="methods", caption=SUMMARY.format(field=measured.name), columns=columns, rows=rows)


def _summed(lines: Sequence[Line], fields: Sequence[str], name: str) -> Row:
    barriers = {field: median([one.barrier(field) for one in lines]) for field in fields}
    areas = {field: median([one.area(field) for one in lines]) for field in fields}
    found: Row = {f"{field}_barrier": value for field, value in barriers.items()}
    found |= {f"{field}_area": value for field, value in areas.items()}
    own = [one.barrier(name) for one in lines]
    return found | {f"{name}_mean": finite_or_none(np.mean([np.inf if value is None else value for value in own]))}


def _row(one: Line, before: Line, name: str) -> Row:
    own, whole = one.barrier(name), before.barrier(name)
    figures = {f"{field}_barrier": one.barrier(field) for field in one.fields}
    figures |= {f"{field}_area": one.area(field) for field in one.fields}
    changed = abs(float(one.fields[name][-1] - before.fields[name][-1]))
    return {
        "one": one.one,
        "other": one.other,
        "how": one.how,
        **figures,
        "of_before": own / whole if own is not None and whole else None,
        "changed": finite_or_none(changed),
    }


def plot(found: Sequence[Line], measured: Field, shown: int) -> Plot:
    """Return the losses along the lines: a panel a pair."""
    pairs = list(dict.fromkeys((one.one, one.other) for one in found))
    more = f" {len(pairs) - shown} more pairs are in the table." if len(pairs) > shown else ""
    panels = tuple(
        Panel(
            title=f"{a}–{b}",
            series=tuple(_series(one, measured.key) for one in found if (one.one, one.other) == (a, b)),
        )
        for a, b in pairs[:shown]
    )
    return Plot(
        name="straight lines",
        caption=f"The {measured.name} along the straight line to the partner, as it is and re-based.{more}",
        x="t",
        y=measured.name,
        panels=panels,
    )


def _series(one: Line, name: str) -> Series:
    look: Literal["dashed", "line"] = "dashed" if one.how == BEFORE else "line"
    return Series.of(one.how, one.t, one.fields[name], look)
