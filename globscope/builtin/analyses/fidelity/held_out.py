"""Networks that the map has not seen: checkpoints of known variants, and whole variants."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from globscope.api import Atlas, Bench, Map, Population, Table

CAPTION = (
    "Refitted without some networks, which are then encoded and decoded. checkpoints: every third intermediate "
    "checkpoint of every variant; variants: each variant in turn, averaged; none where there is but one. "
    "mse_per_weight: squared error per weight of the networks left out; share_of_variance: the same over the "
    "population's variance per weight; neighbours_mse: of the average of the two neighbouring checkpoints, for "
    "comparison; residual: share of a left-out network's norm (from the mean) that lies outside the span of the "
    "others, which no map of them can reach."
)
COLUMNS = (
    "name",
    "left_out",
    "networks",
    "mse_per_weight",
    "share_of_variance",
    "neighbours_mse",
    "residual",
)


def held_out(atlas: Atlas, bench: Bench) -> tuple[Table, list[str]]:
    """Return the held-out table of every map with an inverse, and warnings."""
    rows: list[dict[str, Any]] = []
    warnings = []
    for one in atlas.maps:
        # A slice is fitted to no more than the networks that it leads through.
        if one.chart.encode is None or one.chart.decode is None or one.chart.extent is not None:
            continue
        # Derived members would tell the refit of the networks that they were derived from.
        trained = [row for row, member in enumerate(one.population.members) if member.kind == "trained"]
        found = _rows(one.name, one.population.take(trained), bench)
        warnings += [text for row in found if (text := _warning(row))]
        rows += found
    return Table(name="held-out", caption=CAPTION, columns=COLUMNS, rows=tuple(rows)), warnings


def _warning(row: dict[str, Any]) -> str:
    """Return the warning about a row, which may be empty: the paper's map is read as if it held for any network."""
    who = f"{row['name']}: the map is not valid for networks it has not seen"
    what = f"for a {row['left_out'].removesuffix('s')} left out of the fit"
    if row["networks"] and row["mse_per_weight"] is None:
        return f"{who}: {what}, decoding gives weights that are not finite"
    if row["networks"] and row["share_of_variance"] >= 0.5:
        return f"{who}: {what}, decoding loses {row['share_of_variance']:.0%} of the population's variance"
    return ""


def _rows(name: str, population: Population, bench: Bench) -> list[dict[str, Any]]:
    size = population.layout.size
    variance = float(np.var(population.weights, axis=0, dtype=np.float64).mean())
    between = _intermediate(population)
    neighbours = np.mean([_neighbours_error(population, row) for row in between]) / size if between else None
    groups = {"checkpoints": [between] if between else [], "variants": _variants(population)}
    rows = []
    for kind, parts in groups.items():
        found = [_errors(bench, name, population, part) for part in parts]
        errors = np.concatenate([errors for errors, _ in found]) / size if found else np.empty(0)
        mean = float(errors.mean()) if len(errors) and np.isfinite(errors).all() else None
        rows.append(
            {
                "name": name,
                "left_out": kind,
                "networks": len(errors),
                "mse_per_weight": mean,
                "share_of_variance": None if mean is None else mean / variance,
                "neighbours_mse": None if kind == "variants" or neighbours is None else float(neighbours),
                "residual": float(np.concatenate([r for _, r in found]).mean()) if found else None,
            }
        )
    return rows


def _intermediate(population: Population) -> list[int]:
    """Return every third checkpoint that has a neighbour on both sides."""
    return [row for variant in population.variants for row in population.of(variant)[1:-1][1::3]]


def _variants(population: Population) -> list[list[int]]:
    """Return each variant's rows, where another remains to fit."""
    groups = [population.of(variant) for variant in population.variants]
    return groups if len(groups) > 1 else []


def _neighbours_error(population: Population, row: int) -> float:
    """Return the squared error of the average of the checkpoints before and after."""
    own = population.of(population.members[row].variant)
    at = own.index(row)
    before, this, after = (population.weights[own[at + k]].astype(np.float64) for k in (-1, 0, 1))
    return float(((this - (before + after) / 2) ** 2).sum())


def _errors(
    bench: Bench, reducer: str, population: Population, left_out: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Return squared errors of networks left out of a refit, and the share of each outside its span."""
    kept = [row for row in range(len(population.members)) if row not in set(left_out)]
    refitted: Map = bench.fit(reducer, population.take(kept))
    chart = refitted.chart
    assert chart.encode is not None
    assert chart.decode is not None
    coordinates, outside = chart.space.coordinates(population.weights[list(left_out)])
    decoded = chart.decode(chart.encode(coordinates))
    squares = ((coordinates - decoded) ** 2).sum(axis=1) + outside**2
    norms = np.sqrt((coordinates**2).sum(axis=1) + outside**2)
    return squares, outside / norms
