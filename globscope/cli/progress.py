"""Progress: bars with rate and remaining time on a terminal, elsewhere a line for each stage."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import perf_counter

from attrs import define, field
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
)
from rich.table import Column
from rich.text import Text

from globscope.cli.screen import stderr
from globscope.pipeline.observer import Observer
from globscope.values import chart
from globscope.values.quantity import duration
from globscope.visible import visible, visible_lines

# Steps that are left of which the names are shown.
LISTED = 3
# Columns of a terminal from which on there is room for figures beside a bar.
WIDE = 110


def folder_lines(folder: Path, *, is_new: bool, other: Path | None) -> Iterator[str]:
    """Yield lines about a run's folder, and about another run of the same spec."""
    yield f"run folder: {folder} ({'new' if is_new else 'continued'})"
    if other is not None:
        yield f"note: another run of this spec is in {other}; --out {other} continues it"


def pool_line(name: str, workers: int) -> str:
    """Return where the work is done."""
    return f"pool: {name} ({workers} {'worker' if workers == 1 else 'workers'})"


def progress() -> AbstractContextManager[Observer]:
    """Return a context whose observer prints what a study does: for `Study.run` in a script or a notebook.

    On a terminal it draws bars; in a notebook, which is none, it prints a line for each stage.
    """
    return watching(quiet=False)


@contextmanager
def watching(quiet: bool) -> Iterator[Observer]:
    """Yield an observer with bars on a terminal and lines elsewhere; a silent one if quiet."""
    console = Console(stderr=True)
    if quiet:
        yield Observer()
    elif not console.is_terminal:
        yield _Lines()
    else:
        with Progress(*columns(console), console=console) as bars:
            observer = _StageBars(bars)
            yield observer
            observer.end()


def columns(console: Console) -> list[ProgressColumn]:
    """Return what a bar shows on a terminal: figures only on a wide one."""
    shown: list[ProgressColumn] = [
        SpinnerColumn(finished_text="✓"),
        # Names may hold brackets, and :x: is not an emoji.
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")),
        BarColumn(bar_width=8),
        MofNCompleteColumn(table_column=Column(no_wrap=True)),
        TextColumn("{task.fields[rate]}", table_column=Column(no_wrap=True)),
        Times(table_column=Column(no_wrap=True)),
    ]
    if console.width >= WIDE:
        shown.append(TextColumn("{task.fields[figures]}", style="dim", markup=False))
    return shown


class Times(ProgressColumn):
    """How long a stage has taken and, if it can be estimated, how long it will still take."""

    def render(self, task: Task) -> Text:
        """Return such as `28 s, 12 s left`."""
        elapsed = task.finished_time if task.finished else task.elapsed
        left = None if task.finished or task.fields["is_study"] else task.time_remaining
        return Text(duration(elapsed or 0.0) + ("" if left is None else f", {duration(left)} left"), no_wrap=True)


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


def _to_do(names: Sequence[str]) -> str:
    """Return the steps that are left; of many, the next ones."""
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"then {', '.join(map(visible, names[:LISTED]))}{more}" if names else ""


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
    study: TaskID | None = None
    cell_name: str = ""
    left: list[str] = field(factory=list)
    count: int = 0

    def steps(self, names: Sequence[str]) -> None:
        """Begin the bar of the whole study, above those of its stages."""
        self.left, self.count = list(names), len(names)
        self.study = self._add(self.cell_name or "study", total=len(names), is_study=True)

    def step(self, name: str) -> None:
        """Count the steps that are done, and name those that are left."""
        if self.study is None or name not in self.left:
            return
        self.left = self.left[self.left.index(name) :]
        now = visible(f"{self.cell_name or 'study'}: {name}")
        self.bars.update(
            self.study, completed=self.count - len(self.left), description=now, figures=_to_do(self.left[1:])
        )

    def stage(self, name: str) -> chart.Progress:
        self.over()
        self.make_room()
        return _StageBar(self.bars, self._add(name))

    def _add(self, name: str, total: int | None = None, *, is_study: bool = False) -> TaskID:
        return self.bars.add_task(visible(name), total=total, figures="", rate="", is_study=is_study)

    def make_room(self) -> None:
        """Remove the oldest bars of finished stages where a further one would be below the terminal's last line."""
        finished = [task.id for task in self.bars.tasks if task.finished and task.id != self.study]
        surplus = len(self.bars.tasks) + 2 - self.bars.console.height
        for task in finished[: max(0, surplus)]:
            self.bars.remove_task(task)

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
        self.study, self.cell_name = None, f"cell {number} of {count}"
        self.warning(f"cell {number} of {count}: {name}")

    def over(self) -> None:
        """Complete the bar of a stage without progress reports: it is over when the next begins."""
        for task in self.bars.tasks:
            if task.total is None:
                self.bars.update(task.id, total=1, completed=1)

    def end(self) -> None:
        """Complete what is there: the study has ended."""
        self.over()
        if self.study is not None and self.study in self.bars.task_ids:
            self.bars.update(self.study, completed=self.count, description=self.cell_name or "study", figures="")

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
