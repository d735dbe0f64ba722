"""The verdict as the page shows it: a matrix of every two runs, and a table of all that is known of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define

from globscope.values.findings import Cell, Table
from globscope.values.number import number

# Of more runs, a matrix would be wider than the page; the table has every pair.
MATRIX_RUNS = 10
# Of more maps, those further down are folded.
CARDS = 6
CAPTION = (
    "Every two runs. answer: joined by a measured path that stays as low as the worse of the two, in the same basin or "
    "apart on every readable map that shows both, or maps disagree; on …: what each readable map says; "
    "lowest_known_path: the highest loss on it; between: whether it leads from network to network, or between those "
    "that the map shows in their places; above_the_worse: how far it rises above the worse of the two networks."
)


@define(frozen=True, kw_only=True)
class PairCell:
    """One cell of the matrix of runs.

    Attributes:
        answer: What is known of the two runs, in two words.
        kind: The answer as a class of the page's style.
        value: Highest loss on the lowest known path, as text; empty where none is known.
        found_by: What found that path; empty where none is known.
        trust: How far to trust the answer, in a few words.
    """

    answer: str
    kind: str
    value: str
    found_by: str
    trust: str

    @classmethod
    def of(cls, pair: Mapping[str, Any]) -> "PairCell":
        """Return the cell of a pair of the verdict's record."""
        known = pair["lowest"] is not None
        return cls(
            answer=pair["answer"],
            kind=pair["answer"].replace(" ", "-"),
            value=number(pair["lowest"]) if known else "",
            found_by=pair["found_by"] if known else "",
            trust=pair["trust"].partition(";")[0],
        )


@define(frozen=True, kw_only=True)
class PairMatrix:
    """The lower triangle of every two runs.

    Attributes:
        columns: Names of the columns: all runs but the last.
        rows: Each a run's name with its cells, one for each run before it.
        found_by: What found the paths of all cells, where it is the same; empty where it differs, or none is known.
        any_known: Whether a path between any two runs is known.
        losses: The lowest and the highest loss of the runs' own networks, as text; empty where one is unknown.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[PairCell, ...]], ...]
    found_by: str
    any_known: bool
    losses: str


def pair_matrix(verdict: Mapping[str, Any]) -> PairMatrix | None:
    """Return the matrix of a verdict's pairs; None for a single run, and for so many that it would not fit."""
    runs: Sequence[str] = verdict["runs"]
    if not verdict["pairs"] or len(runs) > MATRIX_RUNS:
        return None
    cells = {(pair["one"], pair["other"]): PairCell.of(pair) for pair in verdict["pairs"]}
    rows = tuple((run, tuple(cells[one, run] for one in runs[:at])) for at, run in enumerate(runs) if at)
    sources, losses = {cell.found_by for cell in cells.values()}, verdict["losses"]
    return PairMatrix(
        columns=tuple(runs[:-1]),
        rows=rows,
        any_known=sources != {""},
        found_by=sources.pop() if len(sources) == 1 else "",
        losses=" to ".join(map(number, losses)) if losses else "",
    )


def pair_table(record: Mapping[str, Any]) -> Table | None:
    """Return every pair that a study's results list; None where there is none."""
    pairs = (record.get("verdict") or {}).get("pairs")
    if not pairs:
        return None
    maps = tuple(f"on {name}" for name in pairs[0]["on"])
    columns = ("one", "other", "answer", *maps, "lowest_known_path", "found_by", "between", "above_the_worse", "trust")
    return Table(name="every two runs", caption=CAPTION, columns=columns, rows=tuple(map(_row, pairs)))


def _row(pair: Mapping[str, Any]) -> dict[str, Cell]:
    between = "the networks" if pair["exact"] else "those that the map shows"
    return {
        **{key: pair[key] for key in ("one", "other", "answer", "found_by", "trust")},
        **{f"on {name}": relation for name, relation in pair["on"].items()},
        "lowest_known_path": pair["lowest"],
        "between": None if pair["lowest"] is None else between,
        "above_the_worse": pair["wall"],
    }
