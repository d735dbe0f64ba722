"""The fidelity of maps: their errors in the networks they were fitted to, and in networks they have not seen."""

from collections.abc import Mapping

import attrs
import numpy as np
from attrs.validators import and_, ge

from globscope.api import NEIGHBOURS, AnalysisTraits, Atlas, Bench, Figure, Finding, RunsOnMap
from globscope.builtin.analyses.fidelity.compression import compression_figures, compression_table
from globscope.builtin.analyses.fidelity.held_out import held_out
from globscope.builtin.analyses.fidelity.map_comparison import MapFidelity, figures
from globscope.builtin.analyses.fidelity.member_warnings import (
    buffer_warnings,
    chance_warnings,
    noise_warnings,
    record_warnings,
)
from globscope.builtin.analyses.fidelity.pairs_of_runs import absence_warnings, pairs


@attrs.define(frozen=True, kw_only=True)
class Fidelity:
    """Compare decoded networks with the true ones, and count basins, for every map.

    Attributes:
        field: Loss that is compared.
        accuracy: Accuracy that is compared; omitted where the task has none.
        neighbours: Number of neighbours for the trustworthiness; fewer where the population is small.
        held_out: Whether to fit the maps again without every third intermediate checkpoint, and without each variant in
            turn, and to measure the networks left out. This takes one more fit per variant and reducer.
    """

    field: str = "train_loss"
    accuracy: str = "train_accuracy"
    neighbours: int = attrs.field(default=5, validator=and_(ge(1), NEIGHBOURS))
    held_out: bool = False

    @classmethod
    def quick_examples(cls) -> "tuple[Fidelity, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(),
            cls(held_out=True),
        )

    @property
    def traits(self) -> AnalysisTraits:
        """The field that is compared."""
        return AnalysisTraits(field=self.field)

    def plan(self, maps: int, variants: int) -> str:
        """Return what the analysis will do, for so many maps with an inverse."""
        refits = maps * (1 + variants * (variants > 1))
        return f"fidelity, with {refits} refits" if self.held_out else "fidelity"

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the figures of every map, the table of pairs of runs, and the held-out table if wanted."""
        del rng  # nothing is drawn
        own: Mapping[Figure, float | None] = {}
        compared = figures(atlas.field_of(self.field), atlas.field_of(self.accuracy))
        maps = {map_.name: MapFidelity(map_=map_, neighbours=self.neighbours) for map_ in atlas.maps}
        records = {
            name: {figure.key: measure(map_) for figure, measure in compared.items()} for name, map_ in maps.items()
        }
        if atlas.compressed is not None:
            own = compression_figures(atlas, atlas.compressed, atlas.field_of(self.field))
            lost = {figure.key: value for figure, value in own.items()}
            records = {name: record | lost for name, record in records.items()}
        warnings = [*buffer_warnings(atlas, bench.task.build("cpu")), *noise_warnings(atlas)]
        warnings += [*chance_warnings(atlas), *record_warnings(atlas)]
        warnings += [text for map_ in maps.values() for text in map_.warnings]
        tables = [] if atlas.compressed is None else [compression_table(atlas, atlas.compressed)]
        runs = [runs for runs in map(RunsOnMap.on_map, atlas.maps) if runs is not None]
        warnings += [text for on_map in runs for text in absence_warnings(on_map)]
        if len(runs) > 1 and len(runs[0].variants) > 1:
            table, texts = pairs(runs)
            tables.append(table)
            warnings += texts
        if self.held_out:
            table, texts = held_out(atlas, bench)
            tables.append(table)
            warnings += texts
        return Finding(tables=tuple(tables), warnings=tuple(warnings), records=records, comparison=(*compared, *own))
