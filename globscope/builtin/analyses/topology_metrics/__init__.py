"""What a merge tree amounts to."""

from globscope.builtin.analyses.topology_metrics.analysis import TopologyMetrics

__all__ = ["TopologyMetrics"]
