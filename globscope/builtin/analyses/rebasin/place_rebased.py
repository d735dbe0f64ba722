"""Where the maps put re-based networks, and what they make of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import (
    Atlas,
    Bench,
    Depiction,
    Field,
    Map,
    Population,
    Table,
    depiction,
    finite_or_none,
    last_networks,
    membership,
)
from globscope.builtin.analyses.curves.projection import Projection, project
from globscope.builtin.analyses.formatting import median
from globscope.builtin.analyses.rebasin.rebased_networks import Rebased

UNSEEN, SEEN = "unseen", "in the fit"
NETWORKS = (
    "Every re-based last network on every map that encodes and decodes. fit: `unseen`, the map was fitted without it; "
    "`in the fit`, fitted anew with all re-based networks, random ones too. in_basin: whether it lies in the "
    "basin of its partner's last network (empty where the map does not show one of the two); nearest: whether that is "
    "the nearest of all last networks on the map; {field}: of the network itself; shown: of what the map decodes at "
    "its place; residual: ‖w − decode(encode(w))‖ over ‖w − mean‖; outside: what of w no network of the map's space "
    "has, over the same; barrier: of {field} on the straight line to the partner."
)
COUNTS = (
    "The same, counted. in_basin: how many of the networks lie in the basin of their partner; nearest: for how many "
    "the partner is the nearest last network; the other figures are medians. A count tells something only where it is "
    "larger than that of `random` and of `third network`, and where the residual is small: else the map shows "
    "other networks than these."
)
CELLS = ("shown", "residual", "outside", "barrier")
Row = dict[str, Any]


@define(frozen=True, kw_only=True)
class RebasedOnMap:
    """The re-based last networks on one map.

    Attributes:
        map: It, with its landscape.
        fit: What it was fitted to.
        who: The networks.
        points: (n, d) latent coordinates.
        in_basin: (n,) whether each lies in its partner's basin; None where the map does not show one of the two.
        nearest: (n,) whether its partner is the nearest last network.
        found: Their projections.
    """

    map: Map = field(repr=False)
    fit: str
    who: tuple[Rebased, ...]
    points: np.ndarray = field(eq=False, repr=False)
    in_basin: tuple[bool | None, ...]
    nearest: tuple[bool, ...]
    found: Projection = field(repr=False)


def place_rebased(one: Map, fit: str, last: Mapping[Rebased, int], atlas: Atlas, bench: Bench) -> RebasedOnMap | None:
    """Return the networks on a map, fitted to all re-based ones where it sees them; None where it has no way back."""
    if one.chart.encode is None or one.chart.decode is None or not last:
        return None
    rows = list(last.values())
    fitted = bench.landscape(bench.fit(one.name, one.population_with(atlas.own if fit == SEEN else ())))
    found = project(fitted, one.whole.take(rows).weights, bench)
    points = latents(fitted, rows)
    return RebasedOnMap(
        map=fitted,
        fit=fit,
        who=tuple(last),
        points=points,
        in_basin=tuple(_in_basin(fitted, last, found, atlas.truth)),
        nearest=tuple(_nearest(fitted, list(last), points)),
        found=found,
    )


def latents(fitted: Map, rows: Sequence[int]) -> np.ndarray:
    """Return where a map that encodes puts rows of all members: those that it was fitted to where the fit has them."""
    assert fitted.chart.encode is not None
    seen = _rows_in_fit(fitted, rows)
    if seen is not None:
        points: np.ndarray = fitted.chart.latents[seen]
        return points
    weights = fitted.whole.take(rows).weights
    return np.asarray(fitted.chart.encode(fitted.chart.space.coordinates(weights)[0]))


def _rows_in_fit(fitted: Map, rows: Sequence[int]) -> list[int] | None:
    """Return the rows that the fit's own members have among it; None where it has not seen them all."""
    seen = {(member.variant, member.step): at for at, member in enumerate(fitted.population.members)}
    members = [(member.variant, member.step) for member in (fitted.whole.members[row] for row in rows)]
    return [seen[one] for one in members] if seen.keys() >= set(members) else None


