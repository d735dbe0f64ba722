"""How the figures that a table has of networks go together with their fields, and with where maps show them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import attrs
import numpy as np
from attrs.validators import ge

from globscope.api import (  # fmt: skip
    AnalysisTraits,
    Atlas,
    Bench,
    Finding,
    HeatMap,
    Map,
    Population,
    Table,
    depiction,
    finite_or_none,
    membership,
    rank_correlation,
    rank_interval,
)

CAPTION = (
    "Spearman's rank correlation of a figure of the table with what was measured of the same networks: {of}. low, "
    "high: the middle 95 % of the correlations of runs drawn again with replacement; n: how many networks have both. "
    "With fewer than 8 runs, or hardly any that differ, there is neither a correlation nor an interval: so few are "
    "often in order by chance. An interval that holds 0 says that the sign is open. Of many correlations some leave 0 "
    "by chance, and a common cause correlates too. Of a map: distance to the decoded network, in weight space; of the "
    "basin in which the map shows the network, its lowest value, its persistence, and how many of these networks lie "
    "in it."
)
KINDS = "Of every kind that a figure names: how many of these networks are of it, and the medians of what was measured."
SUBJECTS = {"runs": "the last ones of their runs", "members": "all members; those of a run are drawn together"}
COLUMNS = ("figure", "against", "correlation", "low", "high", "n")
NO_FIGURES = "figure-relations: no table of the population has figures of its networks"
Row = dict[str, Any]


@attrs.define(frozen=True, kw_only=True)
class FigureRelations:
    """Correlate the figures of a population's table with the networks' fields and with the basins of every map.

    Ranks alone count, so that a learning rate and its logarithm correlate alike.

    Attributes:
        of: Which networks: the last ones of the `runs`, or all `members`.
        draws: How often the runs are drawn again for the intervals.
    """

    traits: ClassVar[AnalysisTraits] = AnalysisTraits(figures=True)
    of: Literal["runs", "members"] = "runs"
    draws: int = attrs.field(default=1000, validator=ge(100))

    @classmethod
    def quick_examples(cls) -> "tuple[FigureRelations, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (cls(draws=100),)

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the correlations, and the medians of the kinds that figures name."""
        del bench  # nothing is computed again
        networks = atlas.population
        rows = networks.finals if self.of == "runs" else networks.trained
        figures, kinds = _figures(networks, rows)
        if not figures and not kinds:
            return Finding(warnings=(NO_FIGURES,))
        measured = dict(_quantities(atlas, rows))
        runs = [networks.members[row].variant for row in rows]
        related = tuple(self._relation(x, y, runs, rng) for x in figures.items() for y in measured.items())
        table = Table(name="correlations", caption=CAPTION.format(of=SUBJECTS[self.of]), columns=COLUMNS, rows=related)
        tables = [table] if figures else []
        return Finding(
            tables=(*tables, *_kinds_tables(kinds, measured)),
            pictures=tuple(_pictures(related, table.caption)) if figures and measured else (),
        )

    def _relation(
        self,
        figure: tuple[str, np.ndarray],
        other: tuple[str, np.ndarray],
        runs: Sequence[str],
        rng: np.random.Generator,
    ) -> Row:
        """Return the row of a figure and what was measured; NaN where a network lacks one."""
        (name, x), (against, y) = figure, other
        both = np.flatnonzero(~(np.isnan(x) | np.isnan(y)))
        groups = [runs[row] for row in both.tolist()] if self.of == "members" else []
        low, high = rank_interval(x[both], y[both], self.draws, rng, groups)
        known = None if low is None else finite_or_none(rank_correlation(x[None, both], y[None, both])[0])
        return {"figure": name, "against": against, "correlation": known, "low": low, "high": high, "n": len(both)}


