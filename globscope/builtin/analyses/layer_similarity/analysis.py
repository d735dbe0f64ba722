"""How alike the layers of networks are."""

from collections.abc import Iterator

import attrs
import numpy as np
from attrs.validators import and_, ge

from globscope.api import (
    EXAMPLES,
    WHERE,
    Atlas,
    Bench,
    CheckFacts,
    EvaluationError,
    Finding,
    Population,
    device,
    device_name,
    near,
)
from globscope.builtin.analyses.layer_similarity.network_layers import LayerOptions
from globscope.builtin.analyses.layer_similarity.recorded_layers import LayerRecorder, Places, require_module
from globscope.builtin.analyses.layer_similarity.report import LayerComparison
from globscope.builtin.analyses.outputs.chosen_networks import network_rows, require_networks
from globscope.builtin.analyses.outputs.network_outputs import require_split

NAME = "layer-similarity"


@attrs.define(frozen=True, kw_only=True)
class LayerSimilarity:
    """Compare what the layers of networks return for the same examples, by linear CKA.

    The same layer of every two networks is compared, and in a grid every layer of one network with every layer of
    another one, or with its own. CKA is HSIC(K, L) / √(HSIC(K, K) HSIC(L, L)) of the linear kernels of two layers
    (Kornblith, Norouzi, Lee, Hinton, "Similarity of neural network representations revisited", ICML 2019, section 3).
    Debiased, HSIC is the unbiased estimate of Song et al. (JMLR 13, 2012), as in Nguyen, Raghu, Kornblith, "Do wide and
    deep networks learn the same things?", ICLR 2021, but over all examples at once. BatchNorm statistics are
    re-estimated for every network, as by `similarity`. CKA is exact to about six digits.

    Attributes:
        of: Networks to compare, as `variant` (its final network) or `variant@step`; the final networks of all training
            runs if empty.
        grids: Pairs of these networks of which every layer is compared with every layer, such as `[["A", "B"]]`; a pair
            may name one network twice. If empty, the first network with itself, and with the second.
        layers: Patterns of the names of the layers, as of torch's `named_modules`, such as `layer*.conv?`. If empty,
            those with a matrix of weights: linear layers, convolutions, embeddings. What the network returns is always
            compared too, as `output`, unless a layer returns it.
        places: Whether the values at all places of an example (pixels, tokens) are its features (`each`), as in the
            papers, or their means over the places (`mean`), one for each channel, which takes far less memory.
        debiased: Whether the estimates are unbiased; if not, layers with more values than there are examples look more
            alike than they are.
        split: Split of the data on which the networks are run.
        examples: Largest number of examples of the split, drawn once with seed 0.
        device: Device on which the networks run: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card.
    """

    of: tuple[str, ...] = ()
    grids: tuple[tuple[str, str], ...] = ()
    layers: tuple[str, ...] = ()
    places: Places = "each"
    debiased: bool = True
    split: str = "test"
    examples: int = attrs.field(default=500, validator=and_(ge(4), EXAMPLES))
    device: str = attrs.field(default="auto", validator=device_name, metadata=WHERE)

    @classmethod
    def quick_examples(cls) -> "tuple[LayerSimilarity, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(),
            cls(of=("A", "A@0"), debiased=False),
        )

    def plan(self, maps: int, variants: int) -> str:
        """Return what the analysis will do."""
        del maps
        return f"CKA of the layers of {len(self.of) or variants} networks"

    def check(self, facts: CheckFacts) -> None:
        """Refuse a task whose layers are not known, and unknown splits, networks and layers.

        Raises:
            EvaluationError: One of these.
        """
        require_module(NAME, facts.probe)
        require_split(NAME, facts.probe, self.split)
        require_networks(NAME, self.of, facts.variants)
        known = self.of or facts.variants
        for name in (name for pair in self.grids for name in pair):
            if name not in known:
                raise EvaluationError(f"analysis {NAME}: grids: {name!r} is not compared; {near(name, known)}")
        LayerRecorder(facts.probe, self.layers, self.places)
        device(self.device, f"analysis {NAME}: device")

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the tables and heat maps of layers; `rng` is not used."""
        del rng
        rows = network_rows(NAME, self.of, atlas.population)
        if len(rows) < 2:
            return Finding(warnings=("fewer than two networks to compare",))
        compared = LayerComparison(
            networks=self._options().of_members(bench, atlas.population, rows),
            names=self._names(atlas.population, rows),
            debiased=self.debiased,
            split=self.split,
        )
        if not compared.layers:
            return Finding(warnings=("no layer returns numbers for every example, so there is nothing to compare",))
        same = compared.same_layers()
        grids = {pair: compared.grid(*pair) for pair in self._grids(compared.names)}
        return Finding(
            tables=tuple(compared.tables(grids, same)),
            warnings=tuple(self._warnings(compared, same)),
            pictures=tuple(compared.pictures(grids, same)),
        )

    def _options(self) -> LayerOptions:
        return LayerOptions(
            layers=self.layers,
            places=self.places,
            split=self.split,
            examples=self.examples,
            device=device(self.device, f"analysis {NAME}: device"),
        )

    def _names(self, population: Population, rows: list[int]) -> tuple[str, ...]:
        """Return the networks' names in the spec: those of their runs where only final networks are compared."""
        return self.of or tuple(population.members[row].variant for row in rows)

    def _grids(self, names: tuple[str, ...]) -> list[tuple[int, int]]:
        named = [(names.index(one), names.index(other)) for one, other in self.grids]
        return list(dict.fromkeys(named)) or [(0, 0), (0, 1)]

    def _warnings(self, compared: LayerComparison, same: np.ndarray) -> Iterator[str]:
        without = [name for name, row in zip(compared.layers, same, strict=True) if not np.isfinite(row).any()]
        if without:
            yield f"{len(without)} layers are constant or not finite, and have no figure: {', '.join(without)}"
        wide = [name for name, kernel in compared.networks[0].items() if kernel.width > len(kernel.diagonal)]
        if wide and not self.debiased:
            yield (
                f"{len(wide)} layers have more values than there are examples, so that their CKA is too high: set "
                "debiased = true"
            )
