"""What the verdicts of several runs say, and which of them share no map, in words."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from globscope.report.page.board import Part
from globscope.report.page.files import as_csv
from globscope.report.style.text import join_words
from globscope.store import write_bytes
from globscope.sweep.finished import FinishedRun
from globscope.values.findings import Table

CSV = "verdicts.csv"
CAPTION = "What each run's own report says at its head: which of its maps to believe, and what is known of its runs."
COLUMNS = ("name", "verdict", "pairs_of_runs")
NOTHING = (
    "These runs share no map: no two have a merge tree of one name (of map, sampler and topology) and one field, so "
    "nothing stands side by side."
)


def verdict_table(runs: Sequence[FinishedRun]) -> Table | None:
    """Return the verdict of every run; None where none has one, as those of an earlier version."""
    rows = tuple(
        {"name": run.name, "verdict": verdict["headline"], "pairs_of_runs": verdict["summary"] or None}
        for run in runs
        if (verdict := run.record.get("verdict"))
    )
    return Table(name="verdicts", caption=CAPTION, columns=COLUMNS, rows=rows) if rows else None


def verdict_part(runs: Sequence[FinishedRun], folder: Path) -> tuple[Part, ...]:
    """Return the part of a page with the verdicts, after writing them as CSV; nothing where no run has one."""
    table = verdict_table(runs)
    if table is None:
        return ()
    write_bytes(folder / CSV, as_csv(table).encode())
    return (Part(title="Verdicts", tables=((table, CSV),)),)


def unshared_trees(trees: Mapping[str, Sequence[str]], runs: Sequence[str]) -> str:
    """Return in words what is not drawn side by side, because a single run has it; empty where every run has all.

    Args:
        trees: The names of the runs that have each merge tree, by its name.
        runs: Names of all runs.
    """
    if not any(len(having) > 1 for having in trees.values()):
        return NOTHING
    alone = {run: [tree for tree, having in trees.items() if list(having) == [run]] for run in runs}
    missing = {tree: [run for run in runs if run not in having] for tree, having in trees.items() if len(having) > 1}
    sentences = [f"{tree} is missing from {join_words(without)}." for tree, without in missing.items() if without]
    clauses = [f"{join_words(own)} of {run}" for run, own in alone.items() if own]
    return " ".join(sentences + ([f"Not drawn, since no other run has it: {'; '.join(clauses)}."] if clauses else []))
