"""The state that training changes, with its log."""

from pathlib import Path
from typing import Any

from attrs import define, field

from globscope.roles import Probe
from globscope.scoring.draws import device_of, fixed_seed
from globscope.scoring.means import means
from globscope.scoring.recorded_step import RecordedStep
from globscope.store import read_json, write_json
from globscope.values.finite import finite_or_none

FILE = "log.json"
# Examples scored at once: a whole test split of images might not fit.
CHUNK = 1000


@define
class TrainingLog:
    """The rows of one run's log; a figure that is not finite is None.

    Attributes:
        folder: The training run's folder.
        rows: Figures by name, a row for every epoch.
    """

    folder: Path
    rows: list[dict[str, float | None]] = field(factory=list)

    @property
    def last(self) -> dict[str, float]:
        """The last epoch's loss, for a progress bar."""
        loss = self.rows[-1]["loss"] if self.rows else None
        return {} if loss is None else {"loss": loss}

    def add_epoch(self, number: int, rate: float, loss: float) -> None:
        """Add a row: the mean training loss over the epoch, as the weights moved."""
        self.rows.append({"epoch": number, "learning_rate": rate, "loss": finite_or_none(loss)})

    def add_scores(self, probe: Probe, parameters: Any, buffers: Any) -> None:
        """Add the held-back splits' scores to the last row."""
        if self.rows:
            self.rows[-1] |= _held_back_scores(probe, parameters, buffers)

    def save(self) -> None:
        """Write all rows, atomically."""
        write_json(self.folder / FILE, self.rows, flush=True)

    def resume(self, epoch: int) -> None:
        """Read the rows up to an epoch."""
        path = self.folder / FILE
        self.rows = [row for row in read_json(path) if row["epoch"] <= epoch] if path.exists() else []


def _held_back_scores(probe: Probe, parameters: Any, buffers: Any) -> dict[str, float | None]:
    import torch

    scores: dict[str, float | None] = {}
    buffers = {name: buffer.clone() for name, buffer in buffers.items()}  # a forward pass may count in one
    for split in probe.splits[1:]:
        device = device_of(parameters)
        # Where scoring draws, every epoch draws the same, and training draws what it would draw without scoring.
        with torch.inference_mode(not probe.grad_inside), fixed_seed(0, device):
            batches = (
                probe.batch(split, indices) for indices in torch.split(torch.arange(probe.examples(split)), CHUNK)
            )
            parts = [probe.reduce(parameters, buffers, batch) for batch in batches]
            means_by_measure = means(probe, parts, torch.float32 if device.startswith("mps") else torch.float64)
        scores |= {f"{split}_{name}": finite_or_none(float(value.detach())) for name, value in means_by_measure.items()}
    return scores


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
