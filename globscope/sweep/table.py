"""Several runs as one table: a row each."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import define, field

from globscope.report.page.board import Row
from globscope.sweep.figures import compared, field_of, figures, shown
from globscope.sweep.finished import Finished, Names
from globscope.sweep.subjects import only_slice, score
from globscope.values.field import Field
from globscope.values.findings import Cell, Table

READING = (
    "A row is one run. Losses and accuracies are means over the training runs' last networks; origin_…: those of the "
    "network around which a slice lies; subject_…: the mean of the networks that a slice goes through or an analysis "
    "is about. Figures of a map are those of its first landscape and merge tree. A dash: nothing to measure."
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
        entries: Names of the maps and analyses that swept keys are about.
    """

    name: str
    values: Mapping[str, Cell] = field(factory=dict)
    finished: Finished | None
    failed: str = ""
    places: tuple[int, ...] = ()
    entries: tuple[str, ...] = ()

    def score(self, field: str, figures: Mapping[str, Cell]) -> str:
        """Return the name of the figure of a field that is of what the run is about."""
        only = None if self.finished is None else only_slice(self.finished.record)
        return score(field, [*self.entries, *([only] if only else [])], figures)


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
    def measures(self) -> tuple[str, ...]:
        """What the tasks measure."""
        return tuple(dict.fromkeys(name for one in self.finished for name in one.record["population"].get("last", ())))

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the figures of what the tasks measure, each of what its run is about."""
        own = [run.score(name, row) for name in self.measures for run, row in self._done()]
        return tuple(dict.fromkeys(own))

    def own_figures(self) -> list[dict[str, Cell]]:
        """Return every run's figures by name, without scores of networks that it is not about."""
        scores, found = set(self.fields), []
        for run, row in zip(self.runs, self.figures(), strict=True):
            others = scores.union(self.measures) - {run.score(name, row) for name in self.measures}
            found.append({name: value for name, value in row.items() if name not in others})
        return found

    def _done(self) -> list[tuple[Run, dict[str, Cell]]]:
        pairs = zip(self.runs, self.figures(), strict=True)
        return [(run, row) for run, row in pairs if run.finished is not None]

    @property
    def about(self) -> frozenset[str]:
        """The names of the analyses that any run asks about networks other than all runs' last."""
        subjects = [one.record.get("subjects", {}) for one in self.finished]
        return frozenset(name for one in subjects for name, subject in one.items() if not subject["last"])

    def tree(self, names: Names) -> str:
        """Return what a merge tree is called: its map where runs have several, its sampler and its topology."""
        return ", ".join(names if self.maps else names[1:])

    def figures(self) -> list[dict[str, Cell]]:
        """Return every run's figures by name; none of one that failed."""
        bare, about = not self.maps, self.about
        return [figures(run.finished.record, bare=bare, about=about) if run.finished else {} for run in self.runs]

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

    @property
    def further(self) -> list[str]:
        """What is asked for besides what the tasks measure, which is there already."""
        return [name for name in self.asked if name not in self.measures]

    def columns(self) -> list[str]:
        """Return the columns that a page shows."""
        keys = compared(one.record for one in self.finished)
        return [*self.labels, *shown(self.fields, self.figures(), self.maps, keys, self.further)]

    def field_of(self, figure: str) -> Field:
        """Return how people read a figure, which may lack its map or analysis in front."""
        return field_of(figure, [one.record for one in self.finished])

    @property
    def names(self) -> dict[str, str]:
        """What people call the figures, with and without their map or analysis in front."""
        found = dict.fromkeys(name for row in self.figures() for name in row)
        every = {*found, *(name.rpartition(".")[2] for name in found)}
        return {name: self.field_of(name).name for name in every}

    def rows(self, folder: Path) -> list[Row]:
        """Return the rows of a page in this folder."""
        pairs = zip(self.runs, self.own_figures(), strict=True)
        return [Row(name=run.name, link=_link(run, folder), figures={**row, **run.values}) for run, row in pairs]

    def cells(self) -> list[dict[str, Cell]]:
        """Return every run's figures and swept values by name."""
        return [{**row, **run.values} for run, row in zip(self.runs, self.figures(), strict=True)]

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
