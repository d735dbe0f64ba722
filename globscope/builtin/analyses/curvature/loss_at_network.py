"""The loss of which the curvature is measured, at one network."""

from typing import Any, Literal

import numpy as np
from attrs import define, field

from globscope.api import CurvatureMatrix, Loss, MatrixName, Population, Probe, Task


@define(frozen=True, kw_only=True)
class LossOptions:
    """The options of the analysis that determine the loss; its docstring has their meaning."""

    examples: int | None
    batch_size: int | None
    batch_norm: Literal["recalibrate", "stored"]
    precision: Literal["float32", "float64"]

    def loss(self, probe: Probe, device: str, seed: int) -> Loss:
        """Return the loss on a device, with a study's seed."""
        return Loss.of(
            probe,
            device,
            self.examples,
            np.random.default_rng([seed, 0]),
            batch_size=self.batch_size,
            batch_norm=self.batch_norm,
            precision=self.precision,
        )


@define(frozen=True, kw_only=True)
class LossAtNetwork:
    """The loss at one network.

    Attributes:
        options: Options of the loss.
        task: The study's task.
        device: Name of the device that computes.
        network: The network, as a population of one.
        seed: The study's seed.
        matrix: Which matrix of the loss's curvature.
    """

    options: LossOptions
    task: Task
    device: str
    network: Population = field(repr=False)
    seed: int
    matrix: MatrixName = "hessian"

    @property
    def label(self) -> str:
        """The network's name."""
        return self.network.members[0].label

    @property
    def inputs(self) -> list[Any]:
        """All that the matrix follows from beside the task and the seed."""
        options, weights = self.options, np.asarray(self.network.weights[0])
        buffers = dict(self.network.members[0].buffers)
        known = [weights, buffers, options.examples, options.batch_size, options.batch_norm, options.precision]
        # Parts of the Hessian have the keys that they had when there was no other matrix.
        return known if self.matrix == "hessian" else [*known, self.matrix]

    def build(self) -> CurvatureMatrix:
        """Return the matrix; BatchNorm's statistics are estimated now."""
        loss = self.options.loss(self.task.build(self.device), self.device, self.seed)
        return loss.at(np.asarray(self.network.weights[0]), self.network.members[0].buffers, self.matrix)
