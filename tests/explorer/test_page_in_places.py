"""The page with a verdict, in a notebook's frame, and with two runs of one name: in a browser."""

import pytest
from attrs import evolve

from globscope.report.explorer.frame import Frame
from globscope.report.explorer.page import write_explorers
from globscope.report.explorer.read import read_explorer
from globscope.store import claim
from tests.support.explorer_pages import HOSTILE, known, write_page
from tests.support.maps import a_map

pytestmark = pytest.mark.browser
CARE = {"belief": "read with care", "shows": "it shows all 3 runs", "reasons": ["60% is untrusted", HOSTILE[0]]}
RECORD = {"verdict": {"maps": [{"name": "one", **CARE}, {"name": "two", **CARE, "belief": "believe", "reasons": []}]}}


@pytest.fixture
def verdict_page(tmp_path):
    """A page of two maps with a verdict on each."""
    return write_page(tmp_path / "verdict", known(a_map("one"), a_map("two")), record=RECORD)


def test_every_map_is_shown_with_its_verdict_and_the_reasons_for_care(open_page, verdict_page):
    page = open_page(verdict_page)
    verdict = page.locator("#verdict")
    assert verdict.locator("strong").text_content() == "one: read with care"
    assert verdict.locator("li").all_text_contents() == CARE["reasons"]
    assert not verdict.locator("li").first.is_visible()
    verdict.locator("summary").click()
    assert verdict.locator("li").first.is_visible()
    page.get_by_role("button", name="two", exact=True).first.click()
    page.wait_for_function("() => document.querySelector('#verdict strong').textContent === 'two: believe'")
    assert verdict.locator("details").count() == 0
    assert page.title() != "owned"


def test_a_map_that_nobody_judged_has_no_verdict(open_page):
    assert open_page("plain").locator("#verdict").text_content() == ""


def test_in_a_notebook_s_frame_the_page_works_and_knows_that_it_has_no_link(open_page, verdict_page, browser, tmp_path):
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!doctype html>{Frame(verdict_page, 900)._repr_html_()}", "utf-8")
    page, errors = browser.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(notebook.as_uri())
    inside = page.frame_locator("iframe")
    inside.locator("html[data-ready]").wait_for(state="attached")
    inside.get_by_role("button", name="two", exact=True).first.click()
    inside.locator("#verdict", has_text="two: believe").wait_for()
    inside.get_by_role("button", name="Copy a link to this view").click()
    assert inside.locator("#say").text_content().startswith("in a frame the page has no link")
    page.wait_for_timeout(400)  # the address is kept a third of a second after the last choice
    assert errors == []
    page.close()


def test_two_runs_of_one_name_are_told_apart_by_their_folders(open_page, verdict_page, tmp_path):
    [study] = read_explorer(verdict_page)
    claim(tmp_path / "both", "comparison")
    studies = [study.with_name(name) for name in ("a/run", "b/run")]
    page = open_page(write_explorers(tmp_path / "both", "2 runs", [(one.data, one.content) for one in studies]))
    for name in ("a/run, one", "a/run, two", "b/run, one", "b/run, two"):
        page.get_by_role("button", name=name, exact=True).first.click()
        page.locator("#map-card h2", has_text=name).wait_for()


def test_the_values_that_the_page_decodes_are_those_that_were_written(open_page, tmp_path):
    """Also where a field is kept as levels: its order is tested in `test_parity.py`, its values here."""
    drawn = a_map()
    fields = dict.fromkeys(("train_loss", "test_loss"), drawn.landscape.fields["train_loss"])
    drawn = evolve(drawn, landscapes={"grid": evolve(drawn.landscape, fields=fields)})
    page = open_page(write_page(tmp_path / "run", known(drawn)))
    rows = page.locator("#samples tbody tr").first.locator("td")
    loss = drawn.landscape.fields["train_loss"][0]
    shown = rows.all_text_contents()
    assert shown.count(f"{loss:.3g}") >= 2  # the exact one, and the one of 16 bits
