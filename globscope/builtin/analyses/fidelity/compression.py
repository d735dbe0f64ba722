"""What the compression of a population loses, beside the errors of its maps."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from globscope.api import Atlas, Compressed, Field, Figure, Table, finite_or_none

CAPTION = (
    "What the compression of the population loses before any map: {numbers:,} numbers describe a network of {size:,} "
    "weights; the squared error per weight is {error:.3g}, {share} of the members' variance. own and compressed: "
    "medians over the trained members; gap: |own − compressed|. A map's squared errors are those of its decoded "
    "networks from the compressed ones; its loss gaps are those to the networks themselves."
)
COLUMNS = ("field", "own", "compressed", "gap_median", "gap_max")


def compression_table(atlas: Atlas, compressed: Compressed) -> Table:
    """Return the medians of every field before and after the compression, and how far they lie apart."""
    rows, trained = [], atlas.population.trained
    for key, values in compressed.fields.items():
        own = atlas.truth[key][trained]
        gaps = _gaps(own, values)
        medians = {"own": finite_or_none(np.median(own)), "compressed": finite_or_none(np.median(values))}
        largest = {"gap_median": finite_or_none(np.median(gaps)), "gap_max": finite_or_none(gaps.max())}
        rows.append({"field": atlas.field_of(key).name, **medians, **largest})
    share = compressed.unexplained_variance
    caption = CAPTION.format(
        numbers=compressed.numbers,
        size=atlas.population.layout.size,
        error=compressed.mse_per_weight,
        share="an unknown share" if share is None else f"{share:.2%}",
    )
    return Table(name="compression", caption=caption, columns=COLUMNS, rows=tuple(rows))


def compression_figures(atlas: Atlas, compressed: Compressed, loss: Field) -> Mapping[Figure, float | None]:
    """Return the figures of the comparison that a compression adds, the same for all maps."""
    found: dict[Figure, float | None] = {
        Figure(
            key="compression_unexplained",
            label="Unexplained by compression",
            meaning="squared error of the compressed networks as a share of the members' variance, before any map",
            better="low",
        ): compressed.unexplained_variance
    }
    if loss.key not in compressed.fields:
        return found
    gaps = _gaps(atlas.truth[loss.key][atlas.population.trained], compressed.fields[loss.key])
    summaries: tuple[tuple[str, str, Callable[[np.ndarray], Any]], ...] = (
        ("median", "median", np.median),
        ("max", "largest", np.max),
    )
    for name, words, summary in summaries:
        figure = Figure(
            key=f"compression_gap_{name}",
            label=f"Loss gap of compression, {words}",
            meaning=f"|own − compressed| {loss.name} over the trained members, before any map",
            better="low",
            field=loss.key,
        )
        found[figure] = finite_or_none(summary(gaps))
    return found


def _gaps(own: np.ndarray, compressed: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        gaps: np.ndarray = np.abs(own - compressed)
    return gaps
