"""The colours of a figure that a table has of networks, such as a learning rate: rising numbers, or kinds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np
from attrs import define

from globscope.report.style.palette import FIGURES, UNKNOWN, VARIANTS
from globscope.values.number import number

# Numbers from this ratio of the largest to the smallest on have their colours on a logarithmic scale.
WIDE = 10
# Kinds with a colour of their own, the most frequent ones; numbers that the key names.
KINDS, NAMED = 7, 4
MISSING, OTHERS = "not known", "another"


@define(frozen=True, kw_only=True)
class FigureColours:
    """The colours of a figure.

    Attributes:
        name: The figure's name, a column of the table.
        of_members: (N,) colours of the members.
        key: Some of its values in words, with their colours.
    """

    name: str
    of_members: tuple[str, ...]
    key: Mapping[str, str]


def figure_colours(name: str, figures: Sequence[Mapping[str, float | str]]) -> FigureColours:
    """Return the colours of a figure; `figures` are those of each member.

    Numbers rise from dark to bright; those that are missing or not finite have the colour of what is not known. Of
    texts, the most frequent ones have a colour each.
    """
    values = [one.get(name) for one in figures]
    if any(isinstance(value, str) for value in values):
        return _of_kinds(name, [None if value is None else str(value) for value in values])
    numbers = [float(v) if v is not None and isfinite(float(v)) else None for v in values]
    return _of_numbers(name, numbers)


def _of_kinds(name: str, values: Sequence[str | None]) -> FigureColours:
    counts = Counter(value for value in values if value is not None)
    named = sorted(kind for kind, _ in counts.most_common(KINDS))
    key = {kind: VARIANTS[place] for place, kind in enumerate(named)}
    key |= {OTHERS: VARIANTS[KINDS]} if len(counts) > KINDS else {}
    key |= {MISSING: UNKNOWN} if None in values else {}
    colours = (MISSING if value is None else value if value in named else OTHERS for value in values)
    return FigureColours(name=name, of_members=tuple(key[kind] for kind in colours), key=key)


def _of_numbers(name: str, values: Sequence[float | None]) -> FigureColours:
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    log = low > 0 and high >= WIDE * low
    ticks = np.geomspace(low, high, NAMED) if log else np.linspace(low, high, NAMED)
    key = {number(tick): _shade(tick, low, high, log=log) for tick in (ticks.tolist() if known else [])}
    key |= {MISSING: UNKNOWN} if None in values else {}
    colours = (UNKNOWN if value is None else _shade(value, low, high, log=log) for value in values)
    return FigureColours(name=name, of_members=tuple(colours), key=key)


def _shade(value: float, low: float, high: float, *, log: bool) -> str:
    if high <= low:
        return FIGURES[0]
    share = np.log(value / low) / np.log(high / low) if log else (value - low) / (high - low)
    return FIGURES[round(float(np.clip(share, 0, 1)) * (len(FIGURES) - 1))]
