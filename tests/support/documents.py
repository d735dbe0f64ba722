"""The code blocks of a page, and modules that lie in no package."""

import importlib.util
import re
import shlex

FENCE = re.compile(r"^```(?P<kind>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page, kind):
    """Return the code blocks of a page that are marked just so."""
    return [m["text"] for m in FENCE.finditer(page.read_text("utf-8")) if m["kind"].strip() == kind]


def module(path):
    """Import a file that lies in no package."""
    spec = importlib.util.spec_from_file_location(f"documented_{path.stem}", path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def named_files(page, kind="python"):
    """Return the files that a page shows, each after a line with its name, as pairs of name and content."""
    pattern = rf"^`([\w-]+\.\w+)`:\n\n```{kind}\n(.*?)^```$"
    return re.findall(pattern, page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def commands_of(page):
    """Return the words of every `globscope` command in a page's blocks for a shell."""
    lines = "\n".join(blocks(page, "sh")).replace("\\\n", " ").splitlines()
    parts = [part for line in lines for part in re.split(r" && | \| | > ", line)]
    return [shlex.split(part, comments=True) for part in parts if part.startswith("globscope ")]


def mentioned_commands(page):
    """Return the words of every `globscope` command in a page's prose, which may lack what a reader fills in."""
    return [code.split() for code in re.findall(r"`(globscope [^`\n]+)`", FENCE.sub("", page.read_text("utf-8")))]
