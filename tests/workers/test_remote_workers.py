"""What every pool has from `RemoteWorkers`: who gets which item, and what becomes of results, errors and deaths."""

import weakref

import pytest
from attrs import evolve

from globscope.api import Done, Failed, PoolError, Ready, RemoteWorkers, SentItem


class Scripted:
    """A worker that does what a script says: by item, its messages, or None for its death."""

    def __init__(self, script, log, handed):
        self.task, self.is_ready, self.script, self.log, self.handed = None, False, script, log, handed

    def take(self, job, task):
        self.task = task
        self.handed.append(job)
        self.log.append(("take", task.item))

    def news(self):
        if not self.is_ready:
            self.is_ready = True
            return [Ready()]
        outcomes = self.script[self.task.item]
        return outcomes.pop(0) if len(outcomes) > 1 else outcomes[0]

    def end(self):
        return "by the script"


class ScriptedWorkers(RemoteWorkers):
    def __init__(self, count, script):
        super().__init__(count)
        self.script, self.log, self.jobs, self.handed = script, [], [], []

    def new_worker(self, module):
        return Scripted(self.script, self.log, self.handed)

    def with_news(self):
        return [worker for worker in self.started if worker.task or not worker.is_ready]

    def job(self, prepare, shared):
        self.jobs.append((prepare, shared, object()))
        return self.jobs[-1]

    def item(self, item):
        return b""


def of(**script):
    return {int(name[1:]): outcomes for name, outcomes in script.items()}


def test_workers_get_their_next_items_before_a_result_is_looked_at():
    workers = ScriptedWorkers(2, {item: [[Done(item)]] for item in range(6)})
    results = workers.map(len, None, range(6))
    assert next(results) == (0, 0)
    assert workers.log == [("take", item) for item in range(4)]


class Shared:
    """A value that many calls share."""


def test_the_same_work_is_handed_over_once_and_other_work_anew():
    workers = ScriptedWorkers(2, {item: [[Done(item)]] for item in range(6)})
    one, two = Shared(), Shared()
    for prepare, shared in [(len, one), (len, one), (len, two), (max, two), (max, 1), (max, 1)]:
        assert len(list(workers.map(prepare, shared, range(4)))) == 4
    assert [job[:2] for job in workers.jobs] == [(len, one), (len, two), (max, two), (max, 1), (max, 1)]
    assert workers.handed.index(workers.jobs[1]) == 8


def test_shared_work_is_not_kept_alive():
    workers, shared = ScriptedWorkers(1, {0: [[Done(0)]]}), Shared()
    list(workers.map(len, shared, range(1)))
    workers.jobs.clear()
    workers.handed.clear()
    alive = weakref.ref(shared)
    workers._last = evolve(workers._last, job=None)
    del shared
    assert alive() is None


def test_results_that_come_together_with_an_error_are_kept():
    workers = ScriptedWorkers(2, of(_0=[[Failed(ValueError("no"))]], _1=[[Done("one")]]))
    results = workers.map(len, None, range(2))
    assert next(results) == (1, "one")
    with pytest.raises(ValueError, match="no"):
        next(results)


def test_an_item_is_done_again_where_its_worker_died():
    workers = ScriptedWorkers(2, of(_0=[None, None, [Done("at last")]], _1=[[Done("one")]]))
    assert dict(workers.map(len, None, range(2))) == {0: "at last", 1: "one"}


class WithoutRoom(ScriptedWorkers):
    """Workers of which only the first two ever start; of the others there is never any news."""

    room = 2

    def new_worker(self, module):
        worker = super().new_worker(module)
        worker.has_room = self.room > 0
        self.room -= 1
        return worker

    def with_news(self):
        found = [worker for worker in super().with_news() if worker.has_room]
        assert found, "waits for ever"
        return found


def test_an_item_whose_worker_died_is_done_by_one_that_was_idle_where_no_other_starts():
    workers = WithoutRoom(2, of(_0=[[], None, [Done("at last")]], _1=[[Done("one")]]))
    assert list(workers.map(len, None, range(2))) == [(1, "one"), (0, "at last")]


class Stillborn(ScriptedWorkers):
    """Workers that all end before they are ready."""

    def new_worker(self, module):
        assert len(self.log) < 10, "starts workers for ever"
        self.log.append("start")
        worker = super().new_worker(module)
        worker.news = lambda: None
        return worker


def test_workers_that_end_before_they_are_ready_end_every_work_not_only_the_first():
    workers = Stillborn(1, {})
    for _ in range(2):
        with pytest.raises(PoolError, match="3 workers in a row ended before they were ready"):
            list(workers.map(len, None, range(2)))


class OneOfTenIsBorn(ScriptedWorkers):
    """Workers of which only the tenth is ever ready, such as where a machine is lost on which the others were to be."""

    def new_worker(self, module):
        self.log.append("start")
        worker = super().new_worker(module)
        if self.log.count("start") != 10:
            worker.news = lambda: None
        return worker


def test_one_that_starts_does_all_the_work_where_many_end_before_they_are_ready():
    workers = OneOfTenIsBorn(10, {item: [[Done(item)]] for item in range(100)})
    assert dict(workers.map(len, None, range(100))) == {item: item for item in range(100)}
    assert workers.log.count("start") < 30, "not another for each item"


class EverySecondStillborn(ScriptedWorkers):
    """Workers of which the first, the third, the fifth … end before they are ready."""

    def new_worker(self, module):
        self.log.append("start")
        worker = super().new_worker(module)
        if self.log.count("start") % 2:
            worker.news = lambda: None
        return worker


def test_workers_that_ended_before_they_were_ready_are_forgotten_once_another_is_ready():
    workers = EverySecondStillborn(9, {item: [[Done(item)]] for item in range(9)})
    for count in range(1, 10):
        assert dict(workers.map(len, None, range(count))) == {item: item for item in range(count)}
    assert workers.log.count("start") > 5, "so that more than three have ended"


def test_work_that_failed_is_handed_over_again():
    workers, shared = ScriptedWorkers(1, of(_0=[[Failed(ValueError("no"))]])), Shared()
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            list(workers.map(len, shared, range(1)))
    assert len(workers.jobs) == 2


def test_an_item_at_which_three_workers_died_is_named():
    workers = ScriptedWorkers(2, of(_0=[None], _1=[[Done("one")]], _2=[[Done("two")]], _3=[[Done("three")]]))
    results, found = workers.map(len, None, range(4)), []
    with pytest.raises(PoolError, match=r"^0: 3 worker processes ended at this, one after another \(by the script\)$"):
        read_into(found, results)
    assert workers.log.count(("take", 0)) == 3
    assert found == [(1, "one")]


def read_into(found, results):
    for result in results:
        found.append(result)


def test_an_item_counts_its_deaths():
    item = SentItem("units 0 … 3", b"")
    item.count_death("SIGKILL")
    item.count_death("SIGKILL")
    with pytest.raises(PoolError, match=r"units 0 … 3: 3 worker processes ended at this"):
        item.count_death("SIGKILL")
