"""The documentation as mike publishes it, served on this machine, and a reader who opens every page of it."""

import subprocess
import sys
from http.server import SimpleHTTPRequestHandler

from .paths import ROOT

SCHEMES = {"light": "default", "dark": "slate"}  # Material's names for them
# What is wrong with an open page: its title, its width, what stands for a picture that is not there, and its colours.
FAULTS = """scheme => {
  const own = colour => colour !== "rgba(0, 0, 0, 0)";
  const light = colour => colour.match(/[\\d.]+/g).slice(0, 3).every(part => part > 127);
  const pictures = [...document.querySelectorAll("article img")];
  return [
    ...(document.title && document.querySelector("h1") ? [] : ["no title"]),
    ...(document.documentElement.scrollWidth > window.innerWidth ? ["wider than the window"] : []),
    ...[...document.images].filter(one => !one.complete || !one.naturalWidth).map(one => `no picture ${one.src}`),
    ...(light(getComputedStyle(document.body).backgroundColor) === (scheme === "light") ? [] : [`not ${scheme}`]),
    ...pictures.filter(one => scheme === "dark" && !own(getComputedStyle(one).backgroundColor)
      ).map(one => `dark ink on a dark ground: ${one.src}`),
  ];
}"""
NOTHING = {"config": {"lang": ["en"], "separator": " ", "pipeline": [], "fields": {}}, "docs": []}
LINKS = '() => [...document.querySelectorAll("a[href]")].map(one => one.href)'
ANCHORS = '() => [...document.querySelectorAll("[id], a[name]")].map(one => one.id || one.name)'


class QuietHandler(SimpleHTTPRequestHandler):
    """A server that logs no request and keeps its connections."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass


def publish(repository, folder):
    """Have mike publish the site as version 1.0 in a new repository, and check that out into a folder."""
    someone = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    mike = (sys.executable, "-c", "from mike.driver import main; main()")
    for command in (
        ("git", "init", "--quiet"),
        ("git", *someone, "commit", "--quiet", "--allow-empty", "--message=Empty"),
        (*mike, "deploy", "--config-file", str(ROOT / "mkdocs.yml"), "1.0", "latest"),
        ("git", "worktree", "add", "--quiet", str(folder), "gh-pages"),
    ):
        subprocess.run(command, cwd=repository, check=True)


def visit_all(browser, addresses, width, scheme):
    """Yield what is found on each page: its faults in a scheme and, switched, in the other, its links and anchors.

    The first page is opened in the scheme that is given, the next in the other, and so on.
    """
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page, noticed = context.new_page(), []
    notice_faults(page, noticed, ("data:", "blob:", addresses[0].partition("/1.0/")[0]))
    context.route("**/search_index.json", lambda route: route.fulfill(json=NOTHING))  # it takes half of a page's time
    for address in addresses:
        page.goto(address)
        found = page.evaluate(FAULTS, scheme)
        links, anchors = page.evaluate(LINKS), page.evaluate(ANCHORS)
        [scheme] = SCHEMES.keys() - {scheme}  # in which the next page is opened
        switch(page, scheme)
        found += page.evaluate(FAULTS, scheme)
        yield address, ([*noticed, *found], links, anchors)
        noticed.clear()
    context.close()


def switch(page, scheme):
    """Let the system have another scheme, and wait until the page has it too."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_selector(f"body[data-md-color-scheme={SCHEMES[scheme]}]")


def notice_faults(page, noticed, own):
    """Add to a list whatever a page says or asks for that it should not."""
    page.on("pageerror", lambda error: noticed.append(str(error)))
    page.on("console", lambda message: noticed.append(message.text) if message.type in {"error", "warning"} else None)
    page.on(
        "response",
        lambda response: noticed.append(f"{response.status}: {response.url}") if response.status >= 400 else None,
    )
    page.on(
        "request", lambda request: noticed.append(f"asked {request.url}") if not request.url.startswith(own) else None
    )
