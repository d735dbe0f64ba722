"""Tables on the terminal."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import asdict
from rich.box import HEAVY_HEAD
from rich.console import Console
from rich.table import Table

from globscope.cli.screen import escape_markup, stderr, stdout
from globscope.distributions import OWN
from globscope.pipeline.cost_table import HEADINGS, cost_table, cost_texts
from globscope.pipeline.map_comparison import UPPER_BOUNDS
from globscope.pipeline.plan.estimate import Estimate
from globscope.pipeline.take import TakenNetwork
from globscope.pipeline.verdict.verdict_lines import verdict_lines
from globscope.registry import HOOKS, Component, Registry
from globscope.spec.describe import options
from globscope.spec.entries import entry_class
from globscope.sweep.estimate import SweepEstimate
from globscope.values.field import column_heading, in_words
from globscope.values.findings import Finding
from globscope.values.number import number

# The most characters in a line that goes to a file or pipe.
WIDEST = 10_000
# The most rows that are printed of an analysis' table.
ROWS = 30
# Figures of merge trees, below which stands what counts and heights mean.
COUNTED = ("leaves", "saddles", "average_persistence", "smad")
# The most pairs that are listed of a topology.
PAIRS = 10
# The columns of a sweep's plan.
PLANNED = ("members", "parameters", "loss evaluations", "training", "evaluation")


def cell_text(value: Any) -> str:
    """Return a figure for people; a dash for a missing one."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return number(value)
    return escape_markup(str(value))


def _print(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], words: bool = False) -> None:
    """Print a table; if it is wider than the terminal but would fit transposed, its rows become columns."""
    console, lines = _console(), [list(row) for row in rows]
    table = _table(headings, lines, words)
    wanted = console.measure(table, options=console.options.update(max_width=WIDEST)).maximum
    if wanted > console.width and not words and len(lines) < len(headings):
        headings, *lines = map(list, zip(headings, *lines, strict=True))
        table = _table(headings, lines, words)
    if title:
        console.print(escape_markup(title), style="bold", soft_wrap=True)
    console.print(table)


def _table(headings: Sequence[str], lines: Sequence[Sequence[str]], words: bool) -> Table:
    plain = not _console().is_terminal
    table = Table(box=None if plain else HEAVY_HEAD, pad_edge=not plain, show_header=any(headings))
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if words or place == 0 else "right", overflow="fold", no_wrap=plain)
    for line in lines:
        table.add_row(*line)
    return table


def _console() -> Console:
    """Return a console that breaks no lines unless it is a terminal."""
    console = Console(highlight=False, emoji=False)
    return console if console.is_terminal else Console(highlight=False, emoji=False, width=WIDEST)


def print_summary(record: Mapping[str, Any]) -> None:
    """Print a run's population, the comparison of its reducers, its other tables, its warnings and its verdict."""
    population = record["population"]
    line = (
        f"{population['members']} members of {population['variants']} "
        f"training run{'s' * (population['variants'] != 1)}, "
        f"{population['parameters']:,} parameters, "
        f"variance per weight {cell_text(population['variance_per_weight'])}, "
        f"lowest test accuracy {cell_text(population['test_accuracy_min'])}"
    )
    _console().print(line)
    figures = record.get("comparison", ())
    rows = [
        [cell_text(reducer.get(key)) for key in ("name", *(each["key"] for each in figures))]
        for reducer in record["reducers"]
    ]
    _print(record["title"] or "Maps", ["map", *(escape_markup(each["label"]) for each in figures)], rows)
    if any(reducer.get("minima") is not None for reducer in record["reducers"]):
        _console().print(UPPER_BOUNDS)
    names = {field["key"]: field["name"] for field in record.get("fields", ())}
    for source in ("explanations", "tables", "aligners"):
        for title, tables in record.get(source, {}).items():
            for table in tables:
                _print_rows(f"{title}: {in_words(table['name'])}", table, names)
    _print_costs(record)
    for reducer in record["reducers"]:
        if reducer["hidden"]:
            _console().print(f"{escape_markup(reducer['name'])}: no landscape: {escape_markup(reducer['hidden'])}")
    _print_warnings(record["warnings"])
    for line in verdict_lines(record):
        _console().print(escape_markup(line))


def _print_costs(record: Mapping[str, Any]) -> None:
    """Print what the stages cost, where results list them."""
    costs = cost_table(record)
    if costs is not None:
        _print("Costs", HEADINGS, [list(map(escape_markup, texts)) for texts in cost_texts(costs.rows)])


def _print_warnings(warnings: Iterable[str]) -> None:
    for warning in warnings:
        _console().print(f"warning: {escape_markup(warning)}")


