"""The spread of the figures of a map's refits."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from globscope.api import Panel, Plot, Series, Table, finite_or_none
from globscope.builtin.analyses.stability.refits import BOOTSTRAPS, SEEDS, STUDY, TreeCounts

SPREAD = (
    "The fits of every map with further seeds, including its own, and on bootstraps of the checkpoints, each of which "
    "keeps the distinct ones of N draws out of N and every run's last. distinct: number of fits that differ in any "
    "bit, over which min, median and max are taken. leaves: basins deeper than the persistence threshold; "
    "leaves_trusted: those inside the trusted region; basins: distinct basins in which the runs' final networks lie; "
    "persistence: mean and standard deviation of the average persistence over the fits; mse_per_weight, loss_gap "
    "(median |true − decoded|): errors of the trained members in the fit; note: why there is no spread."
)
RUNS = (
    "Every fit. members: number of members in the fit; seed: seed of the fit, empty if it is the study's; equals: an "
    "earlier fit with the same bits, and so the same landscape."
)
TREE = ("name", "sampler", "topology")
FIGURES = ("leaves", "leaves_trusted", "basins", "mse_per_weight", "loss_gap")
COLUMNS = (
    *TREE, "by", "runs", "distinct", *(f"{what}_{end}" for what in FIGURES for end in ("min", "median", "max")),
    "persistence_mean", "persistence_sd", "note",
)  # fmt: skip
RUN = (*TREE, "fit", "by", "seed", "members", "equals", *FIGURES, "average_persistence")
SAME = "the fit does not depend on the seed: all fits have the same bits, which is no evidence of stability"
SINGLE = "one map only: nothing to compare"
WORDS = {SEEDS: "further seeds", BOOTSTRAPS: "bootstraps of the checkpoints"}
Row = dict[str, Any]


def tree_cells(counts: Sequence[TreeCounts]) -> Row:
    """Return the cells that name a merge tree."""
    return dict(zip(TREE, counts[0].tree, strict=True))


def distinct(counts: Sequence[TreeCounts]) -> list[TreeCounts]:
    """Return the counts of every fit without a twin before it."""
    return list({count.fit.identity: count for count in reversed(counts)}.values())[::-1]


def tables(trees: Sequence[Sequence[TreeCounts]]) -> tuple[Table, Table]:
    """Return the tables of spreads and of fits, from the counts on every merge tree."""
    spread = tuple(row for counts in trees for row in _spread(counts))
    runs = tuple(_run(count) for counts in trees for count in counts)
    return (
        Table(name="spread", caption=SPREAD, columns=COLUMNS, rows=spread),
        Table(name="runs", caption=RUNS, columns=RUN, rows=runs),
    )


def _groups(counts: Sequence[TreeCounts]) -> Iterator[tuple[str, list[TreeCounts]]]:
    """Yield the fits that differ by seed, with the study's own, and those that differ by members."""
    for by, kinds in ((SEEDS, (STUDY, SEEDS)), (BOOTSTRAPS, (BOOTSTRAPS,))):
        group = [count for count in counts if count.fit.by in kinds]
        if any(count.fit.by == by for count in group):
            yield by, group


def _spread(counts: Sequence[TreeCounts]) -> Iterator[Row]:
    for by, group in _groups(counts):
        fits = distinct(group)
        row = tree_cells(counts) | {"by": by, "runs": len(group), "distinct": len(fits)}
        if len(fits) == 1:
            yield row | {"note": SAME if by == SEEDS else SINGLE}
            continue
        for what in FIGURES:
            values = [count.figures[what] for count in fits if count.figures[what] is not None]
            ends = (min(values), float(np.median(values)), max(values)) if values else (None,) * 3
            row |= {f"{what}_{end}": value for end, value in zip(("min", "median", "max"), ends, strict=True)}
        persistence = [count.figures["average_persistence"] for count in fits]
        deviation = finite_or_none(np.std(persistence, ddof=1))
        yield row | {"persistence_mean": finite_or_none(np.mean(persistence)), "persistence_sd": deviation, "note": ""}


def _run(count: TreeCounts) -> Row:
    fit, figures = count.fit, {what: count.figures[what] for what in (*FIGURES, "average_persistence")}
    cells = {"fit": fit.number, "by": fit.by, "seed": fit.seed, "members": fit.members, "equals": fit.equal}
    return tree_cells([count]) | cells | figures


def warnings(counts: Sequence[TreeCounts]) -> Iterator[str]:
    """Yield warnings about the figures of one merge tree in which the refits differ from the study's map."""
    study = counts[0]
    for by, group in _groups(counts):
        fits = distinct([count for count in group if count.fit.by == by])
        changes = [
            f"{label} {study.figures[what]} on this map, {_range([count.figures[what] for count in fits])} there"
            for what, label in (("leaves", "leaves"), ("basins", "basins with a variant's final network"))
            if {count.figures[what] for count in fits} != {study.figures[what]}
        ]
        other = sum(count.grouping != study.grouping for count in fits)
        if other:
            changes.append(f"the runs' final networks share basins differently in {other} of {len(fits)}")
        if changes:
            yield f"{', '.join(study.tree)}: not the same in {len(fits)} refits ({WORDS[by]}): {'; '.join(changes)}"


def _range(values: Sequence[int]) -> str:
    return str(min(values)) if min(values) == max(values) else f"{min(values)} to {max(values)}"


def record(counts: Sequence[TreeCounts]) -> Row:
    """Return the smallest and largest counts over the distinct fits of a map, including the study's own."""
    fits = distinct(counts)
    ends = {"min": min, "max": max}
    ends_of = {
        f"stability_{what}_{end}": of(count.figures[what] for count in fits)
        for what in ("leaves", "basins")
        for end, of in ends.items()
    }
    return {"stability_fits": len(fits)} | ends_of


def plot(trees: Sequence[Sequence[TreeCounts]]) -> Plot:
    """Return a plot of the counts of every fit, on one merge tree of each map."""
    kinds = {"leaves": "leaves", "basins": "basins of the final networks"}
    panels = tuple(
        Panel(title=f"{counts[0].tree[0]}: {label}", series=tuple(_series(counts, what)))
        for counts in trees
        for what, label in kinds.items()
    )
    caption = (
        "Numbers of leaves, and of distinct basins in which the runs' final networks lie, in every fit: 0 is the "
        "study's own map, followed by further seeds and bootstraps of the checkpoints."
    )
    return Plot(
        name="fits", title="Leaves and basins of repeated fits", caption=caption, x="fit", y="count", panels=panels
    )


def _series(counts: Sequence[TreeCounts], what: str) -> Iterator[Series]:
    for by in (STUDY, SEEDS, BOOTSTRAPS):
        group = [count for count in counts if count.fit.by == by]
        if group:
            fits, figures = [count.fit.number for count in group], [count.figures[what] for count in group]
            yield Series.of(by, fits, figures, "points")
