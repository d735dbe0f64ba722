"""Where lines go: plain text, whatever brackets and control characters a user's names hold."""

import sys

from globscope.visible import visible_lines

# Letters of a line about the run; of a longer one the middle is left out.
LONGEST = 2000


def stdout(text: str) -> None:
    """Print a line for the reader or a pipe."""
    sys.stdout.write(visible_lines(text) + "\n")
    sys.stdout.flush()


def stderr(text: str) -> None:
    """Print a line about the run."""
    sys.stderr.write(cut(visible_lines(text)) + "\n")
    sys.stderr.flush()


def marked(text: str) -> str:
    """Return text that rich prints as it is, with what would move the cursor or turn the line around escaped."""
    from rich.markup import escape

    return escape(visible_lines(text))


def cut(text: str) -> str:
    """Return text with its middle left out where it is very long."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 201]}…{text[-200:]}"


def tolerate() -> None:
    """Write `?` for letters that the reader's encoding lacks, instead of failing on a name after a long run."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
