"""The architecture of a learned aligner, which determines the shapes of its tensors."""

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
from attrs import asdict, define, fields

Messages = Literal["bilinear", "edge"]


@define(frozen=True, kw_only=True)
class Architecture:
    """A learned aligner's architecture; it does not depend on the widths of hidden layers.

    Attributes:
        inputs: Number of inputs of the MLPs that it reads.
        hidden: Number of hidden layers of these MLPs.
        outputs: Number of outputs of these MLPs.
        messages: The kind of messages between the units of neighbouring layers.
        width: Number of features of a unit.
        blocks: Number of rounds of messages.
        channels: Number of features by which units are compared.
    """

    inputs: int
    hidden: int
    outputs: int
    messages: Messages
    width: int
    blocks: int
    channels: int

    def ends(self, layer: int) -> int:
        """Return how many inputs and outputs, whose order is fixed, are connected to a hidden layer's units."""
        return self.inputs * (layer == 0) + self.outputs * (layer == self.hidden - 1)

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays from which `of` rebuilds it."""
        numbers = asdict(self) | {"messages": get_args(Messages).index(self.messages)}
        return {f"form/{name}": np.array(number, np.int64) for name, number in numbers.items()}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> "Architecture":
        """Return the architecture that is stored in arrays."""
        numbers = {attribute.name: int(arrays[f"form/{attribute.name}"]) for attribute in fields(cls)}
        return cls(**numbers | {"messages": get_args(Messages)[numbers["messages"]]})
