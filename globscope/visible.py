"""Text that people see as it is: what would not show, move the cursor, or turn a line around, is escaped."""

import re

# Joiners shape words of Persian and many emoji; all else of Unicode's format characters is invisible or turns lines.
JOINERS = "\u200c\u200d"
# Controls, ends of lines and paragraphs, invisible letters, bidirectional controls, surrogates, and tags.
HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)


# What may have to be escaped: all but ASCII's printable characters, which are most of any text.
LOOKED_AT = re.compile(r"[^ -~]")


def visible(text: str) -> str:
    """Return text with every character escaped that would not show or would move a terminal's cursor."""
    return LOOKED_AT.sub(lambda match: _shown(match[0]), text)


def visible_lines(text: str) -> str:
    """Return text as `visible` does, its ends of lines and tabs kept."""
    return LOOKED_AT.sub(lambda match: match[0] if match[0] in "\n\t" else _shown(match[0]), text)


def _shown(character: str) -> str:
    kept = character.isprintable() or character in JOINERS
    return character if kept else f"\\U{ord(character):08x}"
