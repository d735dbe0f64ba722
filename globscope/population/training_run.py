"""One training run: its settings, its schedule, its files."""

from collections.abc import Mapping
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define

from globscope.spec.model import Recipe, Train


@define(frozen=True, kw_only=True)
class TrainingRun:
    """One training run.

    Attributes:
        name: Name of the variant.
        recipe: The variant's recipe, with its epochs set.
        train: The options that all variants share.
        seed: Seed of the order of examples and of layers that draw.
        initial: Seed of the initialisation; `seed` where unset.
        start: Tensors to start from instead of a fresh initialisation.
        row: Its row in the stack of `train.at_once` networks with which it is trained; None where it is trained alone.
    """

    name: str
    recipe: Recipe
    train: Train
    seed: int
    initial: int | None = None
    start: Mapping[str, np.ndarray] | None = None
    row: int | None = None

    @property
    def epochs(self) -> int:
        """How many epochs it is trained."""
        assert self.recipe.epochs is not None
        return self.recipe.epochs

    @property
    def steps(self) -> list[int]:
        """Epochs at which a checkpoint is saved."""
        return self.train.steps(self.recipe)

    def rate(self, epoch: int, passed: float = 1.0) -> float:
        """Return the learning rate of an epoch, of which a share has passed with the step that is taken."""
        train, share = self.train, 1.0
        if train.schedule == "cosine":
            share = (1 + cos(pi * epoch / self.epochs)) / 2
        elif train.schedule == "step":
            share = train.decay ** sum(epoch >= milestone for milestone in train.milestones)
        if train.warm_up:
            share *= min(1.0, (epoch + passed) / train.warm_up)
        return self.recipe.learning_rate * share

    def optimiser(self, parameters: list[Any]) -> Any:
        """Return the optimiser; fused, because for small networks another step takes as long as the gradient.

        For a recorded step its learning rate is a tensor, which stays in its place when the rate changes.
        """
        import torch

        train, rate = self.train, self.recipe.learning_rate
        records = train.cuda_graphs and parameters[0].is_cuda
        shared: dict[str, Any] = {"weight_decay": self.recipe.weight_decay, "fused": True}
        shared["lr"] = torch.tensor(rate, device=parameters[0].device) if records else rate
        if train.optimiser == "sgd":
            return torch.optim.SGD(parameters, momentum=train.momentum, nesterov=train.nesterov, **shared)
        kinds = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam}
        return kinds[train.optimiser](parameters, capturable=records, **shared)


def checkpoint_path(folder: Path, step: int) -> Path:
    """Return the path of a run's checkpoint."""
    return folder / f"epoch{step}.safetensors"
