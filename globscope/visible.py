"""Text for display: characters that are invisible, move the cursor, or reverse a line are escaped."""

import re
from collections.abc import Sequence

# Joiners shape words of Persian and many emoji; Unicode's other format characters are invisible or reverse lines.
JOINERS = "\u200c\u200d"
# Controls, ends of lines and paragraphs, invisible letters, bidirectional controls, surrogates, and tags.
HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)


# Characters that may have to be escaped: all except ASCII's printable ones.
NOT_PRINTABLE_ASCII = re.compile(r"[^ -~]")


def visible(text: str) -> str:
    """Return text in which characters that are invisible or move a terminal's cursor are escaped."""
    return NOT_PRINTABLE_ASCII.sub(lambda match: _escape(match[0]), text)


# How many lines of a kind a message lists.
LISTED = 10


def few(lines: Sequence[str], further: str) -> list[str]:
    """Return the first lines of many, and how many further ones there are, in words such as `rows without a path`."""
    rest = len(lines) - LISTED
    return [*lines[:LISTED], *([f"{rest} further {further}"] if rest > 0 else [])]


def visible_lines(text: str) -> str:
    """Return text as `visible` does, but with line breaks and tabs unchanged."""
    return NOT_PRINTABLE_ASCII.sub(lambda match: match[0] if match[0] in "\n\t" else _escape(match[0]), text)


def _escape(character: str) -> str:
    is_shown = character.isprintable() or character in JOINERS
    return character if is_shown else f"\\U{ord(character):08x}"
