"""The evaluator's journal on disk."""

import numpy as np
import pytest
from attrs import evolve

from globscope.errors import EvaluationError, PluginError
from globscope.pipeline.disk.journal import FIELDS, UNITS, DiskJournal
from globscope.pipeline.disk.shard_journal import take_units
from globscope.store import LOCK, read_arrays, read_json
from globscope.store.record import begin
from globscope.values.cost import Cost
from globscope.values.evaluation import Plan, Unit

COUNT = 7


def cut(*ends):
    starts = (0, *ends[:-1])
    return tuple(Unit(start=start, stop=stop) for start, stop in zip(starts, ends, strict=True))


PROPOSED = Plan(units=cut(3, 5, COUNT), method="loop")
HERE = {"device": "cpu", "threads": 1, "cost": Cost(seconds=0.5)}


def fields(unit):
    """The loss of network n is n."""
    return {"train_loss": np.arange(unit.start, unit.stop, dtype=float)}


def planned(folder):
    journal = DiskJournal(folder, COUNT)
    journal.plan(PROPOSED)
    return journal


def fill(journal):
    pending = journal.pending()
    for unit in pending:
        journal.record(unit, fields(unit), **HERE)
    return list(pending)


def gathered(folder):
    return read_arrays(folder / FIELDS)["train_loss"]


def test_a_recorded_plan_is_used_again_whatever_is_proposed(tmp_path):
    assert DiskJournal(tmp_path, COUNT).plan(PROPOSED) == PROPOSED
    other = evolve(PROPOSED, units=cut(COUNT), method="vmap")
    assert DiskJournal(tmp_path, COUNT).plan(other) == PROPOSED


def test_a_plan_is_continued_on_another_device_and_the_units_keep_where_they_were_computed(tmp_path):
    journal = planned(tmp_path)
    journal.record(PROPOSED.units[0], fields(PROPOSED.units[0]), device="cuda:1", threads=4, cost=Cost(seconds=2.0))
    again = planned(tmp_path)
    assert fill(again) == list(PROPOSED.units[1:])
    again.finish()
    where = [(unit["start"], unit["stop"], unit["device"], unit["threads"]) for unit in read_json(tmp_path / UNITS)]
    assert where == [(0, 3, "cuda:1", 4), (3, 5, "cpu", 1), (5, 7, "cpu", 1)]
    assert again.used == {"method": "loop", "units": 3, "device": ["cpu", "cuda:1"], "threads": [1, 4]}
    np.testing.assert_array_equal(gathered(tmp_path), np.arange(COUNT))


def test_two_journals_record_units_of_one_plan_side_by_side(tmp_path):
    one, two = DiskJournal(tmp_path, COUNT), DiskJournal(tmp_path, COUNT)
    assert one.plan(PROPOSED) == two.plan(evolve(PROPOSED, units=cut(COUNT))) == PROPOSED
    one.split(PROPOSED.units[0])
    two.split(PROPOSED.units[2])
    assert one.pending() == two.pending() == list(cut(1, 3, 5, 6, 7))
    for journal, unit in zip([one, two, one, two, one], one.pending(), strict=True):
        journal.record(unit, fields(unit), **HERE)
    two.finish()
    np.testing.assert_array_equal(gathered(tmp_path), np.arange(COUNT))


def test_a_unit_that_one_process_cut_and_another_could_score_whole_stays_whole(tmp_path):
    one, two = DiskJournal(tmp_path, COUNT), DiskJournal(tmp_path, COUNT)
    unit = one.plan(PROPOSED).units[0]
    two.plan(PROPOSED)
    one.split(unit)
    one.record(unit.halves[0], fields(unit.halves[0]), **HERE)
    two.record(unit, fields(unit), **HERE)
    assert one.pending() == list(PROPOSED.units[1:])
    fill(one)
    one.finish()
    np.testing.assert_array_equal(gathered(tmp_path), np.arange(COUNT))


def test_a_new_journal_continues_with_the_units_that_lack_a_record(tmp_path):
    first = planned(tmp_path)
    first.record(PROPOSED.units[1], fields(PROPOSED.units[1]), **HERE)
    second = planned(tmp_path)
    assert fill(second) == [PROPOSED.units[0], PROPOSED.units[2]]
    second.finish()
    np.testing.assert_array_equal(gathered(tmp_path), np.arange(COUNT))


