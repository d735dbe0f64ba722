"""The style of all pictures, and their files, which are the same bytes each time."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
from attrs import define
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patheffects import AbstractPathEffect, Stroke, withStroke

from globscope.errors import FileError
from globscope.report.style.digest import figure_digest
from globscope.report.style.palette import EDGE, FAINT, INK, RIM
from globscope.report.style.sheet import LETTERS, PAGE, Sheet
from globscope.report.style.text import figure_text, wrap_sentences
from globscope.roles import Workers
from globscope.spec.style import AUTO, WIDTHS, Style
from globscope.store import keep_written, recorded_folder, write_bytes
from globscope.values.chart import Progress

# Dots in an inch: of the report, and of a figure that goes into print.
DPI, PRINT = 170, 300
# Inches of a panel, below which fewer stand side by side.
NARROW = 3.0
# A narrower picture is lower by so high a power only, for its letters need as much room.
SQUAT = 0.7
# Where fewer panels stand side by side than on the page, the colour bar takes a larger share of a panel.
ALONE = 1.3
# Of a line's letters, what is left of it in a narrower picture, where the axis takes a larger share.
BESIDE = 0.88
# Letters of a title for each of the small ones below it.
BOLD = 0.62

# User settings (LaTeX text, other fonts) would change the bytes, or need programs that are not there.
STYLE: dict[Any, Any] = {
    "axes.edgecolor": "#8a929c",
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "grid.color": "#f7f8f9",
    "grid.linewidth": 0.8,
    "hatch.color": INK,
    "hatch.linewidth": 0.7,
    "legend.edgecolor": "none",
    "legend.framealpha": 0.0,
    "svg.hashsalt": "globscope",
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
}


@contextmanager
def house_style(sheet: Sheet = PAGE) -> Iterator[None]:
    """Draw in our style whatever the user's matplotlibrc says, and leave theirs as it was.

    The letters are those of the `sheet`; a `Picture` that is made inside brings its own.
    """
    with matplotlib.rc_context(), warnings.catch_warnings():
        # A variant named in a script that the font lacks is drawn as boxes; the page spells it right.
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE | sheet.letters)
        yield


def in_points(size: float) -> float:
    """Return a size of letters or marks, in points on the report's page, as the picture that is drawn has it."""
    return size * float(matplotlib.rcParams["font.size"]) / LETTERS


def halo(width: float = 3.4, colour: str = RIM) -> list[AbstractPathEffect]:
    """Return a stroke around a line or a letter, so that it reads on any colour."""
    return [withStroke(linewidth=width, foreground=colour)]


def casing(width: float) -> list[AbstractPathEffect]:
    """Return a white rim of a dark line or mark with a thin dark one around it; `width` is that of the white one."""
    return [Stroke(linewidth=width + 0.8, foreground=EDGE), withStroke(linewidth=width, foreground=RIM)]


def write_headline(axes: Axes, title: str, sentences: Iterable[str], width: int, longest: int = 80) -> None:
    """Write a picture's title, cut to `longest` characters, and below it sentences on lines of `width` characters.

    Both are meant for the width that the picture has on the report's page.
    """
    sheet = sheet_of(axes.get_figure(root=True))
    fit = sheet.fit if sheet.share == 1 else BESIDE * sheet.fit
    short = longest if sheet.share == 1 else min(longest, int(BOLD * width * fit))
    write_heading(axes, figure_text(title, short), wrap_sentences(sentences, int(width * fit)))


def write_heading(axes: Axes, title: str, below: str, size: float = 12) -> None:
    """Write a title, and in smaller letters below it what exactly is shown."""
    lines = len(below.splitlines())
    pad = in_points(10 + 11.5 * lines)
    axes.set_title(title, loc="left", fontsize=in_points(size), fontweight="bold", pad=pad)
    note = axes.annotate(below, (0, 1), (0, 8), "axes fraction", "offset points", va="bottom")
    # The title above keeps the room for it; its width may pass the panel's edge.
    note.set(fontsize=in_points(8.5), color=FAINT, linespacing=1.15, in_layout=False)


def write_centred(axes: Axes, text: str) -> None:
    """Write in the middle of a panel why it is empty."""
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=FAINT)


class Picture(Figure):
    """A figure that a notebook shows by itself, without pyplot.

    Attributes:
        sheet: What it is drawn for.
    """

    def __init__(self, width: float, height: float, style: Style = AUTO, **options: Any) -> None:
        """Begin one that is so many inches wide and high on the report's page, in its own letters."""
        self.sheet = Sheet.of(width, style)
        matplotlib.rcParams.update(self.sheet.letters)
        size = self.sheet.width, height * self.sheet.share**SQUAT
        super().__init__(figsize=size, **{"layout": "constrained"} | options)

    def _repr_png_(self) -> bytes:
        return as_png(self)


