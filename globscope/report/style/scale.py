"""The scale of a field's colours and heights, one for all maps, and how its ends are found."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import numpy as np
from attrs import define, evolve
from matplotlib import colormaps
from matplotlib.colors import Colormap, LogNorm, Normalize

from globscope.report.style.palette import DEPTH, GREY, greys_of
from globscope.spec.style import AUTO, DEPTH as OURS, Style
from globscope.values.field import SHARE, Field
from globscope.values.findings import Atlas
from globscope.values.number import number
from globscope.values.topology import Topology

# Key of the field that the colours show where neither the style nor a topology says which.
SHOWN = "train_loss"
# What is more than so many times the usual has exploded: a map beside other maps, a few samples beside all others.
EXPLODED = 3.0
ALL_BUT_FEW = 0.99
# Times the members' highest value, beyond which nothing has a colour of its own; and of the high end, below which.
HIGHEST, LOWEST = 100.0, 1e-8
# A range that spans less than a factor of so much is linear.
DECADE = 10.0
# Of the persistence threshold: the low end of a logarithmic scale at least, and the high end at least.
FLOOR, CEILING = 0.3, 10.0
# Heights are logarithmic where so many samples would lie below so much of a linear axis.
MOST, FLAT = 0.75, 0.1


@define(frozen=True, kw_only=True)
class Scale:
    """How a field's values become colours and heights.

    Attributes:
        field: Field whose values are drawn.
        low: Lowest value with a colour of its own.
        high: Highest value with a colour of its own.
        log: Whether equal ratios, not equal differences, look alike.
        open_ends: Whether there are values below `low`, and above `high`, that take the end's colour.
        colours: Name of the colour map, as `Style` has it.
    """

    field: Field
    low: float
    high: float
    log: bool
    open_ends: tuple[bool, bool] = (False, False)
    colours: str = OURS

    @property
    def label(self) -> str:
        """The axis or colour bar's label, which says for a loss whether it is logarithmic."""
        kind = "log" if self.log else "linear" if self.field.is_logarithmic else ""
        return f"{self.field.name} ({kind} scale)" if kind else self.field.name

    @property
    def extend(self) -> Literal["neither", "min", "max", "both"]:
        """Which ends of the colour bar are arrows, in matplotlib's words."""
        below, above = self.open_ends
        return ("both" if above else "min") if below else ("max" if above else "neither")

    @property
    def colour_map(self) -> Colormap:
        """The colours, from `low` to `high`."""
        return DEPTH if self.colours == OURS else colormaps[self.colours]

    @property
    def grey_map(self) -> Colormap:
        """Greys of the same lightness, where a map is not to be trusted."""
        return GREY if self.colours == OURS else greys_of(self.colour_map)

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


def colour_scale(atlas: Atlas, style: Style = AUTO) -> Scale:
    """Return the scale of the landscapes' colours, which show `shown_field`."""
    return shared_scale(atlas, shown_field(atlas, style), style)


def shown_field(atlas: Atlas, style: Style = AUTO) -> str:
    """Return the style's field; else that of the first topology, the training loss, or the first that is measured."""
    known = [name for map_ in atlas.maps for landscape in map_.landscapes.values() for name in landscape.fields]
    default = known[0] if known and SHOWN not in known else SHOWN
    return style.field or next((one.field for one in _topologies(atlas)), default)


def shared_scale(atlas: Atlas, key: str, style: Style = AUTO) -> Scale:
    """Return the scale of a field on every landscape of every map, with the ends that `spanning` finds.

    The style's limits are those of `shown_field`.
    """
    arrays = [
        np.concatenate([np.empty(0), *(one.fields[key] for one in map_.landscapes.values() if key in one.fields)])
        for map_ in atlas.maps
    ]
    threshold = min((one.threshold for one in _topologies(atlas) if one.field == key), default=0.0)
    own = style if key == shown_field(atlas, style) else evolve(style, limits=None)
    return spanning(arrays, atlas.field_of(key), own, threshold=threshold, members=atlas.truth.get(key))


def _topologies(atlas: Atlas) -> Iterator[Topology]:
    for map_ in atlas.maps:
        for named in map_.topologies.values():
            yield from named.values()


