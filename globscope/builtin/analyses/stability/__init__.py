"""How much the landscapes of a map's refits differ."""

from globscope.builtin.analyses.stability.analysis import Stability

__all__ = ["Stability"]
