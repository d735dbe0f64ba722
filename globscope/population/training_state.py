"""The state that training changes."""

from typing import Any

from attrs import define, field

from globscope.population.recorded_step import RecordedStep
from globscope.population.training_log import TrainingLog


@define
class TrainingState:
    """The state that training changes.

    Attributes:
        parameters: The network's parameters by name.
        buffers: The network's buffers by name.
        optimiser: The optimiser of the parameters.
        log: One row of figures for every epoch.
        epoch: How many epochs are over.
        images_last: Whether images and convolutions have their channels last in memory.
        steps: Takes the steps on a GPU.
    """

    parameters: dict[str, Any]
    buffers: dict[str, Any]
    optimiser: Any
    log: TrainingLog
    epoch: int = 0
    images_last: bool = False
    steps: RecordedStep = field(factory=RecordedStep)

    @property
    def tensors(self) -> dict[str, Any]:
        """The tensors that a checkpoint holds, by name."""
        return self.parameters | self.buffers
