"""Where a study's stages compute."""

from typing import Any

from globscope.device import device
from globscope.errors import EvaluationError
from globscope.spec.model import Spec


def devices(spec: Spec) -> dict[str, str]:
    """Return by stage the device on which this machine computes it; of an evaluator that has the option.

    A device that this machine lacks stays what the spec asks for: stages may have been computed elsewhere.
    """
    places: dict[str, tuple[str, Any]] = {
        "training": ("population.train", spec.population.train),
        "training of the zoo": ("zoo.train", spec.zoo and spec.zoo.train),
        "evaluation": ("evaluator", spec.evaluator.component),
    }
    asked = {stage: (place, getattr(owner, "device", None)) for stage, (place, owner) in places.items()}
    return {stage: _resolved(wanted, place) for stage, (place, wanted) in asked.items() if isinstance(wanted, str)}


def _resolved(wanted: str, place: str) -> str:
    try:
        return device(wanted, f"{place}.device")
    except EvaluationError:
        return wanted
