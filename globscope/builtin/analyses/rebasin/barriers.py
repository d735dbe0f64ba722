"""The straight line from a network to its partner, before and after it is re-based."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, evolve, field

from globscope.api import (
    Atlas,
    Bench,
    Field,
    KnownPath,
    Table,
    area,
    barrier,
    finite_or_none,
    scores,
)
from globscope.builtin.analyses.curves.shapes import measure_straight_line
from globscope.builtin.analyses.formatting import median
from globscope.builtin.analyses.rebasin.rebased_networks import Rebased
from globscope.builtin.analyses.repaired_mixtures import ON_LINES, Repair

BEFORE, REPAIRED = "as it is", ", repaired"
CAPTION = (
    "The straight line in weight space from the final network of the first run to that of the second, as it is and "
    "re-based, at {points} equal steps of t. barrier: max over t of L(t) − ((1 − t) L(0) + t L(1)), the excess over "
    "the linear interpolation of the ends, never below 0; area: the integral of that excess; of_before: the barrier in "
    "{field} over that of the network as it is; changed: change of the network's {field} by re-basing, which is "
    "rounding. how: the aligner; `random`, a random permutation; or `third network`, an alignment to {third}."
)
SUMMARY = (
    "The barriers by method: medians over the pairs, and the mean barrier in {field}. A barrier that is not finite "
    "counts as infinite."
)
Row = dict[str, Any]


@define(frozen=True, kw_only=True)
class Line:
    """The fields on the straight line from the partner's final network to the run's.

    Attributes:
        rebased: The pair, and the method by which the run was re-based; `as it is` where it was not.
        t: (n,) places on the line, from 0 to 1.
        values: Values of the fields at each place, (n,) each, by key.
        fields: Names and directions of the fields, by key.
    """

    rebased: Rebased
    t: np.ndarray = field(eq=False, repr=False)
    values: Mapping[str, np.ndarray] = field(eq=False, repr=False)
    fields: Mapping[str, Field] = field(eq=False, repr=False)

    @property
    def pair(self) -> tuple[str, str]:
        """The two variants."""
        return self.rebased.partner, self.rebased.run

    def barrier(self, key: str) -> float | None:
        """Return the barrier of a field; for an accuracy, its deepest fall."""
        return finite_or_none(barrier(self.fields[key].cost(self.values[key]), self.t))

    def area(self, key: str) -> float | None:
        """Return the area under the excess of a field."""
        return finite_or_none(area(self.fields[key].cost(self.values[key]), self.t))


@define(frozen=True, kw_only=True)
class Sampling:
    """Which networks of a line are measured.

    Attributes:
        points: How many, at equal steps, both ends included.
        repair: How those between the ends are repaired; None leaves them as they are.
    """

    points: int
    repair: Repair | None = None


def line(atlas: Atlas, bench: Bench, ends: tuple[int, int], rebased: Rebased, sampling: Sampling) -> Line:
    """Return the straight line between two members, whose fields are known already."""
    t, rows = np.linspace(0, 1, sampling.points), list(ends)
    at_ends = {key: values[rows] for key, values in atlas.truth.items()}
    measured = measure_straight_line(atlas.population.take(rows), at_ends, t, bench, sampling.repair)
    values = {key: measured[key] for key in scores(measured)}
    return Line(rebased=rebased, t=t, values=values, fields={key: atlas.field_of(key) for key in values})


def lines(atlas: Atlas, bench: Bench, last: Mapping[Rebased, int], sampling: Sampling) -> Iterator[Line]:
    """Yield, for every pair, the line to the network as it is, then the lines to the re-based ones.

    With a repair, each line but those of the null models comes as it is, and with its networks repaired.
    """
    before: Rebased | None = None
    for rebased, row in last.items():
        start, end = (atlas.population.of(variant)[-1] for variant in (rebased.partner, rebased.run))
        as_it_is = evolve(rebased, method=BEFORE)
        if as_it_is != before:
            before = as_it_is
            yield from _both(atlas, bench, (start, end), as_it_is, sampling)
        yield from _both(atlas, bench, (start, row), rebased, sampling)


def _both(atlas: Atlas, bench: Bench, ends: tuple[int, int], rebased: Rebased, sampling: Sampling) -> Iterator[Line]:
    """Yield a line as it is, and repaired."""
    yield line(atlas, bench, ends, rebased, evolve(sampling, repair=None))
    if sampling.repair is not None and not rebased.is_null:
        yield line(atlas, bench, ends, evolve(rebased, method=f"{rebased.method}{REPAIRED}"), sampling)


def known_paths(lines: Sequence[Line]) -> Iterator[KnownPath]:
    """Yield the straight lines between the runs as they are; a re-based network is another one."""
    for each in lines:
        if each.rebased.method == BEFORE:
            for key, values in each.values.items():
                yield from KnownPath.of_values(each.pair, each.fields[key], values, "straight line")


def table(lines: Sequence[Line], measured: Field, sampling: Sampling, third: str) -> Table:
    """Return the table with a row for every line."""
    before = {each.pair: each for each in lines if each.rebased.method == BEFORE}
    rows = tuple(_row(each, before[each.pair], measured.key) for each in lines)
    columns = ("one", "other", "how", *_figure_columns(lines), "of_before", "changed")
    caption = CAPTION.format(points=sampling.points, field=measured.name, third=third)
    if sampling.repair is not None:
        caption += ON_LINES.format(examples=sampling.repair.examples)
    return Table(name="barriers", caption=caption, columns=columns, rows=rows)


def summary(lines: Sequence[Line], measured: Field) -> Table:
    """Return the table with a row for every method: medians over the pairs."""
    groups: dict[str, list[Line]] = {}
    for each in lines:
        groups.setdefault(each.rebased.method, []).append(each)
    rows = tuple({"how": method, "pairs": len(own), **_medians(own, measured.key)} for method, own in groups.items())
    columns = ("how", "pairs", f"{measured.key}_mean", *_figure_columns(lines))
    return Table(name="methods", caption=SUMMARY.format(field=measured.name), columns=columns, rows=rows)


def _figure_columns(lines: Sequence[Line]) -> list[str]:
    return list(_figures(lines[0])) if lines else []


def _figures(each: Line) -> dict[str, float | None]:
    """Return the barrier and the area of every field."""
    figures: dict[str, float | None] = {}
    for key in each.fields:
        figures |= {f"{key}_barrier": each.barrier(key), f"{key}_area": each.area(key)}
    return figures


def _medians(group: Sequence[Line], key: str) -> Row:
    figures = [_figures(each) for each in group]
    heights = [np.inf if (height := each.barrier(key)) is None else height for each in group]
    medians = {name: median([own[name] for own in figures]) for name in figures[0]}
    return medians | {f"{key}_mean": finite_or_none(np.mean(heights))}


def _row(each: Line, before: Line, key: str) -> Row:
    height, height_before = each.barrier(key), before.barrier(key)
    changed = abs(float(each.values[key][-1] - before.values[key][-1]))
    return {
        "one": each.rebased.partner,
        "other": each.rebased.run,
        "how": each.rebased.method,
        **_figures(each),
        "of_before": height / height_before if height is not None and height_before else None,
        "changed": finite_or_none(changed),
    }
