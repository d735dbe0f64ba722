"""How sharply the loss bends at given networks."""

from globscope.builtin.analyses.curvature.analysis import Curvature

__all__ = ["Curvature"]
