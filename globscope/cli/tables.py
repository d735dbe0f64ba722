"""Tables for the terminal."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from attrs import asdict
from rich.box import HEAVY_HEAD
from rich.console import Console
from rich.table import Table

from globscope.cli.screen import marked
from globscope.registry import HOOKS, Component, Registry
from globscope.spec.describe import options
from globscope.spec.entries import common
from globscope.study.estimate import Estimate, described
from globscope.sweep.estimate import SweepEstimate
from globscope.values.findings import Finding

# Characters in a line that goes to a file or pipe.
WIDEST = 10_000
# Of an analysis' tables, so many rows are printed.
ROWS = 30
# Of a topology's pairs, so many are listed.
PAIRS = 10
# Of every cell's plan.
PLANNED = ("members", "parameters", "loss evaluations", "training", "evaluation")


def cell(value: Any) -> str:
    """Return a figure as a person reads it; a missing one as a dash."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.2e}" if value and (abs(value) < 1e-2 or abs(value) >= 1e5) else f"{value:.3g}"
    return marked(str(value))


def _print(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], words: bool = False) -> None:
    """Print a table; where it is wider than the terminal but would fit standing, its rows become columns."""
    console, lines = _console(), [list(row) for row in rows]
    table = _table(headings, lines, words)
    wanted = console.measure(table, options=console.options.update(max_width=WIDEST)).maximum
    if wanted > console.width and not words and len(lines) < len(headings):
        headings, *lines = map(list, zip(headings, *lines, strict=True))
        table = _table(headings, lines, words)
    if title:
        console.print(marked(title), style="bold", soft_wrap=True)
    console.print(table)


def _table(headings: Sequence[str], lines: Sequence[Sequence[str]], words: bool) -> Table:
    plain = not _console().is_terminal
    table = Table(box=None if plain else HEAVY_HEAD, pad_edge=not plain)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if words or place == 0 else "right", overflow="fold", no_wrap=plain)
    for line in lines:
        table.add_row(*line)
    return table


def _console() -> Console:
    """Return a console that keeps every line whole where nobody's terminal limits them."""
    console = Console(highlight=False, emoji=False)
    return console if console.is_terminal else Console(highlight=False, emoji=False, width=WIDEST)


def summary(record: Mapping[str, Any]) -> None:
    """Print a run's population, the comparison of its reducers, its other tables and warnings."""
    who = record["population"]
    line = (
        f"{who['members']} members of {who['variants']} variants, {who['parameters']:,} parameters, "
        f"variance per weight {cell(who['variance_per_weight'])}, "
        f"lowest test accuracy {cell(who['test_accuracy_min'])}"
    )
    _console().print(line)
    figures = record.get("comparison", ())
    rows = [[cell(one.get(key)) for key in ("name", *(each["key"] for each in figures))] for one in record["reducers"]]
    _print(record["title"] or "Maps", ["map", *(marked(each["label"]) for each in figures)], rows)
    for table in chain(*record["tables"].values(), *record.get("aligners", {}).values()):
        _found(table)
    for one in record["reducers"]:
        if one["hidden"]:
            _console().print(f"{marked(one['name'])}: no landscape: {marked(one['hidden'])}")
    for warning in record["warnings"]:
        _console().print(f"warning: {marked(warning)}")


def finding(found: Finding) -> None:
    """Print a finding's tables and warnings."""
    for table in found.tables:
        _found(asdict(table))
    for warning in found.warnings:
        _console().print(f"warning: {marked(warning)}")


def _found(table: Mapping[str, Any]) -> None:
    shown = table["rows"][:ROWS]
    cells = [[cell(row.get(column)) for column in table["columns"]] for row in shown]
    _print(table["name"], [marked(column) for column in table["columns"]], cells)
    if len(shown) < len(table["rows"]):
        _console().print(f"… {len(table['rows']) - len(shown)} more rows; all of them are among the run's tables/")


def cells(record: Mapping[str, Any]) -> None:
    """Print a sweep's table and warnings."""
    _figures(record["title"], "cell", record["columns"], record["cells"])
    _rows("relations", record["relations"])
    for warning in record["warnings"]:
        _console().print(f"warning: {marked(warning)}")


def _figures(title: str, what: str, columns: Sequence[str], runs: Sequence[Mapping[str, Any]]) -> None:
    rows = [[cell(one["name"]), *(cell(one["figures"].get(key)) for key in columns)] for one in runs]
    _print(title, [what, *map(marked, columns)], rows)


