"""What a picture is drawn for: how wide it is shown, and the letters that can be read there."""

from typing import Any

from attrs import define

from globscope.spec.style import AUTO, Style

# Points of plain letters on the report's page, and in a column of a paper; the small ones have nine tenths of it.
LETTERS, SMALLEST = 9.5, 7.0
SMALL = 8.5 / 9.5
# Inches of a picture from which its letters are those of the page, and down to which they shrink.
WIDE, COLUMN = 6.5, 3.25


@define(frozen=True, kw_only=True)
class Sheet:
    """The width and the letters of one picture.

    Attributes:
        natural: Inches of its width on the report's page.
        width: Inches of its width.
        size: Points of its plain letters.
        families: Families of its letters, each where those before it lack a letter.
    """

    natural: float
    width: float
    size: float
    families: tuple[str, ...]

    @classmethod
    def of(cls, natural: float, style: Style) -> "Sheet":
        """Return the sheet of a picture that is `natural` inches wide on the report's page."""
        width = style.width or natural
        part = min(max((width - COLUMN) / (WIDE - COLUMN), 0.0), 1.0)
        size = LETTERS if style.width is None else SMALLEST + part * (LETTERS - SMALLEST)
        return cls(natural=natural, width=width, size=size, families=style.families)

    @property
    def share(self) -> float:
        """Inches of this picture for an inch on the page."""
        return self.width / self.natural

    @property
    def fit(self) -> float:
        """How many letters fit on a line, for each that fits on the page."""
        return self.share * LETTERS / self.size

    @property
    def letters(self) -> dict[Any, Any]:
        """The letters in matplotlib's words; those of formulas are of the same family."""
        small = self.size * SMALL
        sizes = {"legend.fontsize": small, "xtick.labelsize": small, "ytick.labelsize": small}
        return sizes | {"axes.labelsize": self.size, "font.size": self.size, "font.family": list(self.families)}


PAGE = Sheet.of(11.75, AUTO)
