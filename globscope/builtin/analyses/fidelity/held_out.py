"""The error of maps in networks that they have not seen: checkpoints of known variants, and whole variants."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from globscope.api import Atlas, Bench, FitRequest, Map, Population, Table, finite_or_none

CAPTION = (
    "Each map was fitted again without some networks, which were then encoded and decoded. checkpoints: without every "
    "third intermediate checkpoint of every training run; variants: without each run in turn, averaged, where there "
    "are several. mse_per_weight: squared error per weight of the networks left out; share_of_variance: the same over "
    "the population's variance per weight; neighbours_mse: the same error of the average of the two neighbouring "
    "checkpoints, for comparison; residual: share of a left-out network's norm (from the mean) that lies outside the "
    "span of the others, where no map of them can reach."
)
COLUMNS = (
    "name", "left_out", "networks", "mse_per_weight", "share_of_variance", "neighbours_mse", "residual",
)  # fmt: skip


def held_out(atlas: Atlas, bench: Bench) -> tuple[Table, list[str]]:
    """Return the held-out table of all maps with an inverse, and its warnings."""
    rows: list[dict[str, Any]] = []
    warnings = []
    for map_ in atlas.maps:
        # A slice is fitted only to the networks that it passes through.
        if map_.chart.encode is None or map_.chart.decode is None or map_.chart.extent is not None:
            continue
        # Derived members would give the networks that they were derived from away to the fit.
        own_rows = _rows(map_.name, map_.population.take(map_.population.trained), bench)
        warnings += [text for row in own_rows if (text := _warning(row))]
        rows += own_rows
    return Table(name="held-out", caption=CAPTION, columns=COLUMNS, rows=tuple(rows)), warnings


def _warning(row: dict[str, Any]) -> str:
    """Return the warning about a row; empty where there is none."""
    start = f"{row['name']}: the map is not valid for networks it has not seen"
    condition = f"for a {row['left_out'].removesuffix('s')} left out of the fit"
    if row["networks"] and row["mse_per_weight"] is None:
        return f"{start}: {condition}, decoding gives weights that are not finite"
    if row["networks"] and row["share_of_variance"] >= 0.5:
        return f"{start}: {condition}, decoding loses {row['share_of_variance']:.0%} of the population's variance"
    return ""


def _rows(name: str, population: Population, bench: Bench) -> list[dict[str, Any]]:
    size = population.layout.size
    variance = population.variance_per_weight
    rows_between = _every_third_checkpoint(population)
    neighbours = np.mean([_neighbours_error(population, row) for row in rows_between]) / size if rows_between else None
    groups = {"checkpoints": [rows_between] if rows_between else [], "variants": _rows_by_variant(population)}
    rows = []
    for kind, parts in groups.items():
        requests = (FitRequest(reducer=name, population=_without(population, part)) for part in parts)
        parts_errors = [_errors(map_, population, part) for map_, part in zip(bench.fits(requests), parts, strict=True)]
        errors = np.concatenate([errors for errors, _ in parts_errors]) / size if parts_errors else np.empty(0)
        mean = finite_or_none(errors.mean()) if len(errors) else None
        rows.append(
            {
                "name": name,
                "left_out": kind,
                "networks": len(errors),
                "mse_per_weight": mean,
                "share_of_variance": None if mean is None else mean / variance,
                "neighbours_mse": None if kind == "variants" or neighbours is None else float(neighbours),
                "residual": float(np.concatenate([r for _, r in parts_errors]).mean()) if parts_errors else None,
            }
        )
    return rows


def _every_third_checkpoint(population: Population) -> list[int]:
    """Return every third checkpoint that has a neighbour on both sides."""
    return [row for variant in population.variants for row in population.of(variant)[1:-1][1::3]]


def _rows_by_variant(population: Population) -> list[list[int]]:
    """Return each variant's rows, if another variant remains to fit to."""
    groups = [population.of(variant) for variant in population.variants]
    return groups if len(groups) > 1 else []


def _neighbours_error(population: Population, row: int) -> float:
    """Return the squared error of the average of the checkpoints before and after."""
    variant_rows = population.of(population.members[row].variant)
    place = variant_rows.index(row)
    before, this, after = (population.weights[variant_rows[place + k]].astype(np.float64) for k in (-1, 0, 1))
    return float(((this - (before + after) / 2) ** 2).sum())


def _without(population: Population, left_out: Sequence[int]) -> Population:
    return population.take([row for row in range(len(population.members)) if row not in set(left_out)])


def _errors(map_: Map, population: Population, left_out: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the squared errors of networks left out of a fit, and the share of each that lies outside its span."""
    chart = map_.chart
    assert chart.encode is not None
    assert chart.decode is not None
    coordinates, outside = chart.space.coordinates(population.weights[list(left_out)])
    decoded = chart.decode(chart.encode(coordinates))
    squares = ((coordinates - decoded) ** 2).sum(axis=1) + outside**2
    norms = np.sqrt((coordinates**2).sum(axis=1) + outside**2)
    return squares, outside / norms
