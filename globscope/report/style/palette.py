"""The colours of every picture and the forms of its marks, by which anyone can tell them apart on any colour of a map.

Dark marks (the runs) have a white rim and a dark one around it; bright marks (minima, saddles, trails) have a dark rim.
So each stands out by at least 3 : 1 (WCAG 2.2, 1.4.11), whatever lies below, on a light page and on a dark one.
"""

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_hex
from matplotlib.path import Path

# From deep water to sand: equal steps of OKLab lightness, 0.26 to 0.97, so that a step of loss looks
# alike everywhere; cool, so that the trajectories' warm colours stand out on it.
DEPTHS = (
    *("#1a1f48", "#212e60", "#253e79", "#24528b", "#236798", "#277da2", "#3a92a5"),
    *("#57a5a8", "#78b7aa", "#9ac8af", "#bcd7b9", "#dde6c9", "#f9f6df"),
)
# The same lightnesses without any colour, where a map is not to be trusted.
GREYS = (
    *("#242424", "#333333", "#424242", "#525252", "#626262", "#737373", "#848484"),
    *("#969696", "#a8a8a8", "#bbbbbb", "#cecece", "#e1e1e1", "#f5f5f5"),
)
DEPTH = LinearSegmentedColormap.from_list("depth", DEPTHS, 256)
GREY = LinearSegmentedColormap.from_list("grey", GREYS, 256)


def greys_of(colours: Colormap) -> Colormap:
    """Return greys of the luminance of a map's colours (Rec. 709)."""
    luminance = np.asarray(colours(np.linspace(0, 1, 256)))[:, :3] @ (0.2126, 0.7152, 0.0722)
    return LinearSegmentedColormap.from_list(GREY.name, np.repeat(luminance[:, None], 3, axis=1))


# The runs: letters of them have 4.5 : 1 on white. Eight colours and three dashes go round together, so that the first
# 24 runs differ, and no two runs that follow each other have the same colour or the same dash.
VARIANTS = ("#db0080", "#0024c8", "#121216", "#925b12", "#b600ff", "#124900", "#6d6db6", "#6d005b")
DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)))
# Numbers that are known of runs, from low to high, as far as they stand out from a white rim by 3 : 1: part of inferno.
# So few, that those of a crowd are drawn together.
FIGURES = tuple(to_hex(colour) for colour in colormaps["inferno"](np.linspace(0.06, 0.66, 32)))
UNKNOWN = "#66707c"
# Series of plots on white; none of them is a run's.
LINES = ("#006d6d", "#c80000", "#3792ff", "#8000db", "#a49212", "#121280", "#ff24b6", "#5b0000")
# What analyses draw over a map: bright, with a dark rim.
TRAILS = ("#b6ff24", "#ff92b6", "#00ffff", "#c8b649", "#80b6ff", "#ffedb6")
INK, FAINT, PALE = "#22272e", "#66707c", "#8a929c"
RIM, EDGE = "#ffffff", "#0d1117"
MINIMUM, SADDLE = "#ffffff", "#ffb000"
UNTRUSTED = "grey: extrapolated, not to be trusted"

# Outlines of marks about the place that they mark, which is at the tip of a minimum's.
PIN = ((0.0, 0.0), (-0.55, 1.0), (0.55, 1.0))
DIAMOND = ((0.0, -1.0), (0.8, 0.0), (0.0, 1.0), (-0.8, 0.0))
CROSS = (
    *((-0.35, -1.0), (0.35, -1.0), (0.35, -0.35), (1.0, -0.35), (1.0, 0.35), (0.35, 0.35)),
    *((0.35, 1.0), (-0.35, 1.0), (-0.35, 0.35), (-1.0, 0.35), (-1.0, -0.35), (-0.35, -0.35)),
)
FORMS = {"minimum": (PIN, MINIMUM), "saddle": (DIAMOND, SADDLE), "multi-saddle": (CROSS, SADDLE)}


def outline(points: tuple[tuple[float, float], ...]) -> Path:
    """Return a form as a marker of matplotlib, which makes it as long to one side as half the marker's size."""
    return Path([*points, points[0]], closed=True)
