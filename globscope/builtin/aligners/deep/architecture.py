"""What decides the shapes of a learned aligner's tensors."""

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
from attrs import asdict, define, fields

Messages = Literal["bilinear", "edge"]


@define(frozen=True, kw_only=True)
class Architecture:
    """A learned aligner's form; the hidden layers' widths do not enter it.

    Attributes:
        inputs: Of the MLPs that it reads.
        hidden: How many hidden layers they have.
        outputs: Theirs.
        messages: What passes between the units of neighbouring layers.
        width: Features of a unit.
        blocks: Rounds of messages.
        channels: Features by which units are compared.
    """

    inputs: int
    hidden: int
    outputs: int
    messages: Messages
    width: int
    blocks: int
    channels: int

    def ends(self, layer: int) -> int:
        """Return how many inputs and outputs, whose order is fixed, a hidden layer's units have weights with."""
        return self.inputs * (layer == 0) + self.outputs * (layer == self.hidden - 1)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """What `of` needs to tell it again."""
        numbers = asdict(self) | {"messages": get_args(Messages).index(self.messages)}
        return {f"form/{name}": np.array(number, np.int64) for name, number in numbers.items()}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> "Architecture":
        """Return the form that stands in arrays."""
        numbers = {one.name: int(arrays[f"form/{one.name}"]) for one in fields(cls)}
        return cls(**numbers | {"messages": get_args(Messages)[numbers["messages"]]})
