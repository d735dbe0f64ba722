"""What the site does besides: its navigation is the table of contents, and files outside of `docs/` are pages too."""

import os
import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
# The site's folder of what lies outside of `docs/`.
OUTSIDE = "repository"
ENTRY = re.compile(r"^(?:\*\*(?P<section>[^*\n]+)\*\*$|- \[(?P<title>[^]]+)\]\((?P<link>[^)#]+)\))", re.MULTILINE)
# What is shown as code has no links.
CODE_OR_LINK = re.compile(
    r"^(?P<mark> *`{3,})[^\n]*\n.*?^(?P=mark)$|`[^`\n]+`|(?<=\]\()(?![a-z]+:|#)(?P<link>[^)#\s]+)",
    re.MULTILINE | re.DOTALL,
)
# What a table shows as code.
CELL, CODE = re.compile(r"<td.*?</td>", re.DOTALL), re.compile(r"(?<=<code>)[^<]+(?=</code>)")
# Python-Markdown knows no second word after the language of a code block.
SECOND_WORD = re.compile(r"^( *```\w+) [\w-]+$", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Take the navigation from the table of contents; ask for other versions where mike publishes this one."""
    if "MIKE_DOCS_VERSION" in os.environ:
        config.extra["version"] = {"provider": "mike"}
    nav: list[Any] = [{"Home": "index.md"}]
    for entry in ENTRY.finditer((ROOT / "docs/index.md").read_text("utf-8")):
        if entry["section"]:
            nav.append({entry["section"]: []})
        else:
            [pages] = nav[-1].values()
            pages.append({entry["title"]: site_path(target("docs/index.md", entry["link"]))})
    config.nav = nav
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every file outside of `docs/` to which a page links, and those to which these link in turn."""
    waiting = list(files.documentation_pages())
    while waiting:
        for path in linked_files(waiting.pop()):
            if not path.startswith("docs/") and files.get_file_from_path(site_path(path)) is None:
                waiting.append(outside_page(path, config))
                files.append(waiting[-1])
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links out of `docs/`, and from there into it, to the pages of the site; name code blocks by one word."""
    del config, files
    if page.is_homepage:
        page.meta["hide"] = ["navigation", "toc"]  # it is the table of contents
    markdown = SECOND_WORD.sub(r"\1", markdown)
    source, folder = source_of(page.file), posixpath.dirname(page.file.src_uri)
    return replace_links(markdown, lambda link: posixpath.relpath(site_path(target(source, link)), folder))


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let code in tables break behind slashes, colons and underscores, so that a long path widens no column."""
    del page, config, files
    return CELL.sub(lambda cell: CODE.sub(lambda code: re.sub(r"([/:_])(?=\w)", r"\1<wbr>", code[0]), cell[0]), html)


def source_of(file: File) -> str:
    """Return the file of the repository of which a page is made."""
    return file.src_uri.removeprefix(f"{OUTSIDE}/") if file.src_uri.startswith(OUTSIDE) else f"docs/{file.src_uri}"


def replace_links(markdown: str, replacement: Callable[[str], str]) -> str:
    """Return a page with other links to files."""
    return CODE_OR_LINK.sub(lambda found: replacement(found["link"]) if found["link"] else found[0], markdown)


def target(source: str, link: str) -> str:
    """Return the file to which a page links; like the page's own, its path begins at the top of the repository."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), link))


def linked_files(page: File) -> list[str]:
    """Return the files to which a page links."""
    found = CODE_OR_LINK.finditer(page.content_string)
    return [target(source_of(page), one["link"]) for one in found if one["link"]]


def site_path(path: str) -> str:
    """Return the source of the site that stands for a file of the repository; code is shown by a page of its own."""
    if path.startswith("docs/"):
        return re.sub(r"\.ipynb$", ".md", path.removeprefix("docs/"))
    return f"{OUTSIDE}/{path}" if path.endswith(".md") else f"{OUTSIDE}/{path}.md"


def outside_page(path: str, config: MkDocsConfig) -> File:
    """Return the page of a file outside of `docs/`."""
    text = (ROOT / path).read_text("utf-8")
    if not path.endswith(".md"):
        text = f"# {path}\n\n`````{Path(path).suffix.removeprefix('.') or 'text'}\n{text}`````\n"
    return File.generated(config, site_path(path), content=text, inclusion=InclusionLevel.NOT_IN_NAV)
