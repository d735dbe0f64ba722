"""What a sweep leaves in its folder: one table, pictures over all cells, and a page that links their reports."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tomli_w

from globscope.report.board import Board, Part
from globscope.report.tables import as_csv
from globscope.session import TABLE
from globscope.spec.cells import SweepSpec
from globscope.spec.describe import plain
from globscope.store import write_bytes, write_json
from globscope.sweep.finished import Finished
from globscope.sweep.matrices import drawn, of_sweep, tiles
from globscope.sweep.table import READING, Run, Runs, names_of

CSV, PAGE = "sweep.csv", "sweep.html"


def write_sweep(folder: Path, spec: SweepSpec, failures: Mapping[str, str]) -> tuple[dict[str, Any], Path]:
    """Return a sweep's record and the path of its page, after both are written with everything beside them.

    Args:
        folder: Of the sweep.
        spec: What was asked.
        failures: By the names of the cells that failed, why.
    """
    runs = gathered(folder, spec, failures)
    found = tiles(runs)
    pictures = tuple(drawn(of_sweep(runs, spec.axes, found), found, folder))
    parts = [Part(title="Side by side", pictures=pictures)] if pictures else []
    warnings = runs.warnings()
    record: dict[str, Any] = {
        "title": spec.title,
        "axes": [{"key": axis.key, "label": axis.label, "values": plain(axis.values)} for axis in spec.axes],
        "columns": runs.columns(),
        "cells": [
            {
                "name": run.name,
                "folder": f"cells/{run.name}",
                "failed": run.failed or None,
                "figures": dict(row.figures),
            }
            for run, row in zip(runs.runs, runs.rows(folder), strict=True)
        ],
        "warnings": warnings,
    }
    page = Board(
        title=spec.title,
        kicker="sweep",
        sentences=list(_sentences(spec, failures)),
        warnings=warnings,
        columns=runs.columns(),
        rows=runs.rows(folder),
        reading=READING,
        csv=CSV,
        parts=parts,
        spec=tomli_w.dumps(plain(spec.document)),
    )
    write_bytes(folder / CSV, as_csv(runs.table()).encode())
    write_bytes(folder / PAGE, page.html.encode())
    write_json(folder / TABLE, record)
    return record, folder / PAGE


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
            finished=None if failed else Finished.of(folder / "cells" / cell.name, cell.name),
            failed=failed,
            places=cell.places,
        )
        found.append(run)
    return Runs(runs=tuple(found), labels=tuple(axis.label for axis in spec.axes))


def _sentences(spec: SweepSpec, failures: Mapping[str, str]) -> Iterable[str]:
    keys = "; ".join(f"{axis.key}: {', '.join(axis.names)}" for axis in spec.axes)
    yield f"One spec over every combination of the values of {len(spec.axes)} keys. {keys}."
    done = len(spec.cells) - len(failures)
    yield f"{done} of {len(spec.cells)} cells have results; each is a run with a report of its own."
