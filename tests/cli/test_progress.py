"""The bars of a terminal: their rate and figures."""

import io
import re

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


def _drawn(width, height, names=("networks", "umap", "fidelity", "report")):
    """Return the bars of a study at its second step, as a terminal of this size shows them."""
    screen = io.StringIO()
    console = Console(file=screen, width=width, height=height, force_terminal=True, color_system=None)
    bars = Progress(*progress.columns(console), console=console, auto_refresh=False)
    observer = progress._StageBars(bars)
    observer.steps(names)
    observer.step(names[1])
    return observer, bars, console, screen


def _lines(bars, console, screen):
    screen.seek(0)
    screen.truncate()
    console.print(bars.get_renderable())
    return [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue()).splitlines()]


@pytest.mark.parametrize("width", [80, 120])
def test_a_bar_of_the_whole_study_says_what_is_done_and_what_is_left(width):
    observer, bars, console, screen = _drawn(width, 24)
    observer.stage("evaluate umap")(10, 1681, loss=0.5)
    study, stage = _lines(bars, console, screen)
    assert "study: umap" in study
    assert "1/4" in study
    assert ("then fidelity, report" in study) == ("loss 5.00e-01" in stage) == (width == 120)
    assert max(map(len, (study, stage))) <= width


def test_a_bar_that_runs_is_always_on_the_screen():
    observer, bars, console, screen = _drawn(80, 12)
    for number in range(30):
        observer.stage(f"stage {number}")(1, 2 if number == 29 else 1)
    lines = _lines(bars, console, screen)
    assert len(lines) < 12
    assert "study: umap" in lines[0]
    assert "stage 29" in lines[-1]


def test_a_study_that_has_ended_has_all_steps_done():
    observer, bars, console, screen = _drawn(80, 24)
    observer.stage("report")
    observer.end()
    assert all(task.finished for task in bars.tasks)
    assert "4/4" in _lines(bars, console, screen)[0]


def test_times_say_what_they_are():
    clock = [100.0]
    bars = Progress(console=Console(file=io.StringIO()), get_time=lambda: clock[0], auto_refresh=False)
    observer = progress._StageBars(bars)
    bar = observer.stage("evaluate")
    bar(0, 100)
    for done in (10, 20, 30):
        clock[0] += 10
        bar(done, 100)
    [task] = bars.tasks
    assert progress.Times().render(task).plain == "30.0 s, 70.0 s left"
    bar(100, 100)
    assert progress.Times().render(task).plain == "30.0 s"
