"""What the explorer knows of one landscape of a map, or of a map without any.

It has

- `name`, `kind` (the reducer's table), `sampler`, `dimension`, `axes` (their names), `hidden` (why it has no landscape)
- `trust_radius`: the distance in weight space up to which a network is trusted; null where every one is
- `verdict`: whether to believe the map: `belief`, `shows` (what it shows), `reasons` (for care); null if unknown
- `figures`: by the key of the study's `figures`
- `trails`: as `trail_data` describes them
- of the members: `latents`, `decoded` (by field's key: of what the map makes of them), `residual` (distance in weight
  space from each network to what the map makes of it), `shown` (1: the residual is within the trust radius and a
  slice holds the network), `drawn` (1: the map's pictures draw it)
- `runs_not_shown`: numbers of the runs whose last network the map does not show, those that the report's pictures end
  with a hollow star
- with a landscape, what `landscape_data` adds
"""

from collections.abc import Mapping
from typing import Any

from globscope.report.explorer.blocks import Blocks
from globscope.report.explorer.landscape_data import landscape_data
from globscope.report.map.trajectory import drawn_members, variants_not_shown
from globscope.values.findings import Cell, Map
from globscope.values.finite import finite_or_none


def map_data(
    map_: Map,
    sampler: str,
    blocks: Blocks,
    *,
    verdict: Mapping[str, Any] | None,
    figures: dict[str, Cell],
    trails: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return what the page's script reads of a map and the landscape of one of its samplers, if there is any."""
    landscape, stem, absent = map_.landscapes.get(sampler), f"{map_.name}\n", variants_not_shown(map_)
    about = {
        "name": map_.name,
        "kind": map_.kind,
        "sampler": sampler,
        "dimension": map_.chart.dimension,
        "axes": list(map_.chart.axis_names),
        "hidden": "" if landscape is not None else map_.hidden or map_.chart.why_no_inverse,
        "trust_radius": finite_or_none(map_.trust_radius),
        "verdict": None if verdict is None else {key: verdict[key] for key in ("belief", "shows", "reasons")},
        "figures": figures,
        "trails": trails,
        "latents": blocks.add(f"{stem}latents", map_.chart.latents),
        "decoded": {key: blocks.add(f"{stem}decoded/{key}", values, "f8") for key, values in map_.decoded.items()},
        "residual": blocks.add(f"{stem}residual", map_.residual),
        "runs_not_shown": [k for k, run in enumerate(map_.population.variants) if run in absent],
        "shown": blocks.add(f"{stem}shown", map_.is_near(map_.residual) & ~map_.elsewhere, "u1"),
        "drawn": blocks.add(f"{stem}drawn", drawn_members(map_), "u1"),
    }
    if landscape is None:
        return about
    return about | landscape_data(map_, sampler, f"{stem}{sampler}\n", blocks)
