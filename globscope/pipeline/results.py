"""A study's results as one JSON object: what `globscope show --json` prints."""

import platform
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from attrs import asdict

from globscope import __version__
from globscope.pipeline.map_comparison import OWN, compared_figures, distinct_names, map_record
from globscope.pipeline.plan.announced import devices
from globscope.pipeline.recipes import recipes
from globscope.pipeline.workshop import Workshop
from globscope.population.named_base import base_warnings
from globscope.spec.describe import as_toml
from globscope.spec.entries import KNOWN_PATHS
from globscope.values.findings import Atlas, Finding, Map
from globscope.values.finite import finite_or_none

SURROGATES = (
    "These are no trained networks, but random surrogates with the same inner products, tensor by tensor: all that "
    "this study shows follows from distances alone"
)
LIBRARIES = ("torch", "numpy", "scikit-learn", "umap-learn", "gudhi", "mergekit")


def study_results(
    workshop: Workshop, atlas: Atlas, findings: Mapping[str, Finding], learned: Mapping[str, Finding]
) -> dict[str, Any]:
    """Return the results; a figure that is not finite is None, never NaN.

    Args:
        workshop: Spec, components and ledger of the study.
        atlas: Population and maps.
        findings: Findings by analysis' name.
        learned: Findings of aligners that learned, by aligner's name.

    Raises:
        PluginError: Two analyses record the same figure.
    """
    components = {entry.name: entry.use for entry in (workshop.spec.fidelity, *workshop.spec.analysis)}
    components |= {KNOWN_PATHS: KNOWN_PATHS}
    apart = distinct_names(findings, components)
    null = None if workshop.spec.population.null == "none" else SURROGATES
    own = base_warnings(workshop.spec.population, workshop.spec.folder, workshop.task.build("cpu"))
    found = _warnings((*findings.values(), *learned.values()), atlas)
    return {
        "title": workshop.spec.title,
        "population": population(atlas),
        "recipes": recipes(workshop.spec.population),
        "reducers": [map_record(_map_figures(one), apart) | _of_slice(one, atlas) for one in atlas.maps],
        "fields": [asdict(field) for field in atlas.fields.values()],
        "comparison": [asdict(figure) for figure in compared_figures(apart)],
        "null": null,
        "warnings": [*filter(None, [null]), *own, *found],
        "subjects": subjects(findings, atlas),
        "tables": _tables(findings),
        "paths": [asdict(path) for path in findings[KNOWN_PATHS].paths] if KNOWN_PATHS in findings else [],
        "aligners": _tables(learned),
        "explanations": _tables(atlas.explanations),
        "manifest": manifest(workshop) | _contents(atlas),
        "spec": as_toml(workshop.spec),
    }


def _warnings(findings: Iterable[Finding], atlas: Atlas) -> Iterator[str]:
    """Yield all warnings; those of a search, which knows no name of its map, begin with map and sampler."""
    yield from (text for one in findings for text in one.warnings)
    yield from (f"{of}: {text}" for of, one in atlas.explanations.items() for text in one.warnings)


def _tables(findings: Mapping[str, Finding]) -> dict[str, list[dict[str, Any]]]:
    return {name: [asdict(table) for table in one.tables] for name, one in findings.items()}


def _contents(atlas: Atlas) -> dict[str, Any]:
    """Return the trained members, the notes of the charts, and the spread of scores that depend on random numbers."""
    members = [atlas.population.members[row].label for row in atlas.population.trained]
    charts = {map_.name: dict(map_.chart.notes) for map_ in atlas.maps}
    draws = {field: {"standard_deviation": noise} for field, noise in atlas.noise.items()}
    return {"members": members, "charts": charts} | ({"draws": draws} if draws else {})


