"""Names and numbers as text that is safe in file names and figures and easy to read."""

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence

from globscope.values.findings import Cell
from globscope.values.number import number

LONGEST_STEM = 48
SPELLED = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def slug(name: str) -> str:
    """Return a file name's part made of a–z, 0–9 and hyphens; it can name no other folder."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    kept = re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")
    return kept[:LONGEST_STEM].rstrip("-") or "unnamed"


class Names:
    """Hands out file stems, each once, whatever the letters' case on the reader's disk."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def unique(self, *parts: str) -> str:
        """Return the parts' slugs joined by hyphens, with a number where that name is taken."""
        stem = wanted = "-".join(map(slug, parts))
        count = 1
        while stem in self._taken:
            count += 1
            stem = f"{wanted}-{count}"
        self._taken.add(stem)
        return stem


def one_line(name: str) -> str:
    """Return a name as one line of printable characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())


def shorten(line: str, longest: int) -> str:
    """Return a line of at most `longest` characters; an ellipsis stands for what is cut off."""
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def escape_dollars(line: str) -> str:
    """Return a line that matplotlib prints as it is: `$` starts no formula."""
    return line.replace("$", r"\$")


def figure_text(name: str, longest: int = 60) -> str:
    """Return a name as one line that matplotlib prints as it is."""
    return escape_dollars(shorten(one_line(name), longest))


def wrap_sentences(sentences: Iterable[str], width: int) -> str:
    """Return sentences, each on lines of its own of at most `width` characters, safe for matplotlib."""
    return "\n".join(line for one in sentences for line in textwrap.wrap(figure_text(one, 400), width))


def tick_labels(values: Sequence[float]) -> list[str]:
    """Return numbers as short as an axis needs them, with as many digits as tell them apart."""
    for digits in range(3, 17):
        shown = [number(value, digits, whole=1e5) for value in values]
        if len(set(shown)) == len(shown):
            break
    return shown


def cell_text(value: Cell) -> str:
    """Return a table's cell for the page; a missing figure is a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value) if isinstance(value, int | float) else value


def count_noun(count: int, noun: str, plural: str = "") -> str:
    """Return `1 leaf`, `7 leaves`."""
    return f"{number(count)} {noun if count == 1 else plural or noun + 's'}"


def spell_number(count: int) -> str:
    """Return a small count as a word, for running text."""
    return SPELLED[count] if count < len(SPELLED) else number(count)


def join_words(words: Iterable[str]) -> str:
    """Return `a, b and c`."""
    *early, last = list(words) or [""]
    return f"{', '.join(early)} and {last}" if early else last
