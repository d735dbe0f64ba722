"""The colours and forms of the report's pictures, as the explorer's script reads them."""

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex

from globscope.report.style.palette import (
    DASHES,
    DEPTHS,
    EDGE,
    FAINT,
    FORMS,
    GREYS,
    INK,
    LINES,
    MINIMUM,
    RIM,
    SADDLE,
    TRAILS,
    UNTRUSTED,
    VARIANTS,
    greys_of,
)
from globscope.spec.style import DEPTH as OURS

# Stops of a colour map, of which some change at once: as many as the page has colours.
STOPS = 256


def look(colours: str = OURS) -> dict[str, Any]:
    """Return colours, dashes and forms; the colours of a landscape are those of a colour map, as `Style` names it.

    `depths` lead from the lowest to the highest value, and `greys` likewise where a map is not trusted. Run k has the
    colour `runs[k % 8]` and the dash `dashes[k % 3]` (lengths of strokes and gaps; none: a whole line); `trails`
    are the colours of labels of layers, `lines` those of series on paper, again and again. Dark marks (runs) have a rim
    `rim` and a thin one `edge` around it, on a map and on a dark page; bright ones (forms, trails) have a rim `edge`.
    `forms` are the outlines of marks about the place that they mark, upwards positive, with their fill.
    """
    return {
        **({"depths": list(DEPTHS), "greys": list(GREYS)} if colours == OURS else _other_depths(colours)),
        "runs": list(VARIANTS),
        "dashes": [[] if isinstance(dash, str) else list(dash[1]) for dash in DASHES],
        "trails": list(TRAILS),
        "lines": list(LINES),
        "ink": INK,
        "faint": FAINT,
        "rim": RIM,
        "edge": EDGE,
        "minimum": MINIMUM,
        "saddle": SADDLE,
        "forms": {kind: {"points": points, "fill": fill} for kind, (points, fill) in FORMS.items()},
        "untrusted": UNTRUSTED,
    }


def _other_depths(name: str) -> dict[str, list[str]]:
    """Return the colours of one of matplotlib's maps, and greys of the same lightness."""
    colours, places = colormaps[name], np.linspace(0, 1, STOPS)
    return {
        kind: [to_hex(colour) for colour in chosen(places)]
        for kind, chosen in (("depths", colours), ("greys", greys_of(colours)))
    }
