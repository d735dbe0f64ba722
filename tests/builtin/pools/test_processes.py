"""Worker processes: results, deaths, errors, and what they are started with."""

import multiprocessing
import os
from collections import Counter

import numpy as np
import pytest
import torch
from support import pool_work

from globscope.api import PoolError, Progress, SentItem, ThisProcess, pickle_by_path
from globscope.builtin.pools.processes import Here, Processes
from globscope.builtin.pools.serve import use_card
from globscope.builtin.pools.worker import Worker


@pytest.fixture(scope="module")
def two():
    """Two worker processes."""
    with Processes(workers=2).open() as workers:
        yield workers


def begun(folder):
    return Counter(int(line) for line in (folder / "begun").read_text().split())


def test_a_killed_worker_costs_its_item_alone_which_is_done_again(two, tmp_path):
    (tmp_path / "fatal-3").touch()
    found = dict(two.map(pool_work.noted, tmp_path, range(8)))
    assert {item: done for item, (done, _) in found.items()} == {item: item for item in range(8)}
    assert begun(tmp_path) == Counter(range(8)) + Counter([3])


def test_work_is_shared_between_processes_that_stay_for_the_next(two, tmp_path):
    one, again = ({pid for _, (_, pid) in two.map(pool_work.met, tmp_path / name, [0, 1])} for name in "ab")
    assert one == again == {process.pid for process in multiprocessing.active_children()}
    assert os.getpid() not in one


def test_an_item_that_ends_three_workers_is_named(two):
    with pytest.raises(PoolError, match=r"^2: 3 worker processes ended at this, one after another \(SIGKILL\)$"):
        list(two.map(pool_work.fatal, 2, range(4)))


def test_work_that_cannot_be_prepared_says_why_each_time(two):
    shared = np.zeros(3)
    for _ in range(2):
        with pytest.raises(MemoryError, match=r"no room for \(3,\)"):
            list(two.map(pool_work.too_large, shared, range(1)))


def test_a_result_that_cannot_be_read_says_why_and_is_no_death_of_its_worker(two, tmp_path):
    with pytest.raises(FileNotFoundError, match="gone"):
        list(two.map(pool_work.unreadable, tmp_path, range(1)))
    assert begun(tmp_path) == {0: 1}


def test_no_process_outlives_its_pool(tmp_path):
    before = set(multiprocessing.active_children())
    with Processes(workers=2).open() as workers:
        results = workers.map(pool_work.noted, tmp_path, range(9))
        next(results)
        with pytest.raises(KeyboardInterrupt):
            results.throw(KeyboardInterrupt)
    assert set(multiprocessing.active_children()) == before


def test_processes_start_when_there_is_work_and_no_more_than_there_are_items(tmp_path):
    before = len(multiprocessing.active_children())
    with Processes(workers=3).open() as workers:
        assert len(multiprocessing.active_children()) == before
        list(workers.map(pool_work.noted, tmp_path, [1]))
        assert len(multiprocessing.active_children()) == before + 1


def test_workers_have_the_threads_and_the_environment_of_now(two, monkeypatch):
    monkeypatch.setenv("GLOBSCOPE_SAMPLE", "of now")
    with Processes(workers=1, threads=2).open() as workers:
        [(_, (torch_threads, others, value))] = workers.map(pool_work.surroundings, None, ["GLOBSCOPE_SAMPLE"])
    assert (torch_threads, others, value) == (2, {2}, "of now")


def test_this_process_computes_with_the_threads_that_are_asked_for():
    with Here(threads=2).open() as workers:
        [(_, (torch_threads, others, _))] = workers.map(pool_work.surroundings, None, ["HOME"])
    assert (torch_threads, others) == (2, {2})


@pytest.mark.parametrize("place", ["here", "there"])
def test_progress_of_every_item_comes_home(place, two):
    heard = {}

    class Noting(Progress):
        def __init__(self, item):
            self.item = item

        def __call__(self, done, total, **figures):
            heard.setdefault(self.item, []).append((done, total, figures["loss"]))

    workers = two if place == "there" else ThisProcess()
    list(workers.map(pool_work.reporting_work, None, [1, 5], Noting))
    assert heard == {item: [(done, 2, item + done / 2) for done in range(3)] for item in (1, 5)}


def test_an_exception_that_cannot_be_pickled_is_named(two):
    with pytest.raises(PoolError, match=r"raised Stubborn\('1 and another'\), which cannot be sent back: .*argument"):
        list(two.map(pool_work.stubborn, None, [1]))


def test_work_that_cannot_be_pickled_is_refused(two):
    with pytest.raises(PoolError, match=r"^the work cannot be sent to another process: .*lambda"):
        list(two.map(pool_work.total, lambda: 0, [0]))


def test_memory_mapped_arrays_travel_as_paths(two, tmp_path):
    whole = np.lib.format.open_memmap(tmp_path / "w.npy", mode="w+", dtype=np.float32, shape=(100, 1000))
    whole[:] = np.random.default_rng(0).normal(size=whole.shape)
    whole.flush()
    part = np.lib.format.open_memmap(tmp_path / "w.npy", mode="r")[20:40]
    assert len(pickle_by_path(part)) < 1000 < len(pickle_by_path(part[:, ::2]))
    found = dict(two.map(pool_work.total, part, range(3)))
    assert found == {row: ("memmap", float(whole[20 + row].sum())) for row in range(3)}


def test_workers_take_turns_on_the_cards_of_a_machine(monkeypatch):
    taken = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    for number in range(5):
        use_card(number)
    assert taken == [0, 1, 0, 1, 0]
    with Processes().open() as workers:
        assert workers.count == 2  # one for each card, whatever the number of cores


def test_a_worker_in_place_of_one_that_died_has_its_number(tmp_path):
    (tmp_path / "fatal-0").touch()
    with Processes(workers=2).open() as workers:
        for _ in range(2):  # the first may end without another, where one was idle
            list(workers.map(pool_work.noted, tmp_path, range(4)))
        assert sorted(worker.number for worker in workers.started) == [0, 1]


def test_a_worker_whose_study_is_gone_ends_without_a_traceback():
    worker = Worker(0, 1, pool_work.__name__)
    worker.news()
    worker.take(pickle_by_path((pool_work.reporting_forever, None)), SentItem(0, pickle_by_path(0)))
    worker.news()
    worker.pipe.close()
    worker._process.join()
    assert worker.end() == "exit code 0"
