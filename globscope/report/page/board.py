"""The page of several runs: a table with links to their reports, pictures over all of them, further tables."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import asdict, define

from globscope.report.page.embedded import EmbeddedPictures
from globscope.report.page.gallery import Shown
from globscope.report.page.html import environment
from globscope.values.findings import Cell, Table


@define(frozen=True, kw_only=True)
class Row:
    """One run of the table.

    Attributes:
        name: Name of the run.
        link: Relative path of its report; empty if there is none.
        figures: Values by column.
    """

    name: str
    link: str
    figures: Mapping[str, Cell]


@define(frozen=True, kw_only=True)
class Part:
    """A part of the page below the table.

    Attributes:
        title: Heading of the part.
        text: Paragraph below the heading.
        pictures: Pictures in the page's order.
        tables: Each with the path of its CSV file.
        csv: Relative path of the file with the pictures' figures; empty if there is none.
    """

    title: str
    text: str = ""
    pictures: tuple[Shown, ...] = ()
    tables: tuple[tuple[Table, str], ...] = ()
    csv: str = ""


@define(frozen=True, kw_only=True)
class Board:
    """What the page shows.

    Attributes:
        title: Heading of the page.
        kicker: Kind of page, in a line above the heading.
        sentences: Introduction below the heading.
        warnings: Sentences that a reader must not miss.
        columns: Keys of the table's columns, in order.
        names: What people call columns and figures, by key; others are called by their words.
        rows: Rows of the table.
        reading: Note on how to read the table.
        csv: Relative path of the file with every figure.
        lead: Parts of the page above the table.
        parts: Parts of the page below the table.
        explorer: Relative path of the runs' explorer; empty if there is none.
        spec: Text of the spec; empty if there is none.
    """

    title: str
    kicker: str
    sentences: Sequence[str]
    warnings: Sequence[str]
    columns: Sequence[str]
    names: Mapping[str, str]
    rows: Sequence[Row]
    reading: str
    csv: str
    lead: Sequence[Part] = ()
    parts: Sequence[Part]
    explorer: str = ""
    spec: str = ""

    def html(self, folder: Path) -> str:
        """Return the page with the pictures of its folder in it; whatever comes from a spec or a plugin is escaped."""
        pictures = EmbeddedPictures.of(folder, (shown for part in (*self.lead, *self.parts) for shown in part.pictures))
        template = environment(self.names, pictures).get_template("board.html.j2")
        return template.render(asdict(self, recurse=False), note=pictures.note)
