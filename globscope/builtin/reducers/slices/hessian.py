"""Slices along the directions of largest curvature."""

from typing import Literal

import numpy as np
from attrs import define, field
from attrs.validators import and_, ge, gt, optional

from globscope.api import (
    AXES,
    BATCH,
    EXAMPLES,
    WHERE,
    Chart,
    EvaluationError,
    Loss,
    ReducerInputs,
    ReducerTraits,
    device,
    device_name,
    eigenpairs,
    number,
)
from globscope.builtin.reducers.requirements import row_of
from globscope.builtin.reducers.slices.flat import (
    Distance,
    centred_traits,
    corners_around,
    flat_chart,
    orthonormal,
    require_positive,
    restore_chart,
)


@define(frozen=True, kw_only=True)
class HessianSlice:
    """A slice along the leading eigenvectors of the Hessian of the training loss at one network.

    Yao, Gholami, Keutzer and Mahoney, "PyHessian: Neural Networks Through the Lens of the Hessian", 2020, draw such
    slices with one and two axes. The eigenvectors are found by implicitly restarted Lanczos with full
    re-orthogonalisation (ARPACK), until the residual is small, from products with the Hessian that differentiate twice.
    They are orthonormal, so distances on the map are those in weight space. The notes of the map give eigenvalues and
    residuals. The loss is the task's mean over the training examples, without weight decay, with layers in
    evaluation mode and BatchNorm statistics held constant.

    Attributes:
        latent_dim: Number of eigenvectors, and so of latent axes; the leading one comes first.
        centre: The network at which the Hessian is taken, as `variant` (its final network) or `variant@step`; the first
            variant's final network if unset.
        which: Which eigenvalues: those of largest `magnitude`, negative ones included, or those of `largest` value.
        distance: Half-width along every axis, in weight space: one number, or a list with one for each.
        tolerance: Largest residual ‖Hv − λv‖ / |λ| of every eigenpair.
        examples: Number of training examples of the loss, drawn once from the seed; all if unset.
        batch_size: Number of examples per pass; if unset, as many as take 16 MiB.
        batch_norm: Statistics of BatchNorm layers: `recalibrate` re-estimates them for the network on 1,000 training
            examples, as evaluators do, `stored` uses its own.
        precision: Precision of the derivatives; use `float64` for small networks and tolerances below 1e-5.
        device: Device of the computation: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card.
    """

    latent_dim: int = field(default=2, validator=and_(ge(1), AXES))
    centre: str | None = None
    which: Literal["magnitude", "largest"] = "magnitude"
    distance: Distance = 1.0
    tolerance: float = field(default=1e-3, validator=gt(0))
    examples: int | None = field(default=None, validator=optional(and_(ge(1), EXAMPLES)))
    batch_size: int | None = field(default=None, validator=optional(and_(ge(1), BATCH)))
    batch_norm: Literal["recalibrate", "stored"] = "recalibrate"
    precision: Literal["float32", "float64"] = "float32"
    device: str = field(default="auto", validator=device_name, metadata=WHERE)

    def __attrs_post_init__(self) -> None:
        require_positive(self.distance, self.latent_dim)

    @property
    def traits(self) -> ReducerTraits:
        """A slice around a network that must be there."""
        return centred_traits(self.centre, self.latent_dim)

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the slice; equal generators give equal examples and starting vectors.

        Raises:
            PopulationError: No such network.
            EvaluationError: The tolerance is out of reach, or the loss has no finite second derivatives.
        """
        row, size = row_of(inputs.population, self.centre, "hessian"), inputs.population.layout.size
        if self.latent_dim > size:
            raise EvaluationError(f"reducer 'hessian' wants {self.latent_dim} eigenvectors of {size} weights")
        hessian = self._loss(inputs, rng).at(inputs.population.weights[row], inputs.members[row].buffers)
        pairs = eigenpairs(
            hessian.products,
            size,
            self.latent_dim,
            which=self.which,
            tolerance=self.tolerance,
            start=rng.standard_normal(size),
            progress=inputs.progress,
        )
        if len(pairs.values) < self.latent_dim:
            raise EvaluationError(
                f"reducer 'hessian': {len(pairs.values)} of {self.latent_dim} eigenpairs reach tolerance = "
                f"{self.tolerance:g} after {pairs.products} products; raise it, or use precision = 'float64'"
            )
        basis, _ = orthonormal(pairs.vectors)  # the vectors are, except for rounding
        notes: dict[str, float | str] = {"products": pairs.products}
        for axis, (value, residual) in enumerate(zip(pairs.values, pairs.residuals, strict=True), 1):
            notes |= {f"eigenvalue_{axis}": float(value), f"residual_{axis}": float(residual)}
        return flat_chart(
            inputs,
            origin=row,
            basis=basis,
            extent=corners_around(self.distance, self.latent_dim),
            axes=[f"eigenvector {axis}, λ = {number(value, 4)}" for axis, value in enumerate(pairs.values, 1)],
            notes=notes,
        )

    restore = staticmethod(restore_chart)

    def _loss(self, inputs: ReducerInputs, rng: np.random.Generator) -> Loss:
        where = device(self.device, "reducer.device")
        return Loss.of(
            inputs.task().build(where),
            where,
            self.examples,
            rng,
            batch_size=self.batch_size,
            batch_norm=self.batch_norm,
            precision=self.precision,
        )
