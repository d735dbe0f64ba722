"""Tables for the terminal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from globscope.registry import Component, Registry
from globscope.spec.describe import options
from globscope.study.estimate import Estimate, described

# Columns of the closing table: (key in the record, heading).
COLUMNS = (
    ("name", "reducer"),
    ("mse_per_weight", "MSE per weight"),
    ("unexplained_variance", "unexplained"),
    ("loss_gap_median", "loss gap, median"),
    ("loss_gap_max", "max"),
    ("trustworthiness", "trustworthiness"),
    ("leaves", "leaves"),
    ("leaves_trusted", "trusted"),
    ("basins_of_variants", "basins of variants"),
    ("nonfinite", "non-finite"),
    ("fit_seconds", "fit s"),
    ("decode_seconds", "decode s"),
    ("evaluate_seconds", "evaluate s"),
)


def cell(value: Any) -> str:
    """Return a figure as a person reads it; a missing one as a dash."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.2e}" if value and (abs(value) < 1e-2 or abs(value) >= 1e5) else f"{value:.3g}"
    return escape(str(value))


def _print(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(title=escape(title), title_justify="left", title_style="bold", expand=False)
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if place == 0 else "right", overflow="fold")
    for row in rows:
        table.add_row(*row)
    _console().print(table)


def _console() -> Console:
    """Return a console that keeps its tables whole where nobody's terminal limits them."""
    console = Console()
    return console if console.is_terminal else Console(width=200)


def summary(record: Mapping[str, Any]) -> None:
    """Print a run's population, the comparison of its reducers, its other tables and warnings."""
    who = record["population"]
    line = (
        f"{who['members']} members of {who['variants']} variants, {who['parameters']:,} parameters, "
        f"variance per weight {cell(who['variance_per_weight'])}, "
        f"lowest test accuracy {cell(who['test_accuracy_min'])}"
    )
    _console().print(line, highlight=False)
    rows = [[cell(one.get(key)) for key, _ in COLUMNS] for one in record["reducers"]]
    _print(record["title"] or "Maps", [heading for _, heading in COLUMNS], rows)
    for name, tables in record["tables"].items():
        for table in tables if name != "fidelity" else tables[1:]:
            cells = [[cell(row.get(column)) for column in table["columns"]] for row in table["rows"]]
            _print(table["name"], table["columns"], cells)
    for one in record["reducers"]:
        if one["hidden"]:
            _console().print(f"{escape(one['name'])}: no landscape: {escape(one['hidden'])}", highlight=False)
    for warning in record["warnings"]:
        _console().print(f"warning: {escape(warning)}", highlight=False)


def plan(value: Estimate) -> None:
    """Print what a study would take."""
    _print("Plan", ["what", ""], [[name, escape(text)] for name, text in described(value).items()])
    for at, stage in enumerate(value.stages, 1):
        _console().print(f"{at:3}. {escape(stage)}", highlight=False)


def components(registry: Registry) -> None:
    """Print every component and every problem of discovery."""
    rows = [[c.role, escape(c.name), escape(c.summary), c.distribution, c.version] for c in registry.components]
    table = Table("role", "name", "what it does", "distribution", "version", expand=False)
    for row in sorted(rows, key=lambda row: [c.role for c in registry.components].index(row[0])):
        table.add_row(*row)
    _console().print(table)
    for problem in registry.problems:
        _console().print(f"problem: {escape(problem)}", highlight=False)


def component(found: Component) -> None:
    """Print one component's options."""
    head = f"{found.role} {found.name} ({found.distribution} {found.version}): {found.summary}"
    _console().print(escape(head), highlight=False)
    table = Table("option", "type", "default", "meaning", expand=False)
    for option in options(found.cls):
        table.add_row(option.name, escape(option.kind), escape(option.default), escape(option.meaning))
    _console().print(table)
