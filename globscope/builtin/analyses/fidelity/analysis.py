"""The fidelity of maps: their errors in the networks they were fitted to, and in networks they have not seen."""

from typing import Any

import attrs
import numpy as np
from attrs.validators import and_, ge

from globscope.api import NEIGHBOURS, AnalysisTraits, Atlas, Bench, Finding, Map, Table, finite_or_none, last_networks
from globscope.builtin.analyses.fidelity.comparison import COMPARISON
from globscope.builtin.analyses.fidelity.held_out import held_out
from globscope.builtin.analyses.fidelity.noise import noise_warnings
from globscope.builtin.analyses.fidelity.pairs_of_runs import RunsOnMap, absence_warnings, pairs
from globscope.builtin.analyses.fidelity.warnings import buffer_warnings, chance_warnings, record_warnings
from globscope.builtin.analyses.reconstruction import decoding_gaps, reconstruction


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

    @property
    def traits(self) -> AnalysisTraits:
        """The field that it compares."""
        return AnalysisTraits(field=self.field)

    def plan(self, maps: int, variants: int) -> str:
        """Return what it will do, for a study of so many maps with an inverse."""
        refits = maps * (1 + variants * (variants > 1))
        return f"fidelity, with {refits} refits" if self.held_out else "fidelity"

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the figures of every map, the table of pairs of runs, and the held-out table if wanted."""
        del rng  # nothing is drawn
        records = {one.name: self._record(one) for one in atlas.maps}
        tables = list[Table]()
        warnings = [*buffer_warnings(atlas, bench.task.build("cpu")), *noise_warnings(atlas)]
        warnings += [*chance_warnings(atlas), *record_warnings(atlas)]
        runs = [one for one in map(RunsOnMap.on_map, atlas.maps) if one is not None]
        warnings += [text for one in runs for text in absence_warnings(one)]
        if len(runs) > 1 and len(runs[0].variants) > 1:
            table, texts = pairs(runs)
            tables.append(table)
            warnings += texts
        if self.held_out:
            table, texts = held_out(atlas, bench)
            tables.append(table)
            warnings += texts
        return Finding(tables=tuple(tables), warnings=tuple(warnings), records=records, comparison=COMPARISON)

    def _record(self, map_: Map) -> dict[str, Any]:
        return {
            **reconstruction(map_),
            **self._gaps(map_),
            "trustworthiness": self._trustworthiness(map_),
            **self._basins(map_),
        }

    def _gaps(self, map_: Map) -> dict[str, Any]:
        """Return the median and the largest |true − decoded| of the trained members in the fit."""
        figures: dict[str, Any] = {}
        for name, field in (("loss", self.field), ("accuracy", self.accuracy)):
            gaps = decoding_gaps(map_, field)
            figures[f"{name}_gap_median"] = None if gaps is None else finite_or_none(np.median(gaps))
            figures[f"{name}_gap_max"] = None if gaps is None else finite_or_none(gaps.max())
        return figures

    def _trustworthiness(self, map_: Map) -> float | None:
        from sklearn.manifold import trustworthiness

        count = len(map_.chart.latents)
        neighbours = min(self.neighbours, (count - 1) // 2)
        # A slice is exact in its own coordinates.
        if neighbours < 1 or map_.chart.extent is not None:
            return None
        return finite_or_none(trustworthiness(map_.coordinates, map_.chart.latents, n_neighbors=neighbours))

    def _basins(self, map_: Map) -> dict[str, Any]:
        """Return counts on the first sampler's first merge tree."""
        landscape, topology = map_.landscape, map_.topology
        if landscape is None or topology is None:
            keys = ("leaves", "leaves_trusted", "basins_of_variants", "runs_not_on_map", "nonfinite")
            return dict.fromkeys(keys)
        minima, basins = topology.tree.minima, last_networks(map_, landscape, topology).basins
        return {
            "leaves": len(minima),
            "leaves_trusted": int(landscape.trusted[minima].sum()),
            "basins_of_variants": len(set(basins[basins >= 0].tolist())),
            "runs_not_on_map": int((basins < 0).sum()),
            "nonfinite": landscape.nonfinite(topology.field),
        }