def _figures(networks: Population, rows: Sequence[int]) -> tuple[dict[str, np.ndarray], dict[str, list[str]]]:
    """Return the figures that are numbers, NaN where one is missing, and those that are texts."""
    known = [networks.members[row].figures for row in rows]
    numbers, texts = dict[str, np.ndarray](), dict[str, list[str]]()
    for name in dict.fromkeys(name for one in known for name in one):
        values = [one.get(name) for one in known]
        if any(isinstance(value, str) for value in values):
            texts[name] = ["" if value is None else str(value) for value in values]
        else:
            numbers[name] = np.array([np.nan if value is None else float(value) for value in values])
    return numbers, texts


def _quantities(atlas: Atlas, rows: Sequence[int]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield by name what was measured of the networks in these rows."""
    for key, values in atlas.truth.items():
        yield atlas.field_of(key).name, values[list(rows)]
    for map_ in atlas.maps:
        yield from ((f"{map_.name}: {name}", values) for name, values in _on_map(map_, atlas.population, rows))


def _on_map(map_: Map, networks: Population, rows: Sequence[int]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield what a map shows of the networks in these rows; NaN of those that are not in its fit, or in no basin."""
    places = {(m.variant, m.step, m.kind): place for place, m in enumerate(map_.population.members)}
    wanted = [(m.variant, m.step, m.kind) for m in (networks.members[row] for row in rows)]
    fitted = np.array([places.get(one, -1) for one in wanted])
    known = np.flatnonzero(fitted >= 0)

    def spread(values: np.ndarray) -> np.ndarray:
        whole = np.full(len(rows), np.nan)
        whole[known] = values
        return whole

    if map_.reconstruction is not None:
        yield "distance to the decoded network", spread(map_.residual[fitted[known]])
    topology, landscape = map_.topology, map_.landscape
    if topology is None or landscape is None:
        return
    tree = topology.tree
    basins = membership(map_, landscape, topology, depiction(map_, topology.field, fitted[known].tolist())).basins
    branch = {int(minimum): place for place, minimum in enumerate(tree.pairs[:, 0].tolist())}
    shown = [branch.get(basin, -1) for basin in basins.tolist()]
    counts = np.bincount([one for one in shown if one >= 0], minlength=len(branch)).astype(float)
    of_basins = (("lowest value", tree.births), ("persistence", tree.persistences), ("networks in it", counts))
    for name, values in of_basins:
        yield f"basin, {name}", spread(np.array([values[one] if one >= 0 else np.nan for one in shown], float))


def _kinds_tables(kinds: Mapping[str, Sequence[str]], measured: Mapping[str, np.ndarray]) -> list[Table]:
    rows, columns = [], ("figure", "kind", "n", *measured)
    for name, values in kinds.items():
        for kind in sorted({value for value in values if value}):
            chosen = np.array([value == kind for value in values])
            medians = {what: finite_or_none(_median(numbers[chosen])) for what, numbers in measured.items()}
            rows.append({"figure": name, "kind": kind, "n": int(chosen.sum()), **medians})
    return [Table(name="kinds", caption=KINDS, columns=columns, rows=tuple(rows))] if rows else []


def _median(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _pictures(related: Sequence[Row], caption: str) -> Iterator[HeatMap]:
    """Yield the correlations as a heat map, if there are any."""
    if all(row["correlation"] is None for row in related):
        return
    rows, columns = (tuple(dict.fromkeys(row[side] for row in related)) for side in ("figure", "against"))
    cells = {(row["figure"], row["against"]): row for row in related}
    grid = [[cells[row, column] for column in columns] for row in rows]
    yield HeatMap(
        name="correlations",
        title="What goes together with the figures of the table",
        caption=caption,
        rows=rows,
        columns=columns,
        values=tuple(tuple(cell["correlation"] for cell in line) for line in grid),
        notes=tuple(tuple(_interval(cell) for cell in line) for line in grid),
        label="Spearman's rank correlation",
        limits=(-1, 1),
    )


def _interval(cell: Row) -> str:
    return "" if cell["low"] is None else f"{cell['low']:.2f} to {cell['high']:.2f}\nn = {cell['n']}"
