"""Whether networks that lie close together, on the maps and in weight space, have similar outputs."""

from typing import Any, Literal

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
)
from globscope.builtin.analyses.outputs.network_outputs import Outputs, require_outputs
from globscope.builtin.analyses.outputs.pair_similarity import differences, disagreements, linear_cka
from globscope.builtin.analyses.similarity.pairwise import PairwiseComparison


@attrs.define(frozen=True, kw_only=True)
class Similarity:
    """Compare networks by their outputs, and by their distances on each map and in weight space.

    Linear CKA of centred outputs X and Y, ‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖) in Frobenius norms, is from Kornblith, Norouzi, Lee
    and Hinton, "Similarity of Neural Network Representations Revisited", ICML 2019, section 3. BatchNorm statistics are
    re-estimated for every network on the same 1,000 training examples, whatever the evaluator does. If a network has
    outputs at several places of an example (tokens), one place is used for each example, in turn.

    Attributes:
        members: Networks to compare: `last`, each variant's final network; `all`, every network that was trained or
            read and is in the fit; or a number k, every k-th of these, counted back from each variant's last.
        split: Split of the data on which the outputs are computed.
        examples: Largest number of examples of the split, drawn once with seed 0.
        device: Device on which the networks run: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card.
    """

    members: Literal["last", "all"] | int = attrs.field(default="last")
    split: str = "test"
    examples: int = attrs.field(default=1000, validator=and_(ge(2), EXAMPLES))
    device: str = attrs.field(default="auto", validator=device_name, metadata=WHERE)

    @members.validator
    def _positive(self, attribute: Any, value: Any) -> None:
        if value not in ("last", "all") and value < 1:
            raise ValueError(f"{attribute.name} must be >= 1")

    def plan(self, maps: int, variants: int) -> str:
        """Return what the analysis will do."""
        del maps
        named = {"last": f"the final networks of {variants} training runs", "all": "all networks"}
        return f"similarity of {named.get(str(self.members), f'every {self.members}-th network')}, by their outputs"

    def check(self, facts: CheckFacts) -> None:
        """Refuse a task without outputs, an unknown split, and a comparison of one network.

        Raises:
            EvaluationError: One of these.
        """
        probe = facts.probe
        require_outputs("similarity", "compares", probe, self.split)
        if self.members == "last" and len(facts.variants) < 2:
            raise EvaluationError(
                "analysis similarity: members = 'last' needs at least two variants, and there is one; use 'all'"
            )
        device(self.device, "analysis similarity: device")

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the tables of pairs and of agreement, with matrices and scatter plots."""
        rows, where = self._rows(atlas.population), device(self.device, "analysis similarity: device")
        if len(rows) < 2:
            return Finding(warnings=("fewer than two networks to compare",))
        outputs = Outputs(split=self.split, examples=self.examples, device=where).of_members(
            bench, atlas.population, rows
        )
        classifies = "accuracy" in bench.task.build(where).measures
        comparison = PairwiseComparison(
            atlas=atlas,
            rows=tuple(rows),
            cka=linear_cka(outputs),
            disagreement=disagreements(outputs) if classifies else differences(outputs),
            classifies=classifies,
        )
        return comparison.finding(rng)

    def _rows(self, population: Population) -> list[int]:
        """Return the rows to compare, with each variant's last."""
        step = {"last": len(population.members), "all": 1}.get(str(self.members), self.members)
        chosen = [row for variant in population.variants for row in population.of(variant)[::-1][:: int(step)][::-1]]
        return [row for row in chosen if population.members[row].in_fit]
