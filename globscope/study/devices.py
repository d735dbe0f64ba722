"""Where a study's stages compute."""

from globscope.device import device
from globscope.errors import EvaluationError
from globscope.roles import EvaluatorTraits, traits
from globscope.spec.model import Spec


def devices(spec: Spec) -> dict[str, str]:
    """Return by stage the device on which this machine computes it; of an evaluator that has the option.

    A device that this machine lacks stays what the spec asks for: stages may have been computed elsewhere.
    """
    train, zoo = spec.population.train, spec.zoo and spec.zoo.train
    places = {
        "training": ("population.train", train and train.device),
        "training of the zoo": ("zoo.train", zoo and zoo.device),
        "evaluation": ("evaluator", traits(spec.evaluator.component, EvaluatorTraits).device),
    }
    return {stage: _resolve(wanted, place) for stage, (place, wanted) in places.items() if isinstance(wanted, str)}


def _resolve(wanted: str, place: str) -> str:
    try:
        return device(wanted, f"{place}.device")
    except EvaluationError:
        return wanted
