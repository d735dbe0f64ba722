"""Built-in aligners."""

from globscope.api import hookimpl
from globscope.builtin.aligners.activations import ActivationMatching
from globscope.builtin.aligners.deep.aligner import DeepAlign
from globscope.builtin.aligners.merge_many import MergeMany
from globscope.builtin.aligners.sinkhorn import Sinkhorn
from globscope.builtin.aligners.straight_through import StraightThrough
from globscope.builtin.aligners.weights import WeightMatching

GLOBSCOPE_API = 2


@hookimpl
def globscope_aligners() -> dict[str, type]:
    """Offer the aligners by the name that a spec writes after `use =`."""
    return {
        "weight-matching": WeightMatching,
        "activation-matching": ActivationMatching,
        "merge-many": MergeMany,
        "straight-through": StraightThrough,
        "sinkhorn": Sinkhorn,
        "deep-align": DeepAlign,
    }