def spanning(
    arrays: Iterable[np.ndarray],
    field: Field,
    style: Style = AUTO,
    *,
    threshold: float = 0.0,
    members: np.ndarray | None = None,
) -> Scale:
    """Return the scale on which a field is drawn, its ends so that nothing single hides all else.

    A map's own high end is its highest value; if that is more than three times what 99 % of its samples do not exceed,
    the latter; and at most a hundred times the highest value of a member.
    The high end of all maps is the highest of these, except of maps that have exploded: whose high end is more than
    three times that of the map in the middle (of two, of the lower one). The low end is the lowest value.

    The topology takes two basins for one if their persistence is at most its threshold, and the colours must not tell
    them apart either: on a logarithmic scale, the low end is at least three tenths of the threshold, and the high end
    at least ten times it. A loss is drawn on a logarithmic scale if its ends are a decade apart. What lies beyond an
    end takes its colour, and is counted.

    Args:
        arrays: The field's values on each map, in any shape.
        field: The field; one that is not logarithmic spans all its values.
        style: Whose `limits` and `scale` come before the rule.
        threshold: Persistence threshold of the field's merge trees; 0 where there is none.
        members: The members' own values of the field.
    """
    maps = [values[np.isfinite(values)] for values in arrays]
    maps = [values for values in maps if len(values)]
    finite = np.concatenate([np.empty(0), *maps])
    wide = field.is_logarithmic and bool((finite > 0).any())
    high = _high_end(maps, members) if wide else float(finite.max(initial=-np.inf))
    linear = style.limits or ((float(finite.min()), high) if len(finite) else (0.0, 1.0))
    ratio = style.limits or _log_ends(finite, linear[1], threshold)
    log = ratio[0] > 0 and (style.scale == "log" or (style.scale == "auto" and wide and ratio[1] >= DECADE * ratio[0]))
    low, high = _apart(*(ratio if log else linear), log=log)
    if field.unit == SHARE.unit and style.limits is None:
        low, high = max(low, 0.0), min(high, 1.0)
    ends = (bool((finite < low).any()), bool((finite > high).any()))
    return Scale(field=field, low=low, high=high, log=log, open_ends=ends, colours=style.colours)


def _high_end(maps: Sequence[np.ndarray], members: np.ndarray | None) -> float:
    """Return the highest value among the maps that have not exploded."""
    known = np.empty(0) if members is None else members[np.isfinite(members)]
    worst = float(known.max(initial=0.0))
    most = HIGHEST * worst if worst > 0 else np.inf
    tops = sorted(min(_top(values), most) for values in maps)
    middle = tops[(len(tops) - 1) // 2]
    return max(top for top in tops if top <= max(EXPLODED * middle, middle))


def _top(values: np.ndarray) -> float:
    """Return a map's highest value, without a few samples that have exploded."""
    highest, usual = float(values.max()), float(np.quantile(values, ALL_BUT_FEW, method="lower"))
    return highest if usual <= 0 or highest <= EXPLODED * usual else usual


def _log_ends(finite: np.ndarray, high: float, threshold: float) -> tuple[float, float]:
    """Return the ends of a logarithmic scale, of which the lower is 0 where there can be none."""
    lowest = float(finite[finite > 0].min(initial=np.inf))
    if not np.isfinite(lowest) or high <= 0:
        return 0.0, high
    base = max(min(lowest, high), LOWEST * high)
    return max(base, FLOOR * threshold), max(high, CEILING * threshold)


def height_scale(colours: Scale, arrays: Iterable[np.ndarray], style: Style = AUTO) -> Scale:
    """Return the scale of the heights of profiles and surfaces, up to the high end of their colours.

    Heights are linear from the lowest value, since funnels, bowls and their depths are statements about linear heights;
    unless three quarters of the samples would lie in the lowest tenth. Then, and if the style says so, they are
    logarithmic, with the ends of the colours.

    Args:
        colours: Scale of the field's colours.
        arrays: The field's values, in any shape.
        style: Whose `limits` and `scale` come before the rule.
    """
    values = np.concatenate([np.empty(0), *arrays])
    finite = values[np.isfinite(values)]
    if not len(finite) or style.scale != "auto":
        return colours
    low = float(finite.min()) if style.limits is None else colours.low
    low, high = _apart(min(low, colours.high), min(colours.high, float(finite.max())), log=False)
    if colours.log and (np.clip(finite, low, high) < low + FLAT * (high - low)).mean() > MOST:
        return colours
    ends = (bool((finite < low).any()), bool((finite > high).any()))
    return evolve(colours, low=low, high=high, log=False, open_ends=ends)


def _apart(low: float, high: float, *, log: bool) -> tuple[float, float]:
    """Return two ends; a constant field still needs two."""
    if log:
        return (low, high) if high > low * (1 + 1e-9) else (low / 1.5, high * 1.5)
    room = max(0.5, 1e-9 * abs(low))
    return (low, high) if high > low else (low - room, high + room)


def include_ends(levels: np.ndarray) -> np.ndarray:
    """Return levels that take in the lowest and the highest value in spite of rounding."""
    levels[0], levels[-1] = np.nextafter(levels[0], -np.inf), np.nextafter(levels[-1], np.inf)
    return levels
