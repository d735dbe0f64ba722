"""Built-in analyses."""

from globscope.api import hookimpl
from globscope.builtin.analyses.fidelity import Fidelity
from globscope.builtin.analyses.resolution import Resolution
from globscope.builtin.analyses.similarity import Similarity
from globscope.builtin.analyses.stability import Stability
from globscope.builtin.analyses.topology_metrics import TopologyMetrics


@hookimpl
def globscope_analyses() -> dict[str, type]:
    """Offer the analyses by the name that a spec writes after `use =`."""
    return {
        "fidelity": Fidelity,
        "topology-metrics": TopologyMetrics,
        "resolution": Resolution,
        "similarity": Similarity,
        "stability": Stability,
    }
