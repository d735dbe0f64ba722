"""Whether minima are connected by curves of low loss."""

from globscope.builtin.analyses.mode_connectivity.analysis import ModeConnectivity

__all__ = ["ModeConnectivity"]
