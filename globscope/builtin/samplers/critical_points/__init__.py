"""Minima and passes without a grid: the sampler `critical-points`."""

from globscope.builtin.samplers.critical_points.sampler import CriticalPoints

__all__ = ["CriticalPoints"]
