"""Slices along the directions of largest curvature."""

from typing import Literal

import numpy as np
from attrs import define, field
from attrs.validators import and_, ge, gt, optional

from globscope.api import (
    ADDED,
    AXES,
    BATCH,
    EXAMPLES,
    WHERE,
    Chart,
    CheckFacts,
    CurvatureMatrix,
    Eigenpairs,
    EvaluationError,
    Loss,
    MatrixName,
    ReducerInputs,
    ReducerTraits,
    device,
    device_name,
    eigenpairs,
    number,
)
from globscope.builtin.reducers.requirements import row_of
from globscope.builtin.reducers.slices.directions import (
    BY_PART,
    Normalisation,
    basis_and_mixing,
    unit_of,
)
from globscope.builtin.reducers.slices.eigenvectors import (
    EIGENVECTORS,
    describe_eigenpairs,
    describe_normalised,
    normalised_eigenvectors,
)
from globscope.builtin.reducers.slices.flat import (
    Distance,
    centred_traits,
    corners_around,
    flat_chart,
    require_positive,
    restore_chart,
)


@define(frozen=True, kw_only=True)
class HessianSlice:
    """A slice along the leading eigenvectors of the Hessian of the training loss, or of another matrix, at one network.

    Yao, Gholami, Keutzer and Mahoney, "PyHessian: Neural Networks Through the Lens of the Hessian", 2020, draw such
    slices with one and two axes. The eigenvectors are found by implicitly restarted Lanczos with full
    re-orthogonalisation (ARPACK), until the residual is small, from products with the Hessian that differentiate twice.
    They are orthonormal, so distances on the map are those in weight space. The notes of the map give eigenvalues and
    residuals. The loss is the task's mean over the training examples, without weight decay, with layers in
    evaluation mode and BatchNorm statistics held constant.

    With a normalisation by `filter` or `layer` every eigenvector is scaled as a random direction is (reducer `random`),
    and tensors with one axis are left out (Li, Xu, Taylor, Studer and Goldstein, "Visualizing the Loss Landscape of
    Neural Nets", NeurIPS 2018). Geniesse, Chen, Xie et al., "Visualizing Loss Functions as Topological Landscape
    Profiles", 2024, section 4.2, draw such slices, by layer and with a distance of 0.01. The axes are then no
    eigenvectors and not orthogonal. The notes give for each axis the `cosine` of its angle to the eigenvector and the
    `curvature` dᵀHd / ‖d‖² along it, beside the eigenvalue, which is that of the eigenvector.

    Attributes:
        latent_dim: Number of eigenvectors, and so of latent axes; the leading one comes first.
        centre: The network at which the Hessian is taken, as `variant` (its final network) or `variant@step`; the first
            variant's final network if unset.
        matrix: The curvature whose eigenvectors are taken: `hessian`, the second derivatives of the loss; `ggn`, the
            generalised Gauss–Newton matrix, which leaves out the second derivatives of the network itself; `fisher`,
            the Fisher information of what the network predicts; `empirical-fisher`, the mean outer product of the
            examples' own gradients.
        which: Which eigenvalues: those of largest `magnitude`, negative ones included, or those of `largest` value.
        normalisation: Part of an eigenvector that is scaled to the network's own norm; `none` keeps eigenvectors as
            they are, of length 1, and `model` gives them the norm of the network.
        distance: Half-width along every axis, in units of the direction, which is weight space's own unit without a
            normalisation: one number, or a list with one for each.
        relative: Whether one unit of every axis is the norm of the network, so that `distance = 0.01` reaches a
            hundredth of it.
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
    matrix: MatrixName = field(default="hessian", metadata=ADDED)
    which: Literal["magnitude", "largest"] = "magnitude"
    normalisation: Normalisation = field(default="none", metadata=ADDED)
    distance: Distance = 1.0
    relative: bool = field(default=False, metadata=ADDED)
    tolerance: float = field(default=1e-3, validator=gt(0))
    examples: int | None = field(default=None, validator=optional(and_(ge(1), EXAMPLES)))
    batch_size: int | None = field(default=None, validator=optional(and_(ge(1), BATCH)))
    batch_norm: Literal["recalibrate", "stored"] = "recalibrate"
    precision: Literal["float32", "float64"] = "float32"
    device: str = field(default="auto", validator=device_name, metadata=WHERE)

    @classmethod
    def quick_examples(cls) -> "tuple[HessianSlice, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(normalisation="filter", distance=0.01, relative=True),
            cls(latent_dim=4, examples=20, precision="float64", which="largest"),
        )

    def __attrs_post_init__(self) -> None:
        require_positive(self.distance, self.latent_dim)

    @property
    def traits(self) -> ReducerTraits:
        """A slice around a network that must be there."""
        return centred_traits(self.centre, self.latent_dim)

    def check(self, facts: CheckFacts) -> None:
        """Refuse a matrix that the task does not give.

        Raises:
            EvaluationError: It does not.
        """
        try:
            Loss(probe=facts.probe, device="cpu", rows=np.arange(0)).require(self.matrix)
        except EvaluationError as error:
            raise EvaluationError(f"reducer 'hessian': {error}") from error

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the slice; equal generators give equal examples and starting vectors.

        Raises:
            PopulationError: No such network, or one whose normalised eigenvectors span fewer axes.
            EvaluationError: The tolerance is out of reach, or the loss has no finite second derivatives.
        """
        row, size = row_of(inputs.population, self.centre, "hessian"), inputs.population.layout.size
        if self.latent_dim > size:
            raise EvaluationError(f"reducer 'hessian' wants {self.latent_dim} eigenvectors of {size} weights")
        weights = np.array(inputs.population.weights[row], np.float64)
        matrix = self._loss(inputs, rng).at(weights, inputs.members[row].buffers, self.matrix)
        pairs = self._pairs(inputs, matrix, rng.standard_normal(size))
        directions = normalised_eigenvectors(matrix, pairs, weights, inputs.population.layout, self.normalisation)
        basis, mixing = basis_and_mixing(
            directions, weights, self.normalisation, relative=self.relative, reducer="hessian"
        )
        return flat_chart(
            inputs,
            origin=row,
            basis=basis,
            mixing=mixing,
            extent=corners_around(self.distance, self.latent_dim),
            axes=self._axes(pairs.values),
            notes=describe_eigenpairs(pairs) | describe_normalised(matrix, pairs, directions, self.normalisation),
        )

    restore = staticmethod(restore_chart)

    def _pairs(self, inputs: ReducerInputs, matrix: CurvatureMatrix, start: np.ndarray) -> Eigenpairs:
        """Return the eigenpairs, found from a (D,) starting vector."""
        pairs = eigenpairs(
            matrix.products,
            len(start),
            self.latent_dim,
            which=self.which,
            tolerance=self.tolerance,
            start=start,
            progress=inputs.progress,
        )
        if len(pairs.values) < self.latent_dim:
            raise EvaluationError(
                f"reducer 'hessian': {len(pairs.values)} of {self.latent_dim} eigenpairs reach tolerance = "
                f"{self.tolerance:g} after {pairs.products} products; raise it, or use precision = 'float64'"
            )
        return pairs

    def _axes(self, values: np.ndarray) -> list[str]:
        how = f" by {self.normalisation}" if self.normalisation in BY_PART else ""
        unit = unit_of(self.normalisation, relative=self.relative)
        return [
            f"{EIGENVECTORS[self.matrix]} {axis}{how}, λ = {number(value, 4)}{unit}"
            for axis, value in enumerate(values, 1)
        ]

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