def population(atlas: Atlas) -> dict[str, Any]:
    """Return the figures of the trained members."""
    finals, trained = atlas.population.finals, atlas.population.take(atlas.population.trained)
    accuracy = atlas.truth.get("test_accuracy")
    return {
        "members": len(trained.members),
        "variants": len(finals),
        "parameters": trained.layout.size,
        "variance_per_weight": finite_or_none(trained.variance_per_weight),
        "last": {name: finite_or_none(values[finals].mean()) for name, values in atlas.truth.items() if finals},
        "test_accuracy_min": None if accuracy is None or not finals else finite_or_none(accuracy[finals].min()),
    }


def _map_figures(map_: Map) -> dict[str, Any]:
    return {
        "name": map_.name,
        "kind": map_.kind,
        **{figure.key: measure(map_) for figure, measure in OWN.items()},
        "samples": len(map_.landscape.samples.points) if map_.landscape else None,
        "hidden": map_.hidden or None,
        "minima": len(map_.topology.tree.minima) if map_.topology else None,
        "leaves_by_neighbours": dict(map_.topology.leaves_by_neighbours) if map_.topology else {},
        "adjacency": map_.topology.adjacency or None if map_.topology else None,
        "notes": dict(map_.chart.notes),
    }


def _of_slice(map_: Map, atlas: Atlas) -> dict[str, float | None]:
    """Return the fields of a slice's networks, which need not be the runs' last ones.

    `origin_<field>` is of the network around which it lies, `subject_<field>` the mean over those it passes through.
    """
    labels = [member.label for member in atlas.population.members]
    through = str(map_.chart.notes.get("through", ""))
    names = [str(map_.chart.notes.get("origin", "")), *(through.split(", ") if through else [])]
    if not set(names) <= set(labels):
        return {}
    rows, prefix = [labels.index(name) for name in names], "subject" if through else "origin"
    return {f"{prefix}_{name}": finite_or_none(values[rows].mean()) for name, values in atlas.truth.items()}


def subjects(findings: Mapping[str, Finding], atlas: Atlas) -> dict[str, Any]:
    """Return the networks that each analysis names in a column of its tables, with their mean fields.

    `last` tells whether they are all of the runs' final networks.
    """
    rows = {member.label: row for row, member in enumerate(atlas.population.members)}
    subjects_of = {}
    for name, finding in findings.items():
        if labels := _networks(finding, rows):
            chosen = [rows[label] for label in labels]
            subjects_of[name] = {
                "networks": labels,
                "last": sorted(chosen) == sorted(atlas.population.finals),
                "fields": {field: finite_or_none(values[chosen].mean()) for field, values in atlas.truth.items()},
            }
    return subjects_of


def _networks(finding: Finding, known: Mapping[str, int]) -> list[str]:
    """Return the networks in those columns of a finding's tables that contain only networks."""
    columns = [[row.get(column) for row in table.rows] for table in finding.tables for column in table.columns]
    listed = [cells for cells in columns if cells and all(isinstance(cell, str) and cell in known for cell in cells)]
    return list(dict.fromkeys(str(cell) for cells in listed for cell in cells))


def manifest(workshop: Workshop) -> dict[str, Any]:
    """Return the versions, machine, devices, seed and stages from which the results come."""
    import torch

    return {
        **libraries(),
        "plugins": sorted({f"{c.distribution} {c.version}" for c in workshop.registry.components}),
        "machine": platform.machine(),
        "device": devices(workshop.spec),
        "threads": torch.get_num_threads(),
        "seed": workshop.spec.seed,
        "flattened": _flattening(workshop),
        "stages": workshop.ledger.records,
    }


def libraries() -> dict[str, Any]:
    """Return the versions of GlobScope, Python and the libraries that results depend on."""
    return {
        "globscope": __version__,
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in LIBRARIES},
    }


def _flattening(workshop: Workshop) -> dict[str, Any]:
    """Return the tensors of a network that are flattened."""
    choice, layout = workshop.spec.population, workshop.task.build("cpu").layout
    return {
        "flatten": choice.flatten,
        "include": list(choice.include),
        "exclude": list(choice.exclude),
        "weights": layout.size,
        "tensors": list(layout.names),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
