"""What stands at a map's axes."""

from globscope.report.style.text import figure_text
from globscope.values.findings import Map


def axis_labels(map_: Map) -> tuple[str, ...]:
    """Return the names of a map's latent axes, each on one line that fits beside a panel."""
    return tuple(figure_text(name, 52) for name in map_.chart.axis_names)
