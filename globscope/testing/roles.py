"""Which role a component has, recognised by its method."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

METHODS: Mapping[str, str] = MappingProxyType(
    {
        "task": "build",
        "reducer": "reduce",
        "sampler": "ask",
        "evaluator": "scorer",
        "topology": "compute",
        "aligner": "align",
        "analysis": "analyse",
        "pool": "open",
    }
)


def role_of(component: Any) -> str:
    """Return the role of a component or its class.

    Raises:
        TypeError: It has none of the roles' methods, or several.
    """
    found = [role for role, method in METHODS.items() if callable(getattr(component, method, None))]
    if len(found) != 1:
        name = component.__name__ if isinstance(component, type) else type(component).__name__
        has = f"has those of {' and '.join(found)}" if found else "has none"
        raise TypeError(f"{name} must have the method of one role, one of {', '.join(METHODS.values())}; it {has}")
    return found[0]
