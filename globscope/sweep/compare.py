"""Finished runs side by side: one table, their landscapes on one scale, the distances of their diagrams."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field

from globscope.errors import RunError
from globscope.report import EXPLORER, read_explorer, write_explorers
from globscope.report.page.board import Board, Part
from globscope.report.page.files import as_csv
from globscope.session.run_folder import CELLS, TABLE
from globscope.store import LOCK, claim, remove_lock, remove_stale, times_written, write_bytes, write_json, written_file
from globscope.sweep.finished import FinishedRun
from globscope.sweep.lines import TITLE, line_plots
from globscope.sweep.matrices import (
    Tiles,
    distances,
    draw_matrices,
    draw_pictures,
    heat_maps,
    run_matrices,
    tiles_by_tree,
)
from globscope.sweep.outcome import results
from globscope.sweep.table import READING, ComparedRun, ComparedRuns
from globscope.sweep.verdicts import unshared_trees, verdict_part
from globscope.values.findings import Table

CSV, DISTANCES, PAGE, RECORD = "comparison.csv", "distances.csv", "comparison.html", "comparison.json"


@define(frozen=True, kw_only=True)
class RunComparison:
    """Several finished runs.

    Attributes:
        runs: The runs in the given order.
        trees: Their merge trees by name and field, then by the run's name.
        distances: The distances of the diagrams of every pair of runs.
    """

    runs: ComparedRuns
    trees: Tiles = field(repr=False)
    distances: Table = field(repr=False)

    @property
    def record(self) -> dict[str, Any]:
        """The comparison as one JSON object."""
        return {
            "columns": self.runs.columns(),
            "names": self.runs.names,
            "runs": [
                {"name": run.name, "folder": str(finished.folder), "figures": figures}
                for run, finished, figures in zip(self.runs.runs, self.runs.finished, self.runs.figures(), strict=True)
            ],
            "distances": [dict(row) for row in self.distances.rows],
        }

    @property
    def title(self) -> str:
        """Title of its pages."""
        return f"{len(self.runs.runs)} runs compared"

    def _explorer_studies(self) -> list[tuple[Mapping[str, Any], str]]:
        """Return what the runs' explorers know; each under its run's name here, for two studies may share a title."""
        return [
            (study.with_name(run.name).data, study.content)
            for run, finished in zip(self.runs.runs, self.runs.finished, strict=True)
            for study in read_explorer(written_file(finished.folder, EXPLORER))
        ]

    def write(self, folder: Path, *, explorer: bool = False) -> Path:
        """Write the page, with tables and pictures beside it, and return its path.

        Args:
            folder: Where they go.
            explorer: Whether an explorer of all the runs is written too, as `explorer.html`.

        Raises:
            RunError: A run has no explorer, or its explorer was edited.
            FileError: A run's explorer is damaged, or of an earlier version.
        """
        claim(folder, "comparison")
        before = times_written(folder)
        together = write_explorers(folder, self.title, self._explorer_studies()) if explorer else None
        trees = {tree: tiles for tree, tiles in self.trees.items() if len(tiles) > 1}
        side = tuple(draw_matrices(run_matrices(self.runs, trees), trees, folder))
        heat = tuple(draw_pictures(heat_maps(self.distances), folder))
        names = [run.name for run in self.runs.runs]
        lines = tuple(draw_pictures(line_plots(self.runs.finished, names), folder))
        write_bytes(folder / CSV, as_csv(self.runs.table()).encode())
        write_bytes(folder / DISTANCES, as_csv(self.distances).encode())
        verdicts = verdict_part(self.runs.finished, folder)
        write_json(folder / RECORD, self.record)
        page = Board(
            title=self.title,
            explorer=together.name if together else "",
            kicker="comparison",
            sentences=["Finished runs side by side; nothing was computed again but the distances of their diagrams."],
            warnings=[],
            columns=self.runs.columns(),
            names=self.runs.names,
            rows=self.runs.rows(folder),
            reading=READING,
            csv=CSV,
            lead=verdicts,
            parts=[
                Part(
                    title="Side by side",
                    text=unshared_trees({t: [*own] for t, own in self.trees.items()}, names),
                    pictures=side,
                ),
                *([Part(title=TITLE, pictures=lines)] if lines else []),
                *([Part(title="Distances", pictures=heat, tables=((self.distances, DISTANCES),))] if heat else []),
            ],
        )
        write_bytes(folder / PAGE, page.html(folder).encode())
        remove_stale(folder, before, ("figures",))
        remove_lock(folder / LOCK)
        return folder / PAGE


def compare(folders: Iterable[str | Path]) -> RunComparison:
    """Return finished runs side by side; of a sweep's folder, all of its cells that have results.

    Raises:
        RunError: There are fewer than two runs, one of them is given twice, or one is not finished.
        FileError: A run's file is damaged, or of an earlier version.
    """
    run_folders = [one for folder in folders for one in _run_folders(Path(folder))]
    places = [folder.resolve() for folder in run_folders]
    twice = [folder for i, folder in enumerate(run_folders) if places.index(places[i]) < i]
    if twice:
        raise RunError(f"{twice[0]}: is named twice")
    if len(run_folders) < 2:
        raise RunError("compare needs at least two finished runs")
    runs = [
        ComparedRun(name=name, finished=FinishedRun.of(folder, name))
        for folder, name in zip(run_folders, _names(places), strict=True)
    ]
    compared = ComparedRuns(runs=tuple(runs))
    trees = tiles_by_tree(compared)
    return RunComparison(runs=compared, trees=trees, distances=distances(trees))


def _run_folders(folder: Path) -> Iterator[Path]:
    if not (folder / TABLE).is_file():
        yield folder
        return
    for cell in results(folder)["cells"]:
        if not cell["failed"]:
            yield folder / CELLS / cell["name"]


def _names(places: Sequence[Path]) -> list[str]:
    """Return each folder's shortest unique ending, without `cells` between a sweep and its cell."""
    parts = [tuple(part for part in place.parts if part != CELLS) for place in places]
    most = max(map(len, parts))
    endings = ([part[-size:] for part in parts] for size in range(1, most + 1))
    for names in endings:
        if len(set(names)) == len(names):
            break
    return ["/".join(name) for name in names]
