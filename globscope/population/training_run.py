"""One training run: its settings, its schedule, its files."""

from collections.abc import Mapping
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define

from globscope.population.optimisers import make_optimiser
from globscope.spec.training import Recipe, Train


@define(frozen=True, kw_only=True)
class Phase:
    """A part of a training with one optimiser.

    Attributes:
        optimiser: Name of the optimiser.
        start: Epochs that are over when it begins.
        epochs: How many epochs it lasts.
        rate: Its learning rate, before the schedule, which only the first phase has.
    """

    optimiser: str
    start: int
    epochs: int
    rate: float


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
        """How many epochs it is trained, with all optimisers."""
        return self.phases[-1].start + self.phases[-1].epochs

    @property
    def phases(self) -> list[Phase]:
        """The parts of the training, one for each optimiser."""
        assert self.recipe.epochs is not None
        own = self.recipe.learning_rate
        phases = [Phase(optimiser=self.train.optimiser, start=0, epochs=self.recipe.epochs, rate=own)]
        for one in self.train.then:
            usual = 1.0 if one.optimiser == "lbfgs" else own
            rate = usual if one.learning_rate is None else one.learning_rate
            start = phases[-1].start + phases[-1].epochs
            phases.append(Phase(optimiser=one.optimiser, start=start, epochs=one.epochs, rate=rate))
        return phases

    def phase(self, epoch: int) -> Phase:
        """Return the phase to which an epoch belongs."""
        return [phase for phase in self.phases if phase.start <= epoch][-1]

    @property
    def steps(self) -> list[int]:
        """Epochs at which a checkpoint is saved."""
        return self.train.steps(self.recipe)

    def rate(self, epoch: int, passed: float = 1.0) -> float:
        """Return the learning rate of an epoch, of which a share has passed with the step that is taken."""
        train, share, phase = self.train, 1.0, self.phase(epoch)
        if phase.start:
            return phase.rate
        if train.schedule == "cosine":
            share = (1 + cos(pi * epoch / phase.epochs)) / 2
        elif train.schedule == "step":
            share = train.decay ** sum(epoch >= milestone for milestone in train.milestones)
        if train.warm_up:
            share *= min(1.0, (epoch + passed) / train.warm_up)
        return phase.rate * share

    def optimiser(self, parameters: list[Any], phase: Phase) -> Any:
        """Return the optimiser of a phase; for a recorded step its learning rate is a tensor."""
        import torch

        records = self.train.cuda_graphs and parameters[0].is_cuda and phase.optimiser != "lbfgs"
        rate = torch.tensor(phase.rate, device=parameters[0].device) if records else phase.rate
        return make_optimiser(phase.optimiser, parameters, self.train, rate, self.recipe.weight_decay)


def checkpoint_path(folder: Path, step: int) -> Path:
    """Return the path of a run's checkpoint."""
    return folder / f"epoch{step}.safetensors"
