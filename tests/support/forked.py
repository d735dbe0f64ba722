"""Studies in processes of their own, which may be killed or work side by side.

Every study runs in a process that is forked from one in which everything is imported, so that a kill costs no start of
Python. That one is fresh: what other tests leave behind (threads of OpenMP) would hang in its children. It looks at the
folder only when no child works there.
"""

import json
import os
import signal
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from support.arrays import stored_arrays, stored_files
from support.study import Notes, values

import globscope
from globscope.pipeline.stage_keys import Stage
from globscope.store.record import NAME
from globscope.store.seal import damage_of

# Every kind of stage: trained alone and in a stack, aligned, learned, derived, in parts.
EVERY = """
title = "every"
[task]
use = "classification"
hidden = [6]
train_examples = 200
[population]
align = "weight-matching"
[population.train]
epochs = 3
save_every = 1
[[population.variant]]
name = "A"
[[population.variant]]
name = "B"
[zoo.train]
epochs = 1
at_once = 8
[[zoo.variant]]
name = "Z"
repeat = 12
[[reducer]]
use = "pca"
sampler = ["grid", "critical-points"]
[[reducer]]
use = "autoencoder"
steps = 20
hidden = [4]
[[sampler]]
use = "grid"
resolution = 4
[[sampler]]
use = "critical-points"
budget = 150
images = 1
starts = 1
[evaluator]
use = "torch"
examples = 32
memory = 1e-9
[[aligner]]
use = "deep-align"
steps = 4
width = 4
blocks = 1
channels = 4
pairs = 2
validate_every = 2
[[analysis]]
use = "rebasin"
aligners = ["deep-align", "weight-matching"]
points = 3
[[analysis]]
use = "mode-connectivity"
epochs = 2
points = 5
"""
KINDS = set(Stage)


class Place:
    """A spec with a folder for its runs."""

    def __init__(self, folder, text, *, report=True):
        self.folder, self.run, self.report = folder, folder / "run", report
        folder.mkdir()
        (folder / "spec.toml").write_text(text)

    def study(self):
        """Run the study or sweep in this process, with its report or without; return the notes of its observer."""
        notes, study = Notes(), globscope.load(self.folder / "spec.toml", folder=self.run)
        if self.report:
            study.run(notes)
        else:
            values(study, notes)
        return notes

    def start(self):
        """Return the process, forked from this one, that runs the study."""
        child = os.fork()
        if child == 0:
            os.fsync = lambda descriptor: None  # a kill loses nothing that was handed to the system; it is faster
            try:
                found = self.study()
                notes = {name: getattr(found, name) for name in ("warned", "ran", "kept")}
            except BaseException:  # noqa: BLE001 - whatever it is, it must reach the parent
                notes = {"raised": traceback.format_exc()}
            self._notes(os.getpid()).write_text(json.dumps(notes))
            os._exit(0)
        return child

    def wait(self, child):
        """Return what a process noted, as `Notes` names it; None where it was killed.

        Raises:
            AssertionError: It raised; with its traceback.
        """
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            return None
        notes = json.loads(self._notes(child).read_text())
        assert "raised" not in notes, notes["raised"]
        return notes

    def forked(self, kill_after=None):
        """Run the study in a forked process, killed after some seconds; return its warnings, None where it was killed.

        Raises:
            AssertionError: It raised; with its traceback.
        """
        child = self.start()
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(child, signal.SIGKILL)
        notes = self.wait(child)
        return None if notes is None else notes["warned"]

    def _notes(self, child):
        return self.folder / f"notes-{child}.json"

    def files(self):
        """Return the files of stages that were not moved aside, finished or not."""
        return stored_files(self.run)

    def arrays(self):
        """Return every array and figure of the finished stages but recorded seconds, by file and name."""
        return stored_arrays(self.run)

    def unused(self):
        """Return the finished stages that are damaged: the last run cannot have used them."""
        found = [file.parent for file in self.files() if file.name == NAME and file.parent.suffix != ".part"]
        return [stage for stage in found if damage_of(stage, f"{stage.parent.name}/{stage.name}")]

    def kinds(self):
        """Return the kinds of its stages."""
        return {path.name for path in (self.run / "stages").iterdir()}


def undisturbed(folder, text, **options):
    """Return a run to which nothing happens, and the seconds that it takes once everything is imported."""
    Place(folder / "warm", text, **options).study()
    place = Place(folder / "undisturbed", text, **options)
    start = time.perf_counter()
    assert place.forked() == []
    return place, time.perf_counter() - start


def in_fresh_process(work, *arguments):
    """Run a function in a process that has computed nothing."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(work, *arguments).result()
