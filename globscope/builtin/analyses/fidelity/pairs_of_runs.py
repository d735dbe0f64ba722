"""Whether two runs share a basin, on every map, and which map to believe where maps disagree."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from globscope.api import BY_DESIGN, SHARE, RunsOnMap, Table, finite_or_none, number
from globscope.builtin.analyses.formatting import NAMED, list_names

CAPTION = (
    "Whether the final networks of two runs share a basin on each map, by its first merge tree: `share`, `separate`, "
    "`no path` where its samples do not join the two, or which of the two the map does not show. answer: the answer of "
    "the map that shows both, and a path between them, with the smallest loss gap (the larger |true − decoded| loss of "
    "the two networks); closest_map, loss_gap: that map and its gap. Where maps disagree, believe this map. Empty "
    "where there is none. Runs that share a basin are joined by a path of the map; runs that are separate on a map may "
    "still be joined outside it."
)
ANSWER = ("answer", "closest_map", "loss_gap")
# Of more pairs than this, the table lists only those on which maps disagree.
LISTED = 5000
TOO_MANY = " Of {:,} pairs, only those on which maps disagree are listed, at most {:,}."
Row = dict[str, Any]


def absence_warnings(runs: RunsOnMap) -> Iterator[str]:
    """Yield a warning about the runs that a map should show and does not, with the reasons."""
    variants_by_reason: dict[str, list[str]] = {}
    for variant, reason in zip(runs.variants, runs.reasons, strict=True):
        if reason not in ("", *BY_DESIGN):
            variants_by_reason.setdefault(reason, []).append(variant)
    absent, count = sum(map(len, variants_by_reason.values())), len(runs.variants)
    if absent:
        causes = "; ".join(f"{list_names(names)}: {reason}" for reason, names in variants_by_reason.items())
        noun, verb = "run" if count == 1 else "runs", "is" if absent == 1 else "are"
        yield f"{runs.name}: {absent} of {count} {noun} {verb} not on this map, and in none of its basins ({causes})"


def pairs(maps: Sequence[RunsOnMap]) -> tuple[Table, list[str]]:
    """Return the table of pairs of runs, and a warning where maps that show both runs disagree."""
    names, runs, disagreements = tuple(map(_column, maps)), len(maps[0].variants), _disagreements(maps)
    all_listed = comb(runs, 2) <= LISTED
    listed = list(combinations(range(runs), 2)) if all_listed else disagreements[:LISTED]
    caption = CAPTION + ("" if all_listed else TOO_MANY.format(comb(runs, 2), LISTED))
    rows = tuple(_row(maps, a, b) for a, b in listed)
    table = Table(name="pairs", caption=caption, columns=("one", "other", *names, *ANSWER), rows=rows)
    return table, list(_disagreement_warnings(disagreements, maps))


def _column(map_: RunsOnMap) -> str:
    return f"on {map_.name}"  # a map may be called like another column


def _row(maps: Sequence[RunsOnMap], a: int, b: int) -> Row:
    showing = [map_ for map_ in maps if map_.joins(a, b)]
    best = min(showing, key=lambda map_: map_.gap(a, b), default=None)
    return {
        "one": maps[0].variants[a],
        "other": maps[0].variants[b],
        **{_column(map_): map_.relation(a, b) for map_ in maps},
        "answer": None if best is None else best.relation(a, b),
        "closest_map": None if best is None else best.name,
        "loss_gap": None if best is None else finite_or_none(best.gap(a, b)),
    }


def _disagreements(maps: Sequence[RunsOnMap]) -> list[tuple[int, int]]:
    """Return the pairs of runs that share a basin on one map that shows both, and are separate on another."""
    shared, separate = (np.zeros((len(maps[0].variants),) * 2, bool) for _ in range(2))
    for map_ in maps:
        shown, same = map_.basins >= 0, map_.basins[:, None] == map_.basins
        both = shown[:, None] & shown & (map_.parts[:, None] == map_.parts)
        shared |= both & same
        separate |= both & ~same
    return [(int(a), int(b)) for a, b in np.argwhere(np.triu(shared & separate, 1))]


def _disagreement_warnings(disagreements: Sequence[tuple[int, int]], maps: Sequence[RunsOnMap]) -> Iterator[str]:
    """Yield a warning that names the pairs on which maps disagree."""
    if disagreements:
        more = f"; {len(disagreements) - NAMED} more in the table of pairs" if len(disagreements) > NAMED else ""
        named = "; ".join(_sentence(_row(maps, a, b)) for a, b in disagreements[:NAMED])
        are = "1 pair of runs shares" if len(disagreements) == 1 else f"{len(disagreements)} pairs of runs share"
        yield f"maps disagree on whether {are} a basin: {named}{more}"


def _sentence(row: Row) -> str:
    verb = "share one" if row["answer"] == SHARE else "are separate"
    return (
        f"{row['one']} and {row['other']} {verb} on {row['closest_map']}, which shows them best "
        f"(loss gap {number(row['loss_gap'], 2)})"
    )
