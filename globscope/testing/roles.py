"""Which role a component has, recognised by its method; and registries of components."""

from typing import Any

from globscope.registry import METHODS, Component, Registry


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


def registry_of(*others: Registry, **components: type) -> Registry:
    """Return a registry of these classes by name, and of other registries; nothing is discovered.

    A name with a hyphen is passed as `**{"top-variance": TopVariance}`.
    """
    own = [
        Component(role=role_of(cls), name=name, cls=cls, distribution="globscope-testing", version="0")
        for name, cls in components.items()
    ]
    found = [component for other in others for component in other.components]
    return Registry(components=(*found, *own), problems=tuple(text for other in others for text in other.problems))
