"""What a process shares with everyone in it: watched around a component's work, and set back after it."""

import logging
import os
import random
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from globscope.testing.settings import Setting, running, settings

# Seconds that threads and processes have to end; the most letters of a print and of a value that a message shows.
GRACE, SHOWN = 1.0, 60


@contextmanager
def restored_process(*, mute: bool = False) -> Iterator[list[str]]:
    """Set what a block changes of the process back at its end, and yield what that was, filled in at the end.

    Args:
        mute: Whether warnings are dropped.
    """
    known = settings()
    before, changes = {one: one.read() for one in known}, list[str]()
    with warnings.catch_warnings(record=mute):
        filters = list(warnings.filters)
        try:
            yield changes
        finally:
            changes += ["changes the filters of warnings"] if list(warnings.filters) != filters else []
            changes += _set_back(before)


@contextmanager
def watched_process() -> Iterator[list[str]]:
    """As `restored_process`, in an empty working directory; prints, files, threads and processes are reported too."""
    printed, started, found = StringIO(), running(), list[str]()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True)))
        changes = stack.enter_context(restored_process(mute=True))  # a warning is no print
        stack.enter_context(_in_folder(folder))
        stack.enter_context(_logging_without_prints())
        stack.enter_context(redirect_stdout(printed))
        stack.enter_context(redirect_stderr(printed))
        yield found
        found += [f"prints {_short(printed.getvalue())}"] if printed.getvalue() else []
        found += [f"writes {path.name!r} into the working directory" for path in sorted(folder.iterdir())]
        found += [f"leaves {name} running" for name in _leftovers(started)]
    found += changes


@contextmanager
def other_global_seeds(seed: int) -> Iterator[None]:
    """Run a block under other global random states, to find out what depends on them."""
    import torch

    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - the very state that is watched
    with torch.random.fork_rng():
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        torch.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)  # noqa: NPY002


def _set_back(before: Mapping[Setting, object]) -> list[str]:
    changes = list[str]()
    for setting, value in before.items():
        now = setting.read()
        if now != value:
            changes.append(setting.change or f"changes {setting.name} from {_short(value)} to {_short(now)}")
            setting.restore(value)
    return changes


@contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    yield  # a block that fails is set back as every block is
    if Path.cwd() == folder:
        os.chdir(before)


@contextmanager
def _logging_without_prints() -> Iterator[None]:
    """Keep Python from printing what is logged where nobody has configured logging."""
    handler, last = logging.NullHandler(), logging.lastResort
    logging.lastResort = handler
    try:
        yield
    finally:
        logging.lastResort = last


def _leftovers(before: set[str]) -> list[str]:
    """Return what has been started and does not end."""
    end = time.monotonic() + GRACE
    while (left := running() - before) and time.monotonic() < end:
        time.sleep(0.01)
    return sorted(left)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
