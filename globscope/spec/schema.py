"""The JSON schema of specs, from the classes that structure them; editors use it to complete TOML."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from attrs import NOTHING, fields

from globscope.references import Code, Pattern
from globscope.registry import Component, Registry
from globscope.spec.cells import Relations
from globscope.spec.describe import default_of, meanings, plain
from globscope.spec.each import EACH, SHARED
from globscope.spec.entries import APART, FIDELITY, NEEDED, SCHEME, USUAL, entry_class, takes_address
from globscope.spec.read import LISTS, NETWORKS, PLAIN, REQUIRED, SINGLE
from globscope.spec.study_spec import Spec
from globscope.spec.validators import constraints
from globscope.spec.words import arms, is_class, is_literal, is_tuple, is_union, keys_of

SCALARS: Mapping[Any, dict[str, Any]] = {
    int: {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    str: {"type": "string"},
    Path: {"type": "string", "minLength": 1},
    Pattern: {"type": "string", "minLength": 1, "not": {"pattern": r"\*\*"}},
    Code: {"type": "string", "pattern": "^.+:[^:]+$"},
}

# Keywords that concern values of one type only, beside `type` itself.
OF_A_TYPE = {
    "type",
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("minLength", "maxLength", "pattern"),
    *("items", "prefixItems", "minItems", "maxItems"),
    *("properties", "required", "additionalProperties", "minProperties"),
}

SWEEP = {
    "type": "object",
    "description": (
        "Keys of this spec, dotted as `--set` takes them, each with a list of values; every combination is a study."
    ),
    "additionalProperties": {"type": ["array", "object"], "minItems": 1, "minProperties": 1},
    "minProperties": 1,
}
RELATIONS = "Which figures of a sweep's cells are set against which."


def schema(registry: Registry) -> dict[str, Any]:
    """Return the schema of a spec with these components."""
    texts = meanings(Spec)
    properties = {key: _rule(getattr(fields(Spec), key), texts) for key in PLAIN}
    for key in NETWORKS:
        properties[key]["oneOf"] = [
            {"anyOf": [{"required": ["checkpoints"]}, {"required": ["table"]}]},
            {"required": ["train"]},
        ]
    for role in SINGLE:
        properties[role] = _role(role, registry) | {"description": texts[role]}
    for role in LISTS:
        items = {"type": "array", "minItems": int(role in NEEDED), "items": _role(role, registry)}
        properties[role] = items | {"description": texts[role]}
    fidelity = registry.role("analysis").get(FIDELITY)
    properties[FIDELITY] = (_class(fidelity.cls) if fidelity else {}) | {"description": texts[FIDELITY]}
    properties["run"] = _pool(registry) | {"description": texts["run"]}
    properties |= {"sweep": SWEEP, "relations": _class(Relations) | {"description": RELATIONS}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "GlobScope study",
        "type": "object",
        "properties": properties,
        "required": [*REQUIRED],
        "dependentRequired": {"relations": ["sweep"]},
        "additionalProperties": _no_others(properties),
    }


def _no_others(names: Iterable[str]) -> dict[str, Any]:
    """Return the rule of all other keys, which nothing satisfies.

    `False` would say the same, but editors then underline the whole table and do not say which keys there are. A rule
    is reported at the misspelt key, with its text.
    """
    return {"not": {"title": f"no such key; this table has {', '.join(sorted(names))}"}}


def _role(role: str, registry: Registry) -> dict[str, Any]:
    """Return the rules of a role's table; `use` selects the rule, so that a wrong key is reported once."""
    components = [c for c in registry.role(role).values() if (role, c.name) != ("analysis", FIDELITY)]
    usual = USUAL.get(role, {})
    if not components:
        return {"not": {}}
    rules = {c.name: _component(c) for c in components}
    chosen = [{"if": _condition(name, usual), "then": rule} for name, rule in rules.items()]
    use = {"enum": [*rules], **_default(usual), "description": _summaries(components)}
    shown = {"properties": {**_meanings_of_all(rules), "use": use}}
    return {"type": "object", "required": [] if usual else ["use"], "allOf": [shown, *chosen]}


def _pool(registry: Registry) -> dict[str, Any]:
    """Return the rules of [run], where `pool` names a pool and all other keys are its options."""
    pools = registry.role("pool").values()
    usual = USUAL["pool"]["pool"]
    if not pools:
        return {"not": {}}
    chosen, rules = [], {}
    for pool in pools:
        own = _class(pool.cls)
        name = _pool_name(pool)
        own["properties"] = {"pool": name | {"description": pool.summary}, **own["properties"]}
        own["additionalProperties"] = _no_others(own["properties"])
        named = {"properties": {"pool": name}, "required": [] if pool.name == usual else ["pool"]}
        chosen.append({"if": named, "then": own | {"title": pool.name}})
        rules[pool.name] = own
    names = {"anyOf": [_pool_name(pool) for pool in pools], "default": usual, "description": _summaries(pools)}
    return {"type": "object", "allOf": [{"properties": {**_meanings_of_all(rules), "pool": names}}, *chosen]}


def _summaries(components: Iterable[Component]) -> str:
    """Return what each component does, as a list that an editor shows."""
    return "\n".join(f"- `{component.name}`: {component.summary}" for component in components)


