"""Several runs as one table, with a row for each."""

import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from attrs import define, field

from globscope.pipeline.map_comparison import UPPER_BOUNDS
from globscope.report.page.board import Row
from globscope.sweep.figures import comparison_keys, field_of, figures, known_fields, page_figures
from globscope.sweep.finished import FinishedRun, Names
from globscope.sweep.subjects import only_slice, score
from globscope.values.field import Field
from globscope.values.findings import Cell, Table

READING = (
    "A row is one run. Losses and accuracies are means over the final networks of the training runs. Those "
    "“at the slice's centre” are of the network around which a slice lies; those “of the networks concerned” are means "
    "over the networks that a slice goes through or an analysis is about. Figures of a map are those of "
    f"its first landscape and merge tree. A dash: there was nothing to measure. {UPPER_BOUNDS}"
)


@define(frozen=True, kw_only=True)
class ComparedRun:
    """One of several runs that are compared.

    Attributes:
        name: Its name in tables and pictures.
        values: Its value of every swept key, by the key's label.
        finished: Its results; None where it failed.
        failed: Why it failed; empty where it did not.
        places: For each axis of a sweep, the index of its value.
        entries: Names of the maps and analyses that have swept keys.
    """

    name: str
    values: Mapping[str, Cell] = field(factory=dict)
    finished: FinishedRun | None
    failed: str = ""
    places: tuple[int, ...] = ()
    entries: tuple[str, ...] = ()

    def score(self, field: str, figures: Mapping[str, Cell]) -> str:
        """Return the name of a field's figure for the networks that the run is about."""
        only = None if self.finished is None else only_slice(self.finished.record)
        return score(field, [*self.entries, *([only] if only else [])], figures)


@define(frozen=True, kw_only=True)
class ComparedRuns:
    """Several runs that are compared.

    Attributes:
        runs: The runs in order.
        labels: Labels of the swept keys.
        extra: Names of further figures that the page shows.
    """

    runs: tuple[ComparedRun, ...]
    labels: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()

    @property
    def finished(self) -> tuple[FinishedRun, ...]:
        """The runs with results."""
        return tuple(run.finished for run in self.runs if run.finished is not None)

    @property
    def maps(self) -> tuple[str, ...]:
        """The names of all runs' maps; empty where no run has several, since figures then need no map's name."""
        if all(len(run.maps) == 1 for run in self.finished):
            return ()
        return tuple(dict.fromkeys(name for run in self.finished for name in run.maps))

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of the fields that the tasks measure."""
        return tuple(dict.fromkeys(name for run in self.finished for name in run.record["population"].get("last", ())))

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the measured fields' figures, for the networks that each run is about."""
        names = [run.score(name, row) for name in self.measures for run, row in self._done()]
        return tuple(dict.fromkeys(names))

    def own_figures(self) -> list[dict[str, Cell]]:
        """Return every run's figures by name, without scores of other networks than those that it is about."""
        scores, figures_ = set(self.fields), []
        for run, row in zip(self.runs, self.figures(), strict=True):
            others = scores.union(self.measures) - {run.score(name, row) for name in self.measures}
            figures_.append({name: value for name, value in row.items() if name not in others})
        return figures_

    def _done(self) -> list[tuple[ComparedRun, dict[str, Cell]]]:
        pairs = zip(self.runs, self.figures(), strict=True)
        return [(run, row) for run, row in pairs if run.finished is not None]

    @property
    def about(self) -> frozenset[str]:
        """The names of the analyses that are about other networks than the last of all training runs."""
        subjects = [run.record.get("subjects", {}) for run in self.finished]
        return frozenset(name for run in subjects for name, subject in run.items() if not subject["last"])

    def tree(self, names: Names) -> str:
        """Return the name of a merge tree: its map where runs have several; sampler and topology where those differ."""
        every = [known for run in self.finished for known in run.trees]
        differs = [bool(self.maps), *(len({known[place] for known in every}) > 1 for place in (1, 2))]
        return ", ".join(name for name, named in zip(names, differs, strict=True) if named)

    def figures(self) -> list[dict[str, Cell]]:
        """Return every run's figures by name; none for a failed run."""
        bare, about = not self.maps, self.about
        return [figures(run.finished.record, bare=bare, about=about) if run.finished else {} for run in self.runs]

    def table(self) -> Table:
        """Return the table with every figure."""
        figures_ = self.figures()
        names = dict.fromkeys(name for row in figures_ for name in row)
        rows = [
            {"run": run.name, **run.values, **row, "failed": run.failed or None}
            for run, row in zip(self.runs, figures_, strict=True)
        ]
        columns = tuple(dict.fromkeys(("run", *self.labels, *names, "failed")))
        return Table(name="runs", caption=READING, columns=columns, rows=tuple(rows))

    @property
    def further(self) -> list[str]:
        """The extra figures that are not measured fields, which are shown anyway."""
        return [name for name in self.extra if name not in self.measures]

    def columns(self) -> list[str]:
        """Return the columns that a page shows."""
        keys = comparison_keys(run.record for run in self.finished)
        return [*self.labels, *page_figures(self.fields, self.figures(), self.maps, keys, self.further)]

    def field_of(self, figure: str) -> Field:
        """Return how people read a figure, which may lack its map or analysis in front."""
        return field_of(figure, self._known)

    @cached_property
    def _known(self) -> dict[str, Field]:
        return known_fields([one.record for one in self.finished])

    @property
    def names(self) -> dict[str, str]:
        """The figures' names for people, with and without their map or analysis."""
        full = dict.fromkeys(name for row in self.figures() for name in row)
        names = {*full, *(name.rpartition(".")[2] for name in full)}
        return {name: self.field_of(name).name for name in names}

    def rows(self, folder: Path) -> list[Row]:
        """Return the rows of a page in this folder."""
        pairs = zip(self.runs, self.own_figures(), strict=True)
        return [Row(name=run.name, link=_link(run, folder), figures={**row, **run.values}) for run, row in pairs]

    def cells(self) -> list[dict[str, Cell]]:
        """Return every run's figures and swept values by name."""
        return [{**row, **run.values} for run, row in zip(self.runs, self.figures(), strict=True)]

    def warnings(self) -> list[str]:
        """Return the warnings about failed runs."""
        return [f"{run.name} failed and is missing: {run.failed}" for run in self.runs if run.failed]


def _link(run: ComparedRun, folder: Path) -> str:
    if run.finished is None:
        return ""
    return Path(os.path.relpath(run.finished.folder / "report.html", folder)).as_posix()


def names_of(values: Sequence[object], names: Sequence[str]) -> list[Cell]:
    """Return values as a table's cells: numbers and texts unchanged, others by their names."""
    plain = (
        value if isinstance(value, str | int | float) and not isinstance(value, bool) else None for value in values
    )
    return [name if value is None else value for value, name in zip(plain, names, strict=True)]
