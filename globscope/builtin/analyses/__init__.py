"""Built-in analyses."""

from globscope.api import hookimpl
from globscope.builtin.analyses.averages.analysis import Averages
from globscope.builtin.analyses.basin_ensembles.analysis import BasinEnsembles
from globscope.builtin.analyses.basin_functions import BasinFunctions
from globscope.builtin.analyses.class_disagreement.analysis import ClassDisagreement
from globscope.builtin.analyses.curvature.analysis import Curvature
from globscope.builtin.analyses.dimension.analysis import Dimension
from globscope.builtin.analyses.fidelity.analysis import Fidelity
from globscope.builtin.analyses.figure_relations import FigureRelations
from globscope.builtin.analyses.layer_similarity.analysis import LayerSimilarity
from globscope.builtin.analyses.level_sets.analysis import LevelSets
from globscope.builtin.analyses.linear_barrier import LinearBarrier
from globscope.builtin.analyses.low_loss_pass.analysis import LowLossPass
from globscope.builtin.analyses.merging.analysis import Merging
from globscope.builtin.analyses.mode_connectivity.analysis import ModeConnectivity
from globscope.builtin.analyses.rebasin.analysis import Rebasin
from globscope.builtin.analyses.resolution import Resolution
from globscope.builtin.analyses.similarity.analysis import Similarity
from globscope.builtin.analyses.stability.analysis import Stability
from globscope.builtin.analyses.topology_metrics import TopologyMetrics
from globscope.builtin.analyses.tree_significance import TreeSignificance

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
        "layer-similarity": LayerSimilarity,
        "class-disagreement": ClassDisagreement,
        "stability": Stability,
        "curvature": Curvature,
        "dimension": Dimension,
        "merging": Merging,
        "figure-relations": FigureRelations,
        "averages": Averages,
        "basin-ensembles": BasinEnsembles,
        "level-sets": LevelSets,
        "basin-functions": BasinFunctions,
        "tree-significance": TreeSignificance,
    }
