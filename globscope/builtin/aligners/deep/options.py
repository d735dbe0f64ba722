"""The learned aligner's options, and its architecture, which determines the shapes of its tensors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from attrs import asdict, define, field, fields
from attrs.validators import and_, ge, gt, le

from globscope.api import BATCH, DRAWS, EXAMPLES, LAYERS, STEPS, UNITS, WHERE, SpecError, device_name

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


@define(frozen=True, kw_only=True)
class Options:
    """How an aligner learns from a zoo, or which file holds one that has.

    Attributes:
        aligner: File of a learned aligner (.safetensors), as a run wrote it. Nothing is learned then, and the options
            below have no effect.
        messages: `bilinear` sends features of units through the weights, forward and backward; `edge` keeps features
            of every weight, as linear DWSNet layers do, which takes longer and gained nothing where it was tried.
        width: Number of features of a unit in the hidden layers.
        blocks: Number of rounds of messages.
        channels: Number of features by which units are compared.
        steps: Number of gradient steps, each on one batch of networks.
        batch_size: Networks per step.
        learning_rate: Learning rate of AdamW after 100 steps of warm-up; a cosine schedule lowers it to zero.
        weight_decay: Weight decay of AdamW.
        supervised: Weight of the loss by which a permuted, noisy copy of a network must be recognised; 0 leaves it out.
        alignment: Weight of the squared distance of a network from another one that was aligned to it, in units of the
            zoo's standard deviations; 0 leaves it out. Above 0.03 it leads to what weight matching finds.
        connectivity: Weight of the task's loss on the line between a network and another one that was aligned to it;
            0 leaves it out.
        point: Where on the line the loss is taken: at its middle, or at a point drawn for every pair.
        noise: Noise on the copies, in standard deviations of each tensor over the zoo.
        drop: Share of the copies' weights that is set to 0.
        examples: Training examples per step for the loss on the line.
        iterations: Number of Sinkhorn iterations, which make soft permutations while it learns.
        validate_every: Steps between two measurements of the barrier. A killed run continues from the last one.
        pairs: Networks, two by two, in each measurement of the barrier.
        device: Device for learning: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card. Aligning always
            runs on the cpu.
    """

    aligner: Path | None = None
    messages: Messages = "bilinear"
    width: int = field(default=32, validator=and_(ge(1), UNITS))
    blocks: int = field(default=2, validator=and_(ge(1), LAYERS))
    channels: int = field(default=64, validator=and_(ge(1), UNITS))
    steps: int = field(default=4000, validator=and_(ge(1), STEPS))
    batch_size: int = field(default=16, validator=and_(ge(2), BATCH))
    learning_rate: float = field(default=1e-3, validator=gt(0))
    weight_decay: float = field(default=1e-3, validator=ge(0))
    supervised: float = field(default=1.0, validator=ge(0))
    alignment: float = field(default=0.0, validator=ge(0))
    connectivity: float = field(default=1.0, validator=ge(0))
    point: Literal["midpoint", "random"] = "random"
    noise: float = field(default=0.3, validator=ge(0))
    drop: float = field(default=0.05, validator=[ge(0), le(1)])
    examples: int = field(default=64, validator=and_(ge(1), EXAMPLES))
    iterations: int = field(default=20, validator=and_(ge(1), STEPS))
    validate_every: int = field(default=250, validator=ge(1))
    pairs: int = field(default=60, validator=and_(ge(1), DRAWS))
    device: str = field(default="auto", validator=device_name, metadata=WHERE)

    def require_loss(self) -> None:
        """Refuse to learn from no loss.

        Raises:
            SpecError: All weights of losses are 0.
        """
        if not (self.supervised or self.alignment or self.connectivity):
            raise SpecError(["deep-align: supervised, alignment and connectivity are all 0: there is nothing to learn"])
