"""The networks that are made of several, with their fields."""

from collections.abc import Iterator, Mapping

import numpy as np
from attrs import define, field

from globscope.api import Bench, Field, Mixtures, Networks, Population
from globscope.builtin.analyses.merging.networks import Mergeable
from globscope.builtin.analyses.merging.recipe_book import OWN, RecipeBook
from globscope.builtin.analyses.merging.recipes import merge_tensors
from globscope.builtin.analyses.repaired_mixtures import Repair

UNIFORM, GREEDY, ARITHMETIC, SLERP, TIES, DARE = "uniform", "greedy", "task arithmetic", "slerp", "TIES", "DARE"
REPAIR = "REPAIR"
METHODS = (UNIFORM, REPAIR, GREEDY, SLERP, ARITHMETIC, TIES, DARE)


@define(frozen=True, kw_only=True)
class Recipes:
    """How networks are merged, and by which field.

    Attributes:
        select: The field by which members are ordered and accepted, and scales chosen.
        scales: Multiples of the mean change from the base that are tried.
        density: Share of a change's weights that TIES and DARE keep.
        seed: Seed of what DARE keeps.
        book: Whose slerp, TIES and DARE are used.
        aligner: Name of the aligner that fits networks to the best of them; None aligns nothing.
        repair: How the mean is repaired; None leaves that recipe out.
    """

    select: Field
    scales: tuple[float, ...]
    density: float
    seed: int
    book: RecipeBook = OWN
    aligner: str | None = None
    repair: Repair | None = None


@define(frozen=True, kw_only=True)
class Merged:
    """A network made of several.

    Attributes:
        method: Name of the recipe, one of METHODS.
        setting: What was chosen, in words: a scale, or the members of a greedy soup.
        rows: Rows of the networks that it is of; all where empty.
        scale: The scale that was chosen.
        fields: Its measured fields by key, such as `train_loss`.
    """

    method: str
    setting: str
    rows: tuple[int, ...] = ()
    scale: float = 1.0
    fields: Mapping[str, float] = field(eq=False, repr=False)


def measure_mixtures(networks: Population, shares: np.ndarray, bench: Bench) -> Mapping[str, np.ndarray]:
    """Return the fields of (m, n) weighted sums of networks; other buffers are those of the largest share."""
    space, nearest = Mixtures(weights=networks.weights), np.abs(shares).argmax(axis=1)
    return bench.measure(Networks(space=space, coordinates=shares, buffers=networks.buffers, nearest=nearest))


def merge_all_ways(members: Mergeable, recipes: Recipes, bench: Bench) -> list[Merged]:
    """Return what every recipe makes of some networks, each at the scale that is best by the field of selection."""
    found = [*_soups(members, recipes, bench)]
    if len(members) == 2:
        found += _slerp(members, recipes, bench)
    if members.base is not None:
        found += _multiples(members, recipes, bench)
    return sorted(found, key=lambda merged: METHODS.index(merged.method))


def _soups(members: Mergeable, recipes: Recipes, bench: Bench) -> Iterator[Merged]:
    """Yield the uniform soup, also repaired, and the greedy soup (Wortsman et al., "Model soups", ICML 2022)."""
    shares = np.full((1, len(members)), 1 / len(members))
    uniform = _first(measure_mixtures(members.networks, shares, bench))
    yield Merged(method=UNIFORM, setting="", fields=uniform)
    if recipes.repair is not None:
        repaired = recipes.repair.mixtures(members.networks, shares, bench)
        yield Merged(method=REPAIR, setting="", fields=_first(bench.measure(repaired)))
    kept, fields = greedy(members, recipes.select, bench)
    names = ", ".join(members.names[row] for row in sorted(kept))
    setting = f"{len(kept)} of {len(members)}: {names}"
    yield Merged(method=GREEDY, setting=setting, rows=tuple(kept), fields=fields)


