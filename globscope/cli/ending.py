"""How a command ends that an exception stopped: its exit code and its lines on standard error."""

import os
import sys
from collections.abc import Sequence

import typer

from globscope.cli.interrupt import STOPPED, say_stopped, was_stopped
from globscope.errors import GlobscopeError

INVALID = 2
# Lines about problems of one spec; who has more of them mends these first.
MOST = 200
# An exit code, and lines.
Ending = tuple[int, Sequence[str]]


def ending(error: BaseException) -> Ending | None:
    """Return how a command ends by an exception; None for a defect of ours, which deserves its traceback."""
    if isinstance(error, GlobscopeError):
        lines = [f"error: {line}" for line in str(error).splitlines()]
        more = [f"error: … and {len(lines) - MOST:,} more"] if len(lines) > MOST else []
        return INVALID, lines[:MOST] + more
    # A prompt turns Ctrl-C into Abort, and a library may make another exception of it.
    if isinstance(error, KeyboardInterrupt) or was_stopped():
        say_stopped()
        return STOPPED, ()
    if isinstance(error, typer.Abort):
        return INVALID, ["error: not started: nobody answered"]
    if BrokenPipeError in (type(error), type(error.__context__)):  # a reader such as `head` that has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains at its end
        return 0, ()
    return _of_the_machine(error)


def _of_the_machine(error: BaseException) -> Ending | None:
    from globscope.memory import first_line, is_out_of_memory
    from globscope.references import describe

    if isinstance(error, OSError):  # no permission, no space, a file where a folder should be
        return INVALID, [f"error: {error.filename or 'files'}: {error.strerror or error}"]
    if is_out_of_memory(error):
        return INVALID, [f"error: ran out of memory: {first_line(error)}"]
    if isinstance(error, SystemExit):  # of a library that no component stands for
        return INVALID, [f"error: a library ended the process: {describe(error)}"]
    return None
