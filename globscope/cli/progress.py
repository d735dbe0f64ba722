"""Progress: bars with rate and remaining time on a terminal, elsewhere a line for each stage."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from attrs import define, field
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from globscope.cli.screen import stderr
from globscope.study.observer import Observer
from globscope.values import chart
from globscope.visible import visible, visible_lines


def folder_lines(folder: Path, *, is_new: bool, other: Path | None) -> Iterator[str]:
    """Yield lines about a run's folder, and about another run of the same spec."""
    yield f"run folder: {folder} ({'new' if is_new else 'continued'})"
    if other is not None:
        yield f"note: another run of this spec is in {other}; --out {other} continues it"


def pool_line(name: str, workers: int) -> str:
    """Return where the work is done."""
    return f"pool: {name} ({workers} {'worker' if workers == 1 else 'workers'})"


@contextmanager
def watching(quiet: bool) -> Iterator[Observer]:
    """Yield an observer with bars on a terminal and lines elsewhere; a silent one if quiet."""
    console = Console(stderr=True)
    if quiet:
        yield Observer()
    elif not console.is_terminal:
        yield _Lines()
    else:
        columns = (
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description}", markup=False),  # names may hold brackets, and :x: is not an emoji
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("[dim]{task.fields[figures]}"),
        )
        with Progress(*columns, console=console) as bars:
            observer = _StageBars(bars)
            yield observer
            observer.over()


@define
class _StageBar(chart.Progress):
    """One stage's bar."""

    bars: Progress
    task: TaskID
    since: float = field(factory=perf_counter)
    before: int | None = None  # what an earlier run has done

    def __call__(self, done: int, total: int, **figures: float) -> None:
        if self.before is None:
            self.before = done
        texts = "  ".join(f"{name} {_figure(value)}" for name, value in figures.items())
        rate = rate_text(done - self.before, perf_counter() - self.since)
        self.bars.update(self.task, completed=done, total=total, figures=texts, rate=rate)


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.2e}"


def rate_text(done: int, seconds: float) -> str:
    """Return how many of something are done in a second; empty where none is."""
    rate = done / max(seconds, 1e-9)
    return "" if not done else f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.2g}/s"


@define
class _StageBars(Observer):
    """A bar for every stage that runs; stages from an earlier run are not shown."""

    bars: Progress

    def stage(self, name: str) -> chart.Progress:
        self.over()
        return _StageBar(self.bars, self.bars.add_task(visible(name), total=None, figures="", rate=""))

    def folder(self, folder: Path, *, is_new: bool, other: Path | None) -> None:
        self.over()
        for line in folder_lines(folder, is_new=is_new, other=other):
            self.warning(line)

    def pool(self, name: str, workers: int) -> None:
        self.warning(pool_line(name, workers))

    def cell(self, name: str, number: int, count: int) -> None:
        """Name the cell, and remove the previous cell's bars: those of hundreds of cells would fill the screen."""
        for task in self.bars.task_ids:
            self.bars.remove_task(task)
        self.warning(f"cell {number} of {count}: {name}")

    def over(self) -> None:
        """Complete the bar of a stage without progress reports: it is over when the next begins."""
        for task in self.bars.tasks:
            if task.total is None:
                self.bars.update(task.id, total=1, completed=1)

    def reuse(self, name: str) -> None:
        """Print nothing: a rerun shows only new work."""

    def warning(self, text: str) -> None:
        self.bars.console.print(visible_lines(text), markup=False, emoji=False, highlight=False)


@define
class _Lines(Observer):
    """A line for every stage that begins."""

    def folder(self, folder: Path, *, is_new: bool, other: Path | None) -> None:
        for line in folder_lines(folder, is_new=is_new, other=other):
            stderr(line)

    def stage(self, name: str) -> chart.Progress:
        stderr(name)
        return chart.Progress()

    def pool(self, name: str, workers: int) -> None:
        stderr(pool_line(name, workers))

    def cell(self, name: str, number: int, count: int) -> None:
        stderr(f"cell {number} of {count}: {name}")

    def reuse(self, name: str) -> None:
        stderr(f"{name}: kept from an earlier run")

    def warning(self, text: str) -> None:
        stderr(f"warning: {text}")
