"""The report in a browser: on every width, in the dark and on paper, with nothing but the file."""

import pytest
from attrs import evolve
from support.maps import EVIL, a_map, a_scatter, atlas_of, population
from support.study import blank_pictures

from globscope.report import write_report
from globscope.values.findings import Finding, Table

pytestmark = pytest.mark.browser

RUNS = (*EVIL, *(f"run {number}" for number in range(7)))
LONG = Table(name="long", caption="", columns=tuple("abcdefghijkl"), rows=tuple({"a": "x" * 40} for _ in range(30)))


def verdict():
    """A verdict as long as one can be, with names that try to leave their place."""
    known = {
        "lowest": 0.5,
        "found_by": EVIL[2],
        "exact": True,
        "wall": 0.4,
        "trust": EVIL[0],
        "on": {"one": "separate"},
    }
    answers = ("joined", "same basin", "apart", "maps disagree", "not known")
    pairs = [
        {"one": one, "other": other, "answer": answers[at % 5]} | known
        for at, one in enumerate(RUNS)
        for other in RUNS[at + 1 :]
    ]
    beliefs = ("believe", "read with care", "do not read", "nothing to read")
    maps = [
        {"name": name, "belief": belief, "shows": name, "reasons": [name] * 3} for name in EVIL for belief in beliefs
    ]
    words = {"headline": " ".join(EVIL), "summary": EVIL[2], "field": "train_loss", "losses": (0.1, 0.2)}
    return words | {"maps": maps, "runs": RUNS, "pairs": pairs, "count": len(pairs)}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    maps = (a_map("one", who=population(RUNS[:3])), a_scatter("mds", EVIL[2], who=population(RUNS[:3])))
    atlas = evolve(atlas_of(*maps), fields={})
    record = {"verdict": verdict(), "spec": "x = 1", "manifest": {"seed": 0, "long": "y" * 200}}
    findings = {"fidelity": Finding(tables=(LONG,), warnings=(EVIL[2],) * 6)}
    with blank_pictures():
        return write_report(folder, title=EVIL[2], atlas=atlas, findings=findings, record=record)


@pytest.fixture
def show(browser, report):
    """Open the report; at the end it must have asked for nothing but itself."""
    opened = []

    def open_(width=1440, **media):
        context = browser.new_context(viewport={"width": width, "height": 900})
        page, requests, errors = context.new_page(), [], []
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.emulate_media(**media)
        page.goto(report.as_uri())
        opened.append((context, requests, errors))
        return page

    yield open_
    for context, requests, errors in opened:
        context.close()
        assert [url for url in requests if not url.startswith("data:")] == [report.as_uri()]
        assert errors == []


OPEN = "document.querySelectorAll('details').forEach(fold => fold.open = true)"
WIDTH = "document.documentElement.scrollWidth"


@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_nothing_is_wider_than_the_screen_folded_or_not(show, width):
    page = show(width)
    assert page.evaluate(WIDTH) <= width
    page.evaluate(OPEN)
    assert page.evaluate(WIDTH) <= width


def test_what_is_long_is_folded_and_opens_by_keys(show):
    page = show()
    assert not page.get_by_text("x = 1", exact=True).is_visible()
    page.locator("#spec summary").focus()
    page.keyboard.press("Enter")
    assert page.get_by_text("x = 1", exact=True).is_visible()


def test_paper_shows_what_the_screen_folds_and_no_button(show):
    page = show(800, media="print")
    assert page.locator("#spec pre").bounding_box()["height"] > 0
    assert page.locator("details.table table").first.bounding_box()["height"] > 0
    assert not page.locator(".button").is_visible()
    assert page.evaluate(WIDTH) <= 800


def test_there_is_one_scale_of_type(show):
    page = show()
    page.evaluate(OPEN)
    sizes = page.evaluate(
        "[...new Set([...document.querySelectorAll('body *')]"
        ".filter(part => [...part.childNodes].some(node => node.nodeType === 3 && node.data.trim()))"
        ".map(part => getComputedStyle(part).fontSize))].sort()"
    )
    assert sizes == ["14px", "16px", "18px", "24px", "32px"]


def test_a_table_that_goes_on_has_a_shadow_at_its_side(show):
    page = show(390)
    assert page.evaluate(
        "document.querySelector('.scroll').scrollWidth > document.querySelector('.scroll').clientWidth"
    )
    assert page.evaluate("getComputedStyle(document.querySelector('.scroll')).backgroundAttachment").count("local") == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(show, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page = show(color_scheme=scheme)
    page.evaluate(OPEN)
    violations = axe.Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:200]) for one in violations] == []
