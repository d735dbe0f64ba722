"""Which runs share a basin, pair by pair and map by map, and which map to believe where maps disagree."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import OFF_SLICE, PATH, Map, Table, depiction, finite_or_none, last_networks

CAPTION = (
    "Whether the last networks of two runs share a basin on each map, by its first merge tree: `share`, `separate`, or "
    "which of the two the map does not show. answer: of the map that shows both with the smallest loss gap (the larger "
    "|true − decoded| loss of the two networks); closest_map and loss_gap: that map and its gap. Where maps disagree, "
    "believe this one. Empty where no map shows both."
)
SHARE, SEPARATE, HIDDEN = "share", "separate", "not on this map: "
ANSWER = ("answer", "closest_map", "loss_gap")
# A slice and a path show the networks that they are made for, and no others.
BY_DESIGN = (OFF_SLICE, PATH)
# Pairs and runs that a warning names; the tables have them all.
NAMED = 5
# Pairs that a table lists at most; of more, nobody reads those on which all maps agree.
LISTED = 5000
TOO_MANY = " Of {:,} pairs, only those on which maps disagree are listed, at most {:,}."
Row = dict[str, Any]


@define(frozen=True, kw_only=True)
class RunsOnMap:
    """Where a map has the runs' last networks.

    Attributes:
        name: Of the map.
        variants: Names of the runs.
        basins: (variants,) minimum in whose basin each last network lies; −1 where the map does not show it.
        reasons: Why the map does not show them; empty where it does.
        gaps: (variants,) |true − decoded| of the tree's field.
    """

    name: str
    variants: tuple[str, ...]
    basins: np.ndarray = field(eq=False, repr=False)
    reasons: tuple[str, ...]
    gaps: np.ndarray = field(eq=False, repr=False)

    @classmethod
    def of(cls, one: Map) -> "RunsOnMap | None":
        """Return the runs on a map's first merge tree; None where there is none."""
        landscape, topology = one.landscape, one.topology
        if landscape is None or topology is None:
            return None
        found, ends = last_networks(one, landscape, topology), depiction(one, topology.field, one.population.finals)
        return cls(
            name=one.name,
            variants=one.population.variants,
            basins=found.basins,
            reasons=found.reasons,
            gaps=ends.gaps,
        )

    def shows(self, a: int, b: int) -> bool:
        """Whether the map shows the last networks of both runs."""
        return bool(min(self.basins[a], self.basins[b]) >= 0)

    def answer(self, a: int, b: int) -> str:
        """Return whether two runs share a basin, or which of them the map does not show."""
        absent = [self.variants[run] for run in (a, b) if self.basins[run] < 0]
        if absent:
            return HIDDEN + ", ".join(absent)
        return SHARE if self.basins[a] == self.basins[b] else SEPARATE

    def gap(self, a: int, b: int) -> float:
        """Return the larger loss gap of two runs."""
        return float(max(self.gaps[a], self.gaps[b]))


def warning(runs: RunsOnMap) -> Iterator[str]:
    """Yield which runs a map does not show that should, and why."""
    why: dict[str, list[str]] = {}
    for variant, reason in zip(runs.variants, runs.reasons, strict=True):
        if reason not in ("", *BY_DESIGN):
            why.setdefault(reason, []).append(variant)
    absent, count = sum(map(len, why.values())), len(runs.variants)
    if absent:
        causes = "; ".join(f"{_listed(names)}: {reason}" for reason, names in why.items())
        are = "run is" if count == 1 else "runs are"
        yield f"{runs.name}: {absent} of {count} {are} not on this map, and in none of its basins ({causes})"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def pairs(maps: Sequence[RunsOnMap]) -> tuple[Table, list[str]]:
    """Return the table of pairs of runs, and a warning where maps that show both runs disagree."""
    names, runs, apart = tuple(_column(one) for one in maps), len(maps[0].variants), _disagreements(maps)
    few = comb(runs, 2) <= LISTED
    listed = list(combinations(range(runs), 2)) if few else apart[:LISTED]
    caption = CAPTION + ("" if few else TOO_MANY.format(comb(runs, 2), LISTED))
    rows = tuple(_row(maps, a, b) for a, b in listed)
    table = Table(name="pairs", caption=caption, columns=("one", "other", *names, *ANSWER), rows=rows)
    return table, list(_warning_of(apart, maps))


def _column(one: RunsOnMap) -> str:
    return f"on {one.name}"  # a map may be called like another column


def _row(maps: Sequence[RunsOnMap], a: int, b: int) -> Row:
    shown = [one for one in maps if one.shows(a, b)]
    best = min(shown, key=lambda one: one.gap(a, b), default=None)
    return {
        "one": maps[0].variants[a],
        "other": maps[0].variants[b],
        **{_column(one): one.answer(a, b) for one in maps},
        "answer": None if best is None else best.answer(a, b),
        "closest_map": None if best is None else best.name,
        "loss_gap": None if best is None else finite_or_none(best.gap(a, b)),
    }


def _disagreements(maps: Sequence[RunsOnMap]) -> list[tuple[int, int]]:
    """Return the pairs of runs that share a basin on one map and are separate on another, of those that show both."""
    shared, separate = (np.zeros((len(maps[0].variants),) * 2, bool) for _ in range(2))
    for one in maps:
        shown, same = one.basins >= 0, one.basins[:, None] == one.basins
        both = shown[:, None] & shown
        shared |= both & same
        separate |= both & ~same
    return [(int(a), int(b)) for a, b in np.argwhere(np.triu(shared & separate, 1))]


def _warning_of(apart: Sequence[tuple[int, int]], maps: Sequence[RunsOnMap]) -> Iterator[str]:
    """Yield on which pairs of runs maps disagree."""
    if apart:
        more = f"; {len(apart) - NAMED} more in the table of pairs" if len(apart) > NAMED else ""
        named = "; ".join(_described(_row(maps, a, b)) for a, b in apart[:NAMED])
        are = "1 pair of runs shares" if len(apart) == 1 else f"{len(apart)} pairs of runs share"
        yield f"maps disagree on whether {are} a basin: {named}{more}"


def _described(row: Row) -> str:
    verb = "share one" if row["answer"] == SHARE else "are separate"
    return (
        f"{row['one']} and {row['other']} {verb} on {row['closest_map']}, which shows them best "
        f"(loss gap {row['loss_gap']:.2g})"
    )