def greedy(members: Mergeable, select: Field, bench: Bench) -> tuple[list[int], Mapping[str, float]]:
    """Return the rows of the greedy soup, and its fields.

    Members come in by the field, the best first; each stays if the mean of all that stayed is then no worse.
    """
    first, *rest = members.order(select)
    kept, fields = [first], {name: float(values[first]) for name, values in members.fields.items()}
    for row in rest:
        shares = np.zeros((1, len(members)))
        shares[0, [*kept, row]] = 1 / (len(kept) + 1)
        tried = _first(measure_mixtures(members.networks, shares, bench))
        if select.cost(np.array(tried[select.key])) <= select.cost(np.array(fields[select.key])):
            kept, fields = [*kept, row], dict(tried)
    return kept, fields


def _slerp(members: Mergeable, recipes: Recipes, bench: Bench) -> list[Merged]:
    vector = merge_tensors(members.networks.weights, members.networks.layout.sizes, recipes.book.slerp)
    fields = bench.measure(Networks.of(vector[None], members.networks.buffers[:1]))
    return [Merged(method=SLERP, setting="t = 0.5", fields=_first(fields))]


def _multiples(members: Mergeable, recipes: Recipes, bench: Bench) -> Iterator[Merged]:
    """Yield what is a multiple of a change from the base: the members' mean change, that of TIES, and that of DARE.

    A scale s of the mean change of k members is λ = s / k in Ilharco et al., "Editing models with task arithmetic",
    ICLR 2023.
    """
    networks, scales = members.with_base, np.array(recipes.scales)
    each = np.repeat(scales[:, None] / len(members), len(members), axis=1)
    yield _best(ARITHMETIC, measure_mixtures(networks, np.column_stack([each, 1 - scales]), bench), recipes)
    for name in (TIES, DARE):
        merged = _merge_changes(name, networks, recipes)
        ends = np.stack([merged, networks.weights[len(members)]])
        nearest = np.zeros(len(scales), int)
        shares = np.column_stack([scales, 1 - scales])
        fields = bench.measure(
            Networks(space=Mixtures(weights=ends), coordinates=shares, buffers=networks.buffers[:1], nearest=nearest)
        )
        yield _best(name, fields, recipes)


def _merge_changes(method: str, networks: Population, recipes: Recipes) -> np.ndarray:
    """Return the (D,) network that TIES or DARE makes at scale 1 of networks, the last of which is their base."""
    rng, book, density = np.random.default_rng(recipes.seed), recipes.book, recipes.density

    def recipe(tensors: np.ndarray) -> np.ndarray:
        return book.ties(tensors, density) if method == TIES else book.dare(tensors, density, rng)

    return merge_tensors(networks.weights, networks.layout.sizes, recipe)


def weights_of(merged: Merged, members: Mergeable, recipes: Recipes, bench: Bench) -> np.ndarray:
    """Return the (D,) float32 weights of a network that was merged of these members, made again."""
    networks, count = members.with_base, len(members)
    if merged.method == REPAIR and recipes.repair is not None:
        return np.asarray(recipes.repair.weights(members.networks, np.full((1, count), 1 / count), bench)[0])
    if merged.method == SLERP:
        return merge_tensors(members.networks.weights, networks.layout.sizes, recipes.book.slerp)
    if merged.method in (TIES, DARE):
        ends = np.stack([_merge_changes(merged.method, networks, recipes), networks.weights[count]])
        return np.asarray(Mixtures(weights=ends).lift(np.array([[merged.scale, 1 - merged.scale]]))[0])
    shares = np.zeros((1, len(networks.members)))
    rows = list(merged.rows) or list(range(count))
    shares[0, rows] = merged.scale / len(rows)
    if members.base is not None:
        shares[0, count] = 1 - merged.scale
    return np.asarray(Mixtures(weights=networks.weights).lift(shares)[0])


def _best(method: str, fields: Mapping[str, np.ndarray], recipes: Recipes) -> Merged:
    cost = recipes.select.cost(fields[recipes.select.key])
    at = int(np.where(np.isfinite(cost), cost, np.inf).argmin())
    scale = recipes.scales[at]
    return Merged(method=method, setting=f"scale {scale:g}", scale=scale, fields=_at(fields, at))


def _first(fields: Mapping[str, np.ndarray]) -> dict[str, float]:
    return _at(fields, 0)


def _at(fields: Mapping[str, np.ndarray], row: int) -> dict[str, float]:
    return {name: float(values[row]) for name, values in fields.items()}
