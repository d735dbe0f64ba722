"""Principal components: the linear map with the smallest error, the baseline for the others."""

from collections.abc import Mapping

import numpy as np
from attrs import define, evolve, field
from attrs.validators import and_, ge

from globscope.api import AXES, Chart, ReducerInputs, ReducerTraits
from globscope.builtin.reducers.principal_axes import principal_axes
from globscope.builtin.reducers.requirements import MANY, require_directions


@define(frozen=True, kw_only=True)
class Pca:
    """Project onto the directions of largest variance; no linear map of the same dimension loses less.

    Eckart & Young (1936). On the population's coordinates this equals a PCA of the weights.

    Attributes:
        latent_dim: Number of latent axes.
    """

    latent_dim: int = field(default=2, validator=and_(ge(1), AXES))

    @classmethod
    def quick_examples(cls) -> "tuple[Pca, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(),
            cls(latent_dim=11),
        )

    @property
    def traits(self) -> ReducerTraits:
        """A map of as many axes as chosen."""
        return ReducerTraits(latent_dim=self.latent_dim)

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the chart on the leading principal axes; `rng` is not used.

        Raises:
            PopulationError: The members span fewer directions than `latent_dim`.
        """
        del rng
        require_directions(inputs, "pca", self.latent_dim)
        mean = inputs.coordinates.mean(axis=0)
        _, scales, axes = np.linalg.svd(inputs.coordinates - mean, full_matrices=False)
        shares = scales**2 / (scales**2).sum()
        kept = axes[: self.latent_dim]
        # Signs are arbitrary: the largest entry of each axis is made positive, so that equal inputs give equal maps.
        kept = kept * np.sign(kept[np.arange(len(kept)), np.abs(kept).argmax(axis=1)])[:, None]
        notes = {"explained_variance": float(shares[: self.latent_dim].sum())}
        chart = _chart(inputs, {"mean": mean, "axes": kept}, notes)
        return evolve(chart, axes=principal_axes(shares[: self.latent_dim]))

    def trial(self, members: int) -> tuple["Pca", float] | None:
        """Return itself, since the whole fit is quick; None for very many members."""
        return (self, 1.0) if members <= MANY else None

    def restore(self, inputs: ReducerInputs, arrays: Mapping[str, np.ndarray]) -> Chart:
        """Return the chart of a stored mean and axes."""
        return _chart(inputs, arrays, {})


def _chart(inputs: ReducerInputs, arrays: Mapping[str, np.ndarray], notes: Mapping[str, float]) -> Chart:
    mean, axes = arrays["mean"], arrays["axes"]

    def encode(coordinates: np.ndarray) -> np.ndarray:
        points: np.ndarray = (coordinates - mean) @ axes.T
        return points

    return Chart(
        space=inputs.space,
        latents=encode(inputs.coordinates),
        encode=encode,
        decode=lambda points: mean + points @ axes,
        pullback=lambda _, gradients: gradients @ axes.T,
        pointwise=True,
        exact_inverse=len(axes) == inputs.coordinates.shape[1],
        arrays=arrays,
        notes=notes,
    )
