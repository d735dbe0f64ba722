"""Warnings about walls that only maps have, and about networks that they do not decode."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from globscope.builtin.analyses.curves.pairs import pair_label
from globscope.builtin.analyses.dimension.known_paths import KnownPaths
from globscope.builtin.analyses.dimension.run_passes import RunPasses
from globscope.builtin.analyses.dimension.tables import certain_ways
from globscope.builtin.analyses.formatting import list_names


def warnings(found: Sequence[RunPasses], known: KnownPaths, names: Sequence[str]) -> Iterator[str]:
    """Yield a warning for every kind of map with walls where another path has none, and for runs that are missing."""
    lowest, pairs = np.fmin.reduce([*certain_ways(found, known).values()]), [*combinations(names, 2)]
    for kind in dict.fromkeys(one.map.kind for one in found):
        own = [one for one in found if one.map.kind == kind]
        yield from _wall_warnings(
            kind, np.fmin.reduce([one.pairs for one in own]), lowest, own[0].topology.threshold, pairs
        )
        missing = [one.map.name for one in own if np.isnan(one.certain_pairs).any()]
        if missing:
            do = "do" if len(missing) > 1 else "does"
            yield (
                f"{kind}: {list_names(missing)} {do} not decode the final networks of all runs, so passes from there "
                "are passes from other networks"
            )


def _wall_warnings(
    kind: str, passes: np.ndarray, lowest: np.ndarray, threshold: float, pairs: Sequence[tuple[str, str]]
) -> Iterator[str]:
    """Yield a warning where all maps of a kind have a wall above the threshold that another path does not climb."""
    walls = np.nan_to_num(passes - lowest, nan=0.0, posinf=0.0)  # without a path there is no wall, but nothing known
    if len(walls) and (walls > threshold).any():
        worst, count = int(walls.argmax()), int((walls > threshold).sum())
        yield (
            f"{kind}: on {count} of {len(pairs)} pairs of runs, the lowest pass of its maps is more than the "
            f"threshold, {threshold:.3g}, above a known path in weight space: {pair_label(*pairs[worst])} rises to "
            f"{passes[worst]:.3g} on the map and to {lowest[worst]:.3g} elsewhere; that wall is of the maps"
        )
