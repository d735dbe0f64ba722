"""Tables and the picture of what was measured of networks' Hessians."""

from collections.abc import Mapping

import numpy as np

from globscope.api import Panel, Plot, Series, Table, finite_or_none

CAPTION = (
    "Hessian of the mean training loss, without weight decay, layers in evaluation mode, BatchNorm statistics held "
    "constant. top_eigenvalue: the leading one; negative: how many of those found are; residual: largest "
    "‖Hv − λv‖ / |λ| of them; trace: estimated, with its standard error; products: with the Hessian, for both."
)
COLUMNS = (
    "network", "top_eigenvalue", "found", "negative", "residual", "trace", "trace_standard_error", "products"
)  # fmt: skip
LISTED = "Eigenvalues of the Hessian at every network, the leading one first; residual: ‖Hv − λv‖ / |λ|."

Measured = Mapping[str, np.ndarray]


def tables(found: Mapping[str, Measured]) -> tuple[Table, Table]:
    """Return the table of networks and that of eigenvalues, of `values`, `residuals`, `trace` … by network."""
    rows = tuple(_row(label, own) for label, own in found.items())
    listed = tuple(row for label, own in found.items() for row in _listed(label, own))
    return (
        Table(name="curvature", caption=CAPTION, columns=COLUMNS, rows=rows),
        Table(name="eigenvalues", caption=LISTED, columns=("network", "number", "eigenvalue", "residual"), rows=listed),
    )


def _row(label: str, own: Measured) -> dict[str, str | int | float | None]:
    values, (total, error) = own["values"], own["trace"]
    return {
        "network": label,
        "top_eigenvalue": finite_or_none(values[0]) if len(values) else None,
        "found": len(values),
        "negative": int((values < 0).sum()),
        "residual": finite_or_none(own["residuals"].max()) if len(values) else None,
        "trace": finite_or_none(total),
        "trace_standard_error": finite_or_none(error),
        "products": int(own["products"][0] + own["draws"][0]),
    }


def _listed(label: str, own: Measured) -> list[dict[str, str | int | float | None]]:
    pairs = enumerate(zip(own["values"], own["residuals"], strict=True), 1)
    return [
        {"network": label, "number": number, "eigenvalue": finite_or_none(value), "residual": finite_or_none(residual)}
        for number, (value, residual) in pairs
    ]


def plot(found: Mapping[str, Measured]) -> Plot:
    """Return the picture of the eigenvalues of every network."""
    series = [Series.of(label, np.arange(1, len(own["values"]) + 1), own["values"]) for label, own in found.items()]
    return Plot(
        name="eigenvalues",
        caption="Leading eigenvalues of the Hessian of the training loss at every network.",
        x="number of the eigenvalue",
        y="eigenvalue, loss per squared distance in weight space",
        panels=(Panel(title="Hessian", series=tuple(series)),),
    )
