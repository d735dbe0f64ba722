"""Scattered samples around one point of the map."""

import numpy as np
from attrs import define, field
from attrs.validators import and_, ge, gt

from globscope.api import SAMPLES, Chart, Landscape, SamplerTraits, Samples
from globscope.builtin.samplers.members import VARIANT, rows_of


@define(frozen=True, kw_only=True)
class GaussianBall:
    """Scattered samples of a round Gaussian around a run's end, or around the middle of the members.

    The samples are dense at the centre and sparser outwards, equally wide along all latent axes. The first sample is
    the centre itself. The merge tree needs an adjacency for scattered samples; beyond the outermost samples nothing is
    known, and outer minima may be isolated samples.

    Attributes:
        centre: `variant:NAME`, the last checkpoint of that variant, or `mean`, the mean of all members' latent points.
        scale: Standard deviation along every axis, as a share of the members' own (the root mean square over
            members and axes of their distance to their mean). With 1 the samples are as widely spread as the members.
        samples: Number of samples, including the centre.
    """

    centre: str = "mean"
    scale: float = field(default=1.0, validator=gt(0))
    samples: int = field(default=2048, validator=and_(ge(1), SAMPLES))

    @classmethod
    def quick_examples(cls) -> "tuple[GaussianBall, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(samples=8),
            cls(samples=8, centre="variant:A"),
        )

    def __attrs_post_init__(self) -> None:
        is_variant = self.centre.startswith(VARIANT) and self.centre != VARIANT
        if self.centre != "mean" and not is_variant:
            raise ValueError(f'must be "mean" or "variant:NAME", got {self.centre!r}')

    @property
    def traits(self) -> SamplerTraits:
        """The variant that is the centre."""
        return SamplerTraits(variants=() if self.centre == "mean" else (self.centre.removeprefix(VARIANT),))

    def ask(self, chart: Chart, landscape: Landscape | None, rng: np.random.Generator) -> Samples | None:
        """Return all samples at once, the centre first.

        Raises:
            PopulationError: There is no such variant.
        """
        if landscape is not None:
            return None
        deviations = rng.standard_normal((self.samples, chart.dimension))
        deviations[0] = 0
        return Samples(points=self._centre(chart) + self.scale * _spread(chart.latents) * deviations)

    def count(self, dimension: int) -> int:
        """Return how many samples a chart of any dimension gets."""
        del dimension
        return self.samples

    def _centre(self, chart: Chart) -> np.ndarray:
        final = [rows_of(chart, name, "gaussian-ball")[-1] for name in self.traits.variants]
        centre: np.ndarray = chart.latents[final or slice(None)].mean(axis=0)
        return centre


def _spread(latents: np.ndarray) -> float:
    """Return the members' standard deviation over all axes; 1 where they coincide."""
    return float(np.sqrt(((latents - latents.mean(axis=0)) ** 2).mean())) or 1.0
