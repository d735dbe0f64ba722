"""A study and its result in a notebook."""

import sys
from html import escape
from types import SimpleNamespace

import pytest
from attrs import evolve
from support.study import TINY, blank_pictures, study_in

import globscope
from globscope.errors import RunError


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A study and its result."""
    study = study_in(tmp_path_factory.mktemp("notebook"), TINY.replace('"tiny"', '"<tiny>"'))
    with blank_pictures():
        return study, study.run()


def test_a_study_says_what_it_maps_and_where_its_results_go(tiny):
    study, _ = tiny
    assert repr(study) == f"Study('<tiny>': pca; {study.folder})"
    shown = study._repr_html_()
    assert all(text in shown for text in ("&lt;tiny&gt;", "classification", "3 training runs", str(study.folder)))


def test_a_result_shows_verdict_warnings_comparison_and_overview(tiny):
    _, result = tiny
    assert repr(result) == f"Result('<tiny>': pca; {result.report})"
    assert str(result).startswith(f"Verdict: {result.record['verdict']['headline']}\n")
    assert str(result).endswith(f"\n{result.report}")
    shown = result._repr_html_()
    assert "&lt;tiny&gt;" in shown
    assert result.record["verdict"]["headline"] in shown
    assert "The maps side by side" in shown
    assert "MSE per weight" in shown
    assert 'src="data:image/png;base64,cG5n"' in shown  # the blank picture
    assert str(result.report) in shown


def test_a_result_without_a_title_is_shown_by_the_name_of_its_folder(tiny):
    _, titled = tiny
    result = evolve(titled, record={**titled.record, "title": ""})
    name = result.report.parent.name
    assert repr(result) == f"Result({name!r}: pca; {result.report})"
    assert f"<strong>{escape(name)}</strong>" in result._repr_html_()


def test_a_verdict_is_a_value_that_shows_its_reasons_and_its_pairs(tiny):
    _, result = tiny
    verdict = result.verdict
    assert verdict.record == result.record["verdict"]
    assert repr(verdict) == f"Verdict({verdict.headline!r}, 3 pairs)"
    assert [map_.name for map_ in verdict.maps] == ["pca"]
    shown = verdict._repr_html_()
    assert all(escape(text) in shown for text in (verdict.headline, verdict.summary, verdict.maps[0].shows))
    assert shown.count("<tr>") == 1 + len(verdict.pairs) == 4


def test_a_result_whose_pictures_are_gone_is_shown_without_them(tiny, tmp_path):
    from globscope.report import result_html

    _, result = tiny
    assert "<img" not in result_html(result.record, tmp_path / "report.html")


def test_figures_of_maps_members_and_samples_are_data_frames(tiny, monkeypatch):
    _, result = tiny
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=lambda data, columns: (data, columns)))
    rows, names = result.frame()
    assert [row["name"] for row in rows] == ["pca"]
    assert names[0] == "name"
    members, _ = result.frame("members")
    assert {"variant", "step", "x", "y", "train_loss", "decoded_train_loss", "trusted", "basin_grid_gudhi"} <= set(
        members
    )
    assert len(members["variant"]) == 9
    samples, _ = result.frame("samples", "pca", "grid")
    assert len(samples["train_loss"]) == 25


def test_figures_that_are_not_there_are_named(tiny):
    _, result = tiny
    for ask, message in (
        (lambda: result.frame("member"), "there are no figures of 'member'; did you mean 'members'?"),
        (lambda: result.landscape("pcaa"), "this study has no map 'pcaa'; did you mean 'pca'?"),
        (lambda: result.landscape("pca", "gridd"), "map 'pca' has no sampler 'gridd'; did you mean 'grid'?"),
    ):
        with pytest.raises(RunError) as refused:
            ask()
        assert str(refused.value) == message


def test_progress_in_a_notebook_is_a_line_for_each_stage(tiny, capsys):
    study, _ = tiny
    with blank_pictures(), globscope.progress() as observer:
        study.run(observer)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("run folder: ")
    assert all("\r" not in line and "\x1b" not in line for line in lines)  # no bars where nothing moves
