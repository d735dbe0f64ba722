"""Asking a Python that has TTK, which need not be this one."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from attrs import define

from globscope.api import PluginError

PROGRAM = Path(__file__).with_name("join_tree.py")
READY = "TTK is ready"
NAMES = ("python3", "python", "pvpython")
LINES = 5
HELP = (
    "get TTK from conda-forge (`conda create -n ttk -c conda-forge topologytoolkit`), with a ParaView from 5.10 on "
    "that was built with it (its `pvpython`), or from source (https://topology-tool-kit.github.io/installation.html), "
    "and name its Python by the option `interpreter` (`conda run -n ttk which python` prints that of the environment)"
)


@define(frozen=True, kw_only=True)
class Outcome:
    """How a process ended.

    Attributes:
        code: Its exit status.
        ready: Whether it had TTK.
        last: The last lines that it wrote to its standard error.
    """

    code: int
    ready: bool
    last: tuple[str, ...]

    @property
    def reason(self) -> str:
        """The last line it wrote, else how it ended."""
        return self.last[-1] if self.last else self.ending

    @property
    def ending(self) -> str:
        """Its exit status, or the signal that ended it."""
        # A shell between us and it adds 128.
        number = -self.code if self.code < 0 else self.code - 128
        known = {one.value: one.name for one in signal.Signals}
        return f"ended by {known[number]}" if number in known else f"ended with status {self.code}"


def ask(arrays: Mapping[str, Any], interpreter: str | None, seconds: float) -> dict[str, np.ndarray]:
    """Return the answer of `join_tree.py`, run by the interpreter, or by the first found that has TTK.

    Always in a process of its own: TTK's crashes are not ours, and neither is its VTK.

    Raises:
        PluginError: No interpreter has TTK, or the process crashed or ran for longer than `seconds`.
    """
    with TemporaryDirectory(prefix="globscope-ttk-") as folder:
        question, answer = Path(folder) / "question.npz", Path(folder) / "answer.npz"
        np.savez(question, **arrays)
        tried = []
        for program in [_named(interpreter)] if interpreter else _found():
            outcome = _run([program, str(PROGRAM), str(question), str(answer)], seconds)
            if outcome.ready:
                return _read(answer, program, outcome)
            tried.append(f"{program}: {outcome.reason}")
    raise PluginError("\n  ".join([f"topology ttk: no Python with TTK; {HELP}", *tried]))


def _named(interpreter: str) -> str:
    # Only a home is resolved: `./python` as a Path would lose its dot, and be looked for on PATH.
    program = shutil.which(str(Path(interpreter).expanduser()) if interpreter.startswith("~") else interpreter)
    if program is None:
        raise PluginError(f"topology.interpreter = {interpreter!r}: there is no such program; {HELP}")
    return program


def _found() -> Iterator[str]:
    """Give this interpreter, then all on PATH: an active environment hides the system's, which may have TTK."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    found = (shutil.which(name, path=folder) for name in NAMES for folder in folders if folder)
    yield from dict.fromkeys([sys.executable, *(path for path in found if path)])


def _run(command: list[str], seconds: float) -> Outcome:
    try:
        done = subprocess.run(  # noqa: S603 - the program is the user's own choice
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as problem:
        raise PluginError(
            f"topology ttk: {command[0]} was stopped after {seconds:g} s; the option `time_limit` allows more"
        ) from problem
    except OSError as problem:
        return Outcome(code=-1, ready=False, last=(str(problem),))
    last = tuple(line for line in done.stderr.splitlines() if line.strip())[-LINES:]
    return Outcome(code=done.returncode, ready=READY in done.stdout, last=last)


def _read(answer: Path, program: str, outcome: Outcome) -> dict[str, np.ndarray]:
    if outcome.code != 0 or not answer.exists():
        lines = [f"topology ttk: TTK in {program} {outcome.ending}, without an answer", *outcome.last]
        raise PluginError("\n  ".join(lines))
    with np.load(answer, allow_pickle=False) as arrays:
        return dict(arrays)
