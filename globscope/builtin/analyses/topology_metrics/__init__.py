"""Figures of merge trees, their basins, and the distances between maps' diagrams."""

from globscope.builtin.analyses.topology_metrics.analysis import TopologyMetrics

__all__ = ["TopologyMetrics"]
