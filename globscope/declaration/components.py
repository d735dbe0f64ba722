"""Components and their options as tables of a spec."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import NOTHING, has

from globscope.declaration.code import code_reference
from globscope.declaration.inputs import InputPath, Inputs
from globscope.declaration.places import with_absolute_paths
from globscope.errors import SpecError
from globscope.references import Code
from globscope.registry import Registry
from globscope.spec.describe import default_of, plain
from globscope.spec.words import keys_of

# A reference to code of a file; relative ones start from the current folder.
REFERENCE = re.compile(r"[^:]+\.py:\w+")


def component_tables(role: str, given: Any, inputs: Inputs, registry: Registry) -> list[dict[str, Any]]:
    """Return the tables of the components of a role; one component may stand alone."""
    listed = given if isinstance(given, list | tuple) else [given]
    return [component_table(role, one, inputs, registry) for one in listed]


def component_table(
    role: str, given: Any, inputs: Inputs, registry: Registry, more: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the table of a component: a name, a table with `use`, or an instance of its class, with further options.

    Raises:
        SpecError: It is something else.
    """
    if isinstance(given, str):
        table: dict[str, Any] = {"use": given}
    elif isinstance(given, Mapping):
        table = dict(given)
    elif has(type(given)) and any(one.cls is type(given) and one.role == role for one in registry.components):
        table = {"use": registry.of(given).name, **_changed_options(given)}
    else:
        known = "its name, a table with 'use', or an instance of its class"
        raise SpecError([f"{role}: {type(given).__name__} is no {role}; {known} is accepted"])
    table |= {name: value for name, value in (more or {}).items() if value is not None}
    component = registry.role(role).get(table.get("use", ""))
    table = table if component is None else with_absolute_paths(component.cls, table)
    return {name: plain_value(value, inputs) for name, value in table.items() if value is not None}


def component_class(role: str, given: Any, registry: Registry) -> type | None:
    """Return the class of a component that is given as `component_table` takes it; None where it is not known."""
    use = given.get("use") if isinstance(given, Mapping) else given
    if isinstance(use, str):
        component = registry.role(role).get(use)
        return None if component is None else component.cls
    return type(given) if has(type(given)) else None


def plain_value(value: Any, inputs: Inputs) -> Any:
    """Return a value as TOML has it: functions as references, paths absolute, arrays as lists, options that are set.

    Raises:
        UserCodeError: A function cannot be referred to.
    """
    if isinstance(value, Mapping):
        return {str(key): plain_value(item, inputs) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [plain_value(item, inputs) for item in value]
    return _plain_item(value, inputs)


def _plain_item(value: Any, inputs: Inputs) -> Any:
    if isinstance(value, Path):
        return str(value.expanduser().absolute())
    if isinstance(value, str):
        return value if isinstance(value, InputPath) else _absolute_reference(value)
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if has(type(value)):
        return plain(value) if isinstance(value, Code) else _changed_options(value)
    return code_reference(value, inputs) if callable(value) else plain(value)


def _absolute_reference(text: str) -> str:
    file, _, name = text.rpartition(":")
    return f"{Path(file).expanduser().absolute()}:{name}" if REFERENCE.fullmatch(text) else text


def _changed_options(component: Any) -> dict[str, Any]:
    """Return the options of a component that are not the defaults, in types that TOML has."""
    return {
        key.name: plain(value)
        for key in keys_of(type(component))
        if (value := getattr(component, key.name)) is not None
        and ((default := default_of(key)) is NOTHING or value != default)
    }
