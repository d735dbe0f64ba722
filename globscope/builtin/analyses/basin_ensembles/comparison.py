"""The two kinds of ensembles compared, with intervals over basins."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from globscope.api import Panel, Plot, Series, Table, finite_or_none
from globscope.builtin.analyses.basin_ensembles.subsets import ACROSS, WITHIN, Ensemble

# Number of draws of basins for an interval, the share of the draws in it, and the fewest basins that have one.
DRAWS, MIDDLE, FEWEST = 1000, 0.95, 4
KINDS = (
    "Ensembles of networks whose predicted probabilities are averaged, on {examples:,} examples of the {split} split. "
    "kind: one network from each of as many basins of {map}, or all from one basin; ensembles: how many were formed; "
    "basins: from how many basins in all; runs: mean number of training runs in one ensemble, 1 where those of one "
    "basin are checkpoints of one run; loss, accuracy: means over the ensembles; members_loss: mean of the networks' "
    "own losses; gain: members_loss less loss."
)
DIFFERENCES = (
    "How much better one network a basin is than as many from one basin: loss is one basin's mean loss less the other "
    "kind's, gain the other kind's mean gain less one basin's, which leaves out how good the networks are alone. low, "
    f"high: 95 % intervals of a bootstrap over basins ({DRAWS:,} draws), empty for fewer than {FEWEST} basins: "
    "ensembles share networks, and networks their basin."
)
Row = dict[str, Any]
Figure = Callable[[Ensemble], float]
FIGURES: dict[str, tuple[Figure, int]] = {
    "loss": (lambda one: one.loss, -1),
    "gain": (lambda one: one.gain, 1),
}


def kind_table(found: Sequence[Ensemble], about: dict[str, Any]) -> Table:
    """Return the table with a row for every size and kind; `about` fills the caption."""
    groups = {(one.size, one.kind): [other for other in found if _key(other) == _key(one)] for one in found}
    rows = tuple(_kind_row(size, kind, own) for (size, kind), own in groups.items())
    return Table(name="ensembles", caption=KINDS.format(**about), columns=tuple(rows[0]), rows=rows)


def _key(one: Ensemble) -> tuple[int, str]:
    return one.size, one.kind


def _kind_row(size: int, kind: str, own: Sequence[Ensemble]) -> Row:
    figures = ("loss", "accuracy", "members_loss", "gain")
    return {
        "size": size,
        "kind": kind,
        "ensembles": len(own),
        "basins": len(frozenset[int]().union(*(one.basins for one in own))),
        "runs": float(np.mean([one.runs for one in own])),
        **{name: finite_or_none(np.mean([getattr(one, name) for one in own])) for name in figures},
    }


def difference_rows(found: Sequence[Ensemble], rng: np.random.Generator) -> list[Row]:
    """Return a row for every size that both kinds have; the generator draws basins."""
    sizes = [size for size in dict.fromkeys(one.size for one in found) if {ACROSS, WITHIN} <= _kinds(found, size)]
    return [_difference_row([one for one in found if one.size == size], rng) for size in sizes]


def _kinds(found: Sequence[Ensemble], size: int) -> set[str]:
    return {one.kind for one in found if one.size == size}


def _difference_row(own: Sequence[Ensemble], rng: np.random.Generator) -> Row:
    basins = sorted(frozenset[int]().union(*(one.basins for one in own)))
    row: Row = {"size": own[0].size, "basins": len(basins)}
    for name, (figure, sign) in FIGURES.items():
        row[name] = finite_or_none(_difference(own, basins, figure, sign))
        low, high = _interval(own, basins, figure, sign, rng)
        row |= {f"{name}_low": finite_or_none(low), f"{name}_high": finite_or_none(high)}
    return row


def _difference(own: Sequence[Ensemble], drawn: Sequence[int], figure: Figure, sign: int) -> float:
    """Return the difference of the kinds' means over the ensembles of drawn basins; NaN where one has none.

    A basin that is drawn twice counts twice in the mean over basins.
    """
    chosen = set(drawn)
    across = [figure(one) for one in own if one.kind == ACROSS and one.basins <= chosen]
    by_basin: dict[int, list[float]] = {}
    for one in own:
        if one.kind == WITHIN:
            by_basin.setdefault(min(one.basins), []).append(figure(one))
    within = [float(np.mean(by_basin[basin])) for basin in drawn if basin in by_basin]
    return sign * float(np.mean(across) - np.mean(within)) if across and within else float("nan")


def _interval(
    own: Sequence[Ensemble], basins: Sequence[int], figure: Figure, sign: int, rng: np.random.Generator
) -> tuple[float, float]:
    if len(basins) < FEWEST:
        return float("nan"), float("nan")
    draws = [_difference(own, rng.choice(basins, len(basins)).tolist(), figure, sign) for _ in range(DRAWS)]
    known = np.array(draws)[np.isfinite(draws)]
    if len(known) < DRAWS / 2:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - MIDDLE) / 2, (1 + MIDDLE) / 2])
    return float(low), float(high)


def difference_table(rows: Sequence[Row]) -> Table:
    """Return the table of differences."""
    return Table(name="differences", caption=DIFFERENCES, columns=tuple(rows[0]), rows=tuple(rows))


def plot(found: Sequence[Ensemble], split: str) -> Plot:
    """Return loss and accuracy against the number of networks."""
    panels = (
        Panel(title="loss", series=tuple(_lines(found, "loss"))),
        Panel(title="mean loss of the members", series=tuple(_lines(found, "members_loss"))),
    )
    return Plot(
        name="ensembles",
        title="Ensembles across basins and within one",
        caption="Mean loss of ensembles against the number of their networks, and that of the networks alone.",
        x="networks",
        y=f"{split} loss",
        panels=panels,
    )


def _lines(found: Sequence[Ensemble], figure: str) -> Iterator[Series]:
    for kind in (ACROSS, WITHIN):
        own = [one for one in found if one.kind == kind]
        sizes = sorted({one.size for one in own})
        means = [np.mean([getattr(one, figure) for one in own if one.size == size]) for size in sizes]
        if sizes:
            yield Series.of(kind, sizes, means)