def compared(record: Mapping[str, Any]) -> None:
    """Print several runs' figures, and the distances of their diagrams."""
    _figures(f"{len(record['runs'])} runs", "run", record["columns"], record["runs"])
    _rows("distances", record["distances"])


def _rows(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        _print(title, list(rows[0]), [[cell(row[key]) for key in rows[0]] for row in rows])


def projected(rows: Sequence[Mapping[str, Any]], warnings: Sequence[str]) -> None:
    """Print where networks lie on the maps of a run."""
    headings = ("map", "file", "point", "residual", "distance to member", "trusted", "loss", "decoded loss")
    lines = []
    for row in rows:
        field = next(iter(row["fields"]), "")
        point = ", ".join(f"{value:.3g}" for value in row["point"])
        own, decoded = row["fields"].get(field), row["decoded"].get(field)
        told = (row["map"], row["file"], point, f"{row['residual']:.0%}", row["distance_to_member"])
        lines.append([cell(value) for value in (*told, "yes" if row["trusted"] else "no", own, decoded)])
    _print(f"{len({row['file'] for row in rows})} networks", headings, lines)
    for warning in warnings:
        _console().print(f"warning: {marked(warning)}")


def condensed(found: Mapping[str, Any]) -> None:
    """Print a merge tree's counts and its most persistent pairs."""
    counts, size = found["counts"], " × ".join(map(str, found["shape"] or (found["samples"],)))
    kept = "every pair" if found["raw"] else f"pairs of persistence > {cell(found['threshold'])}"
    left = f", {found['left_out']} not finite and left out" if found["left_out"] else ""
    line = f"{found['file']}: {found['field']}, {size} samples{left}; "
    line += f"minima: {counts['minima']}, saddles: {counts['saddles']} ({found['backend']}, {kept})"
    _console().print(marked(line), soft_wrap=True)
    pairs = sorted(found["pairs"], key=_lifetime, reverse=True)
    rows = [
        [cell(pair[key]) for key in ("birth_vertex", "birth", "death_vertex", "death")] + [_persistence(pair)]
        for pair in pairs[:PAIRS]
    ]
    more = f"; {len(pairs) - PAIRS} more with --json" if len(pairs) > PAIRS else ""
    headings = ("minimum at vertex", "birth", "dies at vertex", "death", "persistence")
    _print(f"Most persistent pairs{more}", headings, rows)


def _lifetime(pair: Mapping[str, Any]) -> float:
    return float("inf") if pair["death"] is None else float(pair["death"] - pair["birth"])


def _persistence(pair: Mapping[str, Any]) -> str:
    return "never dies" if pair["death"] is None else cell(_lifetime(pair))


def plan(value: Estimate) -> None:
    """Print what a study would take."""
    _print("Plan", ["what", ""], [[name, marked(text)] for name, text in described(value).items()], words=True)
    for at, stage in enumerate(value.stages, 1):
        _console().print(f"{at:3}. {marked(stage)}")


def plan_of_cells(value: SweepEstimate) -> None:
    """Print what a sweep would take, as a whole and cell by cell."""
    _print("Plan", ["what", ""], [[name, marked(text)] for name, text in value.described.items()], words=True)
    rows = []
    for name, one in value.cells.items():
        told = described(one)
        rows.append([marked(name), *(marked(told[what]) for what in PLANNED)])
    _print("Cells", ["cell", *PLANNED], rows, words=True)


def components(registry: Registry) -> None:
    """Print every component and every problem of discovery."""
    roles = list(HOOKS)
    found = sorted(registry.components, key=lambda c: roles.index(c.role))
    rows = [map(cell, (c.role, c.name, c.summary, c.distribution, c.version)) for c in found]
    _print("", ("role", "name", "what it does", "distribution", "version"), map(list, rows), words=True)
    for problem in registry.problems:
        _console().print(f"problem: {marked(problem)}", soft_wrap=True)


def component(found: Component) -> None:
    """Print one component's options, and the keys that it shares with its role."""
    head = f"{found.role} {found.name} ({found.distribution} {found.version}): {found.summary}"
    _console().print(marked(head), soft_wrap=True)
    for title, cls in (("", found.cls), (f"Keys of every {found.role}", common(found.role))):
        rows = [[cell(text) for text in (o.name, o.kind, o.default, o.meaning)] for o in options(cls)]
        _print(title, ("option", "type", "default", "meaning"), rows, words=True)
