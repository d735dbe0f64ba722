"""The figures of maps: each with a name of its own, and those by which maps are compared."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from attrs import evolve

from globscope.errors import PluginError
from globscope.topology.condense import smad
from globscope.values.findings import Cell, Figure, Finding, Map
from globscope.values.finite import finite_or_none

# What counts and heights of basins mean, below every table that compares maps.
UPPER_BOUNDS = (
    "Basins are counted on their map, at its persistence threshold. The height of a saddle is an upper bound of the "
    "pass between two networks: a path on a map is a path in weight space, but a lower one may lie outside the map."
)
# Figures of every map, whichever analyses there are, with their measurements.
OWN: Mapping[Figure, Callable[[Map], Cell]] = {
    Figure(key="saddles", label="Saddles", meaning="where basins of the map meet"): lambda map_: (
        len(map_.topology.tree.saddles) if map_.topology else None
    ),
    Figure(
        key="average_persistence",
        label="Average persistence",
        meaning="mean height of the pass out of a basin above its minimum; an upper bound",
    ): lambda map_: finite_or_none(map_.topology.tree.average_persistence) if map_.topology else None,
    Figure(
        key="smad",
        label="SMAD",
        meaning="saddle–minimum average distance: mean height of the merge tree's arcs from a minimum to the first "
        "saddle above it; an upper bound",
    ): lambda map_: finite_or_none(smad(map_.topology.tree)) if map_.topology else None,
    Figure(key="fit_seconds", label="Fit, seconds", meaning="finding the map"): lambda map_: map_.seconds,
    Figure(key="decode_seconds", label="Decoding, seconds", meaning="decoding the samples into weights"): lambda map_: (
        map_.landscape.seconds.get("decode") if map_.landscape else None
    ),
    Figure(
        key="evaluate_seconds", label="Evaluation, seconds", meaning="measuring the decoded networks' losses"
    ): lambda map_: map_.landscape.seconds.get("evaluate") if map_.landscape else None,
}


def distinct_names(findings: Mapping[str, Finding], components: Mapping[str, str]) -> dict[str, Finding]:
    """Return the findings with `<analysis>.` before every figure where several analyses are of one component.

    Args:
        findings: Findings by analysis' name.
        components: Component of each analysis.
    """
    uses = Counter(components[name] for name in findings)
    return {name: _with_prefix(name, one) if uses[components[name]] > 1 else one for name, one in findings.items()}


def _with_prefix(analysis: str, finding: Finding) -> Finding:
    records = {
        map_: {f"{analysis}.{key}": value for key, value in figures.items()}
        for map_, figures in finding.records.items()
    }
    comparison = tuple(
        evolve(
            figure,
            key=f"{analysis}.{figure.key}",
            label=f"{figure.label} ({analysis})",
            over=figure.over and f"{analysis}.{figure.over}",
        )
        for figure in finding.comparison
    )
    return evolve(finding, records=records, comparison=comparison)


def map_record(own: Mapping[str, Any], findings: Mapping[str, Finding]) -> dict[str, Any]:
    """Return the record of a map: its own figures, and those that the analyses record.

    Args:
        own: Figures of the map itself, including its `name`.
        findings: Findings by analysis' name.

    Raises:
        PluginError: Two analyses record one figure, or one records a figure that the map has already.
    """
    source = dict.fromkeys(own, "")
    record = dict(own)
    for analysis, finding in findings.items():
        for key, value in finding.records.get(own["name"], {}).items():
            if key in source:
                raise _clash(key, str(own["name"]), source[key], analysis)
            source[key], record[key] = analysis, value
    return record


def _clash(key: str, map_: str, first: str, second: str) -> PluginError:
    if not first:
        return PluginError(
            f"analysis {second!r} records {key!r} of map {map_!r}, which every map has; give it another key"
        )
    return PluginError(
        f"analyses {first!r} and {second!r} both record {key!r} of map {map_!r}; one of them must use another key"
    )


def compared_figures(findings: Mapping[str, Finding]) -> tuple[Figure, ...]:
    """Return the figures by which maps are compared: those that analyses declare, then those of every map."""
    return (*(figure for finding in findings.values() for figure in finding.comparison), *OWN)
