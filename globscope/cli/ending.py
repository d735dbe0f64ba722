"""The end of a command that an exception stopped: its exit code and its lines on standard error."""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer

from globscope.cli.interrupt import STOPPED, at_work, say_stopped, was_stopped
from globscope.cli.screen import stderr, tolerate
from globscope.errors import GlobscopeError

INVALID = 2
# The most lines about problems of one spec.
MOST = 200
# The beginning of a message that names a key of a spec.
KEY = re.compile(r"(task|population|zoo|reducer|sampler|evaluator|topology|aligner|analysis|fidelity)(\.[\w.]+)?: ")
# An exit code, and lines.
Ending = tuple[int, Sequence[str]]


@contextmanager
def exit_on_error(spec: Path | None = None) -> Iterator[None]:
    """Print errors and exit with code 2; a run that is stopped can be continued.

    Args:
        spec: The file whose keys messages are about.
    """
    tolerate()
    try:
        with at_work():
            yield
    except typer.Exit:
        raise
    except BaseException as error:
        end = ending(error, spec)
        if end is None:
            raise
        code, lines = end
        for line in lines:
            stderr(line)
        raise typer.Exit(code) from None


def ending(error: BaseException, spec: Path | None = None) -> Ending | None:
    """Return the end of a command by an exception; None for a defect of GlobScope, which is shown as a traceback.

    Args:
        error: The exception.
        spec: The file whose keys messages are about.
    """
    if isinstance(error, GlobscopeError):
        lines = [f"error: {_with_file(line, spec)}" for line in str(error).splitlines()]
        more = [f"error: … and {len(lines) - MOST:,} more"] if len(lines) > MOST else []
        return INVALID, lines[:MOST] + more
    # A prompt turns Ctrl-C into Abort, and a library may make another exception of it.
    if isinstance(error, KeyboardInterrupt) or was_stopped():
        say_stopped()
        return STOPPED, ()
    if isinstance(error, typer.Abort):
        return INVALID, ["error: not started: no answer"]
    if BrokenPipeError in (type(error), type(error.__context__)):  # a reader such as `head` that has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains at its end
        return 0, ()
    return _machine_ending(error)


def _with_file(line: str, spec: Path | None) -> str:
    """Return a message with its file: a component knows the key that it refuses, but not the file."""
    return f"{spec}: {line}" if spec is not None and KEY.match(line) else line


def _machine_ending(error: BaseException) -> Ending | None:
    from globscope.memory import first_line, is_out_of_memory
    from globscope.references import describe

    if isinstance(error, OSError):  # no permission, no space, a file where a folder should be
        return INVALID, [f"error: {error.filename or 'files'}: {error.strerror or error}"]
    if is_out_of_memory(error):
        return INVALID, [f"error: ran out of memory: {first_line(error)}"]
    if isinstance(error, SystemExit):  # from a library outside of components
        return INVALID, [f"error: a library ended the process: {describe(error)}"]
    return None
