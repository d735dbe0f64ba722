"""Lets another process compile what reducers will call, while this one trains and evaluates."""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from globscope.roles import Compiles, capability

# A process ends with the one that started it, even if that one is killed: then its standard input ends.
RUN = """
import os, runpy, sys, threading
if hasattr(os, "nice"):
    os.nice(10)  # it takes no time from the study where there is one core
def end_with_parent():
    os.read(0, 1)
    os._exit(1)
threading.Thread(target=end_with_parent, daemon=True).start()
runpy.run_module(sys.argv[1], run_name="__main__")
"""


@contextmanager
def compiling_ahead(components: Iterable[Any]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Compile in the background what the components have not compiled yet, until the context ends.

    No result depends on it: what is not compiled in time is compiled where it is called.

    Args:
        components: Components of any role; those that have nothing to compile do nothing.

    Yields:
        The processes, one for each module that compiles.
    """
    offers = (capability(component, Compiles) for component in components)
    modules = sorted({module for offer in offers if offer is not None and (module := offer.compilation())})
    processes = [_start(module) for module in modules] if sys.executable else []
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def _start(module: str) -> subprocess.Popen[bytes]:
    # With -P, since a user's file in this folder may have the name of a module.
    command = [sys.executable, "-P", "-W", "ignore", "-c", RUN, module]
    silent = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=silent, stderr=silent)  # noqa: S603
