"""How far the figures of a map's refits differ."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from globscope.api import Panel, Plot, Series, Table, finite_or_none
from globscope.builtin.analyses.stability.refits import BOOTSTRAPS, SEEDS, STUDY, Count

SPREAD = (
    "Every map again: with further seeds (its own fit counted in), and on bootstraps over the checkpoints, each of "
    "which keeps the distinct ones of N draws of N and every variant's last. distinct: how many of the runs differ in "
    "any bit; min, median and max go over these. leaves: minima at the persistence threshold; leaves_trusted: those "
    "inside the trusted region; basins: distinct ones in which the variants' last networks lie; persistence: the "
    "average persistence, its mean and standard deviation over the fits; mse_per_weight, and loss_gap (|true − "
    "decoded|, the median over the members): of the trained members in the fit. note: why no spread is told."
)
RUNS = (
    "Every fit by itself. members: in the fit; seed: of the fit, empty where it is the study's own; equals: an earlier "
    "fit that this one is bit for bit, and whose landscape is therefore its own."
)
WHO = ("name", "sampler", "topology")
FIGURES = ("leaves", "leaves_trusted", "basins", "mse_per_weight", "loss_gap")
COLUMNS = (
    *WHO, "by", "runs", "distinct", *(f"{what}_{end}" for what in FIGURES for end in ("min", "median", "max")),
    "persistence_mean", "persistence_sd", "note",
)  # fmt: skip
RUN = (*WHO, "fit", "by", "seed", "members", "equals", *FIGURES, "average_persistence")
UNMOVED = "the fit does not depend on the seed: all runs are equal bit for bit, which is no evidence of stability"
ONCE = "one map only: nothing to compare"
TOLD = {SEEDS: "further seeds", BOOTSTRAPS: "bootstraps over the checkpoints"}
Row = dict[str, Any]


def who(counts: Sequence[Count]) -> Row:
    """Return the cells that name a merge tree."""
    return dict(zip(WHO, counts[0].place, strict=True))


def distinct(counts: Sequence[Count]) -> list[Count]:
    """Return one count for each fit that is not an earlier one bit for bit."""
    return list({count.fit.identity: count for count in reversed(counts)}.values())[::-1]


def tables(trees: Sequence[Sequence[Count]]) -> tuple[Table, Table]:
    """Return the table of spreads and that of runs, from the counts of every merge tree."""
    spread = tuple(row for counts in trees for row in _spread(counts))
    runs = tuple(_run(count) for counts in trees for count in counts)
    return (
        Table(name="spread", caption=SPREAD, columns=COLUMNS, rows=spread),
        Table(name="runs", caption=RUNS, columns=RUN, rows=runs),
    )


def _groups(counts: Sequence[Count]) -> Iterator[tuple[str, list[Count]]]:
    """Yield the runs that differ by seed, the study's own among them, and those that differ by members."""
    for by, kinds in ((SEEDS, (STUDY, SEEDS)), (BOOTSTRAPS, (BOOTSTRAPS,))):
        group = [count for count in counts if count.fit.by in kinds]
        if any(count.fit.by == by for count in group):
            yield by, group


def _spread(counts: Sequence[Count]) -> Iterator[Row]:
    for by, group in _groups(counts):
        fits = distinct(group)
        row = who(counts) | {"by": by, "runs": len(group), "distinct": len(fits)}
        if len(fits) == 1:
            yield row | {"note": UNMOVED if by == SEEDS else ONCE}
            continue
        for what in FIGURES:
            values = [count.found[what] for count in fits if count.found[what] is not None]
            ends = (min(values), float(np.median(values)), max(values)) if values else (None,) * 3
            row |= {f"{what}_{end}": value for end, value in zip(("min", "median", "max"), ends, strict=True)}
        persistence = [count.found["average_persistence"] for count in fits]
        deviation = finite_or_none(np.std(persistence, ddof=1))
        yield row | {"persistence_mean": finite_or_none(np.mean(persistence)), "persistence_sd": deviation, "note": ""}


def _run(count: Count) -> Row:
    fit, figures = count.fit, {what: count.found[what] for what in (*FIGURES, "average_persistence")}
    told = {"fit": fit.number, "by": fit.by, "seed": fit.seed, "members": fit.members, "equals": fit.equal}
    return who([count]) | told | figures


def warnings(counts: Sequence[Count]) -> Iterator[str]:
    """Yield, for one merge tree, in which of its figures the refits differ from the map."""
    own = counts[0]
    for by, group in _groups(counts):
        fits = distinct([count for count in group if count.fit.by == by])
        told = [
            f"{label} {own.found[what]} on this map, {_range([count.found[what] for count in fits])} there"
            for what, label in (("leaves", "leaves"), ("basins", "basins with a variant's last network"))
            if {count.found[what] for count in fits} != {own.found[what]}
        ]
        other = sum(count.grouping != own.grouping for count in fits)
        if other:
            told.append(f"the variants' last networks share basins in another way in {other} of {len(fits)}")
        if told:
            yield f"{', '.join(own.place)}: not the same in {len(fits)} refits ({TOLD[by]}): {'; '.join(told)}"


def _range(values: Sequence[int]) -> str:
    return str(min(values)) if min(values) == max(values) else f"{min(values)} to {max(values)}"


def record(counts: Sequence[Count]) -> Row:
    """Return the smallest and largest counts over the distinct fits of a map, the study's own among them."""
    fits = distinct(counts)
    ends = {"min": min, "max": max}
    found = {
        f"stability_{what}_{end}": of(count.found[what] for count in fits)
        for what in ("leaves", "basins")
        for end, of in ends.items()
    }
    return {"stability_fits": len(fits)} | found


def plot(trees: Sequence[Sequence[Count]]) -> Plot:
    """Return the counts of every fit, on one merge tree a map."""
    kinds = {"leaves": "leaves", "basins": "basins of the last networks"}
    panels = tuple(
        Panel(title=f"{counts[0].place[0]}: {told}", series=tuple(_series(counts, what)))
        for counts in trees
        for what, told in kinds.items()
    )
    caption = (
        "Leaves, and distinct basins in which the variants' last networks lie, in every fit: 0 is the study's own map, "
        "then come further seeds, then bootstraps over the checkpoints."
    )
    return Plot(name="fits", caption=caption, x="fit", y="count", panels=panels)


def _series(counts: Sequence[Count], what: str) -> Iterator[Series]:
    for by in (STUDY, SEEDS, BOOTSTRAPS):
        own = [count for count in counts if count.fit.by == by]
        if own:
            fits, figures = [count.fit.number for count in own], [count.found[what] for count in own]
            yield Series.of(by, fits, figures, "points")
