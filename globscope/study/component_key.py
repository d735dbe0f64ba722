"""What components contribute to keys."""

from typing import Any

from globscope.registry import Registry
from globscope.store import key


def component_key(registry: Registry, component: Any) -> str:
    """Return the key of a component: its distribution, version and options, with the bytes of the files they name."""
    return key(origin_key(registry, component), component)


def origin_key(registry: Registry, component: Any) -> str:
    """Return the key of where a component comes from, whatever its options are."""
    entry = registry.of(component)
    return key(entry.role, entry.name, entry.distribution, entry.version)
