"""Where the figures of merging should not be believed."""

from collections.abc import Iterator, Sequence
from math import comb

import numpy as np

from globscope.api import Field
from globscope.builtin.analyses.formatting import list_names
from globscope.builtin.analyses.merging.pairs import MergedPair
from globscope.builtin.analyses.merging.significance import Forecast

# With fewer networks, even a perfect order of the pairs is met by more than one relabelling in a hundred (5! = 120).
FEW = 5


def warnings(pairs: Sequence[MergedPair], found: Forecast, by: Field, noise: float) -> Iterator[str]:
    """Yield what a reader must know; `noise` is the field's standard deviation between draws of scoring."""
    gaps = np.array([pair.gap(by) for pair in pairs])
    lost = [" and ".join(pair.names) for pair, own in zip(pairs, gaps, strict=True) if not np.isfinite(own)]
    if lost:
        yield f"the merged {by.name} is not finite for {list_names(lost)}: these pairs are left out of the correlations"
    known = gaps[np.isfinite(gaps)]
    if len(known) and np.ptp(known) <= 2 * noise:
        yield f"all pairs merge alike, within the noise of the {by.name}: an order of the predictors means nothing"
    yield from _of_forecast(found)


def _of_forecast(found: Forecast) -> Iterator[str]:
    if found.networks < FEW:
        pairs = comb(found.networks, 2)
        yield (
            f"{found.networks} networks have {pairs} pairs that are not independent: no p-value can be below "
            f"{found.least:.2g}, and no predictor is shown to be better than another"
        )
        return
    for of, row in ((of, found.best(of)) for of in found.gaps):
        if row is not None and (row["low"] is None or row["low"] <= 0):
            interval = "no interval" if row["low"] is None else f"95 % interval {row['low']:.2f} to {row['high']:.2f}"
            yield (
                f"no predictor orders the merged pairs against {of} beyond chance: the strongest, {row['predictor']}, "
                f"has a rank correlation of {row['spearman']:.2f} ({interval}), over {found.networks} networks"
            )
