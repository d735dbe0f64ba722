"""Options that came after their component: results from before they were there stay valid."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs

ADDED: Mapping[str, bool] = MappingProxyType({"added": True})
"""Metadata of an option that was added to a component which had made results: at its default it is in no stage key.

Such a default must give the results of before, and never change. Where the default depends on what is installed,
`before` in the metadata is the value that gives those results.
"""


def has_no_effect(option: "attrs.Attribute[Any]", value: Any) -> bool:
    """Return whether an option was added later, and has the value at which results are as they were before."""
    return bool(option.metadata.get("added")) and bool(value == _value_before(option))


def _value_before(option: "attrs.Attribute[Any]") -> Any:
    default: Any = option.metadata.get("before", option.default)
    return default.factory() if isinstance(default, attrs.Factory) else default  # type: ignore[arg-type]
