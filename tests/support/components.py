"""The components of this repository, whatever else is installed."""

from importlib.metadata import entry_points

from globscope.registry import discover

BUILT_IN = discover(entry_points(group="globscope"))
