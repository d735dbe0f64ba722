"""The colours and forms of the report's pictures, as the explorer's script reads them."""

from typing import Any

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
)


def look() -> dict[str, Any]:
    """Return colours, dashes and forms.

    `depths` lead from the lowest to the highest value, and `greys` likewise where a map is not trusted. Run k has the
    colour `runs[k % 8]` and the dash `dashes[k % 3]` (lengths of strokes and gaps; none: a whole line); `trails`
    are the colours of labels of layers, `lines` those of series on paper, again and again. Dark marks (runs) have a rim
    `rim` and a thin one `edge` around it, on a map and on a dark page; bright ones (forms, trails) have a rim `edge`.
    `forms` are the outlines of marks about the place that they mark, upwards positive, with their fill.
    """
    return {
        "depths": list(DEPTHS),
        "greys": list(GREYS),
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
