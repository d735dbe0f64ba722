"""Scattered samples that fill the members' box evenly."""

import warnings

import numpy as np
from attrs import define, field
from attrs.validators import and_, ge

from globscope.api import SAMPLES, Chart, Landscape, Samples
from globscope.builtin.samplers.members import box


@define(frozen=True, kw_only=True)
class Sobol:
    """Scattered samples of a Sobol sequence over the box of the members' latent points, with a margin.

    They fill any number of axes evenly, where a lattice would need resolution^axes samples; the merge tree then
    needs an adjacency for scattered samples. The sequence is scrambled with the study's seed. The box is the same as
    for `grid`, also on slices. Its corners are no samples: pictures and trees reach to the outermost samples.

    Source: Sobol, "On the distribution of points in a cube and the approximate evaluation of integrals", USSR Comput.
    Math. Math. Phys. 7, 1967; Owen, "Scrambling Sobol and Niederreiter-Xing points", J. Complexity 14, 1998; by SciPy.

    Attributes:
        samples: Number of samples. Only a power of two keeps the sequence's balance, by which every dyadic part of the
            box holds its share of them.
        margin: Extra extent at both ends of every axis, as a share of the members' extent.
    """

    samples: int = field(default=2048, validator=and_(ge(1), SAMPLES))
    margin: float = field(default=0.1, validator=ge(0))

    @classmethod
    def quick_examples(cls) -> "tuple[Sobol, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(samples=16),
            cls(samples=5),
        )

    def ask(self, chart: Chart, landscape: Landscape | None, rng: np.random.Generator) -> Samples | None:
        """Return all samples at once, in the sequence's order."""
        if landscape is not None:
            return None
        from scipy.stats import qmc

        # Seeded with an integer: the keyword for a generator has different names in SciPy's versions.
        sequence = qmc.Sobol(chart.dimension, scramble=True, seed=int(rng.integers(2**31)))
        with warnings.catch_warnings():
            # Raised for any count that is no power of two, as the option's text explains.
            warnings.filterwarnings("ignore", message="The balance properties of Sobol", category=UserWarning)
            unit = sequence.random(self.samples)
        low, high = box(chart, self.margin)
        return Samples(points=low + unit * (high - low))

    def count(self, dimension: int) -> int:
        """Return how many samples a chart of any dimension gets."""
        del dimension
        return self.samples
