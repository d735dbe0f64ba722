"""The documentation as a site: every public name is on it, and every page opens in Chromium, as mike publishes it."""

import re
import subprocess
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from inspect import ismodule
from threading import Thread
from urllib.parse import unquote, urldefrag

import pytest
from support.paths import ROOT

import globscope
from globscope import api, testing

WIDTHS = (1280, 390)
NEEDED = ("mike", "material", "nbconvert", "mkdocstrings_handlers")
# What is wrong with an open page: its title, its width, and what stands for a picture that is not there.
FAULTS = """() => [
  ...(document.title && document.querySelector("h1") ? [] : ["no title"]),
  ...(document.documentElement.scrollWidth > window.innerWidth ? ["wider than the window"] : []),
  ...[...document.images].filter(one => !one.complete || !one.naturalWidth).map(one => `no picture ${one.src}`),
]"""
NOTHING = {"config": {"lang": ["en"], "separator": " ", "pipeline": [], "fields": {}}, "docs": []}
LINKS = '() => [...document.querySelectorAll("a[href]")].map(one => one.href)'
ANCHORS = '() => [...document.querySelectorAll("[id], a[name]")].map(one => one.id || one.name)'


def test_every_public_name_is_on_one_page_of_the_python_reference():
    offered = [f"globscope.{name}" for name in globscope.__all__]
    for door in (api, testing):
        offered += [f"{door.__name__}.{k}" for k, one in vars(door).items() if k[0] != "_" and not ismodule(one)]
    pages = [page.read_text("utf-8") for page in (ROOT / "docs/reference/api").glob("*.md")]
    shown = [name for page in pages for name in re.findall(r"^::: (\S+)$", page, re.MULTILINE)]
    assert [name for name in offered if shown.count(name) != 1] == []


class QuietHandler(SimpleHTTPRequestHandler):
    """A server that logs no request and keeps its connections."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """The folder of the site as version 1.0, published by mike in a repository of its own."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    repository, folder = tmp_path_factory.mktemp("repository"), tmp_path_factory.mktemp("published")
    someone = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    mike = (sys.executable, "-c", "from mike.driver import main; main()")
    for command in (
        ("git", "init", "--quiet"),
        ("git", *someone, "commit", "--quiet", "--allow-empty", "--message=Empty"),
        (*mike, "deploy", "--config-file", str(ROOT / "mkdocs.yml"), "1.0", "latest"),
        ("git", "worktree", "add", "--quiet", str(folder), "gh-pages"),
    ):
        subprocess.run(command, cwd=repository, check=True)
    return folder


@pytest.fixture(scope="module")
def address(published):
    """Where the site is served on this machine."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=published)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/1.0"
        server.shutdown()


@pytest.fixture(scope="module")
def visits(browser, address, published):
    """What was found on every page at every width: faults, links and anchors, by the page's address and the width."""
    pages = sorted(page for page in (published / "1.0").rglob("*.html") if page.name != "404.html")  # a server's own
    addresses = [f"{address}/{page.relative_to(published / '1.0').as_posix()}" for page in pages]
    return {(url, width): visit for width in WIDTHS for url, visit in visit_all(browser, addresses, width)}


def visit_all(browser, addresses, width):
    """Yield what is found on each page."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    page, faults, own = context.new_page(), [], ("data:", "blob:", addresses[0].partition("/1.0/")[0])
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
    page.on(
        "response",
        lambda response: faults.append(f"{response.status}: {response.url}") if response.status >= 400 else None,
    )
    page.on(
        "request", lambda request: faults.append(f"asked {request.url}") if not request.url.startswith(own) else None
    )
    context.route("**/search_index.json", lambda route: route.fulfill(json=NOTHING))  # it takes half of a page's time
    for address in addresses:
        page.goto(address)
        found = [*faults, *page.evaluate(FAULTS)]
        yield address, (found, page.evaluate(LINKS), page.evaluate(ANCHORS))
        faults.clear()
    context.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_opens_without_a_fault(visits, width):
    assert {url: faults for (url, at), (faults, *_) in visits.items() if at == width and faults} == {}


@pytest.mark.browser
def test_every_link_leads_to_a_page_and_a_place_on_it(visits, address, published):
    anchors = {url: set(names) for (url, width), (_, _, names) in visits.items() if width == WIDTHS[0]}
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
