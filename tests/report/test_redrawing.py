"""Figures are drawn only if what they show, or the style, has changed."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from globscope.report import plot, write_report
from globscope.report.style import digest, palette, theme
from globscope.report.style.digest import figure_digest
from globscope.report.style.theme import Drawing, draw_side_by_side
from globscope.store import claim, remove_stale, times_written
from globscope.testing.tiny.atlas import tiny_atlas
from globscope.values.chart import Progress
from globscope.workers import ThisProcess

FILES = ("figures/a.png", "figures/a.svg")


def figure(height=1.0):
    made = theme.Picture(2, 2, layout="none")
    axes = made.add_subplot()
    axes.imshow(np.arange(4.0).reshape(2, 2) * height, cmap=palette.DEPTH)
    axes.set_title(f"height {height}")
    return made


@pytest.fixture
def folder(tmp_path):
    claim(tmp_path, "study")
    (tmp_path / "figures").mkdir()
    theme.save(figure(), tmp_path / "figures", "a")
    return tmp_path


@pytest.fixture
def drawn(monkeypatch):
    """The forms in which figures are drawn."""
    drawn = []
    for name in ("as_png", "as_svg"):
        draw = getattr(theme, name)
        monkeypatch.setattr(theme, name, lambda made, name=name, draw=draw: drawn.append(name) or draw(made))
    return drawn


def states(folder):
    return [((folder / name).read_bytes(), (folder / name).stat().st_mtime_ns) for name in FILES]


def test_a_figure_with_equal_content_is_not_drawn_again_and_stays(folder, drawn):
    before, times = states(folder), times_written(folder)
    theme.save(figure(), folder / "figures", "a")
    assert drawn == []
    assert states(folder) == before
    remove_stale(folder, times, ["figures"])
    assert states(folder) == before
    theme.save(figure(), folder / "figures", "a")  # the list, which was written anew, knows it still
    assert drawn == []


def test_what_no_report_shows_any_more_is_removed_as_ever(folder):
    remove_stale(folder, times_written(folder), ["figures"])
    assert not any((folder / name).exists() for name in FILES)


def test_another_content_is_drawn(folder, drawn):
    before = states(folder)
    theme.save(figure(2.0), folder / "figures", "a")
    assert drawn == ["as_png", "as_svg"]
    assert all(one[0] != two[0] for one, two in zip(before, states(folder), strict=True))


@pytest.mark.parametrize(
    "change",
    [
        lambda patch: patch.setitem(theme.STYLE, "hatch.linewidth", 2.0),
        lambda patch: patch.setattr(theme, "DPI", 90),
        lambda patch: patch.setattr(digest, "version", lambda name: "0.1"),
        lambda patch: patch.setattr(digest, "_source", lambda: "other"),
    ],
    ids=["style", "resolution", "version of a library", "source of the style"],
)
def test_another_style_or_version_draws_it_again(folder, drawn, monkeypatch, change):
    change(monkeypatch)
    theme.save(figure(), folder / "figures", "a")
    assert drawn == ["as_png", "as_svg"]


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_or_missing_figure_is_drawn_again(folder, drawn, name):
    before = states(folder)
    (folder / name).write_bytes(b"edited")
    theme.save(figure(), folder / "figures", "a")
    (folder / name).unlink()
    theme.save(figure(), folder / "figures", "a")
    assert drawn == ["as_png", "as_svg"] * 2
    assert [content for content, _ in states(folder)] == [content for content, _ in before]


def test_the_digest_does_not_depend_on_what_was_drawn_before():
    before = figure_digest(figure())
    theme.as_png(figure())
    assert figure_digest(figure()) == before
    assert figure_digest(figure(), {"a": 1}) != before


def test_a_maps_picture_has_the_same_digest_in_every_process():
    script = (
        "from globscope.report import plot\n"
        "from globscope.report.style.digest import figure_digest\n"
        "from globscope.testing.tiny.atlas import tiny_atlas\n"
        "print(figure_digest(plot(tiny_atlas().maps[0], tiny_atlas())), end='')"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "1"}
    other = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True, text=True)
    assert other.stdout == figure_digest(plot(tiny_atlas().maps[0], tiny_atlas()))
    assert other.stdout


class OtherProcess:
    """Workers to which everything travels as a pickle."""

    count = 2

    def map(self, prepare, shared, items):
        work = pickle.loads(pickle.dumps(prepare))(shared)
        return [(item, work(pickle.loads(pickle.dumps(item)), Progress())) for item in items]


def test_what_other_processes_draw_has_the_same_bytes(tmp_path):
    drawings = []
    for place, workers in (("here", ThisProcess()), ("there", OtherProcess())):
        claim(tmp_path / place, "study")
        drawings = [
            Drawing.of(plot(tiny_atlas().maps[0], tiny_atlas()), tmp_path / place, "map"),
            Drawing.of(unpicklable(), tmp_path / place, "other"),
        ]
        assert [bool(drawing.digest) for drawing in drawings] == [True, False]
        draw_side_by_side(drawings, workers)
    for path in (path for drawing in drawings for path in drawing.files):
        assert path.read_bytes() == (tmp_path / "here" / path.name).read_bytes()


@pytest.mark.slow
def test_a_report_of_several_workers_is_that_of_one(tmp_path):
    for place, workers in (("here", ThisProcess()), ("there", OtherProcess())):
        write_report(tmp_path / place, title="tiny", atlas=tiny_atlas(), findings={}, record={}, workers=workers)
    here, there = ({p.name: p.read_bytes() for p in (tmp_path / place).rglob("*.*g")} for place in ("here", "there"))
    assert here == there
    assert "overview.png" in here


def unpicklable():
    made = figure()
    made.axes[0].xaxis.set_major_formatter(lambda value, place: "")
    return made


def test_a_figure_that_cannot_be_pickled_has_no_digest_and_is_always_drawn(folder, drawn):
    for _ in range(2):
        theme.save(unpicklable(), folder / "figures", "a")
    assert drawn == ["as_png", "as_svg"] * 2
