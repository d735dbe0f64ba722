"""Writing a sweep's results: a table, pictures of all cells, and a page that links their reports."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from globscope.report.page.board import Board, Part
from globscope.report.page.files import as_csv
from globscope.session.run_folder import CELLS, TABLE
from globscope.spec.cells import SweepSpec
from globscope.spec.describe import plain
from globscope.store import write_bytes, write_json
from globscope.sweep import averages
from globscope.sweep.finished import FinishedRun
from globscope.sweep.lines import TITLE, line_plots
from globscope.sweep.matrices import draw_matrices, draw_pictures, sweep_matrices, tiles_by_tree
from globscope.sweep.relation_pictures import omissions, plots
from globscope.sweep.relations import Relation, relations, relations_table, unknown_figures
from globscope.sweep.subjects import swept_entries
from globscope.sweep.table import READING, ComparedRun, ComparedRuns, names_of
from globscope.sweep.verdicts import verdict_part

CSV, AVERAGES, RELATIONS, PAGE = "sweep.csv", "averages.csv", "relations.csv", "sweep.html"


def write_sweep(folder: Path, spec: SweepSpec, failures: Mapping[str, str]) -> tuple[dict[str, Any], Path]:
    """Write a sweep's record and page with all other files; return the record and the page's path.

    Args:
        folder: Folder of the sweep.
        spec: Spec of the sweep.
        failures: Reasons by the names of the cells that failed.
    """
    runs = read_cells(folder, spec, failures)
    rows = runs.rows(folder)
    related = _relations(spec, runs)
    warnings = [*runs.warnings(), *unknown_figures(spec.relations, spec.document.get("relations", {}), runs.cells())]
    record = _record(spec, runs) | {"relations": [one.row for one in related], "warnings": warnings}
    page = Board(
        title=spec.title,
        kicker="sweep",
        sentences=list(_sentences(spec, failures)),
        warnings=warnings,
        columns=runs.columns(),
        names=runs.names,
        rows=rows,
        reading=READING,
        csv=CSV,
        lead=verdict_part(runs.finished, folder),
        parts=list(_parts(folder, spec, runs, related)),
        spec=tomli_w.dumps(plain(spec.document)),
    )
    write_bytes(folder / CSV, as_csv(runs.table()).encode())
    write_bytes(folder / RELATIONS, as_csv(relations_table(related)).encode())
    write_bytes(folder / PAGE, page.html(folder).encode())
    write_json(folder / TABLE, record)
    return record, folder / PAGE


def _record(spec: SweepSpec, runs: ComparedRuns) -> dict[str, Any]:
    cells = [
        {"name": run.name, "folder": f"{CELLS}/{run.name}", "failed": run.failed or None, "figures": figures}
        for run, figures in zip(runs.runs, runs.cells(), strict=True)
    ]
    axes = [{"key": axis.key, "label": axis.label, "values": plain(axis.values)} for axis in spec.axes]
    return {"title": spec.title, "axes": axes, "columns": runs.columns(), "names": runs.names, "cells": cells}


def _relations(spec: SweepSpec, runs: ComparedRuns) -> list[Relation]:
    return relations(spec.relations, runs.cells(), _groups(spec, runs.runs))


def _groups(spec: SweepSpec, runs: Sequence[ComparedRun]) -> list[str]:
    """Return each run's value of the first swept key."""
    first = spec.axes[0]
    return [f"{first.label}={first.names[run.places[0]]}" for run in runs]


def _parts(folder: Path, spec: SweepSpec, runs: ComparedRuns, related: Sequence[Relation]) -> Iterator[Part]:
    """Yield the parts of the page below the table, after drawing their pictures and writing the averages."""
    means = averages.averages(runs, spec)
    write_bytes(folder / AVERAGES, as_csv(averages.averages_table(means)).encode())
    if means:
        heat = tuple(draw_pictures((one.picture for one in means), folder))
        yield Part(title="Averages", text=averages.READING, pictures=heat, csv=AVERAGES)
    by_tree = tiles_by_tree(runs, spec.cells[0].spec.report)
    side = tuple(draw_matrices(sweep_matrices(runs, spec.axes, by_tree), by_tree, folder))
    if side:
        yield Part(title="Side by side", pictures=side)
    done = [run for run in runs.runs if run.finished is not None]
    lines = tuple(draw_pictures(line_plots(runs.finished, _groups(spec, done)), folder))
    if lines:
        yield Part(title=TITLE, pictures=lines)
    if related:
        scatter = tuple(draw_pictures(plots(related, runs.names), folder))
        text = omissions(related, runs.names)
        yield Part(title="Relations", text=text, pictures=scatter, tables=((relations_table(related), RELATIONS),))


def read_cells(folder: Path, spec: SweepSpec, failures: Mapping[str, str]) -> ComparedRuns:
    """Return a sweep's cells, read from its folder."""
    runs = []
    for cell in spec.cells:
        chosen = [
            names_of([axis.values[index]], [axis.names[index]])[0]
            for axis, index in zip(spec.axes, cell.places, strict=True)
        ]
        failed = failures.get(cell.name, "")
        run = ComparedRun(
            name=cell.name,
            values=dict(zip((axis.label for axis in spec.axes), chosen, strict=True)),
            finished=None if failed else FinishedRun.of(folder / CELLS / cell.name, cell.name),
            failed=failed,
            places=cell.places,
            entries=swept_entries(spec.axes, cell.spec),
        )
        runs.append(run)
    extra = (*spec.relations.of, *spec.relations.against)
    return ComparedRuns(runs=tuple(runs), labels=tuple(axis.label for axis in spec.axes), extra=extra)


def _sentences(spec: SweepSpec, failures: Mapping[str, str]) -> Iterable[str]:
    keys = "; ".join(f"{axis.key}: {', '.join(axis.names)}" for axis in spec.axes)
    yield f"One spec over every combination of the values of {len(spec.axes)} keys. {keys}."
    done = len(spec.cells) - len(failures)
    yield f"{done} of {len(spec.cells)} cells have results; each is a run with a report of its own."