def _meanings_of_all(rules: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Return all keys of several components' tables with nothing but their meanings.

    The conditions say which are accepted. Editors offer and explain only keys that stand outside of conditions, and,
    beside an `allOf`, only those in it.
    """
    owners: dict[str, dict[str, list[str]]] = {}
    for name, rule in rules.items():
        for key, value in rule["properties"].items():
            owners.setdefault(key, {}).setdefault(value["description"], []).append(name)
    return {key: {"description": _meaning(of, len(rules))} for key, of in owners.items()}


def _meaning(owners: Mapping[str, Sequence[str]], count: int) -> str:
    """Return the meanings of one key, each with the components where it has it, if these are not all."""
    return "\n\n".join(
        text if len(names) == count else f"{text} (`{'`, `'.join(names)}`)" for text, names in owners.items()
    )


def _pool_name(pool: Component) -> dict[str, Any]:
    """Return the rule of a pool's name, which may be an address for some."""
    name = {"const": pool.name}
    return {"anyOf": [name, {"pattern": f"^{re.escape(pool.name)}{SCHEME}."}]} if takes_address(pool.cls) else name


def _default(usual: Mapping[str, str]) -> dict[str, str]:
    return {"default": usual["use"]} if usual else {}


def _condition(name: str, usual: Mapping[str, str]) -> dict[str, Any]:
    """Return the condition that a table names a component, or omits the name of the usual one."""
    return {"properties": {"use": {"const": name}}, "required": [] if name == usual.get("use") else ["use"]}


def _component(component: Component) -> dict[str, Any]:
    options, shared = _class(component.cls), _class(entry_class(component.role))
    shared["properties"]["use"] = {"const": component.name, "description": component.summary}
    properties = shared["properties"] | options["properties"]
    rule = options | {
        "title": component.name,
        "properties": properties,
        "required": options["required"],
        "additionalProperties": _no_others(properties),
    }
    return _with_lists(rule) if component.role in APART else rule


def _with_lists(rule: dict[str, Any]) -> dict[str, Any]:
    """Return the rule of a table that may leave any of its keys to lists of values in `each`."""
    of_all = {name: value for name, value in rule["properties"].items() if name not in SHARED}
    lists = {
        name: {"type": "array", "items": value, "minItems": 1, "description": value["description"]}
        for name, value in of_all.items()
    }
    each = rule["properties"][EACH] | {
        "properties": lists,
        "additionalProperties": _no_others(lists),
        "minProperties": 1,
    }
    above = [{"anyOf": [{"required": [name]}, _choice_of(name)]} for name in rule["required"]]
    once = [{"not": {"allOf": [{"required": [name]}, _choice_of(name)]}} for name in of_all]
    return rule | {"properties": rule["properties"] | {EACH: each}, "required": [], "allOf": [*above, *once]}


def _choice_of(name: str) -> dict[str, Any]:
    """Return the rule that `each` has a key."""
    return {"properties": {EACH: {"required": [name]}}, "required": [EACH]}


def _class(cls: Any) -> dict[str, Any]:
    texts = meanings(cls)
    options = keys_of(cls)
    return {
        "type": "object",
        "properties": {option.name: _rule(option, texts) for option in options},
        "required": [option.name for option in options if option.default is NOTHING],
        "additionalProperties": _no_others(option.name for option in options),
    }


def _rule(attribute: Any, texts: Mapping[str, str]) -> dict[str, Any]:
    rule = _type(attribute.type)
    for keyword, value in constraints(attribute.validator).items():
        rule |= _of_items(rule, value) if keyword == "items" else {keyword: value}
    default = default_of(attribute)
    if default is not NOTHING and default is not None:
        rule["default"] = plain(default)
    return rule | {"description": texts.get(attribute.name, "")}


def _of_items(rule: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the rule of a list's items, with the constraints of a validator on each."""
    if "prefixItems" in rule:
        return {"prefixItems": [{**item, **value} for item in rule["prefixItems"]]}
    return {"items": {**rule.get("items", {}), **value}}


def _type(kind: Any) -> dict[str, Any]:
    if kind in SCALARS:
        return dict(SCALARS[kind])
    if is_literal(kind):
        return {"enum": list(get_args(kind))}
    if is_tuple(kind):
        return _array(get_args(kind))
    if is_union(kind):
        return _any_of([_type(arm) for arm in arms(kind)])
    return _class(kind) if is_class(kind) else {"type": "object"}


def _any_of(kinds: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the rule that one of several holds.

    A text and a list of tables, say, are one rule, since each of its keywords concerns one type of values: what is
    wrong in a table is then reported there, and not as a value that fits none of several rules.
    """
    keywords = [keyword for kind in kinds for keyword in kind if keyword != "type"]
    is_by_type = all("type" in kind and OF_A_TYPE.issuperset(kind) for kind in kinds)
    if not is_by_type or len(set(keywords)) < len(keywords):
        return kinds[0] if len(kinds) == 1 else {"anyOf": list(kinds)}
    types = list(dict.fromkeys(kind["type"] for kind in kinds))
    return {key: value for kind in kinds for key, value in kind.items()} | {
        "type": types[0] if len(types) == 1 else types
    }


def _array(items: tuple[Any, ...]) -> dict[str, Any]:
    if items[-1] is Ellipsis:
        return {"type": "array", "items": _type(items[0])}
    return {"type": "array", "prefixItems": [_type(item) for item in items], "minItems": len(items), "items": False}
