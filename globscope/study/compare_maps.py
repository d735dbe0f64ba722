"""What is known of every map, each figure under a name of its own, and by which figures maps are compared."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from attrs import evolve

from globscope.errors import PluginError
from globscope.values.findings import Figure, Finding

# Of every map, whatever the analyses are.
OWN = (
    Figure(key="saddles", label="Saddles", meaning="where basins meet"),
    Figure(
        key="average_persistence",
        label="Average persistence",
        meaning="mean height of the pass out of a basin above its minimum",
    ),
    Figure(key="smad", label="SMAD", meaning="mean height of the arcs from a minimum to a saddle"),
    Figure(key="fit_seconds", label="Fit, seconds", meaning="finding the map"),
    Figure(key="decode_seconds", label="Decoding, seconds", meaning="turning the samples back into weights"),
    Figure(key="evaluate_seconds", label="Evaluation, seconds", meaning="measuring the decoded networks' losses"),
)


def distinct_names(findings: Mapping[str, Finding], components: Mapping[str, str]) -> dict[str, Finding]:
    """Return the findings with `<analysis>.` before every figure where several analyses are of one component.

    Args:
        findings: By analysis' name.
        components: What each analysis uses.
    """
    uses = Counter(components[name] for name in findings)
    return {name: _prefixed(name, one) if uses[components[name]] > 1 else one for name, one in findings.items()}


def _prefixed(analysis: str, finding: Finding) -> Finding:
    records = {
        map_: {f"{analysis}.{key}": value for key, value in figures.items()}
        for map_, figures in finding.records.items()
    }
    comparison = tuple(
        evolve(figure, key=f"{analysis}.{figure.key}", label=f"{figure.label} ({analysis})")
        for figure in finding.comparison
    )
    return evolve(finding, records=records, comparison=comparison)


def map_record(own: Mapping[str, Any], findings: Mapping[str, Finding]) -> dict[str, Any]:
    """Return what is known of a map: its own figures, and those that the analyses record.

    Args:
        own: Of the map itself, its `name` among them.
        findings: By analysis' name.

    Raises:
        PluginError: Two record a figure of one name, or one records what the map has already.
    """
    source = dict.fromkeys(own, "")
    found = dict(own)
    for analysis, finding in findings.items():
        for key, value in finding.records.get(own["name"], {}).items():
            if key in source:
                raise _clash(key, str(own["name"]), source[key], analysis)
            source[key], found[key] = analysis, value
    return found


def _clash(key: str, map_: str, first: str, second: str) -> PluginError:
    if not first:
        return PluginError(
            f"analysis {second!r} records {key!r} of map {map_!r}, which every map has; give it another key"
        )
    return PluginError(
        f"analyses {first!r} and {second!r} both record {key!r} of map {map_!r}; one of them must use another key"
    )


def compared_figures(findings: Mapping[str, Finding]) -> tuple[Figure, ...]:
    """Return by which figures maps are compared: those that analyses declare, then those of every map."""
    return (*(figure for finding in findings.values() for figure in finding.comparison), *OWN)
