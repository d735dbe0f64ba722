"""The gaps of pairs and sets, and the strongest predictors against them."""

from collections.abc import Sequence

import numpy as np

from globscope.api import Field, HeatMap, Panel, Plot, Series, finite_or_none
from globscope.builtin.analyses.merging.merges import METHODS
from globscope.builtin.analyses.merging.pairs import BETTER, MergedPair, pair_matrix
from globscope.builtin.analyses.merging.significance import Forecast
from globscope.builtin.analyses.merging.soups import Soup
from globscope.builtin.analyses.merging.tables import aligned_note

# Predictors in the picture, the strongest ones, and words for those whose names in tables are no words.
SHOWN = 3
WORDS = {
    "gradient_ends": "cosine of the two gradients",
    "gradient_middle": "cosine of the gradient half-way",
    "descent": "cosine of descent and way",
    "subspaces": "overlap of subspaces",
}
MATRIX = (
    "How much worse the mean of two networks is than the better of the two, in {field}: below 0 it is better than both."
)
SOUPS = (
    "How much worse what a recipe makes of a set of networks is than the best member of the set, in {field}: below 0 "
    "it is better than all of them. Empty where a recipe does not apply."
)
SCATTER = (
    "Each point is a pair of networks: how much worse their mean is than the better of the two, in {field}, against "
    "a figure known without merging. ρ: Spearman's rank correlation, with a 95 % interval over networks. Pairs share "
    "networks, so they are not independent."
)


def gap_matrix(pairs: Sequence[MergedPair], names: Sequence[str], by: Field, aligner: str | None) -> HeatMap:
    """Return the matrix of gaps of every two networks."""
    values = pair_matrix([pair.gap(by) for pair in pairs], len(names))
    return HeatMap(
        name="merged pairs",
        title=f"Merged {by.name} less that of the better network",
        caption=MATRIX.format(field=by.name) + aligned_note(aligner),
        rows=tuple(names),
        columns=tuple(names),
        values=tuple(tuple(finite_or_none(value) for value in row) for row in values),
        label=f"worse than the better one, {by.name}",
    )


def soup_matrix(soups: Sequence[Soup], by: Field, aligner: str | None) -> HeatMap:
    """Return the matrix of gaps by set and recipe."""
    gaps = [{merge.method: soup.gap(merge, by) for merge in soup.merges} for soup in soups]
    methods = tuple(method for method in METHODS if any(method in own for own in gaps))
    return HeatMap(
        name="soups",
        title=f"Merged {by.name} less that of the best member",
        caption=SOUPS.format(field=by.name) + aligned_note(aligner),
        rows=tuple(soup.name for soup in soups),
        columns=methods,
        values=tuple(tuple(finite_or_none(own.get(method, np.nan)) for method in methods) for own in gaps),
        label=f"worse than the best member, {by.name}",
    )


def scatter(found: Forecast, by: Field) -> Plot | None:
    """Return the strongest predictors against the gaps; None where none has a correlation."""
    strongest = found.ranking(BETTER)[:SHOWN]
    if not strongest:
        return None
    panels = []
    for row in strongest:
        values = found.values[row["predictor"]]
        interval = "" if row["low"] is None else f" ({row['low']:.2f} to {row['high']:.2f})"
        panels.append(
            Panel(
                title=f"ρ = {row['spearman']:.2f}{interval}",
                series=(Series.of("pair of networks", values, found.gaps[BETTER], "points"),),
                x=in_words(row["predictor"]),
            )
        )
    return Plot(
        name="predictors",
        title="What orders the merged pairs",
        caption=SCATTER.format(field=by.name),
        x="",
        y=f"worse than the better one, {by.name}",
        panels=tuple(panels),
    )


def in_words(predictor: str) -> str:
    """Return a predictor as an axis names it."""
    figure = predictor.removeprefix("1 − ")
    return predictor.replace(figure, WORDS.get(figure, figure))
