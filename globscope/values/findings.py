"""The findings of analyses, and the results of a study that they use."""

from collections.abc import Collection, Iterable, Mapping, Sized
from operator import attrgetter
from typing import Any, Literal

import numpy as np
from attrs import Factory, define, evolve, field

from globscope.errors import GlobscopeError, near
from globscope.values.arrays import read_only, read_only_fields
from globscope.values.chart import Chart
from globscope.values.compressed import Compressed
from globscope.values.field import Field, column_heading, in_words
from globscope.values.frames import data_frame
from globscope.values.known_path import KnownPath
from globscope.values.landscape import Landscape
from globscope.values.members import Population
from globscope.values.notebook import facts_html, folded_html, list_html, table_html
from globscope.values.pictures import Picture
from globscope.values.topology import Topology

# A distance below this share of a slice's size counts as zero.
NEGLIGIBLE = 1e-3
# A map is trusted within this share of the population's radius.
NEAR = 0.25
MOSTLY = 0.5
"""Beyond this share (of variance, samples, runs or checkpoints), what a map shows is mostly not its networks."""

Cell = str | int | float | None


def _count(values: Sized) -> str:
    """Return how many values a field holds, in place of all of them."""
    return f"<{len(values)}>"


def _names(named: Iterable[Any]) -> str:
    """Return the names of tables or pictures, in place of all that they hold."""
    return f"<{', '.join(one.name for one in named)}>"


@define(frozen=True, kw_only=True)
class Table:
    """A table of the report.

    Attributes:
        name: Name of the table, and of its file without suffix.
        caption: What the rows show, with definitions.
        columns: Keys of a row, in order.
        rows: One mapping for each row; a missing figure is None, never NaN.
    """

    name: str
    caption: str = field(repr=False)
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Cell], ...] = field(repr=_count)

    def frame(self) -> Any:
        """Return the table as a pandas data frame, a missing figure as NaN or None.

        Raises:
            GlobscopeError: pandas is not installed.
        """
        return data_frame(self.rows, self.columns)

    def _repr_html_(self) -> str:
        headings = {key: column_heading(key) for key in self.columns}
        return table_html(headings, self.rows, self.caption)


@define(frozen=True, kw_only=True)
class Figure:
    """A figure by which maps are compared in the report, the terminal, sweeps and CSV files.

    Attributes:
        key: Its name in a map's record, in CSV files and in `show --json`.
        label: Its name for people.
        meaning: What it measures, in a few words; may be empty.
        better: Which values are better: low ones, high ones, or neither (`""`).
        over: Key of another figure of the comparison. Sweeps and comparisons of runs then draw this one against it, a
            line for each kind of map; empty where they do not.
        field: Key of the field in whose unit it is: two values within the noise of its draws do not differ. Empty where
            it is in another unit.
    """

    key: str
    label: str
    meaning: str = ""
    better: Literal["low", "high", ""] = ""
    over: str = ""
    field: str = ""


@define(frozen=True, kw_only=True)
class Finding:
    """The results of one analysis.

    Attributes:
        tables: Tables for the report, also written as CSV files.
        warnings: Sentences that a reader must not miss.
        records: Machine-readable figures by map's name, then by key; `show --json` lists them with the map. No two
            analyses record the same key of a map.
        comparison: The figures of the records by which maps are compared, in order.
        pictures: Pictures for the report.
        paths: Paths between two runs' final networks that it measured, which the study compares with all others.
    """

    tables: tuple[Table, ...] = field(default=(), repr=_names)
    warnings: tuple[str, ...] = field(default=(), repr=_count)
    records: Mapping[str, Mapping[str, Cell]] = field(factory=dict, repr=_count)
    comparison: tuple[Figure, ...] = field(default=(), repr=_count)
    pictures: tuple[Picture, ...] = field(default=(), repr=_names)
    paths: tuple[KnownPath, ...] = field(default=(), repr=_count)

    def table(self, name: str) -> Table:
        """Return the table of this name.

        Raises:
            GlobscopeError: There is none.
        """
        tables = {table.name: table for table in self.tables}
        if name not in tables:
            raise GlobscopeError(f"this finding has no table {name!r}; {near(name, tables)}")
        return tables[name]

    def _repr_html_(self) -> str:
        tables = (
            folded_html(table.name, table._repr_html_(), is_open=place == 0) for place, table in enumerate(self.tables)
        )
        pictures = list_html("Pictures", [picture.name for picture in self.pictures])
        return list_html("Warnings", self.warnings) + "".join(tables) + pictures


