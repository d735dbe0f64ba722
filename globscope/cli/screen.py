"""Where lines go: plain text, whatever brackets a user's names hold."""

import sys


def stdout(text: str) -> None:
    """Print a line for the reader or a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def stderr(text: str) -> None:
    """Print a line about the run."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def tolerate() -> None:
    """Write `?` for letters that the reader's encoding lacks, instead of failing on a name after a long run."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
