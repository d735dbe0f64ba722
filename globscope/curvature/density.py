"""The spectral density of a symmetric matrix, from Gauss quadratures of several random vectors."""

from collections.abc import Sequence

import numpy as np
from attrs import define, field

from globscope.curvature.trace import mean_and_error


@define(frozen=True, kw_only=True)
class SpectralDensity:
    """An estimate of how a matrix's eigenvalues are distributed, by stochastic Lanczos quadrature.

    Ubaru, Chen and Saad, "Fast Estimation of tr(f(A)) via Stochastic Lanczos Quadrature", SIAM J. Matrix Anal. Appl.
    38, 2017; for networks Ghorbani, Krishnan and Xiao, "An Investigation into Neural Net Optimization via Hessian
    Eigenvalue Density", 2019. Every figure is a mean over the vectors, and comes with the standard error of that mean.

    Attributes:
        size: D, the number of eigenvalues.
        nodes: By vector, the (m,) nodes in rising order.
        weights: By vector, their (m,) weights, of sum 1.
    """

    size: int
    nodes: Sequence[np.ndarray] = field(repr=False)
    weights: Sequence[np.ndarray] = field(repr=False)

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest node."""
        return min(float(nodes[0]) for nodes in self.nodes), max(float(nodes[-1]) for nodes in self.nodes)

    def trace(self) -> tuple[float, float]:
        """Return the trace, as by Hutchinson's estimator with the same vectors, and its standard error."""
        value, error = self._mean([nodes[:, None] for nodes in self.nodes])
        return float(value[0]), float(error[0])

    def smooth_counts(self, at: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray]:
        """Return (n,) values of Σ exp(−(at − λ)² / 2 width²) over the eigenvalues λ, and their standard errors.

        An eigenvalue that lies alone adds a bump of height 1. Divided by √2π · width · D this is the density of
        integral 1.
        """
        return self._mean([np.exp(-0.5 * ((at - nodes[:, None]) / width) ** 2) for nodes in self.nodes])

    def counts(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how many eigenvalues lie in each of (n,) intervals, ends included, and the standard errors."""
        inside = ((low <= nodes[:, None]) & (nodes[:, None] <= high) for nodes in self.nodes)
        return self._mean([mask.astype(float) for mask in inside])

    def _mean(self, values: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Return the sums over eigenvalues of what (m, n) values are at each vector's nodes, and standard errors."""
        return mean_and_error(
            self.size * np.stack([weights @ own for weights, own in zip(self.weights, values, strict=True)])
        )
