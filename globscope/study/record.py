"""A study's results as one JSON object: what `globscope show --json` prints."""

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from attrs import asdict

from globscope import __version__
from globscope.spec.describe import as_toml
from globscope.study.compare_maps import OWN, compared_figures, distinct_names, map_record
from globscope.study.devices import devices
from globscope.study.workshop import Workshop
from globscope.values.blocks import column_blocks
from globscope.values.findings import Atlas, Finding, Map, finite_or_none
from globscope.values.rows import Weights

LIBRARIES = ("torch", "numpy", "scikit-learn", "umap-learn", "gudhi")


def record(
    workshop: Workshop, atlas: Atlas, findings: Mapping[str, Finding], learned: Mapping[str, Finding]
) -> dict[str, Any]:
    """Return the results; a figure that cannot be had is None, never NaN.

    Args:
        workshop: Of the study.
        atlas: Its values.
        findings: By analysis' name.
        learned: How aligners learned, by aligner's name.

    Raises:
        PluginError: Two analyses record a figure of one name.
    """
    components = {entry.name: entry.use for entry in (workshop.spec.fidelity, *workshop.spec.analysis)}
    apart = distinct_names(findings, components)
    return {
        "title": workshop.spec.title,
        "population": population(atlas),
        "reducers": [map_record(_reducer(one), apart) | _of_slice(one, atlas) for one in atlas.maps],
        "fields": [asdict(field) for field in atlas.fields.values()],
        "comparison": [asdict(figure) for figure in compared_figures(apart)],
        "warnings": [text for one in (*findings.values(), *learned.values()) for text in one.warnings],
        "subjects": subjects(findings, atlas),
        "tables": _tables(findings),
        "aligners": _tables(learned),
        "manifest": manifest(workshop) | {"members": _members(atlas)} | _of_atlas(atlas),
        "spec": as_toml(workshop.spec),
    }


def _tables(findings: Mapping[str, Finding]) -> dict[str, list[dict[str, Any]]]:
    return {name: [asdict(table) for table in one.tables] for name, one in findings.items()}


def _of_atlas(atlas: Atlas) -> dict[str, Any]:
    """Return what was measured on the way: notes of the charts, and how far draws lie apart where scores are drawn."""
    charts = {"charts": {one.name: dict(one.chart.notes) for one in atlas.maps}}
    return charts | ({"draws": {"standard_deviation": dict(atlas.noise)}} if atlas.noise else {})


def population(atlas: Atlas) -> dict[str, Any]:
    """Return the figures of the trained members; derived ones are no training runs."""
    who = atlas.population
    finals, trained = who.finals, [row for row, member in enumerate(who.members) if member.kind == "trained"]
    accuracy = atlas.truth.get("test_accuracy")
    return {
        "members": len(trained),
        "variants": len(finals),
        "parameters": who.layout.size,
        "variance_per_weight": finite_or_none(spread(who.weights, trained)),
        "last": {name: finite_or_none(values[finals].mean()) for name, values in atlas.truth.items() if finals},
        "test_accuracy_min": None if accuracy is None or not finals else finite_or_none(accuracy[finals].min()),
    }


def spread(weights: Weights, rows: Sequence[int]) -> float:
    """Return the variance per weight of some networks, block by block: float64 copies of all might not fit."""
    blocks = column_blocks(weights.shape[1], len(rows))
    sums = [np.var(weights[rows, at], axis=0, dtype=np.float64).sum() for at in blocks]
    return float(sum(sums) / weights.shape[1])


def _reducer(one: Map) -> dict[str, Any]:
    return {
        "name": one.name,
        **{figure.key: measure(one) for figure, measure in OWN.items()},
        "samples": len(one.landscape.samples.points) if one.landscape else None,
        "hidden": one.hidden or None,
        "minima": len(one.topology.tree.minima) if one.topology else None,
        "notes": dict(one.chart.notes),
    }


def _of_slice(one: Map, atlas: Atlas) -> dict[str, float | None]:
    """Return the fields of the networks that a slice is of, which need not be runs' last.

    Of the one around which it lies: `origin_<field>`; the mean over those through which it goes: `subject_<field>`.
    """
    labels = [member.label for member in atlas.population.members]
    through = str(one.chart.notes.get("through", ""))
    named = [str(one.chart.notes.get("origin", "")), *(through.split(", ") if through else [])]
    if not set(named) <= set(labels):
        return {}
    rows, before = [labels.index(name) for name in named], "subject" if through else "origin"
    return {f"{before}_{name}": finite_or_none(values[rows].mean()) for name, values in atlas.truth.items()}


def subjects(findings: Mapping[str, Finding], atlas: Atlas) -> dict[str, Any]:
    """Return which networks the analyses are about that name some in a column of their tables, and their mean fields.

    `last` says that they are the runs' last networks, all of them.
    """
    rows = {member.label: row for row, member in enumerate(atlas.population.members)}
    found = {}
    for name, finding in findings.items():
        if labels := _networks(finding, rows):
            own = [rows[label] for label in labels]
            found[name] = {
                "networks": labels,
                "last": sorted(own) == sorted(atlas.population.finals),
                "fields": {field: finite_or_none(values[own].mean()) for field, values in atlas.truth.items()},
            }
    return found


def _networks(finding: Finding, known: Mapping[str, int]) -> list[str]:
    """Return the networks that stand in the columns of a finding's tables that hold networks alone."""
    columns = [[row.get(column) for row in table.rows] for table in finding.tables for column in table.columns]
    listed = [cells for cells in columns if cells and all(isinstance(cell, str) and cell in known for cell in cells)]
    return list(dict.fromkeys(str(cell) for cells in listed for cell in cells))


def manifest(workshop: Workshop) -> dict[str, Any]:
    """Return where, with what and from which seeds the results came."""
    import torch

    return {
        "globscope": __version__,
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "plugins": sorted({f"{c.distribution} {c.version}" for c in workshop.registry.components}),
        "machine": platform.machine(),
        "device": devices(workshop.spec),
        "threads": torch.get_num_threads(),
        "seed": workshop.spec.seed,
        "flattened": _flattened(workshop),
        "stages": workshop.ledger.records,
    }


def _flattened(workshop: Workshop) -> dict[str, Any]:
    """Return what of a network the map is made of."""
    choice, layout = workshop.spec.population, workshop.task.build("cpu").layout
    return {
        "flatten": choice.flatten,
        "include": list(choice.include),
        "exclude": list(choice.exclude),
        "weights": layout.size,
        "tensors": list(layout.names),
    }


def _members(atlas: Atlas) -> list[str]:
    """Return the labels of the members that were trained or read."""
    return [member.label for member in atlas.population.members if member.kind == "trained"]


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
