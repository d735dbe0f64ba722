"""What decides the shapes of a learned aligner's tensors."""

from typing import Literal

from attrs import define

Messages = Literal["bilinear", "edge"]


@define(frozen=True, kw_only=True)
class Form:
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
