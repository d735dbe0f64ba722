"""The network that a recipe makes of some members, and the best of all that were merged."""

from collections.abc import Iterator, Sequence

import numpy as np

from globscope.api import Bench, Field, GlobscopeError, MergedNetwork, near
from globscope.builtin.analyses.merging.merges import METHODS, REPAIR, Merged, Recipes, merge_all_ways, weights_of
from globscope.builtin.analyses.merging.networks import Mergeable
from globscope.builtin.analyses.merging.pairs import gap

BEST = "best"


def merged_network(
    recipe: str, sets: Sequence[tuple[str, Sequence[int]]], members: Mergeable, recipes: Recipes, bench: Bench
) -> MergedNetwork:
    """Return what a recipe makes of the best of several sets, by the field of selection; `best` takes any recipe.

    Raises:
        GlobscopeError: There is no such recipe, none for these networks, or none has a finite value of the field.
    """
    if recipe not in (BEST, *METHODS):
        raise GlobscopeError(f"merge: there is no recipe {recipe!r}; {near(recipe, (BEST, *METHODS))}")

    def networks_of(rows: Sequence[int]) -> Mergeable:
        return members.take(rows).align_to_best(recipes.aligner, recipes.select, bench)

    found = [
        (name, rows, merged)
        for name, rows in sets
        for merged in merge_all_ways(networks_of(rows), recipes, bench)
        if recipe in (BEST, merged.method)
    ]
    if not found:
        raise GlobscopeError(f"merge: {recipe} does not apply: {_why_not(recipe)}")
    cost = [float(recipes.select.cost(np.array(merged.fields[recipes.select.key]))) for *_, merged in found]
    if not np.isfinite(cost).any():
        raise GlobscopeError(f"merge: no merged network has a finite {recipes.select.name}")
    name, rows, merged = found[int(np.where(np.isfinite(cost), cost, np.inf).argmin())]
    networks = networks_of(rows)
    kept = merged.rows or tuple(range(len(networks)))
    about = {"set": name, "recipe": merged.method, "setting": merged.setting, "chosen by": recipes.select.name}
    title = f"{merged.method} of {', '.join(networks.names[row] for row in kept)}"
    return MergedNetwork(
        title=title,
        weights=weights_of(merged, networks, recipes, bench),
        members=tuple(networks.networks.members[row].label for row in kept),
        about={key: value for key, value in (about | {"aligner": recipes.aligner or ""}).items() if value},
        fields=merged.fields,
        warnings=tuple(not_better(title, merged, recipe, members, recipes.select)),
    )


def not_better(title: str, merged: Merged, recipe: str, members: Mergeable, by: Field) -> Iterator[str]:
    """Yield the warning about a network that does not beat the best of those that could be merged."""
    best = members.order(by)[0]
    name, own, value = members.names[best], float(members.fields[by.key][best]), merged.fields[by.key]
    if len(merged.rows) == 1:
        what = "no merge" if recipe == BEST else "no merge by this recipe"
        yield f"{title}: this is {name} alone; {what} has a better {by.name} than its {own:.6g}"
    elif gap(by, value, members.fields[by.key][[best]]) >= 0:
        yield f"{title}: no better than {name} alone, whose {by.name} is {own:.6g}; that of the merge is {value:.6g}"


def _why_not(recipe: str) -> str:
    if recipe == REPAIR:
        return "the analysis has no `repair = true`"
    return "it merges two networks" if recipe == "slerp" else "the networks have no base"
