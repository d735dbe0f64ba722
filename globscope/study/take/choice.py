"""Which network is to leave a study: its weights, whose buffers and file it follows, and what is known of it."""

from collections.abc import Mapping

import numpy as np
from attrs import define, field

from globscope.values.members import Population


@define(frozen=True, kw_only=True)
class Choice:
    """A network that is to leave a study.

    Attributes:
        title: What it is, in a few words.
        weights: (D,) float32 weights.
        buffers: Arrays by name of the buffers that come with it: its own, or those of the member nearest to it.
        like: Label of the trained member whose checkpoint file it is written like.
        about: Further facts for its card, by what they are.
        known: Its fields as the study measured them, where it did.
        warnings: Sentences that whoever uses it must not miss.
    """

    title: str
    weights: np.ndarray = field(eq=False, repr=False)
    buffers: Mapping[str, np.ndarray] = field(eq=False, repr=False)
    like: str
    about: Mapping[str, str] = field(factory=dict)
    known: Mapping[str, float] = field(factory=dict)
    warnings: tuple[str, ...] = ()


def trained_label(population: Population, row: int) -> str:
    """Return the label of a trained member: of this one, or of the first that a derived one was made from."""
    member = population.members[row]
    labels = {population.members[one].label for one in population.trained}
    return member.label if member.kind == "trained" else next(one for one in member.parents if one in labels)
