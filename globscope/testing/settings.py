"""The settings of a process that belong to everyone in it: how each is read, and set back."""

import logging
import multiprocessing
import os
import pickle
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define

# What a message says of a global generator, before the library's name.
MOVES = "moves the global random state of"
# The signals by which a process is stopped.
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@define(frozen=True, kw_only=True, eq=False)
class Setting:
    """A setting that a component must leave as it is.

    Attributes:
        name: What it is called in a message.
        read: Returns its value.
        restore: Sets it to a value that was read.
        change: What a message says of a change; made of name and values where empty.
    """

    name: str
    read: Callable[[], Any]
    restore: Callable[[Any], object]
    change: str = ""


def settings() -> tuple[Setting, ...]:
    """Return the settings of Python, numpy and, where it has been imported, torch."""
    return PYTHON if "torch" not in sys.modules else (*PYTHON, *_of_torch())


def running() -> set[str]:
    """Return the threads and child processes that run, by what a message calls them."""
    threads = {f"thread {one.name!r} ({one.ident})" for one in threading.enumerate()}
    return threads | {f"process {number}" for number in _children()}


def _children() -> Iterator[int]:
    """Yield the numbers of this process' children, those that have ended without being waited for among them."""
    yield from (one.pid for one in multiprocessing.active_children() if one.pid)
    for path in Path("/proc/self/task").glob("*/children"):  # where there is such a folder
        with suppress(OSError):
            yield from map(int, path.read_text("ascii").split())


def _set_environment(values: dict[str, str]) -> None:
    for name in {*os.environ} - {*values}:
        del os.environ[name]
    os.environ.update(values)


def _set_signals(handlers: tuple[Any, ...]) -> None:
    with suppress(ValueError):  # of a thread that is not the main one
        for number, handler in zip(SIGNALS, handlers, strict=True):
            signal.signal(number, handler)


def _set_root(values: tuple[int, list[logging.Handler]]) -> None:
    logging.root.setLevel(values[0])
    logging.root.handlers[:] = values[1]


def _set_path(entries: list[str]) -> None:
    sys.path[:] = entries


def _random(library: str, read: Callable[[], Any], restore: Callable[[Any], object]) -> Setting:
    return Setting(name="", read=read, restore=restore, change=f"{MOVES} {library}")


PYTHON = (
    _random("random", random.getstate, random.setstate),
    _random(
        "numpy",
        lambda: pickle.dumps(np.random.get_state(legacy=False)),  # noqa: NPY002 - the very state that is watched
        lambda state: np.random.set_state(pickle.loads(state)),  # noqa: NPY002, S301 - pickled in the line before
    ),
    Setting(name="the working directory", read=os.getcwd, restore=os.chdir),
    Setting(
        name="", read=lambda: dict(os.environ), restore=_set_environment, change="changes the environment's variables"
    ),
    Setting(name="numpy's handling of errors", read=np.geterr, restore=lambda values: np.seterr(**values)),
    Setting(name="", read=lambda: list(sys.path), restore=_set_path, change="changes sys.path"),
    Setting(name="Python's limit of recursion", read=sys.getrecursionlimit, restore=sys.setrecursionlimit),
    Setting(
        name="",
        read=lambda: tuple(map(signal.getsignal, SIGNALS)),
        restore=_set_signals,
        change="changes what happens at a signal such as Ctrl-C",
    ),
    Setting(
        name="",
        read=lambda: (logging.root.level, list(logging.root.handlers)),
        restore=_set_root,
        change="configures the logging of the whole process",
    ),
    Setting(
        name="the start method of multiprocessing",
        # The first of all is the default, which is not fixed before it is used.
        read=lambda: multiprocessing.get_start_method(allow_none=True) or multiprocessing.get_all_start_methods()[0],
        restore=lambda method: multiprocessing.set_start_method(method, force=True),
    ),
)


def _of_torch() -> Iterator[Setting]:
    import torch

    cudnn: Any = torch.backends.cudnn

    def set_cudnn(flags: tuple[bool, bool, bool]) -> None:
        cudnn.enabled, cudnn.benchmark, cudnn.deterministic = flags

    yield _random(
        "torch",
        lambda: torch.get_rng_state().numpy().tobytes(),
        lambda state: torch.set_rng_state(torch.frombuffer(bytearray(state), dtype=torch.uint8)),
    )
    yield Setting(name="torch's number of threads", read=torch.get_num_threads, restore=torch.set_num_threads)
    yield Setting(name="torch's default dtype", read=torch.get_default_dtype, restore=torch.set_default_dtype)
    yield Setting(
        name="torch's default device",
        # Not `get_default_device`, which fails in torch 2.6 once a device was set back to None.
        read=lambda: torch.empty(0).device,
        # Setting the CPU itself would leave a mode behind.
        restore=lambda device: torch.set_default_device(None if device.type == "cpu" else device),
    )
    yield Setting(name="torch's gradient mode", read=torch.is_grad_enabled, restore=torch.set_grad_enabled)
    yield Setting(
        name="torch's deterministic flags",
        read=lambda: (
            torch.are_deterministic_algorithms_enabled(),
            torch.is_deterministic_algorithms_warn_only_enabled(),
        ),
        restore=lambda flags: torch.use_deterministic_algorithms(flags[0], warn_only=flags[1]),
    )
    yield Setting(
        name="torch's cuDNN flags",
        read=lambda: (cudnn.enabled, cudnn.benchmark, cudnn.deterministic),
        restore=set_cudnn,
    )
