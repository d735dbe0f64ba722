"""The styles of a picture's labels, the same in all its panels."""

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import define

from globscope.report.style.labels import short_names
from globscope.report.style.palette import VARIANTS
from globscope.values.pictures import Number

# None of them is a mark of a minimum or a saddle.
MARKERS = "os^pXh<8>"


@define(frozen=True, kw_only=True)
class LabelStyle:
    """The style of one label.

    Attributes:
        colour: Colour of its lines and markers.
        marker: Marker of its points.
        repeated: Whether another label has the same colour, so that lines need the marker as well.
    """

    colour: str
    marker: str
    repeated: bool = False


def label_styles(labels: Sequence[str], palette: Sequence[str], runs: Sequence[str] = ()) -> dict[str, LabelStyle]:
    """Return each label's style; a label named after a training run has the colour of that run."""
    known = [label for label in dict.fromkeys(labels) if label in runs]
    others = [label for label in dict.fromkeys(labels) if label not in runs]
    crowded = len(others) > len(palette) or len(runs) > len(VARIANTS)
    own = {label: _style(runs.index(label), VARIANTS, repeated=crowded) for label in known}
    return own | {label: _style(k, palette, repeated=crowded) for k, label in enumerate(others)}


def _style(k: int, palette: Sequence[str], *, repeated: bool) -> LabelStyle:
    # A colour that is used again has another marker.
    marker = MARKERS[(k % len(palette) + k // len(palette)) % len(MARKERS)]
    return LabelStyle(colour=palette[k % len(palette)], marker=marker, repeated=repeated)


def finite_array(values: Sequence[Number]) -> np.ndarray:
    """Return figures as an array, NaN where one is missing or not finite."""
    array = np.array([np.nan if value is None else value for value in values], float)
    return np.where(np.isfinite(array), array, np.nan)


def marker_rows(known: np.ndarray, style: LabelStyle, few: int) -> list[int]:
    """Return the rows of a line's points that get a marker: all if they are few, else those that no line reaches."""
    rows: np.ndarray = np.flatnonzero(known)
    if len(rows) <= few:
        return [int(row) for row in rows]
    beside = np.concatenate([[False], known[:-1]]) | np.concatenate([known[1:], [False]])
    alone = np.flatnonzero(known & ~beside)
    spread = rows[:: max(1, len(rows) // 6)] if style.repeated else rows[:0]
    return [int(row) for row in np.union1d(alone, spread)]


def marker_size(count: int) -> float:
    """Return the markers' size in points: the more of them, the smaller."""
    return 5.5 if count <= 30 else 4.0 if count <= 150 else 2.6 if count <= 1000 else 1.4


def legend_names(labels: Sequence[str]) -> Mapping[str, str]:
    """Return each label's name in the legend, at most 40 characters; no two are the same."""
    known = list(dict.fromkeys(labels))
    return dict(zip(known, short_names(known, 40), strict=True))
