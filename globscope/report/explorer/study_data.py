"""What the explorer knows of a study: one JSON object, whose arrays lie in a block beside it.

An array is given by its name in `places`; `study.array(name)` in the page is a typed array, row by row. Rows of members
are those that the maps are fitted to, in the maps' order. What is not known is null. The object has

- `format`, the number of this description, which is raised if an older page's data can no longer be drawn
- `title`, `weights` (of one network), `warnings` (sentences), `colours` (name of the landscapes' colour map)
- `fields`: `key`, `name`, `unit`, `higher_is_better`, `is_logarithmic`, `chance` (the score of guessing), `noise`,
  `scales` (of the colours, by `auto`, `linear` and `log`: `low`, `high`, `log`)
- `shown`: key of the field that the maps show at first
- `variants` (the runs' names), `recipes` (a text each, which may be empty), `kinds` (of members: `trained`, `curve` …)
- `members`: `variant` and `kind` (numbers in these lists), `step`, `truth` (by field's key: of the networks themselves)
- `known`: figures that a table has of the members: `name`, `colours` (of the members: an array of six-digit colours as
  whole numbers), `key` (some values in words, each with its colour), and `values` (an array) or `texts` (a list)
- `figure`: number of the one that the runs' colours show at first; −1 for their own colours
- `figures`: those by which maps are compared: `key`, `label`, `meaning`, `better` (`low`, `high` or empty)
- `paths`: `finders` (texts) and `fields`, by key the paths that are known from the last network of a run to that of
  another (of at most 50 runs, also through others): of each finder the best, and the best first. They have `one` and
  `other` (numbers of runs, the lower one first), `worst`, `found_by` (number of a finder)
- `maps`: every landscape of every map, and every map without one, as `map_data` describes them

Beside the studies stands `look`, the colours (`look.py`).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import asdict, evolve

from globscope.report.explorer.blocks import Blocks
from globscope.report.explorer.known_data import known_data
from globscope.report.explorer.map_data import map_data
from globscope.report.explorer.path_data import path_data
from globscope.report.explorer.trail_data import trail_data
from globscope.report.style.scale import Scale, shared_scale, shown_field
from globscope.spec.style import AUTO, Style
from globscope.values.findings import Atlas, Finding
from globscope.values.finite import finite_or_none

FORMAT = 1


def study_data(
    title: str,
    atlas: Atlas,
    findings: Mapping[str, Finding],
    record: Mapping[str, Any],
    blocks: Blocks,
    *,
    style: Style = AUTO,
) -> dict[str, Any]:
    """Return what the page's script reads of a study, as one JSON object; its arrays are added to the blocks.

    Args:
        title: Title of the study.
        atlas: Population and maps.
        findings: Findings by analysis' name.
        record: The results as one JSON object, of which recipes, figures and warnings are taken.
        blocks: Where the arrays go.
        style: How pictures look: which the colours are, where they begin and end.
    """
    figures = {one["name"]: one for one in record.get("reducers", ())}
    verdicts = {one["name"]: one for one in (record.get("verdict") or {}).get("maps", ())}
    variants = list(dict.fromkeys(one.variant for one in atlas.population.fitted.members))
    recipes = record.get("recipes", {})
    return {
        "format": FORMAT,
        "title": title,
        "weights": atlas.population.layout.size,
        "warnings": list(record.get("warnings", ())),
        "colours": style.colours,
        "fields": [_field(atlas, key, style) for key in _keys(atlas)],
        "shown": shown_field(atlas, style),
        "variants": variants,
        "recipes": [recipes.get(variant, "") for variant in variants],
        **_members(atlas, variants, blocks),
        **known_data(atlas.population.fitted.members, style.figure, blocks),
        "figures": [{key: one[key] for key in ("key", "label", "meaning", "better")} for one in _comparison(record)],
        "paths": path_data(atlas, findings, variants, blocks),
        "maps": [
            map_data(
                map_,
                sampler,
                blocks,
                verdict=verdicts.get(map_.name),
                figures={one["key"]: figures.get(map_.name, {}).get(one["key"]) for one in _comparison(record)},
                trails=trail_data(map_.name, {**findings, **atlas.explanations}, blocks),
            )
            for map_ in atlas.maps
            for sampler in map_.landscapes or [""]
        ],
    }


def _comparison(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(record.get("comparison", ()))


def _field(atlas: Atlas, key: str, style: Style) -> dict[str, Any]:
    chance = atlas.chance.get(key)
    styles = {"auto": style, "linear": evolve(style, scale="linear"), "log": evolve(style, scale="log")}
    return {
        **asdict(atlas.field_of(key)),
        "chance": None if chance is None else finite_or_none(chance),
        "noise": finite_or_none(atlas.noise.get(key, 0.0)),
        "scales": {kind: _scale(shared_scale(atlas, key, one)) for kind, one in styles.items()},
    }


def _scale(scale: Scale) -> dict[str, Any]:
    return {"low": scale.low, "high": scale.high, "log": scale.log}


def _keys(atlas: Atlas) -> list[str]:
    landscapes = [landscape for map_ in atlas.maps for landscape in map_.landscapes.values()]
    return list(dict.fromkeys(key for fields in (atlas.truth, *(one.fields for one in landscapes)) for key in fields))


def _members(atlas: Atlas, variants: list[str], blocks: Blocks) -> dict[str, Any]:
    members = atlas.population.fitted.members
    rows = [row for row, member in enumerate(atlas.population.members) if member.in_fit]
    kinds = sorted({one.kind for one in members})
    number = {variant: place for place, variant in enumerate(variants)}
    return {
        "kinds": kinds,
        "members": {
            "variant": blocks.add("members/variant", np.array([number[one.variant] for one in members]), "u2"),
            "step": blocks.add("members/step", np.array([one.step for one in members]), "f8"),
            "kind": blocks.add("members/kind", np.array([kinds.index(one.kind) for one in members]), "u1"),
            "truth": {key: blocks.add(f"members/{key}", values[rows], "f8") for key, values in atlas.truth.items()},
        },
    }
