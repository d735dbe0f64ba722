"""How pictures look, declared once: the table [report] of a spec, and the arguments of what draws from Python."""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from attrs import define, field as option, fields
from attrs.validators import deep_iterable, optional

from globscope.errors import RunError
from globscope.spec.paths import InvalidError
from globscope.spec.structure import converter
from globscope.spec.validators import name_like, not_empty

# Widths in inches: of the report's page, and of one and two columns of a paper.
WIDTHS: Mapping[str, float] = {"page": 11.75, "column": 3.25, "double": 6.75}
NARROWEST, WIDEST = 2.5, 40.0
# Our own colour map, from deep water to sand, and our letters, which come with matplotlib.
DEPTH, LETTERS = "depth", "DejaVu Sans"


def refuse_falling(_: Any, attribute: Any, value: Any) -> None:
    """Refuse limits of which the first is not the lower one."""
    if value is not None and not value[0] < value[1]:
        raise ValueError(f"{attribute.name} must rise")


def known_colours(_: Any, attribute: Any, value: Any) -> None:
    """Refuse the name of a colour map that matplotlib does not have."""
    if value == DEPTH:
        return
    from matplotlib import colormaps

    if value not in colormaps:
        close = get_close_matches(value, [DEPTH, *colormaps], 1)
        hint = f" (near: {close[0]!r})" if close else ""
        raise ValueError(f"{attribute.name} must be 'depth' or a colour map of matplotlib{hint}")


def known_letters(_: Any, attribute: Any, value: Any) -> None:
    """Refuse families of letters none of which is installed."""
    families = (value,) if isinstance(value, str) else value
    if families and LETTERS not in families and not installed_families(families):
        raise ValueError(f"{attribute.name} names no font that is installed")


def installed_families(families: tuple[str, ...]) -> tuple[str, ...]:
    """Return those of some families of letters, or of matplotlib's generic ones, that matplotlib finds."""
    from matplotlib.font_manager import FontProperties, font_family_aliases, fontManager

    known = {entry.name for entry in fontManager.ttflist} | {*font_family_aliases}
    return tuple(family for family in families if family in known and FontProperties(family=family))


def readable_width(_: Any, attribute: Any, value: Any) -> None:
    """Refuse a width that no letter fits, or no page."""
    if isinstance(value, float) and not NARROWEST <= value <= WIDEST:
        raise ValueError(f"{attribute.name} must be from {NARROWEST:g} to {WIDEST:g} inches")


def some_runs(_: Any, attribute: Any, value: Any) -> None:
    """Refuse a negative number of runs, and names that no run can have."""
    if isinstance(value, int) and value < 0:
        raise ValueError(f"{attribute.name} must be >= 0")
    if isinstance(value, tuple):
        not_empty(_, attribute, value)
        deep_iterable(name_like)(_, attribute, value)


@define(frozen=True, kw_only=True)
class Style:
    """How the pictures of a study look; no stage depends on it, so a change only draws them again.

    Attributes:
        field: Field that the colours show, such as `test_loss`; if unset, that of the first topology, or else
            `train_loss`, or else the first that is measured.
        figure: Figure of the networks' table that the colours of the runs' points show, such as `learning rate`; if
            unset, every run has a colour of its own.
        limits: Lowest and highest value of this field with a colour and a height of its own; if unset, they follow from
            the samples of all maps and from the topology's threshold.
        scale: Scale of colours and heights: `linear`, `log`, or `auto`, which is logarithmic for losses that span more
            than a decade.
        colours: Colour map of the landscapes: `depth`, which is GlobScope's, or any of matplotlib, such as `viridis`.
        surface: Whether the report also shows each landscape over two latent axes as a surface in space.
        crop: What of a map is drawn: the `whole`, or its `trusted` region, with the whole map as an inset.
        labels: Which runs are named: by `ends`, the best, the worst and those that end farthest apart, at most 24;
            `all` that have room; `none`; so many; or the runs of these names.
        size: Width of a picture: `page` is what the report has room for, `column` (3.25 inches) and `double` (6.75
            inches) are those of a paper; or a number of inches.
        fonts: Name of a font, or of several of which the first that is installed is used.
    """

    field: str | None = option(default=None, validator=optional(name_like))
    figure: str | None = option(default=None, validator=optional(name_like))
    limits: tuple[float, float] | None = option(default=None, validator=optional(refuse_falling))
    scale: Literal["auto", "linear", "log"] = "auto"
    colours: str = option(default=DEPTH, validator=known_colours)
    surface: bool = False
    crop: Literal["whole", "trusted"] = "whole"
    labels: Literal["ends", "all", "none"] | int | tuple[str, ...] = option(default="ends", validator=some_runs)
    size: Literal["page", "column", "double"] | float = option(default="page", validator=readable_width)
    fonts: str | tuple[str, ...] = option(default=LETTERS, validator=known_letters)

    def __attrs_post_init__(self) -> None:
        if self.scale == "log" and self.limits is not None and self.limits[0] <= 0:
            raise ValueError("limits of scale = 'log' must be above 0")

    @property
    def width(self) -> float | None:
        """Width of every picture in inches; None if it is what the report has room for."""
        if self.size == "page":
            return None
        return WIDTHS[self.size] if isinstance(self.size, str) else float(self.size)

    @property
    def families(self) -> tuple[str, ...]:
        """The families of letters that are used, each where those before it lack a letter."""
        named = (self.fonts,) if isinstance(self.fonts, str) else self.fonts
        chosen = named if named == (LETTERS,) else installed_families(named)
        return tuple(dict.fromkeys((*chosen[:1], LETTERS)))

    def evolve(self, options: Mapping[str, Any]) -> "Style":
        """Return this style with some options of another value, as they are given from Python.

        Raises:
            RunError: An option does not exist, or cannot have its value.
        """
        known = {one.name: getattr(self, one.name) for one in fields(Style)}
        given = {name: value for name, value in {**known, **options}.items() if value is not None}
        listed = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
        return _structure(listed)


def _structure(options: Mapping[str, Any]) -> Style:
    try:
        style: Style = converter(Path()).structure(options, Style)
    except InvalidError as invalid:
        raise RunError(
            "; ".join(f"{place}: {text}" if place else text for place, text in invalid.problems)
        ) from invalid
    return style


# What an empty table says.
AUTO = Style()
