"""Several runs as one table: a row each."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import define, field

from globscope.report.board import Row
from globscope.sweep.figures import figures, shown
from globscope.sweep.finished import Finished, Names
from globscope.values.findings import Cell, Table

READING = (
    "A row is one run. Losses and accuracies are means over the training runs' last networks; figures of a map are "
    "those of its first landscape and merge tree. A dash: nothing to measure."
)


@define(frozen=True, kw_only=True)
class Run:
    """One run of several.

    Attributes:
        name: As tables and pictures call it.
        values: What it has of every swept key, by the key's label.
        finished: Its results; None where it failed.
        failed: Why.
        places: Of each axis of a sweep, which of its values.
    """

    name: str
    values: Mapping[str, Cell] = field(factory=dict)
    finished: Finished | None
    failed: str = ""
    places: tuple[int, ...] = ()


@define(frozen=True, kw_only=True)
class Runs:
    """Several runs side by side.

    Attributes:
        runs: In order.
        labels: Of the swept keys.
        asked: Figures that the page shows besides its own.
    """

    runs: tuple[Run, ...]
    labels: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()

    @property
    def finished(self) -> tuple[Finished, ...]:
        """Those with results."""
        return tuple(run.finished for run in self.runs if run.finished is not None)

    @property
    def maps(self) -> tuple[str, ...]:
        """The names of the maps that any run has; empty where no run has several, so that figures need none."""
        if all(len(one.maps) == 1 for one in self.finished):
            return ()
        return tuple(dict.fromkeys(name for one in self.finished for name in one.maps))

    @property
    def fields(self) -> tuple[str, ...]:
        """What the tasks measure."""
        return tuple(dict.fromkeys(name for one in self.finished for name in one.record["population"].get("last", ())))

    def tree(self, names: Names) -> str:
        """Return what a merge tree is called: its map where runs have several, its sampler and its topology."""
        return ", ".join(names if self.maps else names[1:])

    def figures(self) -> list[dict[str, Cell]]:
        """Return every run's figures by name; none of one that failed."""
        bare = not self.maps
        return [figures(run.finished.record, bare=bare) if run.finished else {} for run in self.runs]

    def table(self) -> Table:
        """Return the table with every figure."""
        found = self.figures()
        names = dict.fromkeys(name for row in found for name in row)
        rows = [
            {"run": run.name, **run.values, **row, "failed": run.failed or None}
            for run, row in zip(self.runs, found, strict=True)
        ]
        columns = tuple(dict.fromkeys(("run", *self.labels, *names, "failed")))
        return Table(name="runs", caption=READING, columns=columns, rows=tuple(rows))

    def columns(self) -> list[str]:
        """Return the columns that a page shows."""
        return [*self.labels, *shown(self.fields, self.figures(), self.maps, self.asked)]

    def rows(self, folder: Path) -> list[Row]:
        """Return the rows of a page in this folder."""
        pairs = zip(self.runs, self.figures(), strict=True)
        return [Row(name=run.name, link=_link(run, folder), figures={**row, **run.values}) for run, row in pairs]

    def warnings(self) -> list[str]:
        """Return what a reader must not miss."""
        return [f"{run.name} failed and is missing: {run.failed}" for run in self.runs if run.failed]


def _link(run: Run, folder: Path) -> str:
    if run.finished is None:
        return ""
    return Path(os.path.relpath(run.finished.folder / "report.html", folder)).as_posix()


def names_of(values: Sequence[object], names: Sequence[str]) -> list[Cell]:
    """Return values as a table's cells: numbers and texts as they are, others by their names."""
    plain = (
        value if isinstance(value, str | int | float) and not isinstance(value, bool) else None for value in values
    )
    return [name if value is None else value for value, name in zip(plain, names, strict=True)]