def test_a_unit_that_is_split_leaves_its_two_halves_to_do_and_the_cut_is_kept(tmp_path):
    journal = planned(tmp_path)
    journal.record(PROPOSED.units[0], fields(PROPOSED.units[0]), **HERE)
    journal.split(PROPOSED.units[2])
    halves = [Unit(start=5, stop=6), Unit(start=6, stop=7)]
    assert journal.pending() == [PROPOSED.units[1], *halves]
    again = DiskJournal(tmp_path, COUNT)
    assert again.plan(PROPOSED).units == (*PROPOSED.units[:2], *halves)
    fill(again)
    again.finish()
    np.testing.assert_array_equal(gathered(tmp_path), np.arange(COUNT))


def test_a_unit_recorded_twice_holds_its_last_fields(tmp_path):
    journal = planned(tmp_path)
    fill(journal)
    journal.record(PROPOSED.units[0], {"train_loss": np.full(3, -1.0)}, **HERE)
    journal.finish()
    np.testing.assert_array_equal(gathered(tmp_path), [-1, -1, -1, 3, 4, 5, 6])


def test_units_may_be_recorded_in_any_order(tmp_path):
    journal = DiskJournal(tmp_path, COUNT)
    for unit in reversed(journal.plan(PROPOSED).units):
        journal.record(unit, fields(unit), **HERE)
    journal.finish()
    np.testing.assert_array_equal(gathered(tmp_path), np.arange(COUNT))


def test_values_that_are_not_finite_are_recorded_as_they_come(tmp_path):
    journal = DiskJournal(tmp_path, 3)
    journal.plan(evolve(PROPOSED, units=cut(3)))
    values = np.array([np.nan, np.inf, -np.inf])
    journal.record(Unit(start=0, stop=3), {"train_loss": values}, **HERE)
    journal.finish()
    np.testing.assert_array_equal(gathered(tmp_path), values)


@pytest.mark.parametrize("values", [np.zeros(2), np.zeros((3, 1)), np.float64(0)])
def test_fields_of_another_shape_are_refused_and_not_recorded(values, tmp_path):
    journal = planned(tmp_path)
    with pytest.raises(PluginError, match=r"field 'train_loss': values have shape \(.*\); \(3,\) is wanted$"):
        journal.record(PROPOSED.units[0], {"train_loss": values}, **HERE)
    assert journal.pending() == list(PROPOSED.units)


@pytest.mark.parametrize("units", [cut(3, 6), cut(3, 8), cut(COUNT)[:0], (*cut(3, COUNT), Unit(start=0, stop=3))])
def test_a_plan_that_does_not_cover_every_network_once_is_refused(units, tmp_path):
    with pytest.raises(EvaluationError, match=r"do not cover networks 0 … 6 once each"):
        DiskJournal(tmp_path, COUNT).plan(evolve(PROPOSED, units=units))
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_units_left_undone_are_reported(tmp_path):
    journal = planned(tmp_path)
    journal.record(PROPOSED.units[0], fields(PROPOSED.units[0]), **HERE)
    with pytest.raises(EvaluationError, match="left 2 units without a record"):
        journal.finish()


def test_units_without_a_plan_are_reported(tmp_path):
    with pytest.raises(EvaluationError, match=r"before it called journal\.plan"):
        DiskJournal(tmp_path, COUNT).pending()


def test_a_kill_after_the_units_were_gathered_does_not_stop_the_next_run(tmp_path):
    journal = planned(tmp_path)
    fill(journal)
    journal.finish()  # and killed before the stage's folder got its last name
    assert not (tmp_path / "units").exists()
    again = planned(tmp_path)
    assert fill(again) == []
    again.finish()
    np.testing.assert_array_equal(gathered(tmp_path), np.arange(COUNT))


def test_seconds_add_up_over_processes(tmp_path):
    first = planned(tmp_path)
    first.record(PROPOSED.units[0], fields(PROPOSED.units[0]), **HERE)
    second = planned(tmp_path)
    fill(second)
    second.finish()
    assert second.seconds == 1.5


def test_the_mark_of_a_cut_is_taken_with_the_units_but_is_none_of_them(tmp_path):
    source, target = tmp_path / "copy.part", tmp_path / "own.part"
    for folder in (source, target):
        folder.mkdir()
        begin(folder, "evaluate/0")
        planned(folder)
    journal = planned(source)
    journal.split(PROPOSED.units[0])
    fill(journal)
    taken = take_units(source, target, "evaluate/0")
    assert (taken.count, taken.problems) == (len(cut(1, 3, 5, COUNT)), [])
    assert planned(target).pending() == []
