"""What analyses and searches drew over a map, for the explorer's layers: curves, re-based runs, passes."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from globscope.report.explorer.blocks import Blocks
from globscope.values.findings import Finding
from globscope.values.pictures import Overlay


def trail_data(name: str, findings: Mapping[str, Finding], blocks: Blocks) -> list[dict[str, Any]]:
    """Return the trails on a map.

    Each has `source` (what found it), `picture` and `caption` (of the picture in which it stands), `label`, `style`,
    `points` (an array of latent points) and `values` (by field's key, an array of what was measured at each of them).
    """
    return [
        {
            "source": source,
            "picture": picture.name,
            "caption": picture.caption,
            "label": trail.label,
            "style": trail.style,
            "points": blocks.add(f"{name}\n{source}\n{picture.name}\n{number}", np.array(trail.points, float)),
            "values": {
                key: blocks.add(f"{name}\n{source}\n{picture.name}\n{number}\n{key}", np.array(values, float), "f8")
                for key, values in trail.values.items()
            },
        }
        for source, finding in findings.items()
        for picture in finding.pictures
        if isinstance(picture, Overlay) and picture.map == name
        for number, trail in enumerate(picture.trails)
    ]
