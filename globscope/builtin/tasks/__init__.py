"""Built-in tasks."""

from globscope.api import hookimpl
from globscope.builtin.tasks.classification import Classification
from globscope.builtin.tasks.custom import Custom
from globscope.builtin.tasks.hugging_face.task import Transformers
from globscope.builtin.tasks.language import LanguageModelling
from globscope.builtin.tasks.pinn import PinnBurgers, PinnConvection, PinnReaction
from globscope.builtin.tasks.regression import Regression
from globscope.builtin.tasks.segmentation import Segmentation

GLOBSCOPE_API = 2


@hookimpl
def globscope_tasks() -> dict[str, type]:
    """Offer the tasks by the name that a spec writes after `use =`."""
    return {
        "classification": Classification,
        "custom": Custom,
        "language-modelling": LanguageModelling,
        "pinn-burgers": PinnBurgers,
        "pinn-convection": PinnConvection,
        "pinn-reaction": PinnReaction,
        "regression": Regression,
        "segmentation": Segmentation,
        "transformers": Transformers,
    }
