"""Lines on standard output and standard error, with control characters in names made visible."""

import sys

from globscope.visible import visible_lines

# The most letters of a line about the run; the middle of a longer line is omitted.
LONGEST = 2000


def stdout(text: str) -> None:
    """Print a line for the reader or a pipe."""
    sys.stdout.write(visible_lines(text) + "\n")
    sys.stdout.flush()


def stderr(text: str) -> None:
    """Print a line about the run."""
    sys.stderr.write(cut(visible_lines(text)) + "\n")
    sys.stderr.flush()


def escape_markup(text: str) -> str:
    """Return text that rich prints literally, with control characters made visible."""
    from rich.markup import escape

    return escape(visible_lines(text))


def cut(text: str) -> str:
    """Return text, without its middle if it is very long."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 201]}…{text[-200:]}"


def tolerate() -> None:
    """Write `?` for letters that the reader's encoding lacks, instead of failing on a name after a long run."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
