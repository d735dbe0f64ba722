"""Recorded training steps, with a record that a CPU can repeat in the place of a GPU's."""

from contextlib import contextmanager

import pytest
import torch

from globscope.scoring import recorded_step
from globscope.scoring.capture import CaptureError
from globscope.scoring.recorded_step import BEFORE, RecordedStep


@pytest.fixture
def recordings(monkeypatch):
    """The work that was recorded; repeating it does it again."""
    made = []

    def capture(work, device, *, warm_up):
        assert (device, warm_up) == ("cpu", 0)
        made.append(work)
        return work

    @contextmanager
    def see_no_waiting():
        yield

    monkeypatch.setattr(recorded_step, "capture", capture)
    monkeypatch.setattr(recorded_step, "refuse_waiting", see_no_waiting)
    return made


def batches(*sizes):
    numbers = torch.arange(100.0)
    return [(part, 2 * part) for part in torch.split(numbers[: sum(sizes)], sizes)]


class Sums:
    """A step that adds up what it sees, and remembers where the batch lay."""

    def __init__(self):
        self.total, self.places = 0.0, []

    def __call__(self, batch):
        self.total += float(batch[0].sum() + batch[1].sum())
        self.places.append(batch[0].data_ptr())
        return batch[0].mean()


def test_full_batches_are_repeated_in_one_place_and_the_last_smaller_one_is_not(recordings):
    steps, sums, given = RecordedStep(), Sums(), batches(*[8] * 6, 3)
    losses = [float(steps(sums, batch, "cpu")) for batch in given]
    assert losses == [float(batch[0].mean()) for batch in given]
    assert sums.total == sum(3 * float(batch[0].sum()) for batch in given)
    assert len(recordings) == 1
    assert len(set(sums.places[BEFORE:6])) == 1
    assert sums.places[6] == given[6][0].data_ptr()


def test_a_step_that_cannot_be_recorded_is_taken_as_it_is(recordings, monkeypatch):
    def refuse(work, device, *, warm_up):
        raise CaptureError("operation not permitted when stream is capturing")

    monkeypatch.setattr(recorded_step, "capture", refuse)
    steps, sums, given = RecordedStep(), Sums(), batches(*[8] * 6)
    for batch in given:
        steps(sums, batch, "cpu")
    assert sums.total == sum(3 * float(batch[0].sum()) for batch in given)
    assert steps.failure == "operation not permitted when stream is capturing"
    assert recordings == []


def test_a_step_for_which_the_host_waits_is_seen_before_anything_is_recorded(recordings, monkeypatch):
    @contextmanager
    def notice():
        yield
        raise CaptureError("the host waits for the GPU in it")

    monkeypatch.setattr(recorded_step, "refuse_waiting", notice)
    steps, sums, given = RecordedStep(), Sums(), batches(*[8] * 6)
    losses = [float(steps(sums, batch, "cpu")) for batch in given]
    assert losses == [float(batch[0].mean()) for batch in given]
    assert steps.failure == "the host waits for the GPU in it"
    assert recordings == []
