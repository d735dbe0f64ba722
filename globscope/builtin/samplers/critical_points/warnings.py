"""What is not certain of a search, in sentences."""

from collections.abc import Iterator, Sequence

import numpy as np

from globscope.api import Landscape, edge_graph
from globscope.builtin.samplers.critical_points.pairs import Pair
from globscope.builtin.samplers.critical_points.search import CriticalPointSearch

# Pairs that a warning names.
NAMED = 6


def warnings(search: CriticalPointSearch, landscape: Landscape, names: Sequence[str]) -> Iterator[str]:
    """Yield in sentences what is not certain of a finished search; `names` are those of its minima."""
    if search.record.ran_out:
        yield (
            f"The search ended at its budget of {search.record.budget:,} evaluations: minima may be missing, and lower "
            "passes are likely."
        )
    persistent = [pair for pair, persistence in search.persistences.items() if persistence > search.tolerance]
    straight = [_pair_name(pair, names) for pair in persistent if pair in search.segments]
    if straight:
        yield (
            f"For want of evaluations, {len(straight)} of the tree's {len(persistent)} passes come from straight "
            "segments that no string has lowered, and leaves that these alone keep apart need not be basins: "
            f"{_pair_list(straight)}."
        )
    bounds = [pair for pair in persistent if pair not in search.segments]
    loose = [_pair_name(pair, names) for pair in bounds if not search.paths[pair].is_converged]
    if loose:
        yield f"The strings of these passes still sank at the end; lower passes are likely: {_pair_list(loose)}."
    odd = [_pair_name(pair, names) for pair in bounds if pair in search.tops and search.tops[pair].negative != 1]
    if odd:
        yield (
            "At the tops of these paths the number of negative curvatures found is not one, so they need not be passes "
            f"of the field: {_pair_list(odd)}."
        )
    far = [_pair_name(pair, names) for pair in bounds if not landscape.trusted[search.paths[pair].rows].all()]
    if far:
        yield f"These paths lead through networks unlike any member, where the map is not trusted: {_pair_list(far)}."
    groups = _groups(landscape, search.record.name, search.minima.rows)
    if groups > 1:
        yield (
            f"The {len(search.minima.rows)} minima are in {groups} groups between which no path of finite values was "
            "sampled: nothing is known of passes between these."
        )


def _groups(landscape: Landscape, name: str, rows: np.ndarray) -> int:
    """Return in how many components of the graph of samples, of those with a finite value, some samples lie."""
    from scipy.sparse.csgraph import connected_components

    values, edges = landscape.fields[name], landscape.samples.edges
    edges = np.empty((0, 2), int) if edges is None else edges[np.isfinite(values[edges]).all(axis=1)]
    graph = edge_graph(np.ones(len(edges)), edges.T, len(values))
    return len(set(connected_components(graph, directed=False)[1][rows].tolist()))


def _pair_name(pair: Pair, names: Sequence[str]) -> str:
    return f"{names[pair[0]]} – {names[pair[1]]}"


def _pair_list(pairs: Sequence[str]) -> str:
    more = len(pairs) - NAMED
    return "; ".join([*pairs[:NAMED], *([f"and {more} more"] if more > 0 else [])])
