"""Tables of the maps, of the pairs of runs, and of every pair's pass on every map."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from globscope.api import Field, Table, finite_or_none
from globscope.builtin.analyses.dimension.known_paths import KnownPaths
from globscope.builtin.analyses.dimension.run_passes import RunPasses, known_figure, persistence_text

CHARTS = (
    "What each map says of the walls between the runs' final networks, in {field}. kind: the table [[reducer]] of the "
    "map; unexplained_variance: share of the members' squared distances from their mean that encoding and decoding "
    "lose; leaves: basins deeper than the topology's threshold; basins: how many basins the runs end in; "
    "in_none: how many of them end in none, such as where the map extrapolates beside them. certain: "
    "of how many pairs both networks were sampled, missing neither by more than a hundredth of their distance; "
    "other passes are between other networks, and runs beside a slice have none. largest, median, smallest: "
    "persistences of the tree of the runs alone, where groups of runs meet and each network is a leaf; passes: lowest "
    "and highest of the passes between two runs. persistences: the merge tree's own, largest first, with leaves that "
    "hold no run. Passes and persistences between runs are upper bounds for the networks that the map decodes in their "
    "places: it may miss a lower path."
)
PAIRS = (
    "Every two runs' final networks, with the highest {field} on paths between them. straight: the straight line in "
    "weight space; curve: a trained Bezier curve; on …: the lowest pass on any map of this kind, "
    "whatever their number of axes. lowest: the lowest of these, an upper bound of the true pass; "
    "by: where it was found. Maps that do not decode one of the two networks are left out there, since their paths "
    "end at others. distance: Euclidean, in weight space."
)
PASSES = (
    "Every pair's pass on every map, an upper bound between the networks that the map decodes: the height at which the "
    "merge tree joins the samples nearest to the two networks, and at least the {field} of the networks themselves. "
    "wall: pass less straight, which above 0 is a wall that the map has and the straight line in weight space has not."
)
Row = dict[str, Any]


def chart_table(found: Sequence[RunPasses], field: Field) -> Table:
    """Return the table with a row for every map."""
    rows = tuple(map(_chart_row, found))
    return Table(name="charts", caption=CHARTS.format(field=field.name), columns=tuple(rows[0]), rows=rows)


def _chart_row(one: RunPasses) -> Row:
    persistences, pairs = one.persistences, one.pairs
    return {
        "name": one.map.name,
        "kind": one.map.kind,
        "axes": one.axes,
        "unexplained_variance": one.unexplained,
        "leaves": len(one.topology.tree.minima),
        "basins": len({basin for basin in one.basins if basin >= 0}),
        "in_none": one.basins.count(-1),
        "certain": int((~np.isnan(one.certain_pairs)).sum()),
        "largest": known_figure(np.max, persistences),
        "median": known_figure(np.median, persistences),
        "smallest": known_figure(np.min, persistences),
        "lowest_pass": known_figure(np.min, pairs),
        "highest_pass": known_figure(np.max, pairs),
        "persistences": persistence_text(one.topology.tree),
    }


def pair_table(found: Sequence[RunPasses], known: KnownPaths, names: Sequence[str], field: Field) -> Table:
    """Return the table with a row for every pair of runs."""
    ways, certain = pair_ways(found, known), certain_ways(found, known)
    rows = tuple(
        {
            "one": one,
            "other": other,
            "distance": float(known.distances[pair]),
            **{name: finite_or_none(heights[pair]) for name, heights in ways.items()},
            **_lowest(certain, pair),
        }
        for pair, (one, other) in enumerate(combinations(names, 2))
    )
    return Table(name="pairs", caption=PAIRS.format(field=field.name), columns=tuple(rows[0]), rows=rows)


def pair_ways(found: Sequence[RunPasses], known: KnownPaths) -> dict[str, np.ndarray]:
    """Return for every way between two networks the (k,) highest values on it: of each kind of map, the lowest pass."""
    return _ways([(one.map.kind, one.pairs) for one in found], known)


def certain_ways(found: Sequence[RunPasses], known: KnownPaths) -> dict[str, np.ndarray]:
    """Return these ways where they end at the runs' networks themselves: NaN where a map does not decode one."""
    return _ways([(one.map.kind, one.certain_pairs) for one in found], known)


def _ways(passes: Sequence[tuple[str, np.ndarray]], known: KnownPaths) -> dict[str, np.ndarray]:
    ways = {"straight": known.straight}
    for kind in dict.fromkeys(kind for kind, _ in passes):
        ways[f"on {kind}"] = np.fmin.reduce([pairs for other, pairs in passes if other == kind])
    return ways | {"curve": known.curves}


def _lowest(ways: dict[str, np.ndarray], pair: int) -> Row:
    """Return the lowest of all ways between two networks, and which it is."""
    finite = {name: float(heights[pair]) for name, heights in ways.items() if np.isfinite(heights[pair])}
    by = min(finite, key=lambda name: finite[name]) if finite else None
    return {"lowest": None if by is None else finite[by], "by": by}


def pass_table(found: Sequence[RunPasses], known: KnownPaths, names: Sequence[str], field: Field) -> Table:
    """Return the table with a row for every map and pair."""
    columns = ("name", "kind", "axes", "one", "other", "pass", "wall")
    rows = tuple(
        {
            "name": each.map.name,
            "kind": each.map.kind,
            "axes": each.axes,
            "one": one,
            "other": other,
            "pass": finite_or_none(each.pairs[pair]),
            "wall": finite_or_none(each.pairs[pair] - known.straight[pair]),
        }
        for each in found
        for pair, (one, other) in enumerate(combinations(names, 2))
    )
    return Table(name="passes", caption=PASSES.format(field=field.name), columns=columns, rows=rows)
