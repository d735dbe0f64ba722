"""The JSON schema of specs, from the declarations that structure them; editors complete TOML with it."""

from collections.abc import Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from attrs import NOTHING, fields, has, resolve_types

from globscope.references import Code
from globscope.registry import Component, Registry
from globscope.spec.describe import meanings
from globscope.spec.entries import common
from globscope.spec.model import PopulationSpec, Spec
from globscope.spec.read import DEFAULTS, LISTS, SINGLE
from globscope.spec.validators import constraints

SCALARS: Mapping[Any, dict[str, Any]] = {
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    str: {"type": "string"},
    Path: {"type": "string"},
    Code: {"type": "string", "pattern": "^.+:[A-Za-z_][A-Za-z0-9_]*$"},
    NoneType: {"type": "null"},
}


def schema(registry: Registry) -> dict[str, Any]:
    """Return the schema of a spec with these components."""
    told = meanings(Spec)
    properties: dict[str, Any] = {
        "title": SCALARS[str] | {"description": told["title"]},
        "seed": SCALARS[int] | {"description": told["seed"], "minimum": 0},
        "population": _class(PopulationSpec) | {"description": told["population"]},
    }
    for role in SINGLE:
        properties[role] = _role(role, registry) | {"description": told[role]}
    for role in LISTS:
        items = {"type": "array", "items": _role(role, registry)}
        properties[role] = items | {"description": told[role]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "GlobScope study",
        "type": "object",
        "properties": properties,
        "required": [key for key in ("task", "population", "reducer") if key not in DEFAULTS],
        "additionalProperties": False,
    }


def _role(role: str, registry: Registry) -> dict[str, Any]:
    if role == "fidelity":
        return _class(registry.role("analysis")["fidelity"].cls)
    return {"oneOf": [_component(component) for component in registry.role(role).values()]}


def _component(component: Component) -> dict[str, Any]:
    own, shared = _class(component.cls), _class(common(component.role))
    shared["properties"]["use"] = {"const": component.name, "description": component.summary}
    return own | {
        "title": component.name,
        "properties": shared["properties"] | own["properties"],
        "required": ["use", *own["required"]],
    }


def _class(cls: Any) -> dict[str, Any]:
    told, properties, required = meanings(cls), {}, []
    for attribute in fields(resolve_types(cls)):
        rule = _type(attribute.type) | constraints(attribute.validator)
        properties[attribute.name] = rule | {"description": told.get(attribute.name, "")}
        if attribute.default is NOTHING:
            required.append(attribute.name)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _type(kind: Any) -> dict[str, Any]:
    if kind in SCALARS:
        return dict(SCALARS[kind])
    origin, arms = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"enum": list(arms)}
    if origin is tuple:
        return {"type": "array", "items": _type(arms[0])}
    if origin in (Union, UnionType):
        kinds = [_type(arm) for arm in arms if arm is not NoneType]  # TOML has no null
        return kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    return _class(kind) if isinstance(kind, type) and has(kind) else {"type": "object"}
