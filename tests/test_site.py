"""The documentation as a site: every public name is on it, and every page opens in Chromium, as mike publishes it."""

import re
from functools import partial
from http.server import ThreadingHTTPServer
from importlib.util import find_spec
from inspect import ismodule
from threading import Thread
from urllib.parse import unquote, urldefrag

import pytest
from support.paths import ROOT
from support.site import SCHEMES, QuietHandler, publish, switch, visit_all

import globscope
from globscope import api, testing

# A wide window in the light and a narrow one in the dark; on every page the system is then switched to the other.
WINDOWS = {1280: "light", 390: "dark"}
AXE_READS = 6000  # elements, in a few seconds
NEEDED = ("mike", "material", "nbconvert", "mkdocstrings_handlers")


def test_every_public_name_is_on_one_page_of_the_python_reference():
    offered = [f"globscope.{name}" for name in globscope.__all__]
    for door in (api, testing):
        offered += [f"{door.__name__}.{k}" for k, one in vars(door).items() if k[0] != "_" and not ismodule(one)]
    pages = [page.read_text("utf-8") for page in (ROOT / "docs/reference/api").glob("*.md")]
    shown = [name for page in pages for name in re.findall(r"^::: (\S+)$", page, re.MULTILINE)]
    assert [name for name in offered if shown.count(name) != 1] == []


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The folder of the site as version 1.0, published by mike in a repository of its own."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    folder = tmp_path_factory.mktemp("published")
    publish(tmp_path_factory.mktemp("repository"), folder)
    return folder


@pytest.fixture(scope="module")
def address(published):
    """Where the site is served on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=published)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/1.0"
        server.shutdown()


@pytest.fixture(scope="module")
def addresses(address, published):
    """Those of all pages; that of a page which is not there is a server's own."""
    pages = sorted(page for page in (published / "1.0").rglob("*.html") if page.name != "404.html")
    return [f"{address}/{page.relative_to(published / '1.0').as_posix()}" for page in pages]


@pytest.fixture(scope="module")
def visits(browser, addresses):
    """What was found on every page in every window: faults, links and anchors, by the page's address and the width."""
    windows = WINDOWS.items()
    return {(url, at): visit for at, scheme in windows for url, visit in visit_all(browser, addresses, at, scheme)}


@pytest.mark.browser
@pytest.mark.parametrize("width", WINDOWS)
def test_every_page_opens_without_a_fault_in_the_light_and_in_the_dark(visits, width):
    assert {url: faults for (url, at), (faults, *_) in visits.items() if at == width and faults} == {}


@pytest.mark.browser
def test_text_has_enough_contrast_in_the_light_and_in_the_dark(browser, address, published):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    pale = {}
    for name in one_page_of_each_folder(published / "1.0"):
        page.goto(f"{address}/{name}")
        for scheme in SCHEMES:
            switch(page, scheme)
            pale[name, scheme] = marked(axe.run(page, options={"runOnly": ["color-contrast"]}))
    page.close()
    assert len(pale) > 20
    assert {where: nodes for where, nodes in pale.items() if nodes} == {}


def one_page_of_each_folder(site):
    """The page with most elements of every folder, as it has most that a page may have; few enough for axe."""
    elements = {page: page.read_text("utf-8").count("</") for page in site.rglob("*.html") if page.name != "404.html"}
    largest = {page.parent: page for page in sorted(elements, key=elements.get) if elements[page] < AXE_READS}
    return sorted(page.relative_to(site).as_posix() for page in largest.values())


def marked(results):
    """What axe holds against a page, without repetitions."""
    nodes = [node for one in results.response["violations"] for node in one["nodes"]]
    return sorted({f"{node['any'][0]['message']} {node['html'][:60]}" for node in nodes})


@pytest.mark.browser
def test_every_link_leads_to_a_page_and_a_place_on_it(visits, address, published):
    anchors = {url: set(names) for (url, width), (_, _, names) in visits.items() if width == 1280}
    links = {(url, link) for (url, _), (_, links, _) in visits.items() for link in links if link.startswith(address)}
    assert len(links) > len(anchors) > 100
    files = {f"{address}/{file.relative_to(published / '1.0').as_posix()}" for file in (published / "1.0").rglob("*")}
    files.add(f"{address}/")  # as the selector of versions has it
    targets = {url: urldefrag(url) for _, url in links}
    wanted = {link: (page, unquote(place)) for link, (page, place) in targets.items()}
    broken = {
        (url, link)
        for url, link in links
        if wanted[link][0] not in files or (wanted[link][1] and wanted[link][1] not in anchors[wanted[link][0]])
    }
    assert broken == set()


@pytest.mark.browser
def test_the_search_finds_a_page_by_a_word_of_its_text(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}/index.html")
    page.click("input.md-search__input")  # which fetches the index; only then a result may be waited for
    page.locator("input.md-search__input").press_sequentially("Burgers", delay=50)
    page.locator(".md-search-result__link", has_text="Burgers").first.click()
    page.wait_for_url(f"{address}/*/*.html*")
    assert "burgers" in page.inner_text("article").lower()
    page.close()


@pytest.mark.browser
def test_the_selector_of_versions_offers_the_one_that_was_published(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}/index.html")
    assert page.inner_text(".md-version__current") == "1.0"
    page.close()


@pytest.mark.browser
def test_the_colours_are_those_of_the_system_until_a_reader_chooses(browser, address):
    page = browser.new_page(color_scheme="dark")
    page.goto(f"{address}/index.html")
    page.wait_for_selector("body[data-md-color-scheme=slate]")
    page.emulate_media(color_scheme="light")
    page.wait_for_selector("body[data-md-color-scheme=default]")
    for _ in range(2):  # always light, then always dark
        page.click("label[for^=__palette]:not([hidden])")
    page.wait_for_selector("body[data-md-color-scheme=slate]")
    page.close()
