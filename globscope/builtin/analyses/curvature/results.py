"""Tables and a picture of eigenvalues and traces."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from globscope.api import MatrixName, Panel, Plot, Series, Table, finite_or_none
from globscope.builtin.analyses.curvature.measured import NetworkCurvature

NAMES: Mapping[MatrixName, str] = MappingProxyType(
    {
        "hessian": "Hessian",
        "ggn": "Generalised Gauss–Newton matrix",
        "fisher": "Fisher information matrix",
        "empirical-fisher": "Empirical Fisher matrix",
    }
)
CAPTION = (
    "of the mean training loss, without weight decay, layers in evaluation mode, BatchNorm statistics held "
    "constant. top_eigenvalue: the leading eigenvalue; found: number of eigenvalues; negative: how many of them "
    "are negative; residual: their largest ‖Hv − λv‖ / |λ|; trace: the estimate, with its standard error; products: "
    "number of products with the matrix for both."
)
COLUMNS = (
    "network", "top_eigenvalue", "found", "negative", "residual", "trace", "trace_standard_error", "products"
)  # fmt: skip
LISTED = "Eigenvalues at every network, the leading one first; residual: ‖Hv − λv‖ / |λ|."


def tables(measured: Mapping[str, NetworkCurvature], matrix: MatrixName) -> tuple[Table, Table]:
    """Return the tables of networks and of eigenvalues."""
    rows = tuple(_row(label, own) for label, own in measured.items())
    listed = tuple(row for label, own in measured.items() for row in _eigenvalue_rows(label, own))
    return (
        Table(name="curvature", caption=f"{NAMES[matrix]} {CAPTION}", columns=COLUMNS, rows=rows),
        Table(name="eigenvalues", caption=LISTED, columns=("network", "number", "eigenvalue", "residual"), rows=listed),
    )


def _row(label: str, own: NetworkCurvature) -> dict[str, str | int | float | None]:
    values, (total, error) = own.values, own.trace
    return {
        "network": label,
        "top_eigenvalue": finite_or_none(values[0]) if len(values) else None,
        "found": len(values),
        "negative": int((values < 0).sum()),
        "residual": finite_or_none(own.residuals.max()) if len(values) else None,
        "trace": finite_or_none(total),
        "trace_standard_error": finite_or_none(error),
        "products": own.products,
    }


def _eigenvalue_rows(label: str, own: NetworkCurvature) -> list[dict[str, str | int | float | None]]:
    pairs = enumerate(zip(own.values, own.residuals, strict=True), 1)
    return [
        {"network": label, "number": number, "eigenvalue": finite_or_none(value), "residual": finite_or_none(residual)}
        for number, (value, residual) in pairs
    ]


def plot(measured: Mapping[str, NetworkCurvature], matrix: MatrixName) -> Plot:
    """Return a plot of every network's eigenvalues."""
    series = [Series.of(label, np.arange(1, len(own.values) + 1), own.values) for label, own in measured.items()]
    return Plot(
        name="eigenvalues",
        title=f"{NAMES[matrix]}: leading eigenvalues",
        caption=f"{NAMES[matrix]} of the training loss at every network: its leading eigenvalues.",
        x="number of the eigenvalue",
        y="eigenvalue, loss per squared distance in weight space",
        panels=(Panel(title=NAMES[matrix], series=tuple(series)),),
    )
