"""Findings, and a chart's attributes, as JSON values."""

from collections.abc import Iterator, Mapping
from functools import cache
from math import isfinite
from typing import Any

import numpy as np
from attrs import fields, has
from cattrs import Converter
from cattrs.strategies import configure_tagged_union

from globscope.errors import PluginError
from globscope.values.chart import Chart
from globscope.values.findings import Cell, Figure, Finding, Table
from globscope.values.known_path import KnownPath
from globscope.values.pictures import Number, Picture

ARRAYS = ("centre", "extent")
PLAIN = ("exact_inverse", "pointwise", "flat", "why_no_inverse", "axes")


def chart_notes(chart: Chart) -> dict[str, Any]:
    """Return a chart's plain attributes, and whether it encodes and decodes."""
    arrays = {name: getattr(chart, name) for name in ARRAYS}
    return {
        "notes": dict(chart.notes),
        "encodes": chart.encode is not None,
        "decodes": chart.decode is not None,
        "pulls_back": chart.pullback is not None,
        **{name: getattr(chart, name) for name in PLAIN},
        **{name: None if array is None else np.asarray(array, float).tolist() for name, array in arrays.items()},
    }


def chart_attributes(notes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain attributes from a chart's notes."""
    arrays = {name: None if notes[name] is None else np.array(notes[name], float) for name in ARRAYS}
    return {"notes": notes["notes"], **{name: notes[name] for name in PLAIN if name in notes}, **arrays}


@cache
def _converter() -> Converter:
    """Return what turns findings into JSON and back; figures stay what they are."""
    found = Converter()
    configure_tagged_union(Picture, found, tag_name="kind")
    for figure in (Cell, Number, float):
        found.register_structure_hook(figure, lambda value, _: value)
    return found


def finding_as_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON values."""
    values: dict[str, Any] = _converter().unstructure(finding)
    return values


def finding_from_json(values: Mapping[str, Any]) -> Finding:
    """Return a finding from its JSON values."""
    return _converter().structure(values, Finding)


def checked_finding(component: str, finding: Any) -> Finding:
    """Return what a component found, once every figure of it is one that JSON holds.

    Raises:
        PluginError: It is no Finding, a row has a key that is no column, or a figure is NaN, infinite or no plain
            number; with the table, row and column, or the place in a picture or record.
    """
    if not isinstance(finding, Finding):
        raise PluginError(f"{component}: returned {type(finding).__name__}, not a Finding")
    for place, flaw in _flaws(finding):
        raise PluginError(f"{component}: {place}: {flaw}")
    return finding


def _flaws(finding: Finding) -> Iterator[tuple[str, str]]:
    """Yield where a finding holds what cannot be stored, and why."""
    for place, kind in (("tables", Table), ("comparison", Figure), ("paths", KnownPath)):
        for value in getattr(finding, place):
            if not isinstance(value, kind):
                yield place, f"holds {type(value).__name__}, not a {kind.__name__}"
    for table in (table for table in finding.tables if isinstance(table, Table)):
        yield from _of_table(table)
    for name, record in finding.records.items():
        yield from _of_values(f"record of {name!r}", record)
    for picture in finding.pictures:
        yield from _of_values(f"picture {picture.name if hasattr(picture, 'name') else ''!r}", picture)
    yield from _of_values("paths", finding.paths)
    yield from _of_values("warnings", finding.warnings)


def _of_table(table: Table) -> Iterator[tuple[str, str]]:
    for at, row in enumerate(table.rows, 1):
        for column, value in row.items():
            place = f"table {table.name!r}, row {at}, column {column!r}"
            if column not in table.columns:
                yield place, "the table has no such column"
            yield from _of_values(place, value)


def _of_values(place: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield the flaws of a figure, of a mapping's or a sequence's items, or of a value's attributes."""
    if has(type(value)):
        value = {each.name: getattr(value, each.name) for each in fields(type(value))}
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _of_values(f"{place}, {name}", item)
    elif isinstance(value, list | tuple):
        for at, item in enumerate(value):
            yield from _of_values(f"{place}[{at}]", item)
    elif isinstance(value, float) and not isfinite(value):
        yield place, f"{value}; a figure that cannot be had is None"
    elif not isinstance(value, str | int | float | None):
        yield place, f"{value!r} is no text and no plain number, but {type(value).__module__}.{type(value).__name__}"
