"""Findings on disk."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from cattrs import Converter
from cattrs.strategies import configure_tagged_union

from globscope.values.findings import Cell, Finding
from globscope.values.pictures import Number, Picture


@cache
def _converter() -> Converter:
    """Return what turns findings into JSON and back; figures stay what they are."""
    found = Converter()
    configure_tagged_union(Picture, found, tag_name="kind")
    for figure in (Cell, Number, float):
        found.register_structure_hook(figure, lambda value, _: value)
    return found


def plain(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON values."""
    told: dict[str, Any] = _converter().unstructure(finding)
    return told


def loaded(told: Mapping[str, Any]) -> Finding:
    """Return a finding from its JSON values."""
    return _converter().structure(told, Finding)
