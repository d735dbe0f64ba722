"""The table and the pictures of the spectral density."""

from collections.abc import Mapping

import numpy as np

from globscope.api import Panel, Plot, Series, SpectralDensity, Table, finite_or_none, number
from globscope.builtin.analyses.curvature.measured import NetworkCurvature

CAPTION = (
    "Number of eigenvalues, by stochastic Lanczos quadrature: means over random vectors, with standard errors, which "
    "are themselves estimated from these vectors: of few, the mean may be off by several. below: "
    "those below −width; near_zero: from there to width; above: above width, which is the standard deviation of the "
    "Gaussian in the picture. lowest and highest: ends of the spectrum as the vectors saw it; density_trace: the sum "
    "of all, to be compared with the trace above."
)
PARTS = ("below", "near_zero", "above")
# Not like the more accurate trace of another table.
TRACE = "density_trace"
COLUMNS = (
    "network", "width", "lowest", "highest",
    *(name for part in (*PARTS, TRACE) for name in (part, f"{part}_standard_error")),
    "vectors", "products",
)  # fmt: skip
ESTIMATE, EXACT = "estimate with its 95 % interval", "leading eigenvalues, computed one by one"
CONFIDENCE = 0.95
BAND = "its band is the 95 % interval by Student's t of the mean over the vectors"
# Points of a curve for each width of the Gaussian, and widths that a curve reaches beyond the outermost eigenvalue.
FINE, BEYOND = 4, 6
# Eigenvalues in a bump of one, below which a curve is cut off: most of it is a Gaussian's tail.
LOWEST = 0.1
# The smallest magnitude in the picture of counts, as a share of the largest, and its number of points.
SMALLEST, POINTS = 1e-3, 160


def width_of(density: SpectralDensity, share: float) -> float:
    """Return the Gaussian's standard deviation, a share of the spectrum's range; 1 where that is a point."""
    low, high = density.ends
    return share * (high - low) or 1.0


def student_factor(draws: int) -> float:
    """Return how many standard errors the interval of `CONFIDENCE` around a mean of normal draws reaches."""
    from scipy.special import stdtrit

    return float(stdtrit(draws - 1, (1 + CONFIDENCE) / 2))


def density_table(measured: Mapping[str, NetworkCurvature], share: float) -> Table:
    """Return how many eigenvalues each part of the spectrum has at every network."""
    rows = tuple(_row(label, own.density, share) for label, own in measured.items() if own.density is not None)
    return Table(name="spectral_density", caption=CAPTION, columns=COLUMNS, rows=rows)


def _row(label: str, density: SpectralDensity, share: float) -> dict[str, str | int | float | None]:
    width, (low, high) = width_of(density, share), density.ends
    beyond = np.nextafter(width, np.inf)
    parts = density.counts(np.array([-np.inf, -width, beyond]), np.array([-beyond, width, np.inf]))
    figures = {"width": width, "lowest": low, "highest": high}
    for name, (value, error) in zip((*PARTS, TRACE), (*np.transpose(parts), density.trace()), strict=True):
        figures |= {name: float(value), f"{name}_standard_error": float(error)}
    counted = {"vectors": len(density.nodes), "products": sum(map(len, density.nodes))}
    return {"network": label, **{name: finite_or_none(value) for name, value in figures.items()}, **counted}


def density_plot(measured: Mapping[str, NetworkCurvature], share: float, matrix: str) -> Plot:
    """Return a plot of the density at every network; `matrix` is the matrix in words."""
    return Plot(
        name="spectral_density",
        title=f"{matrix}: spectral density",
        caption=(
            f"{matrix} of the training loss: its eigenvalues, smoothed by a Gaussian of standard deviation σ, which is "
            f"{share:g} of the spectrum's range. A single eigenvalue is a bump of height 1, at which points mark the "
            f"leading ones. The line is estimated by stochastic Lanczos quadrature, {BAND}; "
            f"below {LOWEST} it is cut off. Divided by √(2π) σ and the number of weights it is the spectral density."
        ),
        x="eigenvalue, loss per squared distance in weight space",
        y="number of eigenvalues within √(2π) σ",
        panels=tuple(_density_panel(label, own, share) for label, own in measured.items()),
        log=True,
        lowest=LOWEST,
    )


def _density_panel(label: str, own: NetworkCurvature, share: float) -> Panel:
    assert own.density is not None
    width, (low, high) = width_of(own.density, share), own.density.ends
    at = np.arange(low - BEYOND * width, high + (BEYOND + 1 / FINE) * width, width / FINE)
    curve, error = own.density.smooth_counts(at, width)
    band = error * student_factor(len(own.density.nodes))
    exact = Series.of(EXACT, own.values, np.ones(len(own.values)), "points")
    return Panel(title=f"{label}, σ = {number(width, 2)}", series=(Series.of(ESTIMATE, at, curve, error=band), exact))


def count_plot(measured: Mapping[str, NetworkCurvature], matrix: str, which: str) -> Plot:
    """Return a plot of how many eigenvalues lie beyond each magnitude, positive and negative ones.

    Args:
        measured: What was measured of every network.
        matrix: The matrix in words.
        which: Which eigenvalues were computed one by one, those of largest `magnitude` or of `largest` value.
    """
    return Plot(
        name="eigenvalue_counts",
        title=f"{matrix}: eigenvalues beyond a magnitude",
        caption=(
            f"{matrix} of the training loss: how many eigenvalues are as large as a value or larger (positive), and "
            "how many as small as its opposite or smaller (negative). Lines: stochastic Lanczos quadrature, not "
            f"smoothed; {BAND}. Points: leading eigenvalues, computed one by one and counted."
        ),
        x="magnitude of the eigenvalue, loss per squared distance in weight space",
        y="number of eigenvalues",
        panels=tuple(_count_panel(label, own, which) for label, own in measured.items()),
        log=True,
        log_x=True,
        lowest=0.5,
    )


def _count_panel(label: str, own: NetworkCurvature, which: str) -> Panel:
    assert own.density is not None
    largest = max(map(abs, own.density.ends))
    series = list[Series]()
    for name, sign in (("positive", 1), ("negative", -1)):
        own_largest = max(sign * end for end in own.density.ends)
        if own_largest > SMALLEST * largest:
            at = np.geomspace(SMALLEST * largest, own_largest, POINTS)
            ends = np.full(POINTS, np.inf)
            counts, errors = own.density.counts(*((at, ends) if sign > 0 else (-ends, -at)))
            series.append(Series.of(name, at, counts, error=errors * student_factor(len(own.density.nodes))))
        if sign < 0 and which == "largest":
            continue  # the most negative ones were not looked for
        exact = np.sort(sign * own.values[sign * own.values > SMALLEST * largest])[::-1]
        series.append(Series.of(f"{name}, computed one by one", exact, np.arange(1, len(exact) + 1), "points"))
    return Panel(title=label, series=tuple(one for one in series if one.x))
