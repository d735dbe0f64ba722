"""A reducer that keeps the coordinates in which the members vary most."""

import numpy as np
from attrs import define, field
from attrs.validators import ge

from globscope.api import Chart, ReducerInputs, ReducerTraits, hookimpl

GLOBSCOPE_API = 2


@define(frozen=True, kw_only=True)
class TopVariance:
    """Keep the coordinates whose variance over the members is largest.

    Attributes:
        latent_dim: Number of coordinates kept.
    """

    latent_dim: int = field(default=2, validator=ge(1))

    @property
    def traits(self) -> ReducerTraits:
        """A chart of as many axes as coordinates are kept."""
        return ReducerTraits(latent_dim=self.latent_dim)

    def reduce(self, inputs: ReducerInputs, rng: np.random.Generator) -> Chart:
        """Return the axis-aligned chart on the `latent_dim` most variable coordinates."""
        kept = np.argsort(-inputs.coordinates.var(axis=0), kind="stable")[: self.latent_dim]
        centre = inputs.coordinates.mean(axis=0)

        def decode(points):
            coordinates = np.tile(centre, (len(points), 1))
            coordinates[:, kept] = points
            return coordinates

        def encode(coordinates):
            return coordinates[:, kept]

        return Chart(space=inputs.space, latents=encode(inputs.coordinates), encode=encode, decode=decode)


@hookimpl
def globscope_reducers():
    """Offer the reducer under the name that a spec writes after `use =`."""
    return {"top-variance": TopVariance}
