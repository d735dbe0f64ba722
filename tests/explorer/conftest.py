"""Explorers in a browser."""

import pytest

from tests.support.explorer_pages import PAGES
from tests.support.study import TINY, blank_pictures, study_in


@pytest.fixture(scope="session")
def explorer_file(tmp_path_factory):
    """The path of a page by its name in `PAGES`, written when it is first asked for."""
    folder, written = tmp_path_factory.mktemp("pages"), {}

    def path(name):
        if name not in written:
            written[name] = PAGES[name](folder / name)
        return written[name]

    return path


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """The results of a small study that was run, and its folder."""
    study = study_in(tmp_path_factory.mktemp("study"), TINY)
    with blank_pictures():
        return study.run()


@pytest.fixture
def open_page(browser, explorer_file):
    """Open a page; at the end it must have asked for nothing but itself, and have raised no error unless it `fails`."""
    opened = []

    def open_(name, width=1440, height=900, link="", fails=False, before="", **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        page = context.new_page()
        page.add_init_script(before)
        requests, errors = [], []
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        url = explorer_file(name).as_uri() if isinstance(name, str) else name.as_uri()
        page.goto(url + link)
        page.wait_for_selector("html[data-ready]", state="attached")
        opened.append((context, url, requests, errors, fails))
        return page

    yield open_
    for context, url, requests, errors, fails in opened:
        context.close()
        assert [one for one in requests if not one.startswith((url, "data:", "blob:"))] == []
        assert bool(errors) == fails, errors
