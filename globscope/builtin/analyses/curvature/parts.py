"""The parts of the analysis: the eigenvalues and the trace at one network."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from attrs import define, field

from globscope.api import (
    CurvatureMatrix,
    Draft,
    Loss,
    MatrixName,
    Part,
    Population,
    Probe,
    Progress,
    Task,
    eigenpairs,
    trace,
)

Measures = Mapping[str, np.ndarray]


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


@define(frozen=True, kw_only=True)
class Eigenvalues:
    """The leading eigenvalues at one network; the analysis' docstring has the meaning of its options."""

    at: LossAtNetwork
    count: int
    which: Literal["magnitude", "largest"]
    tolerance: float

    def __call__(self, draft: Draft, progress: Progress) -> Measures:
        """Return `values`, `residuals` and the number of `products`."""
        del draft
        matrix = self.at.build()
        pairs = eigenpairs(
            matrix.products,
            matrix.size,
            self.count,
            which=self.which,
            tolerance=self.tolerance,
            start=np.random.default_rng([self.at.seed, 1]).standard_normal(matrix.size),
            progress=progress,
        )
        return {"values": pairs.values, "residuals": pairs.residuals, "products": np.array([pairs.products])}

    @property
    def part(self) -> Part:
        """The computation as a part of an analysis."""
        inputs = [*self.at.inputs, self.count, self.which, self.tolerance]
        return Part(label=f"eigenvalues of {self.at.label}", inputs=inputs, work=self)


@define(frozen=True, kw_only=True)
class Trace:
    """The trace at one network; the analysis' docstring has the meaning of its options."""

    at: LossAtNetwork
    estimator: Literal["hutchinson", "hutch++"]
    draws: int

    def __call__(self, draft: Draft, progress: Progress) -> Measures:
        """Return the `trace`, which is its estimate and standard error, and the number of `draws`."""
        del draft
        matrix, rng = self.at.build(), np.random.default_rng([self.at.seed, 2])
        value, error = trace(
            matrix.products, matrix.size, self.draws, rng, estimator=self.estimator, progress=progress
        )  # fmt: skip
        return {"trace": np.array([value, error]), "draws": np.array([self.draws])}

    @property
    def part(self) -> Part:
        """The computation as a part of an analysis."""
        inputs = [*self.at.inputs, self.estimator, self.draws]
        return Part(label=f"trace of {self.at.label}", inputs=inputs, work=self)
