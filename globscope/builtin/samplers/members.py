"""Members on a chart: the box around them, and those of one training run."""

import numpy as np

from globscope.api import Chart, PopulationError, near


def box(chart: Chart, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest corner of the sampled box, (d,) each.

    For a slice around a network it is the slice's extent; for other charts the members' box, or the chart's own extent,
    widened by the margin.
    """
    if chart.extent is None:
        return widen(chart.latents, margin)
    if chart.centre is not None:
        return chart.extent[0], chart.extent[1]
    return widen(chart.extent, margin)


def widen(latents: np.ndarray, margin: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest corner of the points' box, (d,) each, widened at both ends of every axis.

    `margin` is a share of the points' extent. An axis on which all points have the same latent value gets the extent
    of the widest axis.
    """
    low, high = latents.min(axis=0), latents.max(axis=0)
    extent = high - low
    flat = extent <= 1e-12 * max(float(extent.max()), 1e-300)
    extent = np.where(flat, extent.max() or 1.0, extent)
    # From the ends, not from the middle, whose rounding could exclude the outermost points.
    beyond = margin * extent + np.where(flat, extent / 2, 0.0)
    return low - beyond, high + beyond


VARIANT = "variant:"


def rows_of(chart: Chart, variant: str, sampler: str) -> list[int]:
    """Return the rows of one variant's trained members, by rising step.

    Raises:
        PopulationError: There is no such variant; the message names the sampler.
    """
    # Derived members (curve points, re-based networks) may have a variant's name.
    trained = {row: member for row, member in enumerate(chart.members) if member.kind == "trained"}
    rows = [row for row, member in trained.items() if member.variant == variant]
    if not rows:
        known = {member.variant for member in trained.values()}
        raise PopulationError(f"sampler {sampler!r}: there is no variant {variant!r}; {near(variant, known)}")
    return sorted(rows, key=lambda row: chart.members[row].step)


def end_rows(chart: Chart) -> dict[str, int]:
    """Return the row of each training run's last network."""
    trained = [(member.step, row) for row, member in enumerate(chart.members) if member.kind == "trained"]
    return {chart.members[row].variant: row for _, row in sorted(trained)}


def nearest_run(chart: Chart, point: np.ndarray) -> tuple[str | None, float | None]:
    """Return the training run whose last network lies nearest to a (d,) latent point, and its distance; or None."""
    ends = end_rows(chart)
    if not ends:
        return None, None
    apart = np.linalg.norm(chart.latents[[*ends.values()]] - point, axis=1)
    return [*ends][int(apart.argmin())], float(apart.min())
