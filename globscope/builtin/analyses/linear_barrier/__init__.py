"""The barriers on the straight lines between networks."""

from globscope.builtin.analyses.linear_barrier.analysis import LinearBarrier

__all__ = ["LinearBarrier"]
