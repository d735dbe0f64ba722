"""Slices along random directions around one network."""

from typing import Literal

import numpy as np
from attrs import define, field
from attrs.validators import and_, ge

from globscope.api import AXES, Chart, Layout, PopulationError, ReducerInputs, ReducerTraits
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

Normalisation = Literal["filter", "layer", "model", "none"]


@define(frozen=True, kw_only=True)
class Random:
    """A slice along random directions around one network, normalised as its weights are.

    Directions are drawn from a normal distribution. `filter` scales every output filter (the entries with one index
    along the first axis of a tensor with two or more axes) to its norm in the network, and `layer` scales every tensor
    in this way. Both leave out tensors with one axis (biases, normalisation layers), so the network does not move
    there. This follows Li, Xu, Taylor, Studer and Goldstein, "Visualizing the Loss Landscape of Neural Nets", NeurIPS
    2018, section 4 and appendix. Such directions are not orthogonal, so distances along the axes are not those in
    weight space. One unit of an axis is one direction, as in that paper; the notes of the map give its length and the
    largest |cosine| between two directions. `model` and `none` draw over all weights and make the directions
    orthogonal. With `model` one unit is the norm of the network. With `none` it is 1, so distances on the map are those
    in weight space.

    Attributes:
        latent_dim: Number of latent axes.
        centre: The network around which the slice lies, as `variant` (its final network) or `variant@step`; the first
            variant's final network if unset.
        normalisation: Part of a direction that is scaled to the network's own norm.
        distance: Half-width along every axis, in units of the direction: one number, or a list with one for each.
    """

    latent_dim: int = field(default=2, validator=and_(ge(1), AXES))
    centre: str | None = None
    normalisation: Normalisation = "filter"
    distance: Distance = 1.0

    def __attrs_post_init__(self) -> None:
        require_positive(self.distance, self.latent_dim)

    @property
    def traits(self) -> ReducerTraits:
        """A slice around a network that must be there."""
        return centred_traits(self.centre, self.latent_dim)

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the slice; equal generators give equal directions.

        Raises:
            PopulationError: No such network, or fewer weights to move than directions.
        """
        row, layout = row_of(inputs.population, self.centre, "random"), inputs.population.layout
        weights = np.array(inputs.population.weights[row], np.float64)
        directions = rng.standard_normal((self.latent_dim, layout.size))
        if self.normalisation in ("filter", "layer"):
            for direction in directions:
                _normalise(direction, weights, layout, by_filter=self.normalisation == "filter")
        moved = int(directions.any(axis=0).sum())
        if moved < self.latent_dim:
            raise PopulationError(
                f"reducer 'random': normalisation = {self.normalisation!r} moves {moved} weights of this network, "
                f"fewer than latent_dim = {self.latent_dim}"
            )
        basis, mixing = orthonormal(directions)
        if self.normalisation in ("model", "none"):
            mixing = np.eye(self.latent_dim) * (np.linalg.norm(weights) if self.normalisation == "model" else 1.0)
        return flat_chart(
            inputs,
            origin=row,
            basis=basis,
            mixing=mixing,
            extent=corners_around(self.distance, self.latent_dim),
            axes=[f"random direction {axis}" for axis in range(1, self.latent_dim + 1)],
            notes={"normalisation": self.normalisation},
        )

    restore = staticmethod(restore_chart)


def _normalise(direction: np.ndarray, weights: np.ndarray, layout: Layout, *, by_filter: bool) -> None:
    """Scale a direction in place to the norms of the weights."""
    tensors = layout.unflatten(weights)
    for name, tensor in layout.unflatten(direction).items():
        if tensor.ndim < 2:
            tensor[...] = 0
            continue
        rows, wanted = ((t.reshape(len(t) if by_filter else 1, -1)) for t in (tensor, tensors[name]))
        rows *= np.linalg.norm(wanted, axis=1, keepdims=True) / np.linalg.norm(rows, axis=1, keepdims=True)
