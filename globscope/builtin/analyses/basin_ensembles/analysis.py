"""Whether an ensemble of one network a basin beats one of as many networks from one basin."""

from collections.abc import Iterator

import attrs
import numpy as np
from attrs.validators import and_, deep_iterable, ge, min_len

from globscope.api import (
    DRAWS,
    EXAMPLES,
    WHERE,
    Atlas,
    Bench,
    CheckFacts,
    Finding,
    device,
    device_name,
)
from globscope.builtin.analyses.basin_ensembles.comparison import difference_rows, difference_table, kind_table, plot
from globscope.builtin.analyses.basin_ensembles.predictions import predictions
from globscope.builtin.analyses.basin_ensembles.subsets import ACROSS, WITHIN, Ensemble, ensembles
from globscope.builtin.analyses.closest_map import basins_of_members, closest_map
from globscope.builtin.analyses.outputs.answers import require_classes
from globscope.builtin.analyses.outputs.network_outputs import Outputs, require_outputs

NAME = "basin-ensembles"


@attrs.define(frozen=True, kw_only=True)
class BasinEnsembles:
    """Average the predictions of one network a basin, and of as many networks from one basin, and compare.

    Basins are those of the map that shows most runs, and of such maps of the one with the smallest median loss gap.
    The last checkpoints of each run that this map shows take part. Deep ensembles are from Lakshminarayanan et al.
    (NeurIPS 2017); that networks of different basins differ more than those of one is from Fort et al. ("Deep
    ensembles: a loss landscape perspective", 2019). BatchNorm statistics are re-estimated for every network.

    Attributes:
        checkpoints: Number of checkpoints of each run that take part, the last ones.
        sizes: Numbers of networks in an ensemble.
        ensembles: Largest number of ensembles of a size across basins, and of a size within each basin.
        split: Split of the data on which ensembles are compared.
        examples: Largest number of examples of the split, drawn once with seed 0.
        device: Device on which the networks run: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card.
    """

    checkpoints: int = attrs.field(default=3, validator=ge(1))
    sizes: tuple[int, ...] = attrs.field(default=(2, 3), validator=and_(min_len(1), deep_iterable(ge(2))))
    ensembles: int = attrs.field(default=200, validator=and_(ge(1), DRAWS))
    split: str = "test"
    examples: int = attrs.field(default=1000, validator=and_(ge(2), EXAMPLES))
    device: str = attrs.field(default="auto", validator=device_name, metadata=WHERE)

    @classmethod
    def quick_examples(cls) -> "tuple[BasinEnsembles, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (cls(ensembles=20),)

    def check(self, facts: CheckFacts) -> None:
        """Refuse a task without outputs or classes, and an unknown split.

        Raises:
            EvaluationError: One of these.
        """
        require_outputs(NAME, "averages", facts.probe, self.split)
        require_classes(NAME, "averages probabilities of classes", facts.probe, self.split)
        device(self.device, f"{NAME}.device")

    def plan(self, maps: int, variants: int) -> str:
        """Return what the analysis will do."""
        del maps
        return f"{NAME} of {variants * self.checkpoints} networks, by their outputs"

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the tables of both kinds and of their differences, with a picture.

        The generator draws networks for the ensembles, and basins for the intervals.
        """
        closest = closest_map(atlas.maps)
        if closest is None:
            return Finding(warnings=("no map shows the runs in basins, so there is nothing to compare",))
        map_, population = closest[0], atlas.population
        rows = [row for run in population.variants for row in population.of(run)[-self.checkpoints :]]
        basins = dict(zip(rows, basins_of_members(map_, rows).tolist(), strict=True))
        shown = {row: basin for row, basin in basins.items() if basin >= 0}
        outputs = Outputs(split=self.split, examples=self.examples, device=device(self.device, f"{NAME}.device"))
        predicted = predictions(bench, population, shown, outputs)
        found = ensembles(predicted, self.sizes, self.ensembles, rng)
        about = {"examples": len(predicted.answers), "split": self.split, "map": map_.name}
        return self._finding(found, len(set(shown.values())), about, rng)

    def _finding(
        self, found: list[Ensemble], basins: int, about: dict[str, object], rng: np.random.Generator
    ) -> Finding:
        if not found:
            return Finding(warnings=(f"{basins} basin{'s' * (basins != 1)} with too few networks for an ensemble",))
        rows = difference_rows(found, rng)
        tables = (difference_table(rows),) if rows else ()
        return Finding(
            tables=(kind_table(found, about), *tables),
            warnings=tuple(_warnings(found, basins)),
            pictures=(plot(found, self.split),),
        )


def _warnings(found: list[Ensemble], basins: int) -> Iterator[str]:
    """Yield why the two kinds cannot be compared, or only with care."""
    kinds = {one.kind for one in found}
    if ACROSS not in kinds:
        yield f"all networks lie in {basins} basin{'s' * (basins != 1)}: no ensemble has one network a basin"
    elif WITHIN not in kinds:
        yield "no basin has as many networks as an ensemble: more `checkpoints` may give some"
    elif max(one.runs for one in found if one.kind == WITHIN) == 1:
        yield (
            "each basin holds the networks of one run: its ensembles are of checkpoints of one training, so that "
            "basins and trainings cannot be distinguished"
        )
