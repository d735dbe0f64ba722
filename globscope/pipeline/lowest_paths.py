"""The lowest known path between every two runs, whatever found it, beside the passes on the maps: as a finding."""

from collections.abc import Iterator, Sequence
from itertools import combinations, islice
from math import comb

from globscope.pipeline.known_paths import Key, PathsOfStudy
from globscope.values.field import Field
from globscope.values.findings import Cell, Finding, Table
from globscope.values.finite import finite_or_none
from globscope.values.known_path import JOINED
from globscope.values.number import number
from globscope.values.pictures import HeatMap

LOWEST = (
    "The lowest known path in weight space between the final networks of every two runs, whatever found it, and if it "
    "leads through other runs, one path after another: lowest is "
    "the highest loss on it (of a field of which higher is better, the lowest value), found_by what found it, and "
    "networks how many networks on it were measured, if counted. Beside it stands the pass on each map: the height at "
    "which its merge tree joins the two runs; empty where it does not show both, or one minimum stands for both. All "
    "are upper bounds, as finely as the paths were sampled: of the lowest pass between the two networks, or, on a map "
    "that does not decode these, between those that it shows in their places. Paths are compared only if they were "
    f"measured on the same field and examples, and lead from network to network (ends within {JOINED:.0%} of the "
    "distance between the two)."
)
UNKNOWN = (
    "The pass between every two runs on each map: the height at which its merge tree joins the two, an upper bound for "
    "the networks that the map shows in their places; empty where it does not show both, or one minimum stands for "
    "both. No path from network to network was measured. The analyses linear-barrier and mode-connectivity measure "
    "some, and so does the sampler critical-points, as on the map span."
)
PATHS = (
    "Every path between two runs that was measured, and whether it is compared. worst: the highest loss on it (of a "
    "field of which higher is better, the lowest value)."
)
# Of more pairs or paths than this, the tables list only the first.
LISTED = 5000
# So many maps are each warned of in full.
WARNED = 5
TOO_MANY = " The first {:,} of {:,} are listed."


def lowest_paths(known: PathsOfStudy) -> Finding | None:
    """Return the lowest known paths as tables, matrix and warnings; None if no pass and no path is known."""
    if not known.paths and not known.has_passes:
        return None
    tables = (_lowest_table(known), *([_paths_table(known)] if known.paths else []))
    return Finding(tables=tables, warnings=tuple(_warnings(known)), pictures=tuple(_matrices(known)), paths=known.paths)


def _lowest_table(known: PathsOfStudy) -> Table:
    variants, maps = known.atlas.population.variants, known.maps
    about = ("lowest", "found_by", "networks") if known.lowest else ()
    columns = ("one", "other", "field", *about, *(f"on {name}" for name in maps))
    keys = ((each.key, *pair) for each in known.fields for pair in combinations(variants, 2))
    count = len(known.fields) * comb(len(variants), 2)
    caption = (LOWEST if known.lowest else UNKNOWN) + (TOO_MANY.format(LISTED, count) if count > LISTED else "")
    listed = (_row(known, key) for key in islice(keys, LISTED))
    rows = tuple({name: cell for name, cell in row.items() if name in columns} for row in listed)
    return Table(name="lowest paths" if known.lowest else "passes", caption=caption, columns=columns, rows=rows)


def _row(known: PathsOfStudy, key: Key) -> dict[str, Cell]:
    path, (name, one, other) = known.lowest.get(key), key
    return {
        "one": one,
        "other": other,
        "field": name,
        "lowest": path.worst if path else None,
        "found_by": path.found_by if path else "",
        "networks": path.networks if path else None,
        **{f"on {map_}": known.pass_on(map_, key) for map_ in known.maps},
    }


