"""What work cost: measured where it is done, counted where it is awaited."""

import sys
from time import process_time, sleep

import numpy as np
import pytest
from support.study import TINY, values

from globscope.pipeline import meter
from globscope.pipeline.cost_table import HEADINGS, MOST, cost_table, cost_texts
from globscope.pipeline.disk.journal import UNITS
from globscope.pipeline.meter import Measured, count_elsewhere, measure, measure_items, with_costs
from globscope.session import load
from globscope.store import read_json
from globscope.values.chart import Progress
from globscope.values.cost import Cost
from globscope.workers import ThisProcess

MIB = 2**20
resets = pytest.mark.skipif(not meter._reset_peaks(), reason="this system cannot reset its count of the peak")


def busy(seconds):
    end = process_time() + seconds
    while process_time() < end:
        pass


def allocate(mebibytes):
    assert np.ones(mebibytes * MIB, np.uint8)[-1] == 1


def test_processor_time_is_not_the_time_that_passes():
    with measure() as resting:
        sleep(0.05)
    with measure() as working:
        busy(0.05)
    assert resting.cost.seconds >= 0.05 > resting.cost.cpu_seconds
    assert working.cost.cpu_seconds >= 0.05


@resets
def test_the_peak_of_memory_is_that_of_the_work_not_of_what_was_before():
    with measure() as before:
        allocate(256)
    with measure() as after:
        allocate(1)
    assert before.cost.peak_memory_bytes > after.cost.peak_memory_bytes + 200 * MIB
    assert not after.cost.peak_is_bound


@resets
def test_work_inside_other_work_counts_in_both():
    with measure() as outer:
        allocate(256)
        with measure() as inner:
            busy(0.02)
        with measure() as larger:
            allocate(300)
    assert inner.cost.peak_memory_bytes < outer.cost.peak_memory_bytes - 200 * MIB
    assert outer.cost.peak_memory_bytes == larger.cost.peak_memory_bytes
    assert outer.cost.cpu_seconds > inner.cost.cpu_seconds >= 0.02


def test_where_the_count_cannot_be_reset_a_peak_that_did_not_rise_is_a_bound(monkeypatch, tmp_path):
    monkeypatch.setattr(meter, "CLEAR", tmp_path)
    monkeypatch.setattr(meter, "STATUS", tmp_path)
    monkeypatch.setattr(meter, "_peak_since_start", iter([5, 5, 5, 9]).__next__)
    with measure() as level:
        pass
    with measure() as rising:
        pass
    assert (level.cost.peak_memory_bytes, level.cost.peak_is_bound) == (5, True)
    assert (rising.cost.peak_memory_bytes, rising.cost.peak_is_bound) == (9, False)


class Cards:
    """Two devices as torch counts them: tensors took so many bytes at most."""

    def __init__(self):
        self.peaks = [7, 5]

    is_initialized = staticmethod(lambda: True)
    device_count = staticmethod(lambda: 2)

    def max_memory_allocated(self, number):
        return self.peaks[number]

    def reset_peak_memory_stats(self, number):
        self.peaks[number] = 0


def test_the_peak_of_a_device_is_that_of_the_largest_and_begins_anew(monkeypatch):
    cards = Cards()
    monkeypatch.setattr(meter, "_cuda", lambda: cards)
    with measure() as outer:
        cards.peaks = [3, 4]
        with measure() as inner:
            cards.peaks[0] = 2
    assert (outer.cost.peak_device_bytes, inner.cost.peak_device_bytes) == (4, 2)


