"""Which network is to leave a study: its weights, whose buffers and file it follows, and what is known of it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field

from globscope.values.low_rank import LowRank
from globscope.values.members import Population
from globscope.values.mixes import Factored
from globscope.values.rows import Rows
from globscope.values.space import Lifting


@define(frozen=True, kw_only=True)
class Choice:
    """A network that is to leave a study.

    Attributes:
        title: What it is, in a few words.
        weights: (D,) float32 weights.
        buffers: Arrays by name of the buffers that come with it: its own, or those of the member nearest to it.
        like: Label of the trained member whose checkpoint file it is written like.
        factors: Of a population of adapters, by tensor: the (rows, R) and (R, columns) factors of what it adds to the
            base, where they are known.
        about: Further facts for its card, by what they are.
        known: Its fields as the study measured them, where it did.
        warnings: Sentences that whoever uses it must not miss.
    """

    title: str
    weights: np.ndarray = field(eq=False, repr=False)
    buffers: Mapping[str, np.ndarray] = field(eq=False, repr=False)
    like: str
    factors: Mapping[str, tuple[np.ndarray, np.ndarray]] = field(factory=dict, eq=False, repr=False)
    about: Mapping[str, str] = field(factory=dict)
    known: Mapping[str, float] = field(factory=dict)
    warnings: tuple[str, ...] = ()


def factors_of_member(population: Population, row: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the factors of what a member adds to its base, by tensor; nothing of a network that is no adapter."""
    held, names = population.weights, population.layout.names
    parts = held.parts[row] if isinstance(held, Rows) else ()
    if len(parts) != len(names):
        return {}
    pairs = zip(names, parts, strict=True)
    return {name: (part.up * np.float32(part.scale), part.down) for name, part in pairs if isinstance(part, LowRank)}


def factors_in_space(space: Lifting, coordinates: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """Return the factors of what the network of (1, r) coordinates adds to the base, by tensor; none in most spaces."""
    if not isinstance(space, Factored):
        return {}
    shares, found = space.shares(coordinates)[0], {name: space.factors(name) for name in names}
    return {name: (one.up * shares[one.owners], one.down) for name, one in found.items() if one is not None}


def trained_label(population: Population, row: int) -> str:
    """Return the label of a trained member: of this one, or of the first that a derived one was made from."""
    member = population.members[row]
    labels = {population.members[one].label for one in population.trained}
    return member.label if member.kind == "trained" else next(one for one in member.parents if one in labels)
