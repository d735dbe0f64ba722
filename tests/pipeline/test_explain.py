"""What a sampler found, stored as a stage, beside its map in the report, in results and in Python."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from support.components import BUILT_IN
from support.searches import SEARCH, Descend, Flat, Steep
from support.study import TINY_TASK, Notes, blank_pictures

from globscope.api import Finding, PluginError
from globscope.cli.print_tables import print_summary
from globscope.errors import RunError
from globscope.files.read import read_landscape
from globscope.session import Study
from globscope.spec.read import read_spec
from globscope.store import read_arrays, read_json
from globscope.sweep.figures import figures
from globscope.testing import registry_of
from globscope.testing.tiny.task import TinyTask

TITLE = "flat: descend"


def study_of(folder, sampler=Descend):
    (folder / "study.toml").write_text(TINY_TASK + SEARCH, "utf-8")
    found = registry_of(BUILT_IN, tiny=TinyTask, flat=Flat, steep=Steep, descend=sampler)
    return Study(spec=read_spec(folder / "study.toml", (), found), folder=folder / "run", registry=found)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished study of a search, and its folder."""
    folder = tmp_path_factory.mktemp("search")
    with blank_pictures():
        return study_of(folder).run(), folder / "run"


def test_a_map_has_what_its_samplers_found_over_itself(finished):
    result, _ = finished
    found = result.map("flat").explanations["descend"]
    assert result.atlas.explanations == {TITLE: found}
    assert [row["minimum"] for row in found.tables[0].rows] == [1, 2, 3]
    assert [picture.map for picture in found.pictures] == ["flat"]
    ends = [trail.points[-1] for trail in found.pictures[0].trails]
    assert ends == list(map(tuple, result.map("flat").landscape.samples.points[-3:].tolist()))


def test_the_report_shows_it_in_the_map_s_own_section_with_its_files_and_warnings(finished):
    _, folder = finished
    page = (folder / "report.html").read_text("utf-8")
    [section] = re.findall(r'<details class="map".*?(?=<section|<details class="prose)', page, re.DOTALL)
    assert f"<h3>{TITLE}</h3>" in section
    assert "The loss where each descent ended" in section
    links = re.findall(r'href="((?:figures|tables)/flat-descend[^"]*)"', section)
    assert links
    assert all((folder / link).is_file() for link in links)
    assert 'The descents are few. <span class="source">(flat: descend)</span>' in page


def test_the_landscape_in_the_run_folder_has_the_edges_and_gradients_of_the_search(finished):
    result, folder = finished
    found = read_landscape(folder / "landscapes" / "flat-descend.npz")
    assert found.fields.keys() == result.map("flat").landscape.fields.keys()
    np.testing.assert_array_equal(found.samples.edges, result.map("flat").landscape.samples.edges)
    stored = read_arrays(folder / "landscapes" / "flat-descend.npz")["gradients"]
    np.testing.assert_array_equal(stored, result.map("flat").landscape.gradients)


def test_results_and_the_terminal_list_its_tables_and_warnings(finished, capsys):
    _, folder = finished
    record = read_json(folder / "results.json")
    assert [table["name"] for table in record["explanations"][TITLE]] == ["minima"]
    assert f"{TITLE}: The descents are few." in record["warnings"]
    print_summary(record)
    printed = capsys.readouterr().out.splitlines()
    assert f"{TITLE}: minima" in printed
    assert f"warning: {TITLE}: The descents are few." in printed
    rows = record["explanations"][TITLE][0]["rows"]
    mean = sum(row["train_loss"] for row in rows) / len(rows)
    assert figures(record, bare=False)[f"{TITLE}.train_loss"] == pytest.approx(mean)


def test_a_picture_of_it_is_drawn_by_name(finished):
    result, _ = finished
    assert isinstance(result.picture(TITLE, "descents", "sampler"), Figure)
    with pytest.raises(RunError, match=rf"^this study has no sampler 'pca: descend'; did you mean {TITLE!r}\?$"):
        result.picture("pca: descend", "descents", "sampler")


def test_what_was_explained_is_not_explained_again(finished, monkeypatch):
    result, folder = finished
    monkeypatch.setattr(Descend, "explain", lambda self, chart, landscape: pytest.fail("explains again"))
    notes = Notes()
    with blank_pictures():
        assert study_of(folder.parent).run(notes).atlas.explanations == result.atlas.explanations
    assert "explain flat, descend" in notes.kept


class Recording(Descend):
    """Explains with figures of a map that it does not know."""

    def explain(self, chart, landscape):
        return Finding(records={"": {"minima": 3}})


def test_records_are_for_analyses(tmp_path):
    with pytest.raises(PluginError, match=r"^sampler 'descend' \(.*\): explain: has records or a comparison"):
        study_of(tmp_path, Recording).run()