@define(frozen=True, kw_only=True, repr=False)
class Map:
    """One reducer's chart and everything that was measured on it.

    Attributes:
        name: The reducer's name in the spec.
        kind: Name of the table [[reducer]] that it is of, which maps of one `each` have in common; its own if unset.
        chart: The map itself.
        population: The N members it was fitted to; row i belongs to the chart's latent i.
        coordinates: (N, r) coordinates of the fitted members in the chart's space.
        outside: (N,) distances of the members' weights from that space.
        reconstruction: (N, r) coordinates decoded from the members' latents, or None.
        truth: Fields of the members' networks, (N,) each; empty without an inverse.
        decoded: Fields of the decoded members, (N,) each; empty without an inverse.
        landscapes: Landscapes by sampler's name; empty without an inverse.
        topologies: Topologies by sampler's name, then topology's name.
        explanations: What samplers found, by sampler's name; of those that explain it.
        seconds: Duration of the fit.
        hidden: Why there is no landscape; empty where there is one.
        key: Stage key of the fit.
        whole: All members, including those outside the fit; the population itself if unset.
    """

    name: str
    kind: str = Factory(attrgetter("name"), takes_self=True)
    chart: Chart
    population: Population = field(repr=False)
    coordinates: np.ndarray = field(converter=read_only, eq=False, repr=False)
    outside: np.ndarray = field(converter=read_only, eq=False, repr=False)
    reconstruction: np.ndarray | None = field(default=None, converter=read_only, eq=False, repr=False)
    truth: Mapping[str, np.ndarray] = field(factory=dict, converter=read_only_fields, eq=False, repr=False)
    decoded: Mapping[str, np.ndarray] = field(factory=dict, converter=read_only_fields, eq=False, repr=False)
    landscapes: Mapping[str, Landscape] = field(factory=dict)
    topologies: Mapping[str, Mapping[str, Topology]] = field(factory=dict)
    explanations: Mapping[str, Finding] = field(factory=dict)
    seconds: float = 0.0
    hidden: str = ""
    key: str = field(default="", repr=False)
    whole: Population = field(default=Factory(attrgetter("population"), takes_self=True), eq=False, repr=False)

    def population_with(self, rows: Collection[int]) -> Population:
        """Return all members, for another fit to the trained ones and, of the others, to these rows."""
        members = tuple(
            evolve(member, in_fit=member.in_fit if member.kind == "trained" else row in rows)
            for row, member in enumerate(self.whole.members)
        )
        return evolve(self.whole, members=members)

    def nearest(self, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the (n,) rows of the members nearest to (n, r) coordinates, and the distances in weight space."""
        from scipy.spatial.distance import cdist

        rows, distances = np.empty(len(coordinates), int), np.empty(len(coordinates))
        for start in range(0, len(coordinates), 4096):
            part = slice(start, start + 4096)
            squares = cdist(coordinates[part], self.coordinates, "sqeuclidean") + self.outside**2
            rows[part], distances[part] = squares.argmin(axis=1), np.sqrt(squares.min(axis=1))
        return rows, distances

    def is_near(self, distance: np.ndarray) -> np.ndarray:
        """Return the (n,) mask of (n,) distances in weight space that are short compared with the population's radius.

        The radius is the root mean square of the members' distances from their mean. A sample is trusted if its decoded
        network is so near to a member; a member is shown if it is so near to its own decoded network. Flat maps and
        slices, which are not fitted, show what is there: on them, every network is near.
        """
        near: np.ndarray = (distance <= self.trust_radius) | np.isinf(self.trust_radius)
        return near

    def __repr__(self) -> str:
        """Return its name and size, without the arrays."""
        seen = ", ".join(self.landscapes) or self.hidden or "no landscape"
        return f"Map({self.name!r}: {self.chart.dimension} axes, {len(self.chart.latents)} networks; {seen})"

    def _repr_html_(self) -> str:
        landscapes = (
            (f"samples, {name}", f"{len(one.samples.points):,}, {one.trusted.mean():.0%} of them trusted")
            for name, one in self.landscapes.items()
            if len(one.samples.points)
        )
        trees = (
            (f"minima, {sampler}, {name}", len(one.tree.minima))
            for sampler, topologies in self.topologies.items()
            for name, one in topologies.items()
        )
        about = (
            ("kind", self.kind),
            ("axes", ", ".join(self.chart.axis_names)),
            ("networks", len(self.chart.latents)),
            *landscapes,
            *trees,
            ("why there is no landscape", self.hidden or self.chart.why_no_inverse),
            ("seconds of the fit", self.seconds),
            *((in_words(key), note) for key, note in self.chart.notes.items()),
        )
        return facts_html(f"Map {self.name}", about)

    @property
    def trust_radius(self) -> float:
        """The distance in weight space up to which `is_near` calls a network near; infinite where every one is."""
        if self.chart.flat or self.chart.extent is not None:
            return np.inf
        centred = self.coordinates - self.coordinates.mean(axis=0)
        return float(NEAR * np.sqrt(((centred**2).sum(axis=1) + self.outside**2).mean()))

    @property
    def residual(self) -> np.ndarray:
        """(N,) distances in weight space from the members to the networks that their points decode to; else NaN."""
        if self.reconstruction is None:
            return np.full(len(self.coordinates), np.nan)
        with np.errstate(over="ignore"):  # a decoder may lead anywhere; an infinite distance is far
            squares = ((self.coordinates - self.reconstruction) ** 2).sum(axis=1)
        away: np.ndarray = np.sqrt(squares + self.outside**2)
        return away

    @property
    def landscape(self) -> Landscape | None:
        """The first sampler's landscape."""
        return next(iter(self.landscapes.values()), None)

    @property
    def topology(self) -> Topology | None:
        """The first topology of the first landscape."""
        return next((first for topologies in self.topologies.values() for first in topologies.values()), None)

    @property
    def elsewhere(self) -> np.ndarray:
        """The (N,) mask of members of which a slice shows only the projection; none on other maps."""
        return self.off_slice(self.chart.latents, self.outside)

    def off_slice(self, points: np.ndarray, outside: np.ndarray) -> np.ndarray:
        """Return the (n,) mask of networks that a slice does not show; none on other maps.

        Args:
            points: (n, d) latent coordinates of their projections.
            outside: (n,) distances in weight space from the projections.
        """
        extent = self.chart.extent
        if extent is None:
            return np.zeros(len(outside), bool)
        room = NEGLIGIBLE * np.ptp(extent, axis=0)
        beyond = ((points < extent[0] - room) | (points > extent[1] + room)).any(axis=1)
        # The rounding of float32 weights leaves less than this share of the slice's size outside.
        corners = np.stack([self.coordinates.min(axis=0), self.coordinates.max(axis=0)])
        apart = outside > NEGLIGIBLE * np.linalg.norm(np.ptp(corners, axis=0))
        off: np.ndarray = beyond | apart
        return off


@define(frozen=True, kw_only=True)
class Atlas:
    """The finished results that an analysis uses.

    Attributes:
        population: All members, including derived ones.
        truth: Fields of the members' networks, (N,) each.
        maps: The map of each reducer, in the spec's order.
        chance: Scores of guessing, by field, where the task knows them.
        noise: Standard deviation of each field between draws, where scoring a network draws random numbers.
        fields: How people read what the task measures, by key.
        examples: Number of examples on which each field is scored, where the evaluator tells it.
        compressed: What a compression of the networks loses, of which the maps are made; None where there is none.
        asking: Name of the analysis that uses it.
    """

    population: Population = field(repr=False)
    truth: Mapping[str, np.ndarray] = field(converter=read_only_fields, eq=False, repr=False)
    maps: tuple[Map, ...]
    chance: Mapping[str, float] = field(factory=dict, eq=False, repr=False)
    noise: Mapping[str, float] = field(factory=dict, eq=False, repr=False)
    fields: Mapping[str, Field] = field(factory=dict, eq=False, repr=False)
    examples: Mapping[str, int] = field(factory=dict, eq=False, repr=False)
    compressed: Compressed | None = None
    asking: str = ""

    def field_of(self, key: str) -> Field:
        """Return how people read a field; by its key where no task describes it."""
        return self.fields.get(key) or Field.of(key)

    @property
    def explanations(self) -> dict[str, Finding]:
        """What samplers found on all maps, by `map: sampler`."""
        return {f"{map_.name}: {sampler}": found for map_ in self.maps for sampler, found in map_.explanations.items()}

    @property
    def own(self) -> list[int]:
        """The rows of the members that this analysis derived."""
        return [
            row for row, member in enumerate(self.population.members) if self.asking and member.origin == self.asking
        ]