def print_finding(finding: Finding) -> None:
    """Print a finding's tables and warnings."""
    for table in finding.tables:
        _print_rows(in_words(table.name), asdict(table), {})
    _print_warnings(finding.warnings)


def _print_rows(title: str, table: Mapping[str, Any], names: Mapping[str, str]) -> None:
    rows = table["rows"][:ROWS]
    _print_figures(title, table["columns"], rows, names)
    if len(rows) < len(table["rows"]):
        _console().print(f"… {len(table['rows']) - len(rows)} more rows; all of them are among the run's tables/")


def print_cells(record: Mapping[str, Any]) -> None:
    """Print a sweep's table and warnings."""
    _figures(record["title"], "cell", record, record["cells"])
    _rows("relations", record["relations"], record["names"])
    _print_warnings(record["warnings"])


def _figures(title: str, what: str, record: Mapping[str, Any], runs: Sequence[Mapping[str, Any]]) -> None:
    columns = record["columns"]
    rows = [[cell_text(run["name"]), *(cell_text(run["figures"].get(key)) for key in columns)] for run in runs]
    _print(title, [what, *_headings(columns, record["names"])], rows)
    if any(column.rpartition(".")[2] in COUNTED for column in columns):
        _console().print(UPPER_BOUNDS)


def _headings(columns: Iterable[str], names: Mapping[str, str]) -> list[str]:
    return [escape_markup(column_heading(column, names)) for column in columns]


def print_comparison(record: Mapping[str, Any]) -> None:
    """Print several runs' figures, and the distances of their diagrams."""
    _figures(f"{len(record['runs'])} runs", "run", record, record["runs"])
    _rows("distances", record["distances"], record["names"])


def _rows(title: str, rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> None:
    if rows:
        _print_figures(title, list(rows[0]), rows, names)


def _print_figures(
    title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], names: Mapping[str, str]
) -> None:
    """Print a table; a heading or cell that is one of the keys of `names` is shown as that name."""
    values = [[row.get(column) for column in columns] for row in rows]
    cells = [[cell_text(names.get(one, one) if isinstance(one, str) else one) for one in line] for line in values]
    _print(title, _headings(columns, names), cells)


def print_projection(rows: Sequence[Mapping[str, Any]], warnings: Sequence[str]) -> None:
    """Print the points of networks on the maps of a run."""
    headings = ("map", "file", "point", "residual", "distance to member", "trusted", "loss", "decoded loss")
    lines = []
    for row in rows:
        field = next(iter(row["fields"]), "")
        point = ", ".join(map(number, row["point"]))
        measured, decoded = row["fields"].get(field), row["decoded"].get(field)
        texts = (row["map"], row["file"], point, f"{row['residual']:.0%}", row["distance_to_member"])
        lines.append([cell_text(value) for value in (*texts, "yes" if row["trusted"] else "no", measured, decoded)])
    _print(f"{len({row['file'] for row in rows})} networks", headings, lines)
    for warning in warnings:
        _console().print(f"warning: {escape_markup(warning)}")


def print_network(taken: TakenNetwork, written: Path) -> None:
    """Print a network that was taken: warnings, its fields beside those of the study, its nearest members, its file."""
    for text in taken.warnings:
        stderr(f"warning: {text}")
    known = taken.known
    rows = [
        [in_words(key), cell_text(value), *([cell_text(known.get(key))] if known else [])]
        for key, value in taken.fields.items()
    ]
    _print(taken.title, ("", "this network", *(["in the study"] if known else [])), rows)
    nearest = ", ".join(f"{name} ({cell_text(distance)})" for name, distance in taken.nearest)
    _console().print(f"nearest members, with their distances: {nearest}", soft_wrap=True)
    stdout(str(written))


def print_merge_tree(tree: Mapping[str, Any]) -> None:
    """Print a merge tree's counts and its most persistent pairs."""
    _print_counts(tree, "every pair" if tree["raw"] else "pairs of persistence > ", ("minima", "saddles"))
    pairs = sorted(tree["pairs"], key=_lifetime, reverse=True)
    rows = [
        [*(cell_text(pair[key]) for key in ("birth_vertex", "birth", "death_vertex", "death")), _pair_persistence(pair)]
        for pair in pairs[:PAIRS]
    ]
    more = f"; {len(pairs) - PAIRS} more with --json" if len(pairs) > PAIRS else ""
    headings = ("minimum at vertex", "birth", "dies at vertex", "death", "persistence")
    _print(f"Most persistent pairs{more}", headings, rows)


