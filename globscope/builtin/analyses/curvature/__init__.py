"""The curvature of the loss at networks."""

from globscope.builtin.analyses.curvature.analysis import Curvature

__all__ = ["Curvature"]
