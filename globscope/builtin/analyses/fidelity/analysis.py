"""Is the map right? What it loses of the networks it was fitted to, and of those it was not."""

from typing import Any

import attrs
import numpy as np
from attrs.validators import and_, ge

from globscope.api import NEIGHBOURS, Atlas, Bench, Finding, Map, Table, finite_or_none, last_networks
from globscope.builtin.analyses.fidelity.comparison import COMPARISON
from globscope.builtin.analyses.fidelity.held_out import held_out
from globscope.builtin.analyses.fidelity.noise import drawn_scores
from globscope.builtin.analyses.fidelity.pairs_of_runs import RunsOnMap, pairs, warning
from globscope.builtin.analyses.fidelity.warnings import at_chance, foreign_buffers, unlike_record
from globscope.builtin.analyses.reconstruction import gaps, reconstruction


@attrs.define(frozen=True, kw_only=True)
class Fidelity:
    """Compare decoded networks with the true ones, and count basins, per reducer.

    Attributes:
        field: The loss that is compared.
        accuracy: The accuracy that is compared; left out where the task has none.
        neighbours: Of the trustworthiness (fewer where the population is small).
        held_out: Also leave out every third intermediate checkpoint, and each variant in turn,
            refit, and measure the networks left out. One more fit per variant and reducer.
    """

    field: str = "train_loss"
    accuracy: str = "train_accuracy"
    neighbours: int = attrs.field(default=5, validator=and_(ge(1), NEIGHBOURS))
    held_out: bool = False

    def plan(self, maps: int, variants: int) -> str:
        """Return what it will do, for a study of so many maps with an inverse."""
        refits = maps * (1 + variants * (variants > 1))
        return f"fidelity, with {refits} refits" if self.held_out else "fidelity"

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the figures of every map, and the held-out table where asked."""
        del rng  # nothing is drawn
        records = {one.name: self._record(one) for one in atlas.maps}
        tables = list[Table]()
        warnings = [*foreign_buffers(atlas, bench.task.build("cpu")), *drawn_scores(atlas)]
        warnings += [*at_chance(atlas), *unlike_record(atlas)]
        runs = [one for one in map(RunsOnMap.of, atlas.maps) if one is not None]
        warnings += [text for one in runs for text in warning(one)]
        if len(runs) > 1 and len(runs[0].variants) > 1:
            table, texts = pairs(runs)
            tables.append(table)
            warnings += texts
        if self.held_out:
            table, texts = held_out(atlas, bench)
            tables.append(table)
            warnings += texts
        return Finding(tables=tuple(tables), warnings=tuple(warnings), records=records, comparison=COMPARISON)

    def _record(self, one: Map) -> dict[str, Any]:
        return {
            **reconstruction(one),
            **self._gaps(one),
            "trustworthiness": self._trustworthiness(one),
            **self._basins(one),
        }

    def _gaps(self, one: Map) -> dict[str, Any]:
        """Return median and largest |true − decoded| over the trained members in the fit."""
        found: dict[str, Any] = {}
        for name, field in (("loss", self.field), ("accuracy", self.accuracy)):
            own = gaps(one, field)
            found[f"{name}_gap_median"] = None if own is None else finite_or_none(np.median(own))
            found[f"{name}_gap_max"] = None if own is None else finite_or_none(own.max())
        return found

    def _trustworthiness(self, one: Map) -> float | None:
        from sklearn.manifold import trustworthiness

        count = len(one.chart.latents)
        neighbours = min(self.neighbours, (count - 1) // 2)
        # In a slice's own coordinates nothing is reduced.
        if neighbours < 1 or one.chart.extent is not None:
            return None
        return finite_or_none(trustworthiness(one.coordinates, one.chart.latents, n_neighbors=neighbours))

    def _basins(self, one: Map) -> dict[str, Any]:
        """Return counts on the first sampler's first merge tree."""
        landscape, topology = one.landscape, one.topology
        if landscape is None or topology is None:
            keys = ("leaves", "leaves_trusted", "basins_of_variants", "runs_not_on_map", "nonfinite")
            return dict.fromkeys(keys)
        minima, basins = topology.tree.minima, last_networks(one, landscape, topology).basins
        return {
            "leaves": len(minima),
            "leaves_trusted": int(landscape.trusted[minima].sum()),
            "basins_of_variants": len(set(basins[basins >= 0].tolist())),
            "runs_not_on_map": int((basins < 0).sum()),
            "nonfinite": landscape.nonfinite(topology.field),
        }
