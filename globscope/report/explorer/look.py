"""The colours of the report's pictures, as the explorer's script reads them."""

from typing import Any

from globscope.report.style.series import TRAILS
from globscope.report.style.theme import DASHES, DEPTHS, FAINT, FOG, INK, MINIMUM, SADDLE, UNTRUSTED, VARIANTS


def look() -> dict[str, Any]:
    """Return colours and dashes.

    `depths` lead from the lowest to the highest value; `runs` are the runs' colours in their order, again and again,
    with the next of `dashes` (lengths of strokes and gaps) at every round; `trails` likewise for labels of layers.
    """
    return {
        "depths": list(DEPTHS),
        "runs": list(VARIANTS),
        "dashes": [[] if dash == "-" else list(dash[1]) for dash in DASHES],
        "trails": list(TRAILS),
        "ink": INK,
        "faint": FAINT,
        "fog": FOG,
        "minimum": MINIMUM,
        "saddle": SADDLE,
        "untrusted": UNTRUSTED,
    }
