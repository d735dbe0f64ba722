"""What was measured of one network, and the parts that measure it."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from attrs import define, field

from globscope.api import Part, SpectralDensity, mean_and_error
from globscope.builtin.analyses.curvature.loss_at_network import LossAtNetwork
from globscope.builtin.analyses.curvature.parts import BlockTraces, Eigenvalues, Measures, Quadrature, Trace

# The beginning of the names of the spectral density's parts.
DENSITY = "density"


@define(frozen=True, kw_only=True)
class Wanted:
    """The options of the analysis that say what is measured; its docstring has their meaning."""

    count: int
    which: Literal["magnitude", "largest"]
    tolerance: float
    trace: Literal["hutchinson", "hutch++"]
    draws: int
    layers: bool
    density_draws: int
    density_steps: int

    def parts(self, at: LossAtNetwork) -> dict[str, Part]:
        """Return the parts of one network by name."""
        pairs = Eigenvalues(at=at, count=self.count, which=self.which, tolerance=self.tolerance)
        parts = {"pairs": pairs.part}
        # The layers' traces add up to that of Hutchinson's estimator.
        if not (self.layers and self.trace == "hutchinson"):
            parts["trace"] = Trace(at=at, estimator=self.trace, draws=self.draws).part
        if self.layers:
            parts["layers"] = BlockTraces(at=at, draws=self.draws).part
        for draw in range(self.density_draws):
            parts[f"{DENSITY} {draw}"] = Quadrature(at=at, steps=self.density_steps, draw=draw).part
        return parts


@define(frozen=True, kw_only=True)
class NetworkCurvature:
    """What was measured of one network.

    Attributes:
        values: (k,) eigenvalues, the leading one first.
        residuals: (k,) ‖Hv − λv‖ / |λ|.
        trace: The trace and its standard error.
        products: Number of products for eigenvalues and traces.
        layers: (draws, tensors) traces of the tensors' blocks; None where they were not wanted.
        density: The spectral density; None where it was not wanted.
    """

    values: np.ndarray
    residuals: np.ndarray
    trace: tuple[float, float]
    products: int
    layers: np.ndarray | None = field(default=None, repr=False)
    density: SpectralDensity | None = None

    @classmethod
    def of(cls, found: Mapping[str, Measures], size: int) -> "NetworkCurvature":
        """Return the results of the parts by name, for a network of so many weights."""
        layers = found["layers"]["traces"] if "layers" in found else None
        draws = [found[name]["draws"] for name in ("trace", "layers") if name in found]
        total = found["trace"]["trace"] if "trace" in found else mean_and_error(found["layers"]["traces"].sum(axis=1))
        quadratures = [measures for name, measures in found.items() if name.startswith(DENSITY)]
        density = SpectralDensity(
            size=size, nodes=[own["nodes"] for own in quadratures], weights=[own["weights"] for own in quadratures]
        )
        return cls(
            values=found["pairs"]["values"],
            residuals=found["pairs"]["residuals"],
            trace=(float(total[0]), float(total[1])),
            products=sum(int(count[0]) for count in (found["pairs"]["products"], *draws)),
            layers=layers,
            density=density if quadratures else None,
        )
