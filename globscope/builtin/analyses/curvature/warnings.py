"""Warnings about what was measured of networks."""

from collections.abc import Iterator

import numpy as np

from globscope.api import MatrixName, number
from globscope.builtin.analyses.curvature.measured import NetworkCurvature

# Nodes of Lanczos' method lie about 1.6 / steps of the range apart; a Gaussian of half of that shows no single ones.
SMOOTH = 0.8


def network_warnings(
    label: str, own: NetworkCurvature, count: int, tolerance: float, matrix: MatrixName
) -> Iterator[str]:
    """Yield the warnings about one network, of which `count` eigenvalues were wanted."""
    values = own.values
    if len(values) < count:
        yield f"{label}: {len(values)} of {count} eigenvalues reach tolerance = {tolerance:g}"
    late = int((own.residuals > tolerance).sum())
    if late:
        yield f"{label}: {late} eigenvalues have a residual above tolerance = {tolerance:g}"
    # The sign of an eigenvalue within rounding of zero means nothing.
    negative = values[values < -1e-3 * np.abs(values).max(initial=0)]
    if len(negative) and matrix == "hessian":
        yield (
            f"{label}: not a minimum: {len(negative)} of {len(values)} eigenvalues are negative, down to "
            + number(negative.min())
        )


def density_warnings(steps: int, width: float) -> Iterator[str]:
    """Yield the warning that a density's Gaussian is narrower than the quadrature is fine."""
    if steps * width < SMOOTH:
        yield (
            f"density_width = {width:g} is narrower than density_steps = {steps} resolve: single bumps may be nodes of "
            f"the quadrature, not eigenvalues; take at least {SMOOTH / width:.0f} steps"
        )
