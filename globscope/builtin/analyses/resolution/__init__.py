"""Whether the lattices are fine enough."""

from globscope.builtin.analyses.resolution.analysis import Resolution

__all__ = ["Resolution"]