def print_level_sets(tree: Mapping[str, Any]) -> None:
    """Print a split or contour tree's counts, its most persistent leaves, and the critical points of its field."""
    leaves = {"split": ("maxima",), "contour": ("minima", "maxima")}[tree["tree"]]
    kept = "every leaf" if tree["raw"] else "leaves of persistence > "
    _print_counts(tree, f"{tree['tree']} tree, {kept}", (*leaves, "saddles"))
    branches, keys = tree["branches"], ("leaf_vertex", "leaf", "end_vertex", "end")
    rows = [
        [branch["kind"], *(cell_text(branch[key]) for key in keys), _branch_persistence(branch)]
        for branch in branches[:PAIRS]
    ]
    more = f"; {len(branches) - PAIRS} more with --json" if len(branches) > PAIRS else ""
    headings = ("leaf", "at vertex", "value", "branch ends at vertex", "value", "persistence")
    _print(f"Most persistent leaves{more}", headings, rows)
    if tree["critical_points"]:
        points = ", ".join(f"{kind}: {count}" for kind, count in tree["critical_points"].items())
        line = f"Critical points of the lattice, without a threshold: {points}"
        _console().print(escape_markup(line), soft_wrap=True)


def _branch_persistence(branch: Mapping[str, Any]) -> str:
    return "never ends" if branch["persistence"] is None else cell_text(branch["persistence"])


def _print_counts(tree: Mapping[str, Any], kept: str, names: Sequence[str]) -> None:
    """Print a line on a file, its field and the numbers of a tree's nodes."""
    counts, size = tree["counts"], " × ".join(map(str, tree["shape"] or (tree["samples"],)))
    kept += "" if tree["raw"] else cell_text(tree["threshold"])
    omitted = f", {tree['left_out']} not finite and left out" if tree["left_out"] else ""
    line = f"{tree['file']}: {in_words(tree['field'])}, {size} samples{omitted}; "
    line += f"{', '.join(f'{name}: {counts[name]}' for name in names)} ({tree['backend']}, {kept})"
    _console().print(escape_markup(line), soft_wrap=True)


def _lifetime(pair: Mapping[str, Any]) -> float:
    return float("inf") if pair["death"] is None else float(pair["death"] - pair["birth"])


def _pair_persistence(pair: Mapping[str, Any]) -> str:
    return "never dies" if pair["death"] is None else cell_text(_lifetime(pair))


def print_plan(value: Estimate | SweepEstimate) -> None:
    """Print what a study would take, or a sweep as a whole and cell by cell."""
    _print("Plan", ["", ""], [[name, escape_markup(text)] for name, text in value.in_words.items()], words=True)
    if isinstance(value, Estimate):
        for number, stage in enumerate(value.stages, 1):
            _console().print(f"{number:3}. {escape_markup(stage)}")
        _print_warnings(value.warnings)
        return
    words = {name: estimate.in_words for name, estimate in value.cells.items()}
    rows = [[escape_markup(text) for text in (name, *(cell[what] for what in PLANNED))] for name, cell in words.items()]
    _print("Cells", ["cell", *PLANNED], rows, words=True)
    _print_warnings(value.warnings)


def print_components(registry: Registry) -> None:
    """Print every component on a line, by role, what is switched off, and every problem of discovery.

    Who made a component is said where it is not GlobScope itself.
    """
    width = max((len(one.name) for one in registry.components), default=0)
    for role in HOOKS:
        members = [one for one in registry.components if one.role == role]
        if members:
            _console().print(role, style="bold")
        for one in members:
            maker = "" if one.distribution == OWN else f" ({one.distribution} {one.version})"
            line = escape_markup(f"  {one.name:{width}}  {one.summary}{maker}")
            _console().print(line, no_wrap=True, overflow="ellipsis")
    if _console().is_terminal:
        _console().print("`globscope plugins NAME` prints a component's options.")
    for name in registry.disabled:
        _console().print(f"switched off: {escape_markup(name)}", soft_wrap=True)
    for problem in registry.problems:
        _console().print(f"problem: {escape_markup(problem)}", soft_wrap=True)


def print_component(item: Component) -> None:
    """Print one component's options, and the keys that it shares with its role."""
    head = f"{item.role} {item.name} ({item.distribution} {item.version}): {item.summary}"
    _console().print(escape_markup(head), soft_wrap=True)
    for title, cls in (("", item.cls), (f"Keys of every {item.role}", entry_class(item.role))):
        rows = [[cell_text(text) for text in (o.name, o.kind, o.default, o.meaning)] for o in options(cls)]
        _print(title, ("option", "type", "default", "meaning"), rows, words=True)
