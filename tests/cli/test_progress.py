"""The bars of a terminal: their rate and figures."""

import io

import pytest
from rich.console import Console
from rich.progress import Progress

from globscope.cli import progress
from globscope.cli.progress import rate_text


@pytest.mark.parametrize(
    ("done", "seconds", "text"),
    [(0, 1, ""), (3, 20, "0.15/s"), (19, 2, "9.5/s"), (20, 2, "10/s"), (24_690, 2, "12,345/s")],
)
def test_a_rate_has_two_digits_at_least(done, seconds, text):
    assert rate_text(done, seconds) == text


def test_the_rate_is_of_this_run_and_workers_are_counted(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(progress, "perf_counter", lambda: clock[0])
    bars = Progress(console=Console(file=io.StringIO()))
    bar = progress._StageBar(bars, bars.add_task("evaluate", total=None), since=clock[0])
    bar(640, 1000, workers=8)
    clock[0] += 4
    bar(704, 1000, workers=8, loss=0.25)
    [task] = bars.tasks
    assert (task.completed, task.total) == (704, 1000)
    assert task.fields == {"figures": "workers 8  loss 2.50e-01", "rate": "16/s"}