def _finals(fitted: Map) -> dict[str, np.ndarray]:
    """Return where each variant's last network lies."""
    population: Population = fitted.population
    return {population.members[row].variant: fitted.chart.latents[row] for row in population.finals}


def _in_basin(
    fitted: Map, last: Mapping[Rebased, int], found: Projection, truth: Mapping[str, np.ndarray]
) -> Iterator[bool | None]:
    """Yield whether each network lies in its partner's basin; None where the map does not show one of the two."""
    landscape, topology = fitted.landscape, fitted.topology
    if landscape is None or topology is None:
        yield from [None] * len(last)
        return
    networks = _depicted(fitted, list(last.values()), found, topology.field, truth)
    basins = membership(fitted, landscape, topology, networks).basins.tolist()
    home = last_networks(fitted, landscape, topology).basins.tolist()
    partner = dict(zip(fitted.population.variants, home, strict=True))
    for one, basin in zip(last, basins, strict=True):
        yield None if min(basin, partner[one.one]) < 0 else basin == partner[one.one]


def _depicted(
    fitted: Map, rows: Sequence[int], found: Projection, field: str, truth: Mapping[str, np.ndarray]
) -> Depiction:
    """Return what the map makes of rows of all members: as members of the fit where it has them."""
    seen = _rows_in_fit(fitted, rows)
    if seen is not None:
        return depiction(fitted, field, seen)
    return Depiction(
        points=found.latents,
        own=truth[field][list(rows)],
        decoded=found.fields[field],
        distance=found.residual * found.norms,
        elsewhere=fitted.off_slice(found.latents, found.outside * found.norms),
    )


def _nearest(fitted: Map, who: Sequence[Rebased], points: np.ndarray) -> Iterator[bool]:
    goals = _finals(fitted)
    names, places = list(goals), np.stack(list(goals.values()))
    for one, point in zip(who, points, strict=True):
        yield names[int(np.linalg.norm(places - point, axis=1).argmin())] == one.one


def tables(rows: Sequence[Row], measured: Field) -> tuple[Table, Table]:
    """Return the table of counts, and that of every network."""
    by: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        by.setdefault((row["name"], row["fit"], row["how"]), []).append(row)
    counts = tuple(_counted(group, measured.key) for group in by.values())
    counted = ("name", "fit", "how", "networks", "in_basin", "nearest", measured.key, *CELLS)
    columns = ("name", "fit", "one", "other", "how", "in_basin", "nearest", measured.key, *CELLS)
    return (
        Table(name="counts", caption=COUNTS, columns=counted, rows=counts),
        Table(name="networks", caption=NETWORKS.format(field=measured.name), columns=columns, rows=tuple(rows)),
    )


def rows(
    one: RebasedOnMap, own: Mapping[Rebased, float], barriers: Mapping[Any, float | None], name: str
) -> Iterator[Row]:
    """Yield a row for every network, given their own losses and the barriers of their lines."""
    for at, who in enumerate(one.who):
        yield {
            "name": one.map.name,
            "fit": one.fit,
            "one": who.one,
            "other": who.other,
            "how": who.how,
            "in_basin": one.in_basin[at],
            "nearest": one.nearest[at],
            name: finite_or_none(own[who]),
            "shown": finite_or_none(one.found.fields[name][at]),
            "residual": finite_or_none(one.found.residual[at]),
            "outside": finite_or_none(one.found.outside[at]),
            "barrier": barriers[who.one, who.other, who.how],
        }


def _counted(rows: Sequence[Row], name: str) -> Row:
    known = [row["in_basin"] for row in rows if row["in_basin"] is not None]
    medians = {cell: median([row[cell] for row in rows]) for cell in (name, *CELLS)}
    return {
        **{key: rows[0][key] for key in ("name", "fit", "how")},
        "networks": len(rows),
        "in_basin": sum(known) if known else None,
        "nearest": sum(row["nearest"] for row in rows),
        **medians,
    }
