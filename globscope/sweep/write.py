"""What a sweep leaves in its folder: one table, pictures over all cells, and a page that links their reports."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

from globscope.report.page.board import Board, Part
from globscope.report.page.tables import as_csv
from globscope.session import CELLS, TABLE
from globscope.spec.cells import SweepSpec
from globscope.spec.describe import plain
from globscope.store import write_bytes, write_json
from globscope.sweep import averages
from globscope.sweep.finished import Finished
from globscope.sweep.matrices import depicted, drawn, of_sweep, tiles
from globscope.sweep.relations import Relation, plots, relations, table, unknown
from globscope.sweep.subjects import swept_entries
from globscope.sweep.table import READING, Run, Runs, names_of

CSV, AVERAGES, RELATIONS, PAGE = "sweep.csv", "averages.csv", "relations.csv", "sweep.html"


def write_sweep(folder: Path, spec: SweepSpec, failures: Mapping[str, str]) -> tuple[dict[str, Any], Path]:
    """Return a sweep's record and the path of its page, after both are written with everything beside them.

    Args:
        folder: Of the sweep.
        spec: What was asked.
        failures: By the names of the cells that failed, why.
    """
    runs = gathered(folder, spec, failures)
    rows = runs.rows(folder)
    related = _related(spec, runs)
    warnings = [*runs.warnings(), *unknown(spec.relations, spec.document.get("relations", {}), runs.cells())]
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
        parts=list(_parts(folder, spec, runs, related)),
        spec=tomli_w.dumps(plain(spec.document)),
    )
    write_bytes(folder / CSV, as_csv(runs.table()).encode())
    write_bytes(folder / RELATIONS, as_csv(table(related)).encode())
    write_bytes(folder / PAGE, page.html.encode())
    write_json(folder / TABLE, record)
    return record, folder / PAGE


def _record(spec: SweepSpec, runs: Runs) -> dict[str, Any]:
    cells = [
        {"name": run.name, "folder": f"{CELLS}/{run.name}", "failed": run.failed or None, "figures": figures}
        for run, figures in zip(runs.runs, runs.cells(), strict=True)
    ]
    axes = [{"key": axis.key, "label": axis.label, "values": plain(axis.values)} for axis in spec.axes]
    return {"title": spec.title, "axes": axes, "columns": runs.columns(), "cells": cells}


def _related(spec: SweepSpec, runs: Runs) -> list[Relation]:
    first = spec.axes[0]
    groups = [f"{first.label}={first.names[run.places[0]]}" for run in runs.runs]
    return relations(spec.relations, runs.cells(), groups)


def _parts(folder: Path, spec: SweepSpec, runs: Runs, related: Sequence[Relation]) -> Iterator[Part]:
    """Yield what the page shows below the table, drawn; and write the figures of the averages."""
    means = averages.averages(runs, spec)
    write_bytes(folder / AVERAGES, as_csv(averages.table(means)).encode())
    if means:
        heat = tuple(depicted((one.picture for one in means), folder))
        yield Part(title="Averages", text=averages.READING, pictures=heat, csv=AVERAGES)
    found = tiles(runs)
    side = tuple(drawn(of_sweep(runs, spec.axes, found), found, folder))
    if side:
        yield Part(title="Side by side", pictures=side)
    if related:
        scatter = tuple(depicted(plots(related, runs.names), folder))
        yield Part(title="Relations", pictures=scatter, tables=((table(related), RELATIONS),))


def gathered(folder: Path, spec: SweepSpec, failures: Mapping[str, str]) -> Runs:
    """Return a sweep's cells as its folder holds them."""
    found = []
    for cell in spec.cells:
        chosen = [
            names_of([axis.values[at]], [axis.names[at]])[0] for axis, at in zip(spec.axes, cell.places, strict=True)
        ]
        failed = failures.get(cell.name, "")
        run = Run(
            name=cell.name,
            values=dict(zip((axis.label for axis in spec.axes), chosen, strict=True)),
            finished=None if failed else Finished.of(folder / CELLS / cell.name, cell.name),
            failed=failed,
            places=cell.places,
            entries=swept_entries(spec.axes, cell.spec),
        )
        found.append(run)
    asked = (*spec.relations.of, *spec.relations.against)
    return Runs(runs=tuple(found), labels=tuple(axis.label for axis in spec.axes), asked=asked)


def _sentences(spec: SweepSpec, failures: Mapping[str, str]) -> Iterable[str]:
    keys = "; ".join(f"{axis.key}: {', '.join(axis.names)}" for axis in spec.axes)
    yield f"One spec over every combination of the values of {len(spec.axes)} keys. {keys}."
    done = len(spec.cells) - len(failures)
    yield f"{done} of {len(spec.cells)} cells have results; each is a run with a report of its own."
