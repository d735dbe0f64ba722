"""What a sweep has come to: its cells' outcomes, its table, and the table as it is read from a folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import define, field

from globscope.errors import RunError, near
from globscope.session.finished_run import results as results_of_study
from globscope.session.run_folder import TABLE
from globscope.session.study import Study
from globscope.store import read_written


@define(frozen=True, kw_only=True)
class CellOutcome:
    """The outcome of one cell.

    Attributes:
        name: Name of the cell, such as `beta=10,seed=1`.
        values: Its value of every swept key, by the key.
        study: Its study; `study.run()` returns its `Result` again without computing anything.
        failed: Why it has no results; empty where it has results.
    """

    name: str
    values: Mapping[str, Any]
    study: Study = field(repr=False)
    failed: str = ""

    @property
    def record(self) -> dict[str, Any]:
        """The results as one JSON object, as `globscope show --json` prints it.

        Raises:
            RunError: The cell has failed.
        """
        if self.failed:
            raise RunError(f"cell {self.name} has no results: {self.failed}")
        return results_of_study(self.study.folder)


@define(frozen=True, kw_only=True)
class SweepResult:
    """A sweep that has run.

    Attributes:
        cells: The outcomes of all cells, in the order of the grid.
        record: The table as one JSON object, as `globscope show --json` prints it.
        report: Path of `sweep.html`.
    """

    cells: tuple[CellOutcome, ...]
    record: Mapping[str, Any] = field(repr=False)
    report: Path

    def cell(self, name: str) -> CellOutcome:
        """Return one cell.

        Raises:
            RunError: There is no cell of this name.
        """
        known = {cell.name: cell for cell in self.cells}
        if name not in known:
            raise RunError(f"this sweep has no cell {name!r}; {near(name, known)}")
        return known[name]

    @property
    def failed(self) -> tuple[CellOutcome, ...]:
        """The cells without results."""
        return tuple(cell for cell in self.cells if cell.failed)


def results(folder: Path) -> dict[str, Any]:
    """Return the JSON object of a finished run, or the table of a sweep.

    Raises:
        RunError: The folder has neither, or it is damaged.
    """
    if not (folder / TABLE).is_file():
        return results_of_study(folder)
    record: dict[str, Any] = read_written(folder, TABLE)
    return record
