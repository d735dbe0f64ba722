"""Two runs on disk, of which one has the other's networks with their units in another order."""

from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

import globscope

SPEC = """
[task]
use = "classification"
hidden = [12, 8]
[population]
checkpoints = "{variant}-{step}.safetensors"
LINE
[[reducer]]
use = "pca"
[[reducer]]
use = "pca"
name = "raw"
align = false
[[sampler]]
use = "grid"
resolution = 5
"""


def networks(folder: Path) -> dict[str, np.ndarray]:
    """Write two runs of three checkpoints; B's networks are A's with their units in another order."""
    model = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(64, 12), torch.nn.ReLU(), torch.nn.Linear(12, 8), torch.nn.ReLU(),
        torch.nn.Linear(8, 10),
    )  # fmt: skip
    probe = globscope.load(write_spec(folder, "")).spec.task.component.build("cpu")
    names = probe.layout.names
    rng = np.random.default_rng(0)
    orders = rng.permutation(12), rng.permutation(8)
    for step in range(3):
        torch.manual_seed(step)
        for layer in model:
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()
        own = dict(zip(names, (p.detach().numpy().copy() for p in model.parameters()), strict=True))
        save_file(own, folder / f"A-{step}.safetensors")
        w1, b1, w2, b2, w3, b3 = own.values()
        one, two = orders
        moved = (w1[one], b1[one], w2[two][:, one], b2[two], w3[:, two], b3)
        copied = {name: np.ascontiguousarray(tensor) for name, tensor in zip(names, moved, strict=True)}
        save_file(copied, folder / f"B-{step}.safetensors")
    return dict(zip(names, own.values(), strict=True))


def write_spec(folder: Path, line: str) -> Path:
    path = folder / "study.toml"
    path.write_text(SPEC.replace("LINE", line))
    return path
