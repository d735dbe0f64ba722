"""What a training run was like, epoch by epoch."""

from pathlib import Path
from typing import Any

from attrs import define, field

from globscope.roles import Probe
from globscope.scoring.draws import device_of, seeded
from globscope.scoring.means import means
from globscope.store import read_json, write_json
from globscope.values.findings import finite_or_none

FILE = "log.json"
# Examples scored at once: a whole test split of images might not fit.
CHUNK = 1000


@define
class Log:
    """Rows of one run; a figure that is not finite is None.

    Attributes:
        folder: Of the run.
        rows: One an epoch.
    """

    folder: Path
    rows: list[dict[str, float | None]] = field(factory=list)

    @property
    def last(self) -> dict[str, float]:
        """The last epoch's loss, for a progress bar."""
        loss = self.rows[-1]["loss"] if self.rows else None
        return {} if loss is None else {"loss": loss}

    def epoch(self, number: int, rate: float, loss: float) -> None:
        """Add a row: the mean training loss over the epoch, as the weights moved."""
        self.rows.append({"epoch": number, "learning_rate": rate, "loss": finite_or_none(loss)})

    def scored(self, probe: Probe, parameters: Any, buffers: Any) -> None:
        """Add what the held-back splits measure to the last row."""
        if self.rows:
            self.rows[-1] |= _held_back(probe, parameters, buffers)

    def save(self) -> None:
        """Write all rows, atomically."""
        write_json(self.folder / FILE, self.rows, flush=True)

    def resume(self, epoch: int) -> None:
        """Read the rows up to an epoch."""
        path = self.folder / FILE
        self.rows = [row for row in read_json(path) if row["epoch"] <= epoch] if path.exists() else []


def _held_back(probe: Probe, parameters: Any, buffers: Any) -> dict[str, float | None]:
    import torch

    found: dict[str, float | None] = {}
    buffers = {name: buffer.clone() for name, buffer in buffers.items()}  # a forward pass may count in one
    for split in probe.splits[1:]:
        device = device_of(parameters)
        # Where scoring draws, every epoch draws the same, and training what it would have drawn anyway.
        with torch.inference_mode(not probe.grad_inside), seeded(0, device):
            batches = (probe.batch(split, at) for at in torch.split(torch.arange(probe.examples(split)), CHUNK))
            parts = [probe.reduce(parameters, buffers, batch) for batch in batches]
            scored = means(probe, parts, torch.float32 if device.startswith("mps") else torch.float64)
        found |= {f"{split}_{name}": finite_or_none(float(value)) for name, value in scored.items()}
    return found
