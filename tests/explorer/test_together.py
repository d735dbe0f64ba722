"""Explorers read back from their pages: several runs on one page, in a notebook's frame, and opened by a command."""

import json
import shutil
import webbrowser

import pytest
from attrs import evolve
from support.commands import assert_refused, run
from support.explorer import Decoded
from support.maps import a_map, atlas_of
from support.study import TINY, blank_pictures, study_in

from globscope import load
from globscope.errors import FileError, RunError
from globscope.report.explorer.frame import Frame
from globscope.report.explorer.page import write_explorer, write_explorers
from globscope.report.explorer.read import read_explorer
from globscope.store import claim


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    """Two finished runs of one name, with different losses: one and its copy by another seed."""
    folder = tmp_path_factory.mktemp("runs")
    with blank_pictures():
        for place, seed in (("one", 0), ("other", 1)):
            (folder / place).mkdir()
            study_in(folder / place, TINY, f"seed={seed}").run()
    return folder / "one/run", folder / "other/run"


def a_page(folder, atlas=None, title="study"):
    folder.mkdir(exist_ok=True)
    claim(folder, "study")
    return write_explorer(folder, title, atlas or atlas_of(a_map()), {}, {})


def decoded(study):
    return Decoded(study.data, study.data["places"], study.content)


def test_what_is_read_back_from_a_page_is_what_was_written_there(tmp_path):
    atlas = atlas_of(a_map("</script><b>"), a_map("two"))
    [study] = read_explorer(a_page(tmp_path, atlas))
    found, wanted = decoded(study), Decoded.of(atlas)
    assert {key: value for key, value in study.data.items() if key not in ("places", "title")} == {
        key: value for key, value in wanted.study.items() if key != "title"
    }
    assert study.data["places"] == wanted.places
    assert found.content == wanted.content


def test_two_runs_of_one_name_are_apart_on_one_page(two_runs, tmp_path):
    found = run("compare", *two_runs, "--explorer", "--out", tmp_path / "both")
    assert found.exit_code == 0, found.output
    studies = read_explorer(tmp_path / "both/explorer.html")
    assert [study.data["title"] for study in studies] == ["one/run", "other/run"]
    for study, folder in zip(studies, two_runs, strict=True):
        [own] = read_explorer(folder / "explorer.html")
        assert study.content == own.content
        assert study.data["maps"] == own.data["maps"]
    assert studies[0].content != studies[1].content
    assert 'href="explorer.html"' in (tmp_path / "both/comparison.html").read_text("utf-8")


def test_an_explorer_of_many_runs_that_is_too_large_is_warned_of(two_runs, tmp_path, monkeypatch):
    monkeypatch.setattr("globscope.report.explorer.page.LARGE", 1000)
    found = run("compare", *two_runs, "--explorer", "--out", tmp_path / "both")
    assert found.stderr.startswith(f"warning: {tmp_path / 'both/explorer.html'} has 0 MB: ")


def test_a_comparison_without_an_explorer_has_no_link_to_one(two_runs, tmp_path):
    assert run("compare", *two_runs, "--out", tmp_path / "both").exit_code == 0
    assert not (tmp_path / "both/explorer.html").exists()
    assert "explorer.html" not in (tmp_path / "both/comparison.html").read_text("utf-8")


def test_an_explorer_of_several_runs_needs_a_folder(two_runs):
    assert_refused(
        run("compare", *two_runs, "--explorer"), "--explorer needs --out, the folder to write the page to"
    )  # fmt: skip


def tampered(path, change):
    """A page whose study was changed."""
    [study] = read_explorer(path)
    data = json.loads(json.dumps(study.data))
    change(data)
    return write_explorers(path.parent, "study", [(data, study.content)])


