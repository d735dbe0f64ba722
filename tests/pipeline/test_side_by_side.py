"""Several processes on one run folder: each stage is computed once, and the others wait for it and read it."""

import json
import os
import random
import signal
import time
from collections import Counter

import pytest
from support.arrays import assert_same_arrays
from support.forked import EVERY, Place, in_fresh_process, undisturbed
from support.study import TINY

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")

SMALL = TINY.replace("resolution = 5", "resolution = 3").replace("epochs = 2", "epochs = 1")
SWEEP = SMALL + '[sweep]\n"reducer.0.latent_dim" = [1, 2]\n"seed" = [0, 1]\n'
REPORTS = {"report", "report of the sweep"}


def computed(*notes):
    """Return how often each stage was computed, over several processes."""
    names = [name for one in notes for name in one["ran"] if "waiting" not in name]
    return Counter(name for name in names if name not in REPORTS)


def together(place, count):
    """Run a place's study in several processes that start at once; return what they noted."""
    children = [place.start() for _ in range(count)]
    return [place.wait(child) for child in children]


def side_by_side(folder, text, **options):
    alone, both = Place(folder / "alone", text, **options), Place(folder / "both", text, **options)
    once = alone.study()  # in this process, which has imported everything then
    one, two = together(both, 2)
    assert computed(one, two) == computed({"ran": once.ran})
    assert any("waiting" in name for name in one["ran"] + two["ran"])
    assert one["warned"] == two["warned"] == once.warned
    assert_same_arrays(both.arrays(), alone.arrays())
    assert not [path for path in both.run.rglob("*") if path.suffix == ".part"]
    return alone, both


def without_reports(folder):
    side_by_side(folder, SMALL.replace("epochs = 1", "epochs = 20"), report=False)


def every_stage_side_by_side(folder):
    alone, both = side_by_side(folder, EVERY)
    for name in ("results.json", "manifest.json"):
        assert json.loads((both.run / name).read_text()).keys() == json.loads((alone.run / name).read_text()).keys()


def sweeps_side_by_side(folder):
    alone, both = side_by_side(folder, SWEEP)
    one, two = (json.loads((place.run / "sweep.json").read_text()) for place in (alone, both))
    assert [cell["figures"].keys() for cell in one["cells"]] == [cell["figures"].keys() for cell in two["cells"]]
    assert not any(cell["failed"] for cell in two["cells"])


def one_of_two_is_killed(folder):
    whole, seconds = undisturbed(folder, EVERY, report=False)
    draw = random.Random(3)
    for number in range(20):
        place = Place(folder / f"killed-{number}", EVERY, report=False)
        first, second = place.start(), place.start()
        time.sleep(draw.uniform(0, 1) * seconds)
        os.kill(first, signal.SIGKILL)
        place.wait(first)
        assert place.wait(second) is not None
        assert_same_arrays(place.arrays(), whole.arrays())


def test_two_runs_of_one_study_compute_no_stage_twice_and_end_with_the_arrays_of_one(tmp_path):
    in_fresh_process(without_reports, tmp_path)


@pytest.mark.slow
def test_two_runs_with_every_kind_of_stage_compute_none_twice(tmp_path):
    in_fresh_process(every_stage_side_by_side, tmp_path)


@pytest.mark.slow
def test_two_runs_of_one_sweep_take_different_cells_and_compute_no_stage_twice(tmp_path):
    in_fresh_process(sweeps_side_by_side, tmp_path)


@pytest.mark.slow
def test_a_process_that_waits_takes_over_from_one_that_is_killed(tmp_path):
    in_fresh_process(one_of_two_is_killed, tmp_path)
