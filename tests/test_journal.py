"""The evaluator's journal on disk."""

import numpy as np
import pytest
from attrs import evolve

from globscope.errors import EvaluationError, PluginError
from globscope.store import read_arrays
from globscope.study.journal import FIELDS, DiskJournal
from globscope.values.evaluation import Plan, Unit

COUNT = 7


def cut(*ends):
    starts = (0, *ends[:-1])
    return tuple(Unit(start=start, stop=stop) for start, stop in zip(starts, ends, strict=True))


PLAN = Plan(units=cut(3, 5, COUNT), method="loop", device="cpu", threads=1)


def fields(unit):
    """The loss of network n is n."""
    return {"train_loss": np.arange(unit.start, unit.stop, dtype=float)}


def fill(journal):
    done = []
    for unit in journal.pending():
        journal.record(unit, fields(unit))
        done.append(unit)
    return done


def gathered(folder):
    return read_arrays(folder / FIELDS)["train_loss"]


def test_a_recorded_plan_is_used_again_whatever_is_proposed(tmp_path):
    assert DiskJournal(tmp_path, COUNT).plan(PLAN) == PLAN
    other = evolve(PLAN, units=cut(COUNT), method="vmap")
    assert DiskJournal(tmp_path, COUNT).plan(other) == PLAN


@pytest.mark.parametrize("change", [{"threads": 2}, {"device": "cuda"}])
def test_a_plan_for_another_machine_starts_anew(change, tmp_path):
    journal = DiskJournal(tmp_path, COUNT)
    journal.plan(PLAN)
    fill(journal)
    assert journal.pending() == []
    again = DiskJournal(tmp_path, COUNT)
    proposed = evolve(PLAN, **change)
    assert again.plan(proposed) == proposed
    assert again.pending() == list(PLAN.units)


def test_a_new_journal_continues_with_the_units_that_lack_a_record(tmp_path):
    first = DiskJournal(tmp_path, COUNT)
    first.plan(PLAN)
    first.record(PLAN.units[1], fields(PLAN.units[1]))
    second = DiskJournal(tmp_path, COUNT)
    second.plan(PLAN)
    assert fill(second) == [PLAN.units[0], PLAN.units[2]]
    second.finish()
    np.testing.assert_array_equal(gathered(tmp_path), np.arange(COUNT))


def test_a_unit_that_is_split_leaves_its_two_halves_to_do_and_the_cut_is_kept(tmp_path):
    journal = DiskJournal(tmp_path, COUNT)
    journal.plan(PLAN)
    journal.record(PLAN.units[0], fields(PLAN.units[0]))
    journal.split(PLAN.units[2])
    halves = [Unit(start=5, stop=6), Unit(start=6, stop=7)]
    assert journal.pending() == [PLAN.units[1], *halves]
    again = DiskJournal(tmp_path, COUNT)
    assert again.plan(PLAN).units == (*PLAN.units[:2], *halves)
    fill(again)
    again.finish()
    np.testing.assert_array_equal(gathered(tmp_path), np.arange(COUNT))


def test_a_unit_recorded_twice_holds_its_last_fields(tmp_path):
    journal = DiskJournal(tmp_path, COUNT)
    journal.plan(PLAN)
    fill(journal)
    journal.record(PLAN.units[0], {"train_loss": np.full(3, -1.0)})
    journal.finish()
    np.testing.assert_array_equal(gathered(tmp_path), [-1, -1, -1, 3, 4, 5, 6])


def test_units_may_be_recorded_in_any_order(tmp_path):
    journal = DiskJournal(tmp_path, COUNT)
    for unit in reversed(journal.plan(PLAN).units):
        journal.record(unit, fields(unit))
    journal.finish()
    np.testing.assert_array_equal(gathered(tmp_path), np.arange(COUNT))


def test_values_that_are_not_finite_are_recorded_as_they_come(tmp_path):
    journal = DiskJournal(tmp_path, 3)
    journal.plan(evolve(PLAN, units=cut(3)))
    values = np.array([np.nan, np.inf, -np.inf])
    journal.record(Unit(start=0, stop=3), {"train_loss": values})
    journal.finish()
    np.testing.assert_array_equal(gathered(tmp_path), values)


@pytest.mark.parametrize("values", [np.zeros(2), np.zeros((3, 1)), np.float64(0)])
def test_fields_of_another_shape_are_refused_and_not_recorded(values, tmp_path):
    journal = DiskJournal(tmp_path, COUNT)
    journal.plan(PLAN)
    with pytest.raises(PluginError, match=r"field 'train_loss': values have shape \(.*\); \(3,\) is wanted$"):
        journal.record(PLAN.units[0], {"train_loss": values})
    assert journal.pending() == list(PLAN.units)


@pytest.mark.parametrize("units", [cut(3, 6), cut(3, 8), cut(COUNT)[:0], (*cut(3, COUNT), Unit(start=0, stop=3))])
def test_a_plan_that_does_not_cover_every_network_once_is_refused(units, tmp_path):
    with pytest.raises(EvaluationError, match=r"do not cover networks 0 … 6 once each"):
        DiskJournal(tmp_path, COUNT).plan(evolve(PLAN, units=units))
    assert list(tmp_path.iterdir()) == []


def test_units_left_undone_are_told(tmp_path):
    journal = DiskJournal(tmp_path, COUNT)
    journal.plan(PLAN)
    journal.record(PLAN.units[0], fields(PLAN.units[0]))
    with pytest.raises(EvaluationError, match="left 2 units without a record"):
        journal.finish()


def test_units_without_a_plan_are_told(tmp_path):
    with pytest.raises(EvaluationError, match=r"before it called journal\.plan"):
        DiskJournal(tmp_path, COUNT).pending()


def test_a_kill_after_the_units_were_gathered_does_not_stop_the_next_run(tmp_path):
    journal = DiskJournal(tmp_path, COUNT)
    journal.plan(PLAN)
    fill(journal)
    journal.finish()  # and killed before the stage's folder got its last name
    again = DiskJournal(tmp_path, COUNT)
    again.plan(PLAN)
    fill(again)
    again.finish()
    np.testing.assert_array_equal(gathered(tmp_path), np.arange(COUNT))


def test_seconds_add_up_over_sessions(tmp_path):
    first = DiskJournal(tmp_path, COUNT)
    first.plan(PLAN)
    assert first.seconds == 0
    first.record(PLAN.units[0], fields(PLAN.units[0]))
    before = first.seconds
    second = DiskJournal(tmp_path, COUNT)
    second.plan(PLAN)
    assert second.seconds == before > 0
    fill(second)
    assert second.seconds > before
