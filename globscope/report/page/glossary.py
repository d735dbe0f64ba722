"""What the figures of the comparison table are called and mean."""

from collections.abc import Mapping, Sequence
from typing import Literal

from attrs import define

from globscope.report.style.text import cell
from globscope.values.findings import Cell, Table

Better = Literal["low", "high", ""]

# key: (label, meaning, which end is better). A figure without an entry is shown under its own name.
FIGURES: dict[str, tuple[str, str, Better]] = {
    "mse_per_weight": (
        "Reconstruction error",
        "mean squared error per weight between the members and what the map decodes them to",
        "low",
    ),
    "unexplained_variance": ("Variance lost", "that error as a share of the members' variance", "low"),
    "loss_gap_median": ("Loss gap, median", "|true − decoded| training loss over the trained members", "low"),
    "loss_gap_max": ("Loss gap, largest", "the same, for the worst member", "low"),
    "accuracy_gap_median": ("Accuracy gap, median", "|true − decoded| training accuracy", "low"),
    "accuracy_gap_max": ("Accuracy gap, largest", "the same, for the worst member", "low"),
    "trustworthiness": (
        "Trustworthiness",
        "whether neighbours on the map are neighbours in weight space; 1 is best",
        "high",
    ),
    "leaves": ("Leaves", "basins deeper than the persistence threshold", ""),
    "leaves_trusted": ("Leaves inside the trusted region", "the others lie where the map extrapolates", ""),
    "basins_of_variants": ("Basins the runs end in", "distinct basins that hold the runs' last networks", ""),
    "runs_not_on_map": (
        "Runs that are not on the map",
        "it does not show their last networks: in no basin",
        "low",
    ),
    "nonfinite": ("NaN or infinite samples", "kept as they are, and left out of the tree", ""),
    "fit_seconds": ("Fit, seconds", "finding the map", ""),
    "decode_seconds": ("Decoding, seconds", "turning the samples back into weights", ""),
    "evaluate_seconds": ("Evaluation, seconds", "measuring the decoded networks' losses", ""),
}


@define(frozen=True, kw_only=True)
class Figure:
    """One figure of the comparison, over all maps.

    Attributes:
        label: Its name.
        meaning: In a few words; may be empty.
        cells: Its value for each map, as shown.
        best: For each map, whether none is better.
    """

    label: str
    meaning: str
    cells: tuple[str, ...]
    best: tuple[bool, ...]


@define(frozen=True, kw_only=True)
class Comparison:
    """The fidelity table with one column a map, as people compare.

    Attributes:
        names: Of the maps.
        figures: One row each.
    """

    names: tuple[str, ...]
    figures: tuple[Figure, ...]


def comparison(table: Table) -> Comparison:
    """Return a table of one row a map, turned on its side and explained."""
    name, *keys = table.columns
    figures = tuple(_figure(key, [row.get(key) for row in table.rows]) for key in keys)
    return Comparison(names=tuple(cell(row.get(name)) for row in table.rows), figures=figures)


def _figure(key: str, values: Sequence[Cell]) -> Figure:
    label, meaning, better = FIGURES.get(key, (heading(key), "", ""))
    best = _best(values, better)
    return Figure(label=label, meaning=meaning, cells=tuple(map(cell, values)), best=best)


def heading(key: str) -> str:
    """Return a column's key as words."""
    return key.replace("_", " ")


def _best(values: Sequence[Cell], better: Better) -> tuple[bool, ...]:
    """Mark the best value, where there is something to compare."""
    known = [value for value in values if isinstance(value, int | float)]
    if not better or len(set(known)) < 2:
        return (False,) * len(values)
    winner = min(known) if better == "low" else max(known)
    return tuple(value == winner for value in values)


def of_records(reducers: Sequence[Mapping[str, Cell]]) -> Table:
    """Return the comparison's table from the results' records, where no analysis made one."""
    keys = dict.fromkeys(key for one in reducers for key, value in one.items() if _scalar(value))
    return Table(name="maps", caption="", columns=tuple(keys), rows=tuple(reducers))


def _scalar(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)
