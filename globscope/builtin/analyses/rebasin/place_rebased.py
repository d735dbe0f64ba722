"""The places of re-based networks on the maps, and the networks that the maps decode there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import (
    Atlas,
    Bench,
    Depiction,
    Field,
    FitRequest,
    Map,
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
    "Every re-based final network w on every map that encodes and decodes. fit: `unseen`, the map was fitted without "
    "it; `in the fit`, it was fitted again with all re-based networks, including random ones. in_basin: whether the "
    "network lies in the basin of its partner's final network (empty where the map does not show one of the two); "
    "nearest: whether this is the nearest of all final networks on the map; {key}: {field} of the network itself; "
    "shown: {field} of the network decoded at its place; residual: ‖w − decode(encode(w))‖ over ‖w − mean‖; outside: "
    "distance of w from the map's space over ‖w − mean‖; barrier: barrier in {field} on the straight line to the "
    "partner."
)
COUNTS = (
    "Counts of the networks by map, fit and method. in_basin: number of networks that lie in the basin of their "
    "partner; nearest: number whose partner is the nearest final network; the other figures are medians. A count means "
    "something only if it is larger than those of `random` and `third network`, and if the residual is small; "
    "otherwise the map shows other networks than these."
)
CELLS = ("shown", "residual", "outside", "barrier")
Row = dict[str, Any]


@define(frozen=True, kw_only=True)
class RebasedOnMap:
    """The re-based final networks on one map.

    Attributes:
        map: The map, with its landscape.
        fit: Whether it was fitted to the re-based networks.
        networks: The n re-based networks.
        points: (n, d) latent points of the networks.
        in_basin: (n,) whether each lies in its partner's basin; None where the map does not show one of the two.
        nearest: (n,) whether its partner is the nearest final network.
        projection: The projections of the n networks.
    """

    map: Map = field(repr=False)
    fit: str
    networks: tuple[Rebased, ...]
    points: np.ndarray = field(eq=False, repr=False)
    in_basin: tuple[bool | None, ...]
    nearest: tuple[bool, ...]
    projection: Projection = field(repr=False)


def place_rebased(last: Mapping[Rebased, int], atlas: Atlas, bench: Bench) -> Iterator[RebasedOnMap]:
    """Yield the networks on every map that encodes and decodes, fitted without them and then to them."""
    maps = [one for one in atlas.maps if last and one.chart.encode is not None and one.chart.decode is not None]
    fits = [(map_, fit) for map_ in maps for fit in (UNSEEN, SEEN)]
    requests = (
        FitRequest(reducer=map_.name, population=map_.population_with(atlas.own if fit == SEEN else ()))
        for map_, fit in fits
    )
    for (_, fit), fitted in zip(fits, bench.fits(requests), strict=True):
        yield _place_on(bench.landscape(fitted), fit, last, atlas, bench)


def _place_on(fitted: Map, fit: str, last: Mapping[Rebased, int], atlas: Atlas, bench: Bench) -> RebasedOnMap:
    rows = list(last.values())
    projection = project(fitted, fitted.whole.take(rows).weights, bench)
    points = latents(fitted, rows)
    return RebasedOnMap(
        map=fitted,
        fit=fit,
        networks=tuple(last),
        points=points,
        in_basin=tuple(_in_basin(fitted, last, projection, atlas.truth)),
        nearest=tuple(_nearest(fitted, list(last), points)),
        projection=projection,
    )


def latents(fitted: Map, rows: Sequence[int]) -> np.ndarray:
    """Return the latent points of some of all members: the fit's own points if it was fitted to them all."""
    assert fitted.chart.encode is not None
    fitted_rows = _rows_in_fit(fitted, rows)
    if fitted_rows is not None:
        points: np.ndarray = fitted.chart.latents[fitted_rows]
        return points
    weights = fitted.whole.take(rows).weights
    return np.asarray(fitted.chart.encode(fitted.chart.space.coordinates(weights)[0]))


def _rows_in_fit(fitted: Map, rows: Sequence[int]) -> list[int] | None:
    """Return the rows in the fit of some of all members; None if it was not fitted to them all."""
    fitted_rows = {(member.variant, member.step): at for at, member in enumerate(fitted.population.members)}
    members = [(member.variant, member.step) for member in (fitted.whole.members[row] for row in rows)]
    return [fitted_rows[name] for name in members] if fitted_rows.keys() >= set(members) else None


