"""The space that some networks span, as it is stored beside their weights."""

from collections.abc import Mapping

import numpy as np

from globscope.api import PrincipalSpace, ReducerInputs, SpanSpace

HullSpace = SpanSpace | PrincipalSpace
# What is stored of a space beside the weights of its networks.
ARRAYS = {SpanSpace: ("parents", "coefficients", "members"), PrincipalSpace: ("origin", "basis", "members")}


def stored_space(space: HullSpace) -> dict[str, np.ndarray]:
    """Return what is stored of a space."""
    return {name: getattr(space, name) for name in ARRAYS[type(space)]}


def restore_space(inputs: ReducerInputs, arrays: Mapping[str, np.ndarray]) -> HullSpace:
    """Return the space of stored arrays, among them the `rows` of its networks."""
    kind = PrincipalSpace if "basis" in arrays else SpanSpace
    kept = {name: arrays[name] for name in ARRAYS[kind]}
    if kind is PrincipalSpace:
        return PrincipalSpace(**kept)
    return SpanSpace(weights=inputs.population.take(arrays["rows"].tolist()).weights, **kept)