def test_measuring_imports_no_torch_and_starts_no_device(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    with measure() as one:
        pass
    assert "torch" not in sys.modules
    assert one.cost.peak_device_bytes is None


def test_work_that_fails_is_measured_and_ends_its_measurement():
    with pytest.raises(ZeroDivisionError), measure() as failing:
        raise ZeroDivisionError
    assert failing.cost.cpu_seconds is not None
    assert meter._OPEN == []


@measure_items
def preparation(_):
    busy(0.02)
    return lambda item, _: item + 1


def test_preparing_counts_with_the_first_item_of_a_worker():
    [(one, result, first), (_, _, second)] = with_costs(ThisProcess().map(preparation, None, [1, 2]))
    assert (one, result) == (1, 2)
    assert first.cpu_seconds >= 0.02 > second.cpu_seconds


def test_an_item_takes_as_long_whether_it_is_the_first_of_a_worker_or_not(monkeypatch):
    monkeypatch.setattr(meter, "perf_counter", iter(range(100)).__next__)
    assert [cost.seconds for *_, cost in with_costs(ThisProcess().map(preparation, None, [1, 2]))] == [1, 1]


def test_what_this_process_did_counts_once_and_what_others_did_is_added():
    far = Cost(seconds=100.0, cpu_seconds=50.0, peak_memory_bytes=2**50)
    with measure() as here:
        [*with_costs(ThisProcess().map(preparation, None, [1]))]
    with measure() as there:
        [*with_costs([(1, Measured(2, far, False))])]
    assert here.cost.cpu_seconds < 1
    assert (there.cost.cpu_seconds >= 50, there.cost.seconds < 100) == (True, True)
    assert there.cost.peak_memory_bytes == 2**50


def test_a_worker_that_was_forked_inside_a_measurement_is_another_process(monkeypatch):
    work = preparation(None)
    with measure():
        assert work(1, Progress()).is_counted
        monkeypatch.setattr("os.getpid", lambda: -1)
        assert not work(1, Progress()).is_counted


def test_what_others_did_counts_in_every_measurement_under_way():
    with measure() as outer, measure() as inner:
        count_elsewhere(Cost(cpu_seconds=9.0))
    assert min(outer.cost.cpu_seconds, inner.cost.cpu_seconds) >= 9


# In a study.


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study that has run, and its results."""
    folder = tmp_path_factory.mktemp("costs")
    (folder / "study.toml").write_text(TINY)
    done = load(folder / "study.toml", folder=folder / "run")
    return done, values(done).record


def test_every_stage_of_a_study_has_its_cost(study):
    stages = study[1]["manifest"]["stages"]
    assert len(stages) > 5
    for one in stages:
        assert one["cpu_seconds"] >= 0
        assert one["peak_memory_bytes"] > 50 * MIB  # Python with torch
        assert "peak_device_bytes" not in one
    train = next(one for one in stages if one["key"].startswith("train/"))
    assert train["cpu_seconds"] > 0


def test_units_that_other_processes_scored_count_in_an_evaluation(study, tmp_path):
    done, _ = study
    folder = next((done.folder / "stages/evaluate").iterdir())
    units = read_json(folder / UNITS)
    assert all(one["cpu_seconds"] >= 0 and one["peak_memory_bytes"] > 0 for one in units)
    (tmp_path / "study.toml").write_text(TINY)
    stopped = load(tmp_path / "study.toml", folder=tmp_path / "run")
    unfinished = stopped.folder / "stages/evaluate" / f"{folder.name}.part"
    # Another process, such as a shard, has scored all units and ended before the stage was finished.
    from globscope.pipeline.disk import journal

    record = journal.DiskJournal.record

    def far(self, unit, fields, *, device, threads, cost):
        if self.folder != unfinished:
            record(self, unit, fields, device=device, threads=threads, cost=cost)
            return
        record(self, unit, fields, device=device, threads=threads, cost=Cost(seconds=1.0, cpu_seconds=500.0))
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal.DiskJournal, "record", far)
        with pytest.raises(KeyboardInterrupt):
            values(stopped)
    again = values(stopped).record["manifest"]["stages"]
    [one] = [stage for stage in again if stage["key"] == f"evaluate/{folder.name}"]
    assert one["cpu_seconds"] >= 500
    assert one["seconds"] < 500


def test_costs_are_a_row_for_every_name_of_a_stage_and_their_sum(study):
    stages = study[1]["manifest"]["stages"]
    table = cost_table(study[1])
    assert [row["stage"] for row in table.rows[:-1]] == list(dict.fromkeys(one["stage"] for one in stages))
    assert table.rows[-1]["stage"] == "all stages"
    assert table.rows[-1]["seconds"] == pytest.approx(sum(one["seconds"] for one in stages))
    assert table.rows[-1]["peak_memory_bytes"] == max(one["peak_memory_bytes"] for one in stages)
    assert all(len(texts) == len(HEADINGS) for texts in cost_texts(table.rows))


def test_results_of_an_earlier_version_have_dashes():
    old = {"manifest": {"stages": [{"key": "train/a", "stage": "train A", "seconds": 90.0}]}}
    assert cost_texts(cost_table(old).rows)[0] == ("train A", "90.0 s", "–", "–", "–")
    assert cost_table({"manifest": {}}) is None


def test_a_peak_that_is_only_a_bound_is_shown_as_one():
    [texts] = cost_texts([{"stage": "fit", "seconds": 1.0, "peak_memory_bytes": 2**30, "peak_is_bound": True}])
    assert texts[3] == "≤ 1.00 GiB"


def test_many_stages_of_a_kind_share_a_row():
    count = MOST + 1
    many = [{"key": f"train/{n}", "stage": f"train {n}", "seconds": 1.0, "cpu_seconds": 2.0} for n in range(count)]
    table = cost_table({"manifest": {"stages": [*many, {"key": "space/a", "stage": "weight space", "seconds": 1.0}]}})
    assert [row["stage"] for row in table.rows] == [f"train: {count} stages", "weight space", "all stages"]
    assert table.rows[0]["cpu_seconds"] == 2 * count


def test_stages_of_one_name_share_a_row_at_the_place_of_the_first():
    names = (("sample/a", "decode hull", 2.0), ("evaluate/a", "evaluate hull", 1.0), ("sample/b", "decode hull", 0.5))
    stages = [{"key": key, "stage": stage, "seconds": seconds} for key, stage, seconds in names]
    rows = cost_table({"manifest": {"stages": stages}}).rows
    assert [(row["stage"], row["seconds"]) for row in rows] == [
        ("decode hull", 2.5),
        ("evaluate hull", 1.0),
        ("all stages", 3.5),
    ]
