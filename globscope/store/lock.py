"""Locks between processes. The system frees that of a process that ends, however it ends."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

# Of a folder, for what is written in it outside stages.
LOCK = ".lock"


@contextmanager
def hold_lock(path: Path, waiting: Callable[[], object] = lambda: None) -> Iterator[bool]:
    """Hold the lock of a file, which is made; within one thread it may be held several times.

    Args:
        path: Of the lock's file.
        waiting: Called once if another process holds it.

    Yields:
        Whether nothing else in this thread holds it already.
    """
    lock = FileLock(path, is_singleton=True)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waiting()
        lock.acquire(timeout=-1)
    try:
        yield lock.lock_counter == 1
    finally:
        lock.release()


@contextmanager
def lock_unless_held(path: Path) -> Iterator[bool]:
    """Yield whether the lock of a file is held now, which it is not where another process holds it."""
    lock = FileLock(path, is_singleton=True)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def remove_lock(path: Path) -> None:
    """Remove the file of a lock from a folder of which all is written, unless another process is at work there."""
    with lock_unless_held(path) as is_held:
        if is_held:
            discard_lock(path)


def discard_lock(path: Path) -> None:
    """Remove the file of a lock that is held and that nobody will need again; Windows removes it with the release."""
    if os.name == "posix":
        path.unlink(missing_ok=True)
