"""One picture in a style: at a column's width, in a file of its own."""

import re

import matplotlib
import numpy as np
import pytest
from attrs import evolve
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from mpl_toolkits.mplot3d.art3d import Text3D
from support.maps import a_map, a_scatter, atlas_of, grid, texts

from globscope.errors import FileError, RunError
from globscope.report import KINDS, figure_of_kind, plot, write_figure
from globscope.report.map.relief import Relief
from globscope.report.style.labels import Name
from globscope.report.style.scale import colour_scale
from globscope.report.style.theme import as_pdf, as_png, house_style, sheet_of
from globscope.spec.style import Style
from globscope.store import claim

COLUMN = Style(size="column")
OF_PLANE = [kind for kind in KINDS if kind != "isosurfaces"]


def figure_of(kind, style=COLUMN):
    maps = [a_map("a map of some name"), a_map("b")]
    if kind == "isosurfaces":
        maps = [a_map("a volume", samples=grid(7, d=3), d=3)]
    return figure_of_kind(kind, atlas_of(*maps), style, maps[0])


def written(figure: Figure) -> list[Text]:
    """Return the texts that can be seen, once the figure is drawn."""
    as_png(figure)
    every = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    hidden = {id(label) for axes in figure.findobj(Axes) for axis in axes._axis_map.values() for label in _unseen(axis)}
    return [text for text in every if id(text) not in hidden]


def _unseen(axis):
    """Yield the labels of an axis that are not drawn: of one that is switched off, and beyond its ends."""
    low, high = sorted(axis.get_view_interval())
    room = 1e-6 * (high - low)
    for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
        if not (axis.axes.axison and low - room <= tick.get_loc() <= high + room):
            yield from (tick.label1, tick.label2)


def test_isosurfaces_leave_room_in_a_column_for_the_text():
    assert figure_of("isosurfaces").get_figheight() < 6


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_holds_at_the_width_of_a_column(kind):
    figure = figure_of(kind)
    assert figure.get_figwidth() == 3.25
    with house_style(sheet_of(figure)):
        letters = written(figure)
        assert min(text.get_fontsize() for text in letters) >= 6
        box = figure.bbox
        fixed = [text for text in letters if not isinstance(text, Name | Text3D)]
        extents = [text.get_window_extent() for text in fixed]
    for text, extent in zip(fixed, extents, strict=True):
        where = f"{text.get_text()!r} at {extent.extents} in {box.extents}"
        assert (extent.min >= box.min - 1).all(), where
        assert (extent.max <= box.max + 1).all(), where
    if kind in ("surface", "isosurfaces"):
        return  # names and numbers in space lie where the view puts them
    for number, extent in enumerate(extents):
        for other, text in zip(extents[:number], fixed[:number], strict=True):
            assert not _overlap(extent, other), f"{fixed[number].get_text()!r} lies on {text.get_text()!r}"


