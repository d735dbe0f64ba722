"""What the explorer knows of a study: its fields, its runs, its members, and its maps."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from attrs import asdict

from globscope.report.explorer.blocks import Blocks
from globscope.report.explorer.map_data import map_data
from globscope.values.findings import Atlas, Finding
from globscope.values.pictures import Overlay


def study_data(title: str, atlas: Atlas, findings: Mapping[str, Finding], blocks: Blocks) -> dict[str, Any]:
    """Return what the page's script reads of a study, as one JSON object; its arrays are added to the blocks.

    Members are those that maps are fitted to, in the maps' order.
    """
    members = atlas.population.fitted.members
    fitted = [row for row, member in enumerate(atlas.population.members) if member.in_fit]
    variants, kinds = list(dict.fromkeys(one.variant for one in members)), sorted({one.kind for one in members})
    return {
        "title": title,
        "weights": atlas.population.layout.size,
        "fields": [asdict(atlas.field_of(key)) for key in _keys(atlas)],
        "variants": variants,
        "kinds": kinds,
        "members": {
            "variant": blocks.add("members/variant", np.array([variants.index(one.variant) for one in members]), "u2"),
            "step": blocks.add("members/step", np.array([one.step for one in members]), "f8"),
            "kind": blocks.add("members/kind", np.array([kinds.index(one.kind) for one in members]), "u1"),
            "truth": {
                key: blocks.add(f"members/{key}", values[fitted], "f8") for key, values in atlas.truth.items()
            },
        },
        "maps": [
            map_data(map_, sampler, list(_trails(map_.name, findings)), blocks)
            for map_ in atlas.maps for sampler in map_.landscapes or [""]
        ],
    }  # fmt: skip


def _keys(atlas: Atlas) -> list[str]:
    landscapes = [landscape for map_ in atlas.maps for landscape in map_.landscapes.values()]
    return list(dict.fromkeys(key for fields in (atlas.truth, *(one.fields for one in landscapes)) for key in fields))


def _trails(name: str, findings: Mapping[str, Finding]) -> Iterator[dict[str, Any]]:
    """Yield what analyses drew over a map."""
    for source, finding in findings.items():
        for picture in finding.pictures:
            if isinstance(picture, Overlay) and picture.map == name:
                yield from ({"source": source, **asdict(trail)} for trail in picture.trails)
