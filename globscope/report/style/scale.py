"""One colour scale for all maps, and the axes' scale for a field."""

from collections.abc import Iterable
from typing import Literal

import numpy as np
from attrs import define
from matplotlib.colors import LogNorm, Normalize

from globscope.report.style.text import number
from globscope.values.field import Field
from globscope.values.findings import Atlas

# Decades below and above the median's: exploded networks must not paint all others in one colour.
REACH = (-6, 2)
# Key of the field that the colours show.
SHOWN = "train_loss"


@define(frozen=True, kw_only=True)
class Scale:
    """How a field's values become colours.

    Attributes:
        field: Field whose values are drawn.
        low: Lowest value with a colour of its own.
        high: Highest value with a colour of its own.
        log: Whether equal ratios, not equal differences, look alike.
        open_ends: Whether there are values below `low`, and above `high`, that take the end's colour.
    """

    field: Field
    low: float
    high: float
    log: bool
    open_ends: tuple[bool, bool] = (False, False)

    @property
    def label(self) -> str:
        """The axis or colour bar's label."""
        return f"{self.field.name} (log scale)" if self.log else self.field.name

    @property
    def extend(self) -> Literal["neither", "min", "max", "both"]:
        """Which ends of the colour bar are arrows, in matplotlib's words."""
        below, above = self.open_ends
        return ("both" if above else "min") if below else ("max" if above else "neither")

    def norm(self) -> Normalize:
        """Return matplotlib's form of this scale."""
        return LogNorm(self.low, self.high) if self.log else Normalize(self.low, self.high)

    def levels(self, count: int) -> np.ndarray:
        """Return equally spaced values from the lowest to the highest."""
        space = np.geomspace if self.log else np.linspace
        levels: np.ndarray = space(self.low, self.high, count)
        return levels

    def drawable(self, values: np.ndarray) -> np.ndarray:
        """Return a copy for drawing: what lies beyond an end takes that end's colour."""
        return np.where(np.isfinite(values), np.clip(values, self.low, self.high), np.nan)

    def beyond(self, values: np.ndarray) -> list[tuple[int, str]]:
        """Return the numbers of finite values without a colour of their own, each with the condition that they meet."""
        finite = values[np.isfinite(values)]
        impossible = finite <= 0 if self.log else np.zeros(len(finite), bool)
        below, above = (finite < self.low) & ~impossible, finite > self.high
        counts = ((impossible, "≤ 0"), (below, f"< {number(self.low)}"), (above, f"> {number(self.high)}"))
        return [(int(chosen.sum()), what) for chosen, what in counts if chosen.any()]


def positive(values: np.ndarray) -> bool:
    """Whether there are finite values and all of them can stand on a log scale."""
    finite = values[np.isfinite(values)]
    return bool(len(finite) and (finite > 0).all())


def colour_scale(atlas: Atlas) -> Scale:
    """Return the scale of the landscapes' colours: of the training loss, or else of the first field that there is."""
    known = [name for map_ in atlas.maps for landscape in map_.landscapes.values() for name in landscape.fields]
    return shared_scale(atlas, known[0] if known and SHOWN not in known else SHOWN)


def shared_scale(atlas: Atlas, key: str) -> Scale:
    """Return the scale that spans a field's finite values on every landscape of every map."""
    landscapes = [landscape for map_ in atlas.maps for landscape in map_.landscapes.values()]
    return spanning([one.fields[key] for one in landscapes if key in one.fields], atlas.field_of(key))


def spanning(arrays: Iterable[np.ndarray], field: Field) -> Scale:
    """Return the scale that spans a field's finite values."""
    values = np.concatenate([np.empty(0), *arrays])
    finite = values[np.isfinite(values)]
    above = finite[finite > 0]
    if field.is_logarithmic and len(above):
        return _logarithmic(above, field)
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 1.0)
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
    return Scale(field=field, low=float(low), high=float(high), log=False)


def _logarithmic(values: np.ndarray, field: Field) -> Scale:
    decade, lowest, highest = np.round(np.log10(np.median(values))), values.min(), values.max()
    low, high = max(lowest, 10.0 ** (decade + REACH[0])), min(highest, 10.0 ** (decade + REACH[1]))
    ends = (bool(lowest < low), bool(highest > high))
    # A constant field still needs two ends.
    low, high = (low, high) if high > low * (1 + 1e-9) else (low / 1.5, high * 1.5)
    return Scale(field=field, low=float(low), high=float(high), log=True, open_ends=ends)


def include_ends(levels: np.ndarray) -> np.ndarray:
    """Return levels that take in the lowest and the highest value in spite of rounding."""
    levels[0], levels[-1] = np.nextafter(levels[0], -np.inf), np.nextafter(levels[-1], np.inf)
    return levels
