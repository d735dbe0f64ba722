"""The pool `ray` on a real cluster of two machines: the contract, deaths, errors, progress, and what travels how."""

from collections import Counter

import numpy as np
import pytest
import ray_work
from globscope_ray import Ray
from support import pool_work

from globscope.api import PoolError, Progress
from globscope.testing import parametrize_contract

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def two(two_machines):
    """Two workers."""
    with Ray(workers=2).open() as workers:
        yield workers


@pytest.mark.usefixtures("two_machines")
@parametrize_contract([Ray(workers=2)])
def test_it_keeps_the_contract(check):
    check()


def test_the_workers_are_on_both_machines(two):
    # More than one machine gets done before the other is up, which takes seconds where much else runs.
    found = dict(two.map(ray_work.whereabouts, None, range(200)))
    assert len({node for node, *_ in found.values()}) == 2


def test_there_are_as_many_workers_as_there_is_room_for(two_machines):
    with Ray(address="auto").open() as workers:
        assert workers.count == 8
    with Ray(address="auto", cpus=0.5).open() as workers:
        assert workers.count == 16
    with Ray(address="auto", gpus=1).open() as workers:
        assert workers.count == 2
    wanted = r"^the Ray at auto has no room for a worker with 5 CPU; if it grows on demand, set run.workers$"
    with pytest.raises(PoolError, match=wanted), Ray(address="auto", threads=5).open():
        pass


def test_a_killed_worker_costs_its_item_alone_which_is_done_again(two, tmp_path):
    (tmp_path / "fatal-3").touch()
    found = dict(two.map(pool_work.noted, tmp_path, range(8)))
    assert {item: done for item, (done, _) in found.items()} == {item: item for item in range(8)}
    begun = Counter(int(line) for line in (tmp_path / "begun").read_text().split())
    assert begun == Counter(range(8)) + Counter([3])


def test_an_item_that_ends_three_workers_is_named(two):
    with pytest.raises(PoolError, match=r"^2: 3 worker processes ended at this, one after another \(.*\)$"):
        list(two.map(pool_work.fatal, 2, range(4)))


def test_progress_of_every_item_comes_home(two):
    heard = {}

    class Noting(Progress):
        def __init__(self, item):
            self.item = item

        def __call__(self, done, total, **figures):
            heard.setdefault(self.item, []).append((done, total, figures["loss"]))

    list(two.map(pool_work.reporting_work, None, [1, 5], Noting))
    assert heard == {item: [(done, 2, item + done / 2) for done in range(3)] for item in (1, 5)}


def test_progress_is_heard_while_the_item_runs(two, tmp_path):
    class Answering(Progress):
        def __call__(self, done, total, **figures):
            (tmp_path / "heard").touch()

    [(_, was_heard)] = two.map(ray_work.reported_first, tmp_path / "heard", [1], lambda _: Answering())
    assert was_heard


def test_an_exception_that_cannot_be_pickled_is_named(two):
    with pytest.raises(PoolError, match=r"raised Stubborn\('1 and another'\), which cannot be sent back: .*argument"):
        list(two.map(pool_work.stubborn, None, [1]))


def test_work_that_cannot_be_pickled_is_refused(two):
    with pytest.raises(PoolError, match=r"^the work cannot be sent to another process: .*lambda"):
        list(two.map(pool_work.total, lambda: 0, [0]))


def test_workers_have_the_threads_that_the_spec_asks_for(two_machines):
    with Ray(workers=1, threads=2, cpus=1).open() as workers:
        [(_, (torch_threads, others, _))] = workers.map(pool_work.surroundings, None, ["HOME"])
    assert (torch_threads, others) == (2, {2})


def test_every_worker_sees_a_gpu_of_its_own(two_machines):
    with Ray(workers=2, gpus=1).open() as workers:
        found = dict(workers.map(ray_work.whereabouts, None, range(8)))
    assert len({node for node, *_ in found.values()}) == 2
    assert {cards for _, cards, *_ in found.values()} == {"0"}  # each machine has one
    with Ray(workers=2, gpus=0.5, cpus=0.5).open() as workers:
        assert {cards for _, (_, cards, *_) in workers.map(ray_work.whereabouts, None, range(4))} == {"0"}


@pytest.mark.parametrize("files", ["shared", "sent"])
def test_memory_mapped_arrays_travel_as_paths_or_as_bytes(files, two_machines, tmp_path):
    whole = np.lib.format.open_memmap(tmp_path / "w.npy", mode="w+", dtype=np.float32, shape=(100, 1000))
    whole[:] = np.random.default_rng(0).normal(size=whole.shape)
    whole.flush()
    part = np.lib.format.open_memmap(tmp_path / "w.npy", mode="r")[20:40]
    kind = {"shared": "memmap", "sent": "ndarray"}[files]
    with Ray(workers=2, files=files).open() as workers:
        found = dict(workers.map(pool_work.total, part, range(3)))
    assert found == {row: (kind, float(whole[20 + row].sum())) for row in range(3)}


def test_arrays_of_the_work_lie_in_memory_that_the_workers_of_a_machine_share(two):
    found = dict(two.map(ray_work.is_view, np.zeros(300_000), range(2)))
    assert found == {0: (False, False), 1: (False, False)}  # neither a copy of its own nor writable


def test_a_worker_that_never_starts_is_waited_for_as_long_as_the_spec_says(two_machines):
    with Ray(workers=1, threads=5, patience=0.5).open() as workers:
        wanted = r"^no worker was ready after 0\.5 s \(run\.patience\): each needs 5 CPU, and Ray has \d CPU and \d GPU"
        with pytest.raises(PoolError, match=wanted):
            list(workers.map(pool_work.fatal, 9, [1]))


def test_workers_of_other_versions_are_refused(two_machines, monkeypatch):
    monkeypatch.setattr("globscope_ray.versions.versions", lambda: {"globscope": "9", "numpy": "1", "torch": "2"})
    wanted = r"^a worker has other versions than this process: globscope .* there, 9 here"
    with Ray(workers=1).open() as workers, pytest.raises(PoolError, match=wanted):
        list(workers.map(pool_work.fatal, 9, [1]))


def test_a_machine_that_is_removed_costs_its_item_alone(two_machines, tmp_path):
    node = two_machines.add_node(num_cpus=1, resources={"third": 1}, include_dashboard=False)
    with Ray(workers=3).open() as workers:
        results = workers.map(ray_work.slow, tmp_path, range(12))
        found = dict(next(results) for _ in range(3))
        two_machines.remove_node(node, allow_graceful=False)
        found |= dict(results)
    assert found == {item: item for item in range(12)}


def test_no_worker_outlives_its_pool(two_machines, tmp_path):
    with Ray(workers=2).open() as workers:
        pids = {pid for _, (_, pid) in workers.map(pool_work.met, tmp_path / "met", [0, 1])}
    assert len(pids) == 2
    ray_work.await_end(pids)
