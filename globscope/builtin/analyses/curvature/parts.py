"""The parts of the analysis: eigenvalues, trace, traces of blocks and spectral density at one network."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from attrs import define

from globscope.api import (
    Draft,
    EvaluationError,
    Part,
    Progress,
    block_traces,
    eigenpairs,
    lanczos_quadrature,
    random_signs,
    trace,
    within_memory,
)
from globscope.builtin.analyses.curvature.loss_at_network import LossAtNetwork

OVERSIZED = "curvature: density_steps = {steps} vectors as long as a network do not fit into memory; lower it"

Measures = Mapping[str, np.ndarray]


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


@define(frozen=True, kw_only=True)
class BlockTraces:
    """The traces of the diagonal blocks of one network's tensors, by Hutchinson's estimator."""

    at: LossAtNetwork
    draws: int

    def __call__(self, draft: Draft, progress: Progress) -> Measures:
        """Return `traces`, (draws, tensors) estimates, and the number of `draws`."""
        del draft
        matrix, rng = self.at.build(), np.random.default_rng([self.at.seed, 2])
        traces = block_traces(matrix.products, matrix.sizes, self.draws, rng, progress)
        return {"traces": traces, "draws": np.array([self.draws])}

    @property
    def part(self) -> Part:
        """The computation as a part of an analysis."""
        return Part(
            label=f"traces of {self.at.label}'s layers", inputs=[*self.at.inputs, "blocks", self.draws], work=self
        )


@define(frozen=True, kw_only=True)
class Quadrature:
    """A Gauss quadrature of one network's spectrum, from one random vector.

    Attributes:
        at: The loss at the network.
        steps: Number of products.
        draw: Number of the vector, the same vector for all networks.
    """

    at: LossAtNetwork
    steps: int
    draw: int

    def __call__(self, draft: Draft, progress: Progress) -> Measures:
        """Return (m,) `nodes` and their `weights`."""
        del draft
        matrix, rng = self.at.build(), np.random.default_rng([self.at.seed, 3, self.draw])
        start = random_signs(rng, 1, matrix.size)[0]
        with within_memory(EvaluationError, OVERSIZED.format(steps=self.steps)):
            nodes, weights = lanczos_quadrature(matrix.products, start, self.steps, progress)
        return {"nodes": nodes, "weights": weights}

    @property
    def part(self) -> Part:
        """The computation as a part of an analysis."""
        inputs = [*self.at.inputs, "quadrature", self.steps, self.draw]
        return Part(label=f"spectral density of {self.at.label}, vector {self.draw + 1}", inputs=inputs, work=self)
