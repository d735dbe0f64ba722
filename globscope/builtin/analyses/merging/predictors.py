"""What might say beforehand how well two networks merge, each so that a larger value promises a worse merge."""

from collections.abc import Mapping, Sequence

import numpy as np

from globscope.api import Field
from globscope.builtin.analyses.merging.pairs import MergedPair

# Figures of a pair by name; of these a large value promises a good merge, so 1 less the figure is the predictor.
ALIKE = ("cosine", "subspaces", "gradient_ends", "gradient_middle", "descent")
# Measured on the line between the two, where the merged network lies: no forecast, but what forecasts are held against.
ON_THE_LINE = ("barrier",)


def predictors(
    pairs: Sequence[MergedPair],
    figures: Mapping[str, np.ndarray],
    separate: np.ndarray,
    by: Field,
) -> dict[str, np.ndarray]:
    """Return the (pairs,) predictors by name.

    Args:
        pairs: The merged pairs.
        figures: Figures of the pairs' weights, gradients and outputs, (pairs,) each.
        separate: (pairs,) whether two networks lie in two basins of the map; NaN where that is not known.
        by: The field of the barrier.
    """
    found = {predictor_name(name): 1 - values if name in ALIKE else values for name, values in figures.items()}
    own = {"difference": [pair.apart(by) for pair in pairs], "barrier": [pair.barrier(by) for pair in pairs]}
    return found | {"separate basins": separate} | {name: np.array(values) for name, values in own.items()}


def separate(basins: np.ndarray) -> np.ndarray:
    """Return for all (pairs,) of (n,) basins 1 where they differ and 0 where not; NaN where one is not known."""
    one, other = (basins[at] for at in np.triu_indices(len(basins), 1))
    return np.where(np.minimum(one, other) < 0, np.nan, one != other)


def predictor_name(figure: str) -> str:
    """Return the name of the predictor that a pair's figure makes."""
    return f"1 − {figure}" if figure in ALIKE else figure