def _paths_table(known: PathsOfStudy) -> Table:
    rows: Iterator[dict[str, Cell]] = (
        {
            "one": path.one,
            "other": path.other,
            "field": path.field,
            "found_by": path.found_by,
            "worst": path.worst,
            "networks": path.networks,
            "compared": path.why_not_compared or "yes",
        }
        for path in known.paths[:LISTED]
    )
    count = len(known.paths)
    caption = PATHS + (TOO_MANY.format(LISTED, count) if count > LISTED else "")
    columns = ("one", "other", "field", "found_by", "worst", "networks", "compared")
    return Table(name="all paths", caption=caption, columns=columns, rows=tuple(rows))


def _warnings(known: PathsOfStudy) -> Iterator[str]:
    """Yield a warning for each of the first maps through most of whose walls lower paths lead, and one for the rest."""
    texts = list(_wall_warnings(known))
    yield from texts[:WARNED]
    if (more := len(texts) - WARNED) > 0:
        yield (
            f"on {more} further map{'s' * (more > 1)} most walls between runs are too high, for lower paths are "
            "known: see the table of lowest paths"
        )


def _wall_warnings(known: PathsOfStudy) -> Iterator[str]:
    """Yield a warning for every map if lower paths lead through most walls between runs, on the best of its trees."""
    for name in dict.fromkeys(passes.map for passes in known.passes):
        trees = [(known.beaten_walls(passes), passes) for passes in known.passes if passes.map == name]
        (walls, lower), passes = min(trees, key=lambda tree: len(tree[0][1]))
        if 2 * len(lower) > walls:
            heights = {key: passes.height(*key[1:]) or 0.0 for key in lower}
            worst = max(lower, key=lambda key: heights[key] - lower[key].worst)
            _, one, other = worst
            yield (
                f"{passes.map} ({passes.sampler}): {len(lower)} of {walls} walls between runs are too high, for lower "
                f"paths are known: the wall between {one} and {other}, {number(heights[worst])}, against a path at "
                f"{number(lower[worst].worst)}, found by: {lower[worst].found_by}"
            )


def _matrices(known: PathsOfStudy) -> Iterator[HeatMap]:
    """Yield, for each field, the lowest known paths below the diagonal and the passes on one map above it."""
    names = known.atlas.population.variants
    if comb(len(names), 2) > LISTED:  # a picture of so many cells tells nothing
        return
    for each in known.fields:
        if any(key[0] == each.key for key in known.lowest):
            map_ = _map_above(known, each)
            yield HeatMap(
                name=f"lowest known paths, {each.name}",
                caption=(
                    f"Below the diagonal, the worst {each.name} on the lowest known path between two runs"
                    + (f"; above it, the pass on the map {map_}" if map_ else "")
                    + "; on the diagonal, that of the runs' final networks. Off the diagonal all are upper bounds, on "
                    "the map for the networks that it shows."
                ),
                rows=names,
                columns=names,
                values=tuple(_matrix_row(known, each, map_, row) for row in range(len(names))),
                label=each.name,
                sides=("below the diagonal: lowest known path", f"above it: pass on {map_}" if map_ else ""),
                log=not each.higher_is_better,
            )


def _map_above(known: PathsOfStudy, each: Field) -> str:
    """Return the map with the most walls that lower paths lead through; empty if no map has a tree of the field."""
    beaten = {passes.map: len(known.beaten_walls(passes)[1]) for passes in known.passes if passes.field == each.key}
    return max(beaten, key=lambda name: beaten[name], default="")


def _matrix_row(known: PathsOfStudy, each: Field, map_: str, row: int) -> tuple[float | None, ...]:
    names: Sequence[str] = known.atlas.population.variants
    own = known.atlas.truth[each.key][known.atlas.population.finals[row]]

    def cell(column: int) -> float | None:
        low, high = sorted((row, column))
        key = (each.key, names[low], names[high])
        if row == column:
            return finite_or_none(own)
        if column > row:
            return known.pass_on(map_, key)
        return known.lowest[key].worst if key in known.lowest else None

    return tuple(cell(column) for column in range(len(names)))
