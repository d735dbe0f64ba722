"""Built-in analyses."""

from globscope.api import hookimpl
from globscope.builtin.analyses.curvature import Curvature
from globscope.builtin.analyses.fidelity import Fidelity
from globscope.builtin.analyses.linear_barrier import LinearBarrier
from globscope.builtin.analyses.low_loss_pass import LowLossPass
from globscope.builtin.analyses.mode_connectivity import ModeConnectivity
from globscope.builtin.analyses.rebasin import Rebasin
from globscope.builtin.analyses.resolution import Resolution
from globscope.builtin.analyses.similarity import Similarity
from globscope.builtin.analyses.stability import Stability
from globscope.builtin.analyses.topology_metrics import TopologyMetrics

GLOBSCOPE_API = 2


@hookimpl
def globscope_analyses() -> dict[str, type]:
    """Offer the analyses by the name that a spec writes after `use =`."""
    return {
        "fidelity": Fidelity,
        "topology-metrics": TopologyMetrics,
        "resolution": Resolution,
        "mode-connectivity": ModeConnectivity,
        "linear-barrier": LinearBarrier,
        "low-loss-pass": LowLossPass,
        "rebasin": Rebasin,
        "similarity": Similarity,
        "stability": Stability,
        "curvature": Curvature,
    }
