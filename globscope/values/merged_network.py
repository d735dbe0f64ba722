"""A network that was merged from members of the population."""

from collections.abc import Mapping

import numpy as np
from attrs import define, field


@define(frozen=True, kw_only=True)
class MergedNetwork:
    """A network that an analysis merged from several.

    Attributes:
        title: What it is, in a few words.
        weights: (D,) float32 weights.
        members: Labels of the members that it is of, the one whose buffers it takes first.
        about: Further facts, by what they are.
        fields: Its fields as they were measured, by key.
        warnings: Sentences that whoever uses it must not miss.
    """

    title: str
    weights: np.ndarray = field(eq=False, repr=False)
    members: tuple[str, ...]
    about: Mapping[str, str] = field(factory=dict)
    fields: Mapping[str, float] = field(factory=dict)
    warnings: tuple[str, ...] = ()
