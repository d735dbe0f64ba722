"""The tables of soups, of pairs, and of predictors."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from globscope.api import Field, Table, finite_or_none
from globscope.builtin.analyses.merging.merges import Recipes
from globscope.builtin.analyses.merging.pairs import MergedPair
from globscope.builtin.analyses.merging.significance import COLUMNS, Forecast
from globscope.builtin.analyses.merging.soups import Soup
from globscope.builtin.analyses.rank_correlation import DRAWS

SOUPS = (
    "What every recipe makes of several networks. set: which; networks: how many; setting: the members of a greedy "
    "soup, or the scale of the change from the base, both chosen by the {select}{same}. worse: {field} of the merged "
    "network less that of the best member, so below 0 it is better than all of them (for a share such as an accuracy, "
    "the fall below the best member's); than_mean: the same against the members' mean. best_member, members_mean: "
    "these figures. uniform: the mean; greedy: members come in by the {select}, the best first, and stay if the mean "
    "is then no worse (Wortsman et al., 2022); slerp: the middle of the great arc, tensor by tensor; task arithmetic: "
    "the base and a multiple of the members' mean change (Ilharco et al., 2023; their λ is the scale over the number "
    "of networks); TIES: the {density:.0%} largest changes of each tensor, where they agree in sign (Yadav et al., "
    "2023); DARE: a random {density:.0%} of the changes, scaled up (Yu et al., 2024). Slerp, TIES and DARE are those "
    "of {library}.{aligned}"
)
PAIRS = (
    "Every two networks. merged: {field} of their mean; best, mean: that of the better of the two, and their mean; "
    "worse: merged less best, below 0 where the mean is better than both (for a share, the fall below the better one); "
    "than_average: merged less mean; "
    "barrier: the largest excess over the line between the ends, on {points} networks of the straight line. distance: "
    "Euclidean, in weight space; cosine: of their changes from {origin}; subspaces: how far the leading singular "
    "subspaces of these changes coincide, tensor by tensor, 1 if they do and 0 by chance; gradient_ends: cosine of the "
    "gradients of the training loss at the two; gradient_middle: of that half-way with the sum of these; descent: of "
    "the way down at a network with the way to the other, the mean of both; disagreement: of their outputs; basin: "
    "whether they share one on {map}. Other columns: {field} of the other recipes.{aligned}"
)
PREDICTORS = (
    "How well each figure of a pair orders the pairs by how much worse their mean is, in {field}. of: than the better "
    "one, or than their average. A larger predictor promises a worse merge, so a good one has a correlation near 1. "
    "difference: of the two networks' {field}, without a look at their weights. spearman, kendall: rank correlations; "
    f"low, high: the 95 % interval of Spearman's, from a bootstrap over networks ({DRAWS} draws), since pairs share "
    "networks; p: share of {orders:,} relabellings of the networks with at least Spearman's correlation (Mantel, "
    "1967), which cannot be below {least:.2g} and is not corrected for the number of predictors; strongest: share of "
    "the draws in which it has the largest correlation. barrier is measured on the same line as the merged network, so "
    "it is no forecast, and has no share. Empty where a figure is the same for all pairs, or not known."
)
NO_BASE = (
    " The runs have no common start, so that task arithmetic, TIES and DARE are left out; `base` names a network from "
    "which all were trained."
)
REPAIRED = (
    " REPAIR: the mean, where on {examples} training examples every hidden unit gets the mean and standard deviation "
    "before its nonlinearity that the networks have on average (Jordan et al., 2023)."
)
ALIGNED = " The units of the networks are permuted by {aligner}, to fit those of the best member."
LIBRARIES = {"globscope": "GlobScope", "mergekit": "mergekit"}
Row = dict[str, Any]


def aligned_note(aligner: str | None) -> str:
    """Return the sentence of captions on alignment; empty where nothing was aligned."""
    return ALIGNED.format(aligner=aligner) if aligner else ""


def soup_table(soups: Sequence[Soup], by: Field, recipes: Recipes, aligner: str | None) -> Table:
    """Return the table with a row for every set and recipe."""
    without_base = NO_BASE if soups[0].members.base is None else ""
    rows = tuple(_soup_row(soup, number, by) for soup in soups for number in range(len(soup.merges)))
    same = ", the same field that is reported, which flatters them" if by.key == recipes.select.key else ""
    caption = SOUPS.format(
        select=recipes.select.name,
        same=same,
        field=by.name,
        density=recipes.density,
        library=LIBRARIES[recipes.book.library],
        aligned=aligned_note(aligner),
    )
    repair = "" if recipes.repair is None else REPAIRED.format(examples=recipes.repair.examples)
    return Table(name="soups", caption=caption + without_base + repair, columns=tuple(rows[0]), rows=rows)


def _soup_row(soup: Soup, number: int, by: Field) -> Row:
    merge, own = soup.merges[number], soup.members.fields[by.key]
    best = own.max() if by.higher_is_better else own.min()
    mean = by.cost(np.array(merge.fields[by.key])) - by.cost(own).mean()
    return {
        "set": soup.name,
        "networks": len(soup.members),
        "recipe": merge.method,
        "setting": merge.setting,
        "worse": finite_or_none(soup.gap(merge, by)),
        "than_mean": finite_or_none(mean),
        "best_member": finite_or_none(best),
        "members_mean": finite_or_none(own.mean()),
        **{name: finite_or_none(value) for name, value in merge.fields.items()},
    }


def pair_table(
    pairs: Sequence[MergedPair],
    figures: Mapping[str, np.ndarray],
    separate: np.ndarray,
    by: Field,
    named: Mapping[str, str | int],
) -> Table:
    """Return the table with a row for every pair; `named` fills the caption."""
    rows = tuple(_pair_row(pair, number, figures, separate, by) for number, pair in enumerate(pairs))
    return Table(name="pairs", caption=PAIRS.format(field=by.name, **named), columns=tuple(rows[0]), rows=rows)


def _pair_row(pair: MergedPair, number: int, figures: Mapping[str, np.ndarray], separate: np.ndarray, by: Field) -> Row:
    basins = {0.0: "share", 1.0: "separate"}
    return {
        "one": pair.names[0],
        "other": pair.names[1],
        "merged": finite_or_none(pair.mean_value(by.key)),
        "best": finite_or_none(pair.best(by)),
        "mean": finite_or_none(pair.members.fields[by.key].mean()),
        "worse": finite_or_none(pair.gap(by)),
        "than_average": finite_or_none(pair.than_average(by)),
        "barrier": finite_or_none(pair.barrier(by)),
        **{name: finite_or_none(values[number]) for name, values in figures.items()},
        "basin": basins.get(float(separate[number])),
        **{merge.method: finite_or_none(merge.fields[by.key]) for merge in pair.merges[1:]},
    }


def predictor_table(found: Forecast, by: Field) -> Table:
    """Return the table with a row for every predictor, the strongest first."""
    caption = PREDICTORS.format(field=by.name, orders=found.orders, least=found.least)
    return Table(name="predictors", caption=caption, columns=COLUMNS, rows=found.rows)