def _overlap(one, other) -> bool:
    """Whether two boxes share more than their edges; a descender may touch the line below it."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return width > 1 and height > 0.25 * min(one.height, other.height)


@pytest.mark.parametrize("kind", ["landscape", "profile", "tree"])
def test_a_pdf_embeds_its_letters_as_truetype(kind):
    content = as_pdf(figure_of(kind))
    assert content.startswith(b"%PDF")
    fonts = re.findall(rb"/Subtype /(Type0|Type1|Type3|TrueType)\b", content)
    assert set(fonts) <= {b"Type0", b"TrueType"}
    assert content.count(b"/FontFile2") == len(re.findall(rb"/Type /FontDescriptor", content)) > 0
    assert b"/CreationDate" not in content


def test_a_pdf_is_the_same_bytes_each_time():
    assert as_pdf(figure_of("tree")) == as_pdf(figure_of("tree"))


def test_letters_are_of_the_first_family_that_is_installed():
    figure = plot(a_map(), fonts=["No Such Font", "DejaVu Serif"])
    families = {text.get_fontfamily()[0] for text in figure.findobj(Text) if text.get_text()}
    assert families == {"DejaVu Serif"}
    assert b"DejaVuSerif" in as_pdf(figure)


def test_a_picture_leaves_the_users_settings_as_they_were():
    before = dict(matplotlib.rcParams)
    as_pdf(figure_of("landscape"))
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(("size", "width"), [("column", 3.25), ("double", 6.75), (5.0, 5.0)])
def test_a_size_is_the_width_in_inches(size, width):
    assert figure_of("landscape", Style(size=size)).get_figwidth() == width


def test_panels_stack_where_three_do_not_fit():
    maps = [a_map(name) for name in "abc"]
    shown = [figure_of_kind("overview", atlas_of(*maps), Style(size=size), maps[0]) for size in (3.25, 6.75, 12.0)]
    across = [len({axes.get_subplotspec().colspan.start for axes in one.axes[:3]}) for one in shown]
    assert across == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a.jpg", "a.jpg: a figure is written as .pdf, .svg, .png, which its suffix says"),
        ("no/a.pdf", "no/a.pdf: there is no folder "),
        ("run/a.pdf", "run/a.pdf: lies in a folder that GlobScope writes and cleans; choose a place outside of it"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused(tmp_path, name, problem):
    claim(tmp_path / "run", "study")
    (tmp_path / "run" / "files.jsonl").touch()
    with pytest.raises(FileError, match=re.escape(problem)):
        write_figure(Figure(), tmp_path / name)


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("landscap", "there is no kind of figure 'landscap'; did you mean 'landscape'?"),
        ("isosurfaces", "kind 'isosurfaces' needs a landscape over 3 latent axes; map 'one' has 2 axes"),
    ],
)
def test_a_figure_that_there_is_not_is_refused(kind, problem):
    drawn = a_map()
    with pytest.raises(RunError) as refused:
        figure_of_kind(kind, atlas_of(drawn), Style(), drawn)
    assert str(refused.value) == problem


@pytest.mark.parametrize("kind", ["tree", "profile", "network", "surface"])
def test_a_map_without_a_landscape_has_no_such_figure(kind):
    drawn = a_scatter("mds", "it cannot decode")
    with pytest.raises(RunError, match=r"map 'mds' has no (tree|merge tree|landscape)"):
        figure_of_kind(kind, atlas_of(drawn), Style(), drawn)


# --- a surface in space -----------------------------------------------------------------------------


def test_a_surface_rises_to_its_values_and_is_grey_where_it_is_not_trusted():
    trusted = np.arange(121) % 11 < 6
    drawn = a_map(trusted=trusted)
    scale = colour_scale(atlas_of(drawn))
    relief = Relief.of(drawn.landscape, scale, evolve(scale, log=False, low=0.0, high=2.0), cropped=False)
    assert len(relief.corners) == 100
    assert relief.trusted.sum() == 10 * 5
    points = {tuple(corner[:2]): corner[2] for face in relief.corners for corner in face}
    losses = dict(zip(map(tuple, drawn.landscape.samples.points), drawn.landscape.fields["train_loss"], strict=True))
    assert points == pytest.approx({point: loss / 2 for point, loss in losses.items()}, rel=1e-12)
    cropped = Relief.of(drawn.landscape, scale, scale, cropped=True)
    assert len(cropped.corners) == relief.trusted.sum()


def test_a_surface_has_holes_where_a_loss_is_not_finite():
    values = np.linspace(0.5, 2, 121)
    values[60] = np.nan
    drawn = a_map(values=values)
    scale = colour_scale(atlas_of(drawn))
    assert len(Relief.of(drawn.landscape, scale, scale, cropped=False).corners) == 100 - 4


@pytest.mark.parametrize(("scale", "says"), [("linear", "on a linear scale"), ("log", "on a logarithmic scale")])
def test_a_surface_says_how_its_heights_are_scaled(scale, says):
    figure = figure_of("surface", Style(scale=scale))
    assert any(f"Height is training loss, {says}." in text for text in texts(figure))


# --- the trusted region -----------------------------------------------------------------------------


def test_a_cropped_map_shows_its_trusted_region_and_the_whole_as_an_inset():
    points = grid().points
    drawn = a_map(trusted=(points < 0).all(axis=1))
    axes = plot(drawn, crop="trusted").axes[0]
    low, high = axes.viewLim.min, axes.viewLim.max
    assert (low == -1).all()
    assert ((points[drawn.landscape.trusted].max(axis=0) <= high) & (high < 0.1)).all()
    (inset,) = axes.child_axes
    np.testing.assert_array_equal(inset.viewLim.extents, [-1, -1, 1, 1])
    seen = [name for name in axes.findobj(Name) if name.get_visible()]
    assert all(axes.viewLim.contains(*name.xy) for name in seen)


def test_a_map_that_is_trusted_as_a_whole_is_not_cut():
    axes = plot(a_map(), crop="trusted").axes[0]
    assert axes.child_axes == []
    assert axes.get_xlim() == (-1, 1)
