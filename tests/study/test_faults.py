"""Kills and damage: whatever happens to a run, the next one ends with the arrays of one to which nothing happened.

Every study runs in a process that is forked from one in which everything is imported, so that a kill costs no start of
Python. That one is fresh: what other tests leave behind (threads of OpenMP) would hang in its children. It looks at the
folder only when no child works there.
"""

import json
import os
import random
import shutil
import signal
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from support.arrays import assert_same_arrays
from support.study import TINY, Notes, values

from globscope.session import load
from globscope.store import read_arrays, write_arrays
from globscope.store.record import NAME
from globscope.store.seal import damage_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")

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
[[reducer]]
use = "autoencoder"
steps = 20
hidden = [4]
[[sampler]]
use = "grid"
resolution = 4
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
KINDS = {
    *("train", "population", "align", "learn", "aligned", "derive", "space", "reduce-pca", "reduce-autoencoder"),
    *("sample", "evaluate", "topology", "analysis", "part"),
}


class Place:
    """A spec with a folder for its runs."""

    def __init__(self, folder, text, *, report=True):
        self.folder, self.run, self.report = folder, folder / "run", report
        folder.mkdir()
        (folder / "spec.toml").write_text(text)

    def study(self):
        """Run the study in this process, with its report or without; return what it warned of."""
        notes, study = Notes(), load(self.folder / "spec.toml", folder=self.run)
        if self.report:
            study.run(notes)
        else:
            values(study, notes)
        return notes.warned

    def forked(self, kill_after=None):
        """Run the study in a forked process, killed after some seconds; return its warnings, None where it was killed.

        Raises:
            AssertionError: It raised; with its traceback.
        """
        said = self.folder / "said.json"
        said.unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            os.fsync = lambda descriptor: None  # a kill loses nothing that was handed to the system; it is faster
            try:
                said.write_text(json.dumps({"warned": self.study()}))
            except BaseException:  # noqa: BLE001 - whatever it is, it must reach the parent
                said.write_text(json.dumps({"raised": traceback.format_exc()}))
            os._exit(0)
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL
            return None
        told = json.loads(said.read_text())
        assert "raised" not in told, told["raised"]
        return told["warned"]

    def files(self):
        """Return the files of stages that were not moved aside, finished or not."""
        found = [path for path in (self.run / "stages").rglob("*") if path.is_file()]
        return sorted(path for path in found if ".damaged" not in str(path) and not path.name.startswith("."))

    def arrays(self):
        """Return every array and figure of the finished stages but recorded seconds, by file and name."""
        found = {}
        for file in self.files():
            name = str(file.relative_to(self.run))
            if file.suffix in (".npz", ".safetensors") and file.name != "times.safetensors":
                found |= {(name, key): array for key, array in read_arrays(file).items()}
            elif file.suffix == ".npy":
                found[name, ""] = np.load(file)
            elif file.name in ("plan.json", "members.json", "log.json", "topology.json", "asked.json"):
                found[name, ""] = np.array(file.read_text().replace(str(self.folder), ""))
        return found

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


def killed(folder, text, whole, seconds, draw, count, **options):
    """Kill runs at random moments until one ends, in one folder after another; return how many kills there were."""
    kills = 0
    while kills < count:
        print(f"{kills} kills", flush=True)
        place = Place(folder / f"killed-{kills}", text, **{"report": kills % 4 == 0, **options})
        # Ten kills a run at most, each within a share of what an undisturbed one takes: they hit all of its stages.
        for _ in range(min(10, count - kills)):
            if place.forked(draw.uniform(0, 0.3) * seconds) is not None:
                break
            kills += 1
        place.forked()
        assert_same_arrays(place.arrays(), whole)
        assert not list(place.run.rglob("*.part"))
        shutil.rmtree(place.folder)
    return kills


def flip(file, draw, others):
    content = bytearray(file.read_bytes())
    if content:
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    file.write_bytes(content or b"x")


def cut(file, draw, others):
    content = file.read_bytes()
    file.write_bytes(content[: draw.randrange(len(content) or 1)])


def empty(file, draw, others):
    file.write_bytes(b"")


def remove(file, draw, others):
    file.unlink()


