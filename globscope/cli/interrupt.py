"""Ctrl-C: one line and exit code 130, whenever it is pressed and however often.

During work it raises KeyboardInterrupt, so that files are closed. Before work begins, while a module is imported (whose
code may swallow the exception or turn it into another), and at the second Ctrl-C, the process ends at once: finished
stages are complete on the disk, and the system releases its locks.
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
# Files of Python's import machinery in a traceback.
IMPORTING = "<frozen importlib._bootstrap"
SHOW_CURSOR = "\x1b[?25h"


class _Interrupt:
    """The state of this process.

    Attributes:
        pressed: Whether Ctrl-C was pressed.
        at_work: Whether work is running that a KeyboardInterrupt ends.
        announced: Whether the line was written.
    """

    pressed = False
    at_work = False
    announced = False


def say_stopped() -> None:
    """Write the line, once in a process."""
    if not _Interrupt.announced:
        _Interrupt.announced = True
        os.write(2, f"{SHOW_CURSOR if os.isatty(2) else ''}{LINE}\n".encode())


def leave() -> None:
    """End the process at once, after the line."""
    try:
        sys.stdout.flush()
        say_stopped()
    finally:
        os._exit(STOPPED)


def was_stopped() -> bool:
    """Return whether Ctrl-C was pressed, even if its exception was swallowed or replaced."""
    return _Interrupt.pressed


@contextmanager
def at_work() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt within a block."""
    _Interrupt.at_work = True
    try:
        yield
    finally:
        _Interrupt.at_work = False


@contextmanager
def stoppable() -> Iterator[None]:
    """Handle Ctrl-C within a block, unless the embedding program handles it."""
    try:
        is_default = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        before = signal.signal(signal.SIGINT, _stop) if is_default else None
    except ValueError:  # not the main thread
        before = None
    hook, sys.unraisablehook = sys.unraisablehook, _unraisable(sys.unraisablehook)
    try:
        yield
    finally:
        sys.unraisablehook = hook
        if before is not None:  # a second Ctrl-C must not disturb Python's shutdown
            signal.signal(signal.SIGINT, signal.SIG_IGN if _Interrupt.pressed else before)


def _stop(number: int, frame: FrameType | None) -> None:
    del number
    if _Interrupt.pressed or not _Interrupt.at_work or _is_importing(frame):
        leave()
    _Interrupt.pressed = True
    raise KeyboardInterrupt


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith(IMPORTING):
            return True
        frame = frame.f_back
    return False


def _unraisable(others: Any) -> Any:
    """Return the hook for exceptions that Python cannot raise, so that a Ctrl-C among them is not ignored."""

    def hook(event: Any) -> None:
        if issubclass(event.exc_type, KeyboardInterrupt):
            leave()
        others(event)

    return hook
