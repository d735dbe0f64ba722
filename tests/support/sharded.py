"""Runs that are prepared, divided between shards, and finished."""

import os
import shutil
import signal
import traceback

import numpy as np
from support.arrays import assert_same_arrays
from support.forked import Place
from support.study import TINY

import globscope
from globscope.pipeline.disk.journal import DiskJournal
from globscope.pipeline.extent import Shard
from globscope.pipeline.stage_keys import Stage
from globscope.shards import prepare, work

# Every map in 21 units of four networks, and its members in three.
UNITS = TINY.replace("resolution = 5", "resolution = 9").replace("examples = 64", "examples = 64\nmemory = 1e-5")
SMALL = UNITS.replace("resolution = 9", "resolution = 3").replace("epochs = 2", "epochs = 1")


class ShardedPlace(Place):
    """A spec whose run is prepared for shards."""

    def __init__(self, folder, text=UNITS):
        super().__init__(folder, text, report=False)
        self.origin = self.run

    def arrays(self):
        """Return what `Place` does; the list of checkpoints may name the place of which this one is a copy."""
        found = super().arrays()
        texts = {
            name: np.array(str(array).replace(str(self.origin), ""))
            for name, array in found.items()
            if array.dtype.kind == "U"
        }
        return found | texts

    @property
    def job(self):
        return globscope.load(self.folder / "spec.toml", folder=self.run)

    def prepare(self, until=Stage.EVALUATE):
        return prepare(self.job, until).stages

    def duplicate(self, folder):
        """Return a copy of the place, with its run."""
        place = type(self)(folder, (self.folder / "spec.toml").read_text())
        shutil.copytree(self.run, place.run)
        place.origin = self.run
        return place

    def copy(self, name):
        """Return a copy of the run folder."""
        return shutil.copytree(self.run, self.folder / name)

    def work_forked(self, numbers, count, kill_at=None):
        """Return a process that computes some shards, one after another; it is killed at its unit of a number."""
        child = os.fork()
        if child == 0:
            try:
                if kill_at is not None:
                    DiskJournal.record = mortal(DiskJournal.record, kill_at)
                for number in numbers:
                    work(self.run, Shard(number=number, count=count))
            except BaseException:  # noqa: BLE001 - whatever it is, the parent must see it
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        return child

    def records(self):
        """Return the units that shards have recorded, by the evaluation's key and the unit's file, with their files."""
        found = {}
        for path in sorted(self.run.glob("stages/evaluate/*.shards/*.part/units/*.npz")):
            found.setdefault((path.parents[2].stem, path.name), []).append(path)
        return found


def single_run(folder):
    """Return the small study, computed by one process."""
    place = ShardedPlace(folder, SMALL)
    place.study()
    return place


def prepared_run(folder, text=SMALL, until=Stage.EVALUATE):
    """Return the small study, prepared for shards."""
    place = ShardedPlace(folder, text)
    place.prepare(until)
    return place


def mortal(record, kill_at):
    """Return a journal's `record` that ends the process instead of its call of a number."""
    calls = []

    def deadly(*arguments, **options):
        calls.append(1)
        if len(calls) == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return record(*arguments, **options)

    return deadly


def shards(count):
    return [Shard(number=number, count=count) for number in range(1, count + 1)]


def assert_same_results(one, two):
    """Require the same arrays of all stages, in two places."""
    assert_same_arrays(one.arrays(), two.arrays())
    assert not [path for path in one.run.rglob("*") if path.suffix in (".part", ".shards", ".damaged", ".copy")]
