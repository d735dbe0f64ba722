"""Slices along the principal directions of one training run."""

import numpy as np
from attrs import define, field
from attrs.validators import and_, ge

from globscope.api import ADDED, AXES, Chart, PopulationError, ReducerInputs, ReducerTraits, near
from globscope.builtin.reducers.slices.directions import basis_and_mixing, unit_of
from globscope.builtin.reducers.slices.flat import (
    Distance,
    centred_traits,
    combine_differences,
    corners_around,
    flat_chart,
    inner_products,
    require_positive,
    restore_chart,
)

# The slice is wider than the farthest checkpoint's distance along each axis by this factor.
ROOM = 1.1
# A direction with less than this share of the largest variance is rounding.
NEGLIGIBLE = 1e-12


@define(frozen=True, kw_only=True)
class TrajectoryPca:
    """A slice along the principal directions of one run's checkpoints around its last one.

    The directions are the leading right singular vectors of the matrix of all differences from the last checkpoint,
    which is not centred, as in Li, Xu, Taylor, Studer and Goldstein, "Visualizing the Loss Landscape of Neural Nets",
    NeurIPS 2018, section 7. They are orthonormal, so distances on the map are those in weight space. The notes of the
    map give the share of the squared distances that they explain.

    Attributes:
        latent_dim: Number of latent axes.
        variant: The training run; the first variant if unset.
        distance: Half-width along every axis, in weight space: one number, or a list with one for each; if unset, a
            tenth more than the run's farthest checkpoint.
        relative: Whether one unit of every axis, and of `distance`, is the norm of the run's last network.
    """

    latent_dim: int = field(default=2, validator=and_(ge(1), AXES))
    variant: str | None = None
    distance: Distance | None = None
    relative: bool = field(default=False, metadata=ADDED)

    @classmethod
    def quick_examples(cls) -> "tuple[TrajectoryPca, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(relative=True),
            cls(latent_dim=3, variant="C"),
        )

    def __attrs_post_init__(self) -> None:
        if self.distance is not None:
            require_positive(self.distance, self.latent_dim)

    @property
    def traits(self) -> ReducerTraits:
        """A slice around a network that must be there."""
        return centred_traits(self.variant, self.latent_dim)

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the slice; `rng` is not used.

        Raises:
            PopulationError: No such variant, or its checkpoints span fewer directions than `latent_dim`.
        """
        del rng
        *rows, last = self._run(inputs)
        values, vectors = (
            np.linalg.eigh(inner_products(inputs, last, rows)) if rows else (np.zeros(1), np.zeros((1, 1)))
        )
        directions = int((values > NEGLIGIBLE * max(values[-1], 0)).sum())
        if directions < self.latent_dim:
            raise PopulationError(
                f"reducer 'trajectory-pca' wants latent_dim = {self.latent_dim}, but the {len(rows) + 1} checkpoints "
                f"of {inputs.members[last].variant!r} span {directions} direction{'s' * (directions != 1)}"
            )
        kept = vectors[:, ::-1][:, : self.latent_dim]
        # Signs are arbitrary: the run starts on the positive side.
        kept = kept * np.sign(kept[np.abs(kept).argmax(axis=0), np.arange(self.latent_dim)])
        scales = np.sqrt(values[::-1][: self.latent_dim])
        steps = combine_differences(inputs, last, rows, (kept / scales).T)
        weights = np.array(inputs.population.weights[last], np.float64)
        basis, mixing = basis_and_mixing(steps, weights, "none", relative=self.relative, reducer="trajectory-pca")
        farthest = np.abs(kept * scales).max(axis=0) / np.diag(mixing)
        extent = corners_around(tuple(ROOM * farthest) if self.distance is None else self.distance, self.latent_dim)
        unit = unit_of("none", relative=self.relative)
        shares = values[::-1][: self.latent_dim] / values.sum()
        axes = [(f"principal axis {k + 1}", f"{100 * share:.3g} %") for k, share in enumerate(shares.tolist())]
        return flat_chart(
            inputs,
            origin=last,
            basis=basis,
            mixing=mixing,
            extent=extent,
            axes=[f"{name} of run {inputs.members[last].variant}, {share}{unit}" for name, share in axes],
            notes={"explained_variance": float(shares.sum())},
        )

    restore = staticmethod(restore_chart)

    def _run(self, inputs: ReducerInputs) -> list[int]:
        population = inputs.population
        name = population.variants[0] if self.variant is None else self.variant
        if name not in population.variants:
            known = near(name, population.variants)
            raise PopulationError(f"reducer 'trajectory-pca': there is no variant {name!r}; {known}")
        return population.of(name)