def panel_grid(count: int, style: Style = AUTO, single: float = 5.4) -> tuple[Picture, list[Axes], int]:
    """Return a figure, its panels, and how many of them stand side by side: three where it is wide enough.

    Args:
        count: Number of panels.
        style: How the picture looks.
        single: Inches that a single panel is wide on the report's page.
    """
    most = max(1, min(count, 3))
    page = (single, 10.8, WIDTHS["page"])[most - 1]
    across = max(1, min(most, int((style.width or page) // NARROW)))
    down = max(1, -(-count // across))
    natural = page if across == most else page / most * across * ALONE
    figure = Picture(natural, down * page / most + 0.4, style)
    return figure, [figure.add_subplot(down, across, k + 1) for k in range(count)], across


def sheet_of(figure: Any) -> Sheet:
    """Return what a figure is drawn for; the report's page unless it says."""
    return figure.sheet if isinstance(figure, Picture) else PAGE


def as_png(figure: Figure) -> bytes:
    """Return a figure as PNG, without a date or a version."""
    buffer = BytesIO()
    with house_style(sheet_of(figure)):
        FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def as_svg(figure: Figure) -> bytes:
    """Return a figure as SVG, without a date."""
    buffer = BytesIO()
    with house_style(sheet_of(figure)):
        FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def as_pdf(figure: Figure) -> bytes:
    """Return a figure as PDF with its fonts embedded as TrueType, without a date or a version."""
    buffer = BytesIO()
    with house_style(sheet_of(figure)):
        matplotlib.rcParams["pdf.fonttype"] = 42
        figure.set_dpi(PRINT)  # of what is drawn as pixels
        unnamed = {"CreationDate": None, "Creator": None, "Producer": None}
        FigureCanvasPdf(figure).print_pdf(buffer, metadata=unnamed)  # type: ignore[no-untyped-call]
    return buffer.getvalue()


FORMATS: Mapping[str, Callable[[Figure], bytes]] = {".pdf": as_pdf, ".svg": as_svg, ".png": as_png}


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure to a file of its own, in the format that the suffix says.

    Raises:
        FileError: There is no such format or folder, or the file lies in a run folder.
    """
    if path.suffix.lower() not in FORMATS:
        raise FileError(f"{path}: a figure is written as {', '.join(FORMATS)}, which its suffix says")
    if not path.absolute().parent.is_dir():
        raise FileError(f"{path}: there is no folder {path.parent}")
    if recorded_folder(path.absolute()) is not None:
        raise FileError(f"{path}: lies in a folder that GlobScope writes and cleans; choose a place outside of it")
    figure.set_dpi(PRINT)
    write_bytes(path.absolute(), FORMATS[path.suffix.lower()](figure))


def render(figure: Figure) -> tuple[bytes, bytes]:
    """Return a figure as PNG and SVG."""
    figure.set_dpi(DPI)  # which a figure from another process has lost
    # The canvases draw once each where `savefig` draws twice; half of a report's time is spent here.
    png = as_png(figure)
    # The layout is solved; solving it again would cost time and could move things by a pixel.
    figure.set_layout_engine("none")
    return png, as_svg(figure)


def save(figure: Figure, folder: Path, stem: str) -> None:
    """Write a figure as PNG and SVG, unless an equal one was written there and still lies there."""
    drawing = Drawing.of(figure, folder, stem)
    if drawing is not None:
        drawing.write(render(figure))


@define(frozen=True)
class Drawing:
    """A figure that is to be drawn.

    Attributes:
        figure: Its axes, texts and size, as matplotlib knows them.
        path: Path of its files without the suffix.
        digest: Digest of what it shows; empty if it cannot be pickled.
    """

    figure: Figure
    path: Path
    digest: str

    @classmethod
    def of(cls, figure: Figure, folder: Path, stem: str) -> "Drawing | None":
        """Return what is to be drawn; None if an equal figure lies there."""
        figure.set_dpi(DPI)
        drawing = cls(figure, folder / stem, figure_digest(figure, STYLE))
        return None if all(keep_written(path, drawing.digest) for path in drawing.files) else drawing

    @property
    def files(self) -> tuple[Path, Path]:
        """The paths of the PNG and the SVG."""
        return self.path.with_name(f"{self.path.name}.png"), self.path.with_name(f"{self.path.name}.svg")

    def write(self, contents: tuple[bytes, bytes]) -> None:
        """Write the bytes of both files."""
        for path, content in zip(self.files, contents, strict=True):
            write_bytes(path, content, made_from=self.digest)

    def __str__(self) -> str:
        """Return its name, for messages."""
        return f"figure {self.path.name}"


def draw_side_by_side(drawings: Sequence[Drawing], workers: Workers) -> None:
    """Let workers draw figures, the bytes of which are the same wherever they are drawn."""
    for drawing in drawings:
        if not drawing.digest:  # it cannot be sent
            drawing.write(render(drawing.figure))
    for drawing, contents in workers.map(_renderer, None, [drawing for drawing in drawings if drawing.digest]):
        drawing.write(contents)


def _renderer(shared: None) -> Callable[[Drawing, Progress], tuple[bytes, bytes]]:
    del shared
    return _render_drawing


def _render_drawing(drawing: Drawing, progress: Progress) -> tuple[bytes, bytes]:
    del progress
    return render(drawing.figure)
