"""The head of the page: the verdict, a matrix of every two runs, and warnings of a scale that hides."""

import pytest
from attrs import evolve
from support.maps import EVIL, Page, a_map, atlas_of

from globscope.report import scenes_of, write_report
from globscope.report.page.html import SHOWN_ROWS
from globscope.report.page.scale_warnings import scale_warnings
from globscope.report.page.verdict import MATRIX_RUNS, pair_matrix, pair_table
from globscope.values.findings import Finding, Table
from globscope.values.pictures import Overlay, Trail

pytestmark = pytest.mark.usefixtures("blank_pictures")


def pair(one, other, **about):
    known = {
        "answer": "apart",
        "lowest": 0.5,
        "found_by": "straight line",
        "exact": True,
        "wall": 0.4,
        "trust": "one map",
    }
    return {"one": one, "other": other, "on": {"one": "separate"}} | known | about


def verdict(runs=("A", "B", "C"), **about):
    pairs = [pair(one, other, **about) for at, one in enumerate(runs) for other in runs[at + 1 :]]
    maps = [{"name": "one", "belief": "read with care", "shows": "it shows 3 runs", "reasons": ["1 of 4 saddles"]}]
    known = {"headline": "Read one with care.", "summary": "Of 3 pairs.", "field": "train_loss", "losses": (0.1, 0.2)}
    return known | {"maps": maps, "runs": runs, "pairs": pairs, "count": len(pairs)}


def page_of(folder, found, atlas=None):
    record = {"verdict": found}
    return write_report(folder, title="t", atlas=atlas or atlas_of(a_map()), findings={}, record=record).read_text(
        "utf-8"
    )


def test_the_page_leads_with_the_verdict_and_a_link_to_the_explorer(tmp_path):
    html = page_of(tmp_path, verdict())
    order = [html.index(text) for text in ("Read one with care.", 'class="button"', "1 of 4 saddles", "Overview")]
    assert order == sorted(order)
    assert "It shows 3 runs." in Page(html).text
    assert 'href="#map-1">one</a>' in html


def test_the_matrix_is_the_lower_triangle(tmp_path):
    matrix = pair_matrix(verdict())
    assert matrix.columns == ("A", "B")
    assert [(name, len(cells)) for name, cells in matrix.rows] == [("B", 1), ("C", 2)]
    assert page_of(tmp_path, verdict()).count('<td class="apart">') == 3


def test_what_found_all_paths_is_said_once_and_else_in_each_cell():
    assert pair_matrix(verdict()).found_by == "straight line"
    mixed = verdict()
    mixed["pairs"][0]["found_by"] = "curve"
    assert pair_matrix(mixed).found_by == ""
    assert pair_matrix(mixed).rows[0][1][0].found_by == "curve"


def test_of_pairs_without_any_known_path_nothing_is_said_of_paths(tmp_path):
    found = verdict(answer="not known", lowest=None, found_by="")
    cell = pair_matrix(found).rows[0][1][0]
    assert (cell.value, cell.found_by, cell.kind) == ("", "", "not-known")
    html = page_of(tmp_path, found)
    assert "In each cell: what is known of two runs, and how far to trust it." in Page(html).text.replace("\n", " ")
    assert '<td class="not-known"><b>not known</b> <small>one map</small></td>' in html


def test_of_more_runs_than_fit_a_folded_table_has_every_pair(tmp_path):
    runs = tuple(f"r{number}" for number in range(MATRIX_RUNS + 1))
    assert pair_matrix(verdict(runs)) is None
    html = page_of(tmp_path, verdict(runs))
    assert '<table class="pairs">' not in html
    assert "All that is known of every two runs" in html
    assert len((tmp_path / "tables/every-two-runs.csv").read_text().splitlines()) == 1 + 55


def test_of_hundreds_of_pairs_the_page_has_the_first_and_the_file_all(tmp_path):
    runs = tuple(f"r{number}" for number in range(21))
    html = page_of(tmp_path, verdict(runs))
    assert f"The first {SHOWN_ROWS} of 210 rows" in html
    assert len((tmp_path / "tables/every-two-runs.csv").read_text().splitlines()) == 1 + 210


def test_a_study_of_one_run_has_no_pairs(tmp_path):
    alone = verdict(("A",))
    assert pair_matrix(alone) is None
    assert pair_table({"verdict": alone}) is None
    assert "Every two runs" not in page_of(tmp_path, alone)


def test_results_of_an_earlier_version_have_a_page_without_a_verdict(tmp_path):
    path = write_report(tmp_path, title="t", atlas=atlas_of(a_map()), findings={}, record={})
    assert "Verdict" not in path.read_text("utf-8")


def test_names_in_the_verdict_are_no_markup(tmp_path):
    found = verdict((EVIL[0], EVIL[2], "C"), found_by=EVIL[0], trust=EVIL[0], on={EVIL[0]: EVIL[0]})
    found["maps"] = [{"name": EVIL[0], "belief": "do not read", "shows": EVIL[0], "reasons": [EVIL[0]]}]
    found |= {"headline": EVIL[0], "summary": EVIL[0]}
    assert "script" not in Page(page_of(tmp_path, found)).tags


def test_a_map_that_another_leaves_almost_no_colours_is_named():
    flat = a_map("flat", values=1 + 0.01 * (a_map().landscape.fields["train_loss"] > 1))
    (text,) = scale_warnings(scenes_of(atlas_of(a_map("deep"), flat)))
    assert text.startswith("all maps share one scale of training loss, 0.0")
    assert "which deep stretches: of its colours flat has 0%" in text


def test_maps_that_share_a_scale_evenly_and_single_maps_need_no_warning():
    assert list(scale_warnings(scenes_of(atlas_of(a_map("one"), a_map("two"))))) == []
    assert list(scale_warnings(scenes_of(atlas_of(a_map())))) == []


def test_a_map_without_a_landscape_has_no_part_in_the_warning():
    empty = evolve(a_map("empty"), landscapes={}, topologies={}, hidden="none")
    assert list(scale_warnings(scenes_of(atlas_of(a_map(), empty)))) == []


def test_what_stands_between_backticks_in_a_caption_is_code_and_nothing_else_is_markup(tmp_path):
    table = Table(name="pairs", caption="`share` or <b>`no path`</b>.", columns=("one",), rows=({"one": "A"},))
    overlay = Overlay(name="o", caption="The `rows`.", map="one", trails=(Trail(label="t", points=((0, 0),)),))
    finding = Finding(tables=(table,), pictures=(overlay,))
    write_report(tmp_path, title="t", atlas=atlas_of(a_map()), findings={"lines": finding}, record={})
    html = (tmp_path / "report.html").read_text("utf-8")
    assert "<code>share</code> or &lt;b&gt;<code>no path</code>&lt;/b&gt;." in html
    assert "The <code>rows</code>." in html