def exchange(file, draw, others):
    """Give two files each other's bytes, of one kind if there are two."""
    rest = [one for one in others if one != file]
    other = draw.choice([one for one in rest if one.suffix == file.suffix] or rest)
    one, two = file.read_bytes(), other.read_bytes()
    file.write_bytes(two)
    other.write_bytes(one)


def edit(file, draw, others):
    """Change a file so that it can be read as before, with other values."""
    if file.suffix in (".npz", ".safetensors"):
        write_plainly(file, {name: np.zeros_like(array) for name, array in read_arrays(file).items()})
    elif file.suffix == ".npy":  # the last number; a killed run may not have written it yet
        file.write_bytes(file.read_bytes()[:-4] + b"\0\0\x80?")
    else:
        file.write_text(file.read_text().replace("1", "2") + "\n")


def write_plainly(file, arrays):
    elsewhere = file.with_name(f".edit{file.suffix}")
    write_arrays(elsewhere, arrays)
    elsewhere.replace(file)


def swap_stages(file, draw, others):
    """Exchange two whole stages of one kind, or two kinds."""
    stages = sorted({one.parent for one in others if (one.parent / NAME).is_file()})
    one, two = draw.sample(stages, 2)
    rest = one.with_name("rest")
    one.rename(rest)
    two.rename(one)
    rest.rename(two)


DAMAGES = (flip, cut, empty, remove, exchange, edit, swap_stages)


def damaged(folder, text, whole, seconds, draw, count, **options):
    """Damage a file of a finished or a killed run again and again; return how often each kind of damage was named."""
    place, named = Place(folder / "damaged", text, **options), Counter()
    place.forked()
    for number in range(count):
        if number % 2:  # an unfinished run
            shutil.rmtree(place.run)
            place.forked(draw.uniform(0.1, 0.9) * seconds)
            if not (place.run / "stages").exists():
                place.forked()
        files, damage = place.files(), DAMAGES[number % len(DAMAGES)]
        if damage is swap_stages and len({file.parent for file in files}) < 2:
            damage = flip
        file = draw.choice([one for one in files if number % 2 and ".part/" in str(one)] or files)
        print(f"{number}: {damage.__name__} {file.relative_to(place.run)}", flush=True)
        damage(file, draw, files)
        warned = place.forked()
        if place.unused():  # what only led to a finished stage, such as the zoo to a learned aligner: let all be used
            for kind in ("learn", "aligned", "derive", "analysis"):
                shutil.rmtree(place.run / "stages" / kind)
            warned += place.forked()
        named[damage.__name__] += any("computed again" in text for text in warned)
        assert not place.unused()
        assert_same_arrays(place.arrays(), whole)
        assert place.forked() == []
    return named


def a_few(folder):
    text = TINY.replace("resolution = 5", "resolution = 3").replace("epochs = 2", "epochs = 1")
    place, seconds = undisturbed(folder, text, report=False)
    whole, draw = place.arrays(), random.Random(0)
    assert killed(folder, text, whole, seconds, draw, 2, report=False) == 2
    named = damaged(folder, text, whole, seconds, draw, 3, report=False)
    assert named["flip"] == named["empty"] == 1


def two_hundred_kills(folder):
    place, seconds = undisturbed(folder, EVERY)
    assert place.kinds() == KINDS
    assert killed(folder, EVERY, place.arrays(), seconds, random.Random(13), 200) == 200


def fifty_damages(folder):
    place, seconds = undisturbed(folder, EVERY, report=False)
    assert place.kinds() == KINDS
    whole = place.arrays()
    named = damaged(folder, EVERY, whole, seconds, random.Random(14), 50, report=False)
    print(f"one run {seconds:.1f} s; {len(whole)} arrays; damages named: {dict(named)}", flush=True)


@pytest.fixture
def fresh():
    """A function that runs another one in a process that has computed nothing."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield lambda work, *arguments: pool.submit(work, *arguments).result()


def test_a_few_kills_and_damages_leave_no_trace(tmp_path, fresh):
    fresh(a_few, tmp_path)


@pytest.mark.slow
def test_200_kills_of_a_run_with_every_kind_of_stage_leave_no_trace(tmp_path, fresh):
    fresh(two_hundred_kills, tmp_path)


@pytest.mark.slow
def test_50_damages_of_a_run_with_every_kind_of_stage_leave_no_trace(tmp_path, fresh):
    fresh(fifty_damages, tmp_path)