WHAT = "expected an explorer.html that `globscope study` wrote"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data.update(format=0), "is of another version of GlobScope (format 0, where 1 is read); "),
        (lambda data: data.pop("format"), "is of another version of GlobScope (format None, where 1 is read); "),
        (lambda data: data.pop("maps"), f"is damaged, or no explorer; {WHAT}"),
        (lambda data: data["places"].update(x=3), f"is damaged (array 'x' has no place); {WHAT}"),
        (lambda data: data["places"].update(x={"at": 0, "count": 1, "kind": "O8"}), "(array 'x' has no place)"),
        (
            lambda data: data["places"].update(x={"at": 0, "count": 10**12, "kind": "f8"}),
            f"is damaged (array 'x' lies beyond the end); {WHAT}",
        ),
        (lambda data: data["places"].update(x={"at": -8, "count": 1, "kind": "f8"}), "lies beyond the end"),
    ],
)
def test_a_page_with_other_data_is_refused_with_what_is_wrong(tmp_path, change, message):
    path = tampered(a_page(tmp_path), change)
    with pytest.raises(FileError) as refused:
        read_explorer(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert message in str(refused.value)


def test_a_page_with_colours_that_nobody_knows_is_refused(tmp_path):
    path = a_page(tmp_path)
    path.write_text(path.read_text("utf-8").replace('"colours":"depth"', '"colours":"blues"'), "utf-8")
    with pytest.raises(FileError) as refused:
        read_explorer(path)
    assert str(refused.value) == f"{path}: is damaged (there is no colour map 'blues'); {WHAT}"


def test_a_page_without_data_is_no_explorer(tmp_path):
    path = tmp_path / "explorer.html"
    path.write_text("<script>alert(1)</script>")
    with pytest.raises(FileError, match="is damaged, or no explorer"):
        read_explorer(path)


def test_a_strangers_study_reaches_the_page_as_data_alone(tmp_path):
    hostile = evolve(a_map("one"), name="<img src=x onerror=alert(1)></script>")
    [study] = read_explorer(a_page(tmp_path / "run", atlas_of(hostile)))
    page = write_explorers(tmp_path / "run", "both", [(study.with_name("</script>").data, study.content)])
    text = page.read_text("utf-8")
    assert "onerror=alert(1)></script>" not in text
    assert read_explorer(page)[0].data["title"] == "</script>"


def test_a_notebook_shows_the_page_in_a_frame_that_can_reach_nothing_else(tmp_path):
    path = a_page(tmp_path)
    shown = Frame(path, 500)._repr_html_()
    assert shown.count("<iframe") == shown.count("</iframe>") == 1
    assert "<script" not in shown  # the page is text of an attribute
    assert "allow-same-origin" not in shown
    assert "height:500px" in shown


@pytest.fixture
def opened(monkeypatch):
    """The addresses that a browser was sent to."""
    addresses = []
    monkeypatch.setattr(webbrowser, "open", lambda address: not addresses.append(address))
    return addresses


def test_a_finished_run_is_opened_in_its_explorer_or_its_report(two_runs, opened):
    found = run("open", two_runs[0])
    assert found.stdout == f"{two_runs[0] / 'explorer.html'}\n"
    assert run("open", two_runs[0], "--report").stdout == f"{two_runs[0] / 'report.html'}\n"
    assert opened == [(two_runs[0] / name).resolve().as_uri() for name in ("explorer.html", "report.html")]


def test_a_comparison_is_opened_in_its_explorer_where_it_has_one(two_runs, tmp_path, opened):
    run("compare", *two_runs, "--out", tmp_path / "both")
    assert run("open", tmp_path / "both").stdout == f"{tmp_path / 'both/comparison.html'}\n"
    run("compare", *two_runs, "--out", tmp_path / "both", "--explorer")
    assert run("open", tmp_path / "both").stdout == f"{tmp_path / 'both/explorer.html'}\n"
    assert run("open", tmp_path / "both", "--report").stdout == f"{tmp_path / 'both/comparison.html'}\n"
    assert len(opened) == 3


def test_where_no_browser_starts_the_path_is_there_to_be_opened(two_runs, monkeypatch):
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    found = run("open", two_runs[0])
    assert (found.exit_code, found.stderr) == (0, "no browser could be started; open the file above in one\n")


def test_what_cannot_be_opened_is_reported(two_runs, tmp_path, opened):
    old = tmp_path / "old"
    shutil.copytree(two_runs[0], old)
    (old / "explorer.html").unlink()
    assert_refused(
        run("open", old),
        f"{old / 'explorer.html'}: there is no such file; the same `globscope study` command writes it again, "
        "from the stages that are stored",
    )
    lines = (old / "files.jsonl").read_text().splitlines(keepends=True)
    (old / "files.jsonl").write_text("".join(line for line in lines if '"explorer.html"' not in line))
    assert_refused(
        run("open", old),
        f"{old}: has no explorer.html, since an earlier version of GlobScope wrote it; the same `globscope study` "
        f"command writes one; `globscope open {old} --report` opens the report",
    )
    (old / "report.html").write_text("edited")
    assert_refused(
        run("open", old, "--report"),
        f"{old / 'report.html'}: is not as GlobScope wrote it, but damaged or edited; the same `globscope study` "
        "command writes it again, from the stages that are stored",
    )
    assert_refused(run("open", tmp_path / "none"), f"{tmp_path / 'none'}: there is no run here; known: old")
    assert opened == []


def test_a_result_shows_its_explorer_and_says_if_it_is_gone(two_runs):
    with blank_pictures():
        result = load(two_runs[0].parent / "study.toml", ["seed=0"], two_runs[0]).run()
    assert result.explorer(height=321) == Frame(two_runs[0] / "explorer.html", 321)
    kept = (two_runs[0] / "explorer.html").read_bytes()
    (two_runs[0] / "explorer.html").write_text("edited")
    with pytest.raises(RunError, match="damaged or edited"):
        result.explorer()
    (two_runs[0] / "explorer.html").write_bytes(kept)
