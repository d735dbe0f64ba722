"""What a chart says of itself, as JSON values."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from globscope.values.chart import Chart

ARRAYS = ("centre", "extent")
PLAIN = ("exact_inverse", "pointwise", "why_no_inverse")


def chart_notes(chart: Chart) -> dict[str, Any]:
    """Return a chart's plain attributes, and whether it encodes and decodes."""
    arrays = {name: getattr(chart, name) for name in ARRAYS}
    return {
        "notes": dict(chart.notes),
        "encodes": chart.encode is not None,
        "decodes": chart.decode is not None,
        **{name: getattr(chart, name) for name in PLAIN},
        **{name: None if array is None else np.asarray(array, float).tolist() for name, array in arrays.items()},
    }


def chart_attributes(notes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain attributes from a chart's notes."""
    arrays = {name: None if notes[name] is None else np.array(notes[name], float) for name in ARRAYS}
    return {"notes": notes["notes"], **{name: notes[name] for name in PLAIN}, **arrays}
