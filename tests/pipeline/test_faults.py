"""Kills and damage: whatever happens to a run, the next one ends with the arrays of one to which nothing happened."""

import os
import random
import shutil
from collections import Counter

import numpy as np
import pytest
from support.arrays import assert_same_arrays
from support.forked import EVERY, KINDS, Place, in_fresh_process, undisturbed
from support.study import TINY

from globscope.store import read_arrays, write_arrays
from globscope.store.record import NAME

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")


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


# Two searches of many rounds, of which the second builds on the first and on a grid; each is explained.
SEARCHES = """use = "grid"
resolution = 5
[[sampler]]
use = "adaptive"
resolution = 33
budget = 120
[[sampler]]
use = "critical-points"
budget = 1500
"""


def kills_in_searches(folder):
    text = TINY.replace('use = "pca"', 'use = "pca"\nsampler = ["grid", "adaptive", "critical-points"]')
    text = text.replace('use = "grid"\nresolution = 5\n', SEARCHES)
    place, seconds = undisturbed(folder, text, report=False)
    assert len(list(place.run.glob("stages/search/*"))) == len(list(place.run.glob("stages/explain/*"))) == 2
    draw = random.Random(15)
    assert killed(folder, text, place.arrays(), seconds, draw, 60, report=False) == 60
    damaged(folder, text, place.arrays(), seconds, draw, 6, report=False)


def fifty_damages(folder):
    place, seconds = undisturbed(folder, EVERY, report=False)
    assert place.kinds() == KINDS
    whole = place.arrays()
    named = damaged(folder, EVERY, whole, seconds, random.Random(14), 50, report=False)
    print(f"one run {seconds:.1f} s; {len(whole)} arrays; damages named: {dict(named)}", flush=True)


def test_a_few_kills_and_damages_leave_no_trace(tmp_path):
    in_fresh_process(a_few, tmp_path)


@pytest.mark.slow
def test_200_kills_of_a_run_with_every_kind_of_stage_leave_no_trace(tmp_path):
    in_fresh_process(two_hundred_kills, tmp_path)


@pytest.mark.slow
def test_60_kills_in_searches_of_many_rounds_leave_no_trace(tmp_path):
    in_fresh_process(kills_in_searches, tmp_path)


@pytest.mark.slow
def test_50_damages_of_a_run_with_every_kind_of_stage_leave_no_trace(tmp_path):
    in_fresh_process(fifty_damages, tmp_path)
