"""Work for pools: functions of a module, which other processes can import."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import torch
from attrs import define
from threadpoolctl import threadpool_info

from globscope.api import EvaluationError, PoolTraits
from globscope.builtin.evaluators.pytorch import Torch
from globscope.testing.tiny.task import TinyTask


def noted(folder):
    """Return a function that notes every item that it begins; a file named after an item ends the process once."""

    def work(item, _):
        with (Path(folder) / "begun").open("a") as notes:
            notes.write(f"{item}\n")
        fatal = Path(folder) / f"fatal-{item}"
        if fatal.exists():
            fatal.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return item, os.getpid()

    return work


def met(folder):
    """Return a function that waits until two items are begun, which takes two processes."""

    def work(item, _):
        folder.mkdir(exist_ok=True)
        (folder / str(item)).touch()
        while len(list(folder.iterdir())) < 2:
            time.sleep(0.01)
        return item, os.getpid()

    return work


def fatal(number):
    """Return a function to which one number is fatal."""

    def work(item, _):
        if item == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    return work


def surroundings(_):
    """Return a function that tells its threads and environment."""

    def work(name, _):
        return torch.get_num_threads(), {info["num_threads"] for info in threadpool_info()}, os.environ.get(name)

    return work


def reporting_work(_):
    """Return a function that reports before it returns."""

    def work(item, progress):
        for done in range(3):
            progress(done, 2, loss=item + done / 2)

    return work


def reporting_forever(_):
    """Return a function that reports until nobody listens."""

    def work(_, progress):
        while True:
            progress(0, 1)

    return work


def total(array):
    """Return a function of an array that was handed over once."""
    return lambda row, _: (type(array).__name__, float(array[row].sum()))


def too_large(array):
    """Fail as a preparation for which memory does not suffice."""
    raise MemoryError(f"no room for {array.shape}")


class OfFile:
    """A value that is pickled as a file, which is read where it arrives."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.read_bytes, (self.path,)


def unreadable(folder):
    """Return a function that notes every item, and returns what is pickled as a file that is not there."""

    def work(item, progress):
        noted(folder)(item, progress)
        return OfFile(folder / "gone")

    return work


def lifting(space):
    """Return a function that lifts points."""
    return lambda points, _: space.lift(points)


class Stubborn(Exception):
    """An exception that cannot be made from its text alone."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def stubborn(_):
    """Return a function that raises it."""

    def work(item, _):
        raise Stubborn(item, "another")

    return work


@define(frozen=True, kw_only=True)
class Deadly(Torch):
    """Score as `torch` does; the process that comes to the second unit first is killed.

    Attributes:
        once: A file that is there until that has happened.
    """

    once: str

    def scorer(self, networks, task, plan):
        return Killing(super().scorer(networks, task, plan), Path(self.once))


class Killing:
    """Scores units until it comes to the second."""

    def __init__(self, scorer, once):
        self.scorer, self.device, self.once = scorer, scorer.device, once

    def score(self, unit):
        if unit.start and self.once.exists():
            self.once.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.scorer.score(unit)


@define(frozen=True, kw_only=True)
class Broken(Torch):
    """Score as `torch` does, but for the second unit."""

    def scorer(self, networks, task, plan):
        return Raising(super().scorer(networks, task, plan))


class Raising:
    """Scores the first unit."""

    def __init__(self, scorer):
        self.scorer, self.device = scorer, scorer.device

    def score(self, unit):
        if unit.start:
            raise ValueError(f"no {unit}")
        return self.scorer.score(unit)


@define(frozen=True, kw_only=True)
class DeadlyTask(TinyTask):
    """The tiny task; the process that trains for the tenth step first is killed.

    Attributes:
        once: A file that is there until that has happened.
    """

    once: str = ""

    def build(self, device):
        probe = super().build(device)
        probe.objective = Mortal(probe.objective, Path(self.once))
        return probe


class Mortal:
    """A training loss that kills."""

    def __init__(self, objective, once):
        self.objective, self.once, self.steps = objective, once, 0

    def __call__(self, *args, training):
        self.steps += training
        if self.steps == 10 and self.once.exists():
            self.once.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.objective(*args, training=training)


@define(frozen=True, kw_only=True)
class Doubling:
    """The work of a part: it doubles a number, of which the folder takes note; a negative one fails.

    A file `fatal-` with the number in the folder ends the process once.
    """

    number: int
    folder: Path
    error: type = EvaluationError

    def __call__(self, draft, progress):
        noted(self.folder)(self.number, progress)
        if self.number < 0:
            raise self.error(f"{self.number} is negative")
        return {"doubled": np.array(2 * self.number), "threads": np.array(torch.get_num_threads())}


@define(frozen=True, kw_only=True)
class Apart:
    """A pool on machines that see none of this one's files.

    Attributes:
        address: Where they are.
    """

    address: str | None = None
    traits = PoolTraits(shares_files=False)

    def open(self):
        raise AssertionError("tests bring the workers")

    def raise_error(self, error):
        raise error
