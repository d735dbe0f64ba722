"""The align stage of a set: the permutations that fit several networks to one another."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from attrs import define, field

from globscope.pipeline.stage_keys import Stage
from globscope.pipeline.stages.align.pairs import ARRAYS, AlignerStage, PairAligner
from globscope.roles import AlignsSets, Tensors, capability
from globscope.store import key, read_arrays, write_arrays
from globscope.values.chart import Progress

Permutations = Mapping[str, np.ndarray]


@define(frozen=True, kw_only=True)
class SetFill:
    """Writes the permutations of every network of a set."""

    aligner: PairAligner
    networks: Sequence[Tensors] = field(repr=False)

    def __call__(self, folder: Path, _: Progress) -> None:
        """Align the set."""
        orders = self.aligner.align_set(self.networks)
        arrays = {f"{at}/{name}": array for at, order in enumerate(orders) for name, array in order.items()}
        write_arrays(folder / ARRAYS, arrays)


def align_among(
    stage: AlignerStage, networks: Mapping[str, Tensors], pairs: Sequence[tuple[str, str]]
) -> list[Permutations]:
    """Return for each pair of names the permutations of the second network that fit the first."""
    if capability(stage.ready, AlignsSets) is None:
        return stage.align_pairs([(networks[a], networks[b], f"{b} to {a}") for a, b in pairs])
    orders = dict(zip(networks, _align_set(stage, list(networks.values())), strict=True))
    return [relative(orders[a], orders[b]) for a, b in pairs]


def _align_set(stage: AlignerStage, networks: Sequence[Tensors]) -> list[Permutations]:
    workshop, count = stage.workshop, len(networks)
    set_key = key(Stage.ALIGN, "set", stage.key, workshop.task.key, *networks)
    fill = SetFill(aligner=stage.pair_aligner, networks=networks)
    folder = workshop.stage(Stage.ALIGN, set_key, fill, f"{stage.entry.name}: {count} networks to one another")
    arrays = {name.partition("/")[::2]: array for name, array in read_arrays(folder / ARRAYS).items()}
    return [{name: array for (at, name), array in arrays.items() if at == str(number)} for number in range(count)]


def relative(a: Permutations, b: Permutations) -> dict[str, np.ndarray]:
    """Return the permutations of network b that fit network a as it is, where `a` and `b` fit both to others."""
    return {name: b[name][np.argsort(order)] for name, order in a.items()}
