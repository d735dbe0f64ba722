"""Figures of a sweep's cells by two of its keys, averaged over the others, such as the seed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field

from globscope.report.style.scale import positive
from globscope.report.style.text import count_noun, join_words
from globscope.spec.axes import SweepAxis
from globscope.spec.cells import SweepSpec
from globscope.sweep.figures import full_name
from globscope.sweep.table import ComparedRuns
from globscope.values.field import SHARE, Field, in_words
from globscope.values.findings import Cell, Table
from globscope.values.number import number
from globscope.values.pictures import HeatMap

READING = (
    "Means over all cells that agree in two keys, the first that are not a seed and that change the figure. A loss or "
    "an accuracy of a cell is itself the mean over its training runs' final networks; where the cell's map is a slice "
    "of some networks, or a key is about an analysis of some, it is that of these."
)
COLUMNS = ("figure", "row", "column", "mean", "deviation", "n", "failed", "not_finite")
SEED = "seed"
# Parts of a spec that change no score of the networks themselves.
AFTER_TRAINING = ("reducer", "sampler", "topology", "analysis", "aligner", "fidelity", "report", "run")


@define(frozen=True, kw_only=True)
class Average:
    """The means of one figure by two keys.

    Attributes:
        figure: The figure; its key is its name in `sweep.csv`.
        keys: The keys of rows and columns.
        others: The keys in which the cells of one place differ.
        values: (rows, columns, cells) figures; NaN where a cell has no finite figure.
        failed: (rows, columns, cells) whether the cell has no results.
    """

    figure: Field
    keys: tuple[SweepAxis, SweepAxis]
    others: tuple[SweepAxis, ...]
    values: np.ndarray = field(eq=False, repr=False)
    failed: np.ndarray = field(eq=False, repr=False)

    @property
    def picture(self) -> HeatMap:
        """The means as a heat map."""
        shape, rows = self.values.shape[:2], list(self.rows)
        means = np.array([row["mean"] for row in rows], float)
        return HeatMap(
            name=f"mean {self.figure.name}",
            title=self._title,
            caption=" ".join(self._sentences()),
            rows=self.keys[0].names,
            columns=self.keys[1].names,
            values=_lines([row["mean"] for row in rows], shape),
            label=f"mean {self.figure.name}" if self.others else self.figure.name,
            sides=(in_words(self.keys[0].label), in_words(self.keys[1].label)),
            limits=(0.0, 1.0) if self.figure.unit == SHARE.unit else (None, None),
            notes=_lines([_note(row) for row in rows], shape) if self.others else (),
            log=self.figure.is_logarithmic and positive(means),
        )

    @property
    def _title(self) -> str:
        what = f"mean {self.figure.name}" if self.others else self.figure.name
        sides = " and ".join(in_words(key.label) for key in self.keys)
        return f"{what[:1].upper()}{what[1:]} by {sides}"

    @property
    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows of a table, one for every place."""
        for row_index, column_index in np.ndindex(self.values.shape[:2]):
            cells, failed = self.values[row_index, column_index], int(self.failed[row_index, column_index].sum())
            known = cells[np.isfinite(cells)]
            yield {
                "figure": self.figure.key,
                "row": self.keys[0].names[row_index],
                "column": self.keys[1].names[column_index],
                "mean": float(known.mean()) if len(known) else None,
                "deviation": float(known.std(ddof=1)) if len(known) > 1 else None,
                "n": len(known),
                "failed": failed,
                "not_finite": len(cells) - len(known) - failed,
            }

    def _sentences(self) -> Iterator[str]:
        by = " and ".join(key.key for key in self.keys)
        if self.others:
            yield f"The mean of {self.figure.name} by {by}, over {join_words(axis.key for axis in self.others)}."
            yield "sd: the standard deviation of the n cells (n − 1 in the denominator)."
        else:
            yield f"One cell each: {self.figure.name} by {by}."
        if failed := int(self.failed.sum()):
            yield f"Left out: {count_noun(failed, 'cell')} that failed."
        if missing := int((np.isnan(self.values) & ~self.failed).sum()):
            yield f"Left out: {count_noun(missing, 'cell')} without a finite figure."


def averages(runs: ComparedRuns, spec: SweepSpec) -> list[Average]:
    """Return the averages, by the first two keys that are not a seed, of measures and of the figures `of` [relations].

    What the networks themselves score stands by keys that change them alone, since it is the same for every option of a
    map. A figure that does not depend on two keys has no average.
    """
    rows = runs.own_figures()
    known = dict.fromkeys(name for row in rows for name, value in row.items() if np.isfinite(_figure(value)))
    names = dict.fromkeys(
        [*runs.fields, *(full_name(name, known) for name in spec.relations.of if name not in runs.measures)]
    )
    keys = {name: _keys(spec.axes, of_networks=name in runs.measures) for name in names if name in known}
    return [_average(name, runs, rows, spec.axes, chosen) for name, chosen in keys.items() if len(chosen) == 2]


def _keys(axes: Sequence[SweepAxis], *, of_networks: bool) -> list[int]:
    """Return the numbers of the keys by which a figure stands."""
    keys = [number for number, axis in enumerate(axes) if axis.key.rpartition(".")[2] != SEED]
    return [number for number in keys if not (of_networks and _follows_training(axes[number]))][:2]


def _follows_training(axis: SweepAxis) -> bool:
    return axis.key.partition(".")[0] in AFTER_TRAINING


def _average(
    figure: str, runs: ComparedRuns, rows: list[dict[str, Cell]], axes: tuple[SweepAxis, ...], chosen: list[int]
) -> Average:
    # Of cells with the same networks, the first that finished counts: the others would repeat it.
    once = [number for number, axis in enumerate(axes) if figure in runs.measures and _follows_training(axis)]
    values = np.full([1 if number in once else len(axis.values) for number, axis in enumerate(axes)], np.nan)
    failed = np.ones(values.shape, bool)
    for run, row in zip(runs.runs, rows, strict=True):
        place = tuple(0 if number in once else at for number, at in enumerate(run.places))
        if failed[place]:
            values[place], failed[place] = _figure(row.get(figure)), run.finished is None
    keys = axes[chosen[0]], axes[chosen[1]]
    flat = (*(len(key.values) for key in keys), -1)
    return Average(
        figure=runs.field_of(figure),
        keys=keys,
        others=tuple(
            axis for number, axis in enumerate(axes) if number not in (*chosen, *once) and len(axis.values) > 1
        ),
        values=np.moveaxis(values, chosen, (0, 1)).reshape(flat),
        failed=np.moveaxis(failed, chosen, (0, 1)).reshape(flat),
    )


def _figure(value: Cell) -> float:
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else np.nan


def _note(row: Mapping[str, Any]) -> str:
    spread = "" if row["deviation"] is None else f"sd {number(row['deviation'], 2)}\n"
    return f"{spread}n = {row['n']}"


def _lines(cells: list[Any], shape: tuple[int, ...]) -> tuple[tuple[Any, ...], ...]:
    rows, columns = shape
    return tuple(tuple(cells[row * columns : (row + 1) * columns]) for row in range(rows))


def averages_table(averages_: Iterable[Average]) -> Table:
    """Return averages as one table."""
    rows = tuple(row for average in averages_ for row in average.rows)
    return Table(name="averages", caption=READING, columns=COLUMNS, rows=rows)
