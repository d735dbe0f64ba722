"""Text that people see as it is: what would not show, move the cursor, or turn a line around, is escaped."""

import re

# Joiners shape words of Persian and many emoji; all else of Unicode's format characters is invisible or turns lines.
JOINERS = "\u200c\u200d"
# Controls, ends of lines and paragraphs, invisible letters, bidirectional controls, surrogates, and tags.
HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)


def visible(text: str) -> str:
    """Return text with every character escaped that would not show or would move a terminal's cursor."""
    return "".join(c if c.isprintable() or c in JOINERS else f"\\U{ord(c):08x}" for c in text)


def visible_lines(text: str) -> str:
    """Return text as `visible` does, its ends of lines and tabs kept."""
    return "".join(c if c in "\n\t" else visible(c) for c in text)
