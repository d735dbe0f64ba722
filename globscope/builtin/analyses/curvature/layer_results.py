"""The table and the picture of the traces of a network's layers."""

from collections.abc import Mapping

import numpy as np

from globscope.api import Layout, Panel, Plot, Series, Table, finite_or_none, mean_and_error
from globscope.builtin.analyses.curvature.measured import NetworkCurvature

CAPTION = (
    "Traces of the diagonal blocks of the layers' weights, with their standard errors, by Hutchinson's estimator with "
    "the same vectors for all; trace_per_weight is the mean eigenvalue of the block. Parameters that no layer holds "
    "stand by their own names."
)
COLUMNS = ("network", "layer", "weights", "layer_trace", "layer_trace_standard_error", "trace_per_weight")


def layers_of(layout: Layout) -> dict[str, list[int]]:
    """Return by layer the numbers of its tensors; a layer is what stands before the last dot of a tensor's name."""
    layers: dict[str, list[int]] = {}
    for number, name in enumerate(layout.names):
        layers.setdefault(name.rpartition(".")[0] or name, []).append(number)
    return layers


def layer_table(measured: Mapping[str, NetworkCurvature], layout: Layout) -> Table:
    """Return the trace of every layer at every network."""
    rows = tuple(row for label, own in measured.items() for row in _rows(label, own, layout))
    return Table(name="layers", caption=CAPTION, columns=COLUMNS, rows=rows)


def _rows(label: str, own: NetworkCurvature, layout: Layout) -> list[dict[str, str | int | float | None]]:
    sizes = [int(np.prod(shape)) for shape in layout.shapes]
    rows: list[dict[str, str | int | float | None]] = []
    for (layer, tensors), (value, error) in zip(layers_of(layout).items(), _traces(own, layout), strict=True):
        weights = sum(sizes[number] for number in tensors)
        rows.append(
            {
                "network": label,
                "layer": layer,
                "weights": weights,
                "layer_trace": finite_or_none(value),
                "layer_trace_standard_error": finite_or_none(error),
                "trace_per_weight": finite_or_none(value / weights),
            }
        )
    return rows


def _traces(own: NetworkCurvature, layout: Layout) -> np.ndarray:
    """Return the (layers, 2) traces of the layers and their standard errors."""
    assert own.layers is not None
    sums = [own.layers[:, tensors].sum(axis=1) for tensors in layers_of(layout).values()]
    return np.stack([mean_and_error(values) for values in sums])


def layer_plot(measured: Mapping[str, NetworkCurvature], layout: Layout, matrix: str) -> Plot:
    """Return a plot of the layers' traces at every network; `matrix` is the matrix in words."""
    traces = {label: _traces(own, layout) for label, own in measured.items()}
    places = tuple(layers_of(layout))
    at = np.arange(1, len(places) + 1)
    series = (Series.of(label, at, own[:, 0], error=own[:, 1]) for label, own in traces.items())
    return Plot(
        name="layer_traces",
        title=f"{matrix}: trace by layer",
        caption=f"{matrix} of the training loss: the trace of every layer's diagonal block. Bands are standard errors.",
        x="layer",
        y="trace, loss per squared distance in weight space",
        panels=(Panel(title="diagonal blocks of the layers' weights", series=tuple(series)),),
        log=all(bool((own[:, 0] > 0).all()) for own in traces.values()),
        places=places,
    )