def _in_basin(
    fitted: Map, last: Mapping[Rebased, int], projection: Projection, truth: Mapping[str, np.ndarray]
) -> Iterator[bool | None]:
    """Yield whether each network lies in its partner's basin; None where the map does not show one of the two."""
    landscape, topology = fitted.landscape, fitted.topology
    if landscape is None or topology is None:
        yield from [None] * len(last)
        return
    networks = _depiction_of(fitted, list(last.values()), projection, topology.field, truth)
    basins = membership(fitted, landscape, topology, networks).basins.tolist()
    last_basins = last_networks(fitted, landscape, topology).basins.tolist()
    partner = dict(zip(fitted.population.variants, last_basins, strict=True))
    for rebased, basin in zip(last, basins, strict=True):
        yield None if min(basin, partner[rebased.partner]) < 0 else basin == partner[rebased.partner]


def _depiction_of(
    fitted: Map, rows: Sequence[int], projection: Projection, field: str, truth: Mapping[str, np.ndarray]
) -> Depiction:
    """Return what the map shows of some of all members: as members of the fit if it was fitted to them all."""
    fitted_rows = _rows_in_fit(fitted, rows)
    if fitted_rows is not None:
        return depiction(fitted, field, fitted_rows)
    return Depiction(
        points=projection.latents,
        own=truth[field][list(rows)],
        decoded=projection.fields[field],
        distance=projection.residual * projection.norms,
        elsewhere=fitted.off_slice(projection.latents, projection.outside * projection.norms),
    )


def _nearest(fitted: Map, networks: Sequence[Rebased], points: np.ndarray) -> Iterator[bool]:
    population = fitted.population
    variants = [population.members[row].variant for row in population.finals]
    places = fitted.chart.latents[population.finals]
    for rebased, point in zip(networks, points, strict=True):
        yield variants[int(np.linalg.norm(places - point, axis=1).argmin())] == rebased.partner


def tables(rows: Sequence[Row], measured: Field) -> tuple[Table, Table]:
    """Return the table of counts, and the table with a row for every network."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["name"], row["fit"], row["how"]), []).append(row)
    counts = tuple(_counts(group, measured.key) for group in groups.values())
    counted = ("name", "fit", "how", "networks", "in_basin", "nearest", measured.key, *CELLS)
    columns = ("name", "fit", "one", "other", "how", "in_basin", "nearest", measured.key, *CELLS)
    caption = NETWORKS.format(field=measured.name, key=measured.key)
    return (
        Table(name="counts", caption=COUNTS, columns=counted, rows=counts),
        Table(name="networks", caption=caption, columns=columns, rows=tuple(rows)),
    )


def rows(
    on_map: RebasedOnMap, values: Mapping[Rebased, float], barriers: Mapping[Rebased, float | None], name: str
) -> Iterator[Row]:
    """Yield a row for every network, given the networks' own values and the barriers of their lines."""
    for number, rebased in enumerate(on_map.networks):
        yield {
            "name": on_map.map.name,
            "fit": on_map.fit,
            "one": rebased.partner,
            "other": rebased.run,
            "how": rebased.method,
            "in_basin": on_map.in_basin[number],
            "nearest": on_map.nearest[number],
            name: finite_or_none(values[rebased]),
            "shown": finite_or_none(on_map.projection.fields[name][number]),
            "residual": finite_or_none(on_map.projection.residual[number]),
            "outside": finite_or_none(on_map.projection.outside[number]),
            "barrier": barriers[rebased],
        }


def _counts(rows: Sequence[Row], name: str) -> Row:
    shown = [row["in_basin"] for row in rows if row["in_basin"] is not None]
    medians = {cell: median([row[cell] for row in rows]) for cell in (name, *CELLS)}
    return {
        **{key: rows[0][key] for key in ("name", "fit", "how")},
        "networks": len(rows),
        "in_basin": sum(shown) if shown else None,
        "nearest": sum(row["nearest"] for row in rows),
        **medians,
    }
