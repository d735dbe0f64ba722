"""Ctrl-C: one line and exit code 130, whenever it is pressed and however often.

Work raises KeyboardInterrupt, so that what is open is closed. Before there is work, while a module is imported (whose
code may swallow the exception or turn it into another), and at the second Ctrl-C, the process leaves at once: finished
stages are whole on the disk, and the system frees its locks.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

LINE = "stopped; what is finished is kept, and the same command continues"
STOPPED = 130
# Of files in a traceback: Python's own import machinery.
IMPORTING = "<frozen importlib._bootstrap"
SHOW_CURSOR = "\x1b[?25h"


class _State:
    """Of this process.

    Attributes:
        asked: Whether Ctrl-C was pressed.
        at_work: Whether there is work that a KeyboardInterrupt ends.
        said: Whether the line was written.
    """

    asked = False
    at_work = False
    said = False


def say_stopped() -> None:
    """Write the line, once a process."""
    if not _State.said:
        _State.said = True
        os.write(2, f"{SHOW_CURSOR if os.isatty(2) else ''}{LINE}\n".encode())


def leave() -> None:
    """End the process at once, after the line."""
    try:
        sys.stdout.flush()
        say_stopped()
    finally:
        os._exit(STOPPED)


def was_stopped() -> bool:
    """Return whether Ctrl-C was pressed, whatever has become of its exception since."""
    return _State.asked


@contextmanager
def at_work() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt within a block."""
    _State.at_work = True
    try:
        yield
    finally:
        _State.at_work = False


@contextmanager
def stoppable() -> Iterator[None]:
    """Handle Ctrl-C within a block; somebody else's handling of it is left alone."""
    try:
        own = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        before = signal.signal(signal.SIGINT, _stop) if own else None
    except ValueError:  # not the main thread
        before = None
    hook, sys.unraisablehook = sys.unraisablehook, _unraisable(sys.unraisablehook)
    try:
        yield
    finally:
        sys.unraisablehook = hook
        if before is not None:  # who has pressed it needs not press it again while Python shuts down
            signal.signal(signal.SIGINT, signal.SIG_IGN if _State.asked else before)


def _stop(number: int, frame: FrameType | None) -> None:
    del number
    if _State.asked or not _State.at_work or _is_importing(frame):
        leave()
    _State.asked = True
    raise KeyboardInterrupt


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith(IMPORTING):
            return True
        frame = frame.f_back
    return False


def _unraisable(others: Any) -> Any:
    """Return the hook for exceptions that Python cannot raise: a Ctrl-C among them would be printed and forgotten."""

    def hook(event: Any) -> None:
        if issubclass(event.exc_type, KeyboardInterrupt):
            leave()
        others(event)

    return hook
