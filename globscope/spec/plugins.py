"""`[plugins]`: the installed distributions that a study does without. It is read before any component is imported."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field
from attrs.validators import and_, deep_iterable

from globscope.distributions import NO_SWITCH, OWN, normalise
from globscope.spec.validators import name_like


def _normal_names(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(normalise, names)))


def _not_own(_: Any, attribute: Any, name: str) -> None:
    if normalise(name) == OWN:
        raise ValueError(f"{attribute.name} {NO_SWITCH}")


@define(frozen=True, kw_only=True)
class Plugins:
    """What of the installed plugins a study does without.

    Attributes:
        disable: Names of distributions that are switched off, such as `["globscope-ttk"]`: nothing of them is imported,
            here or in workers. `--disable NAME` adds one.
    """

    disable: tuple[str, ...] = field(
        default=(), converter=_normal_names, validator=deep_iterable(and_(name_like, _not_own))
    )


ALL = Plugins()


def disabled_in(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names that a document switches off, as far as they can be read; what is wrong is reported later."""
    table = document.get("plugins")
    names = table.get("disable") if isinstance(table, dict) else None
    return tuple(name for name in names if isinstance(name, str)) if isinstance(names, list) else ()


def with_disabled(document: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return a document that switches off some distributions too; one whose table [plugins] is wrong stays wrong."""
    table = document.get("plugins", {})
    if not names or not isinstance(table, dict) or not isinstance(table.get("disable", []), list):
        return dict(document)
    return {**document, "plugins": {**table, "disable": [*table.get("disable", []), *names]}}
