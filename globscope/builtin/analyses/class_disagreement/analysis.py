"""On which classes networks disagree, and which they say instead of each other."""

from collections.abc import Iterator

import attrs
import numpy as np
from attrs.validators import and_, ge

from globscope.api import EXAMPLES, IGNORED, WHERE, Atlas, Bench, CheckFacts, Finding, device, device_name
from globscope.builtin.analyses.class_disagreement.decisions import Decisions
from globscope.builtin.analyses.class_disagreement.report import pictures, tables
from globscope.builtin.analyses.outputs.answers import answers, require_classes
from globscope.builtin.analyses.outputs.chosen_networks import network_rows, require_networks
from globscope.builtin.analyses.outputs.network_outputs import Outputs, require_outputs

NAME = "class-disagreement"
# Below this number of examples, a share of a class is hardly a figure.
FEW = 30


@attrs.define(frozen=True, kw_only=True)
class ClassDisagreement:
    """Say on which classes networks decide differently, and which classes they say instead of each other.

    Two networks of equal accuracy may be right on different examples. The share of examples on which two decide
    differently is divided by the right class, and into those that only one decides rightly and those on which both are
    wrong. BatchNorm statistics are re-estimated for every network, as by `similarity`. If a network has outputs at
    several places of an example (tokens, pixels), one place is used for each example, in turn.

    Attributes:
        of: Networks to compare, as `variant` (its final network) or `variant@step`; the final networks of all training
            runs if empty.
        split: Split of the data on which the networks decide.
        examples: Largest number of examples of the split, drawn once with seed 0.
        device: Device on which the networks run: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card.
    """

    of: tuple[str, ...] = ()
    split: str = "test"
    examples: int = attrs.field(default=5000, validator=and_(ge(2), EXAMPLES))
    device: str = attrs.field(default="auto", validator=device_name, metadata=WHERE)

    @classmethod
    def quick_examples(cls) -> "tuple[ClassDisagreement, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(),
            cls(of=("A@0", "B", "C"), split="train"),
        )

    def plan(self, maps: int, variants: int) -> str:
        """Return what the analysis will do."""
        del maps
        return f"disagreement by class of {len(self.of) or variants} networks"

    def check(self, facts: CheckFacts) -> None:
        """Refuse a task without outputs or classes, an unknown split or network, and a comparison of one network.

        Raises:
            EvaluationError: One of these.
        """
        require_outputs(NAME, "compares", facts.probe, self.split)
        require_classes(NAME, "counts decisions between classes", facts.probe, self.split)
        require_networks(NAME, self.of, facts.variants)
        device(self.device, f"analysis {NAME}: device")

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return the tables and heat maps of classes; `rng` is not used."""
        del rng
        rows = network_rows(NAME, self.of, atlas.population)
        if len(rows) < 2:
            return Finding(warnings=("fewer than two networks to compare",))
        where = device(self.device, f"analysis {NAME}: device")
        outputs = Outputs(split=self.split, examples=self.examples, device=where)
        found = outputs.of_members(bench, atlas.population, rows)
        finite, right = np.isfinite(found).all(axis=(1, 2)), answers(bench.task.build(where), outputs)
        kept, known = [row for row, one in zip(rows, finite, strict=True) if one], right != IGNORED
        if len(kept) < 2 or not known.any():
            return Finding(warnings=("fewer than two networks have finite outputs for examples with a class",))
        decisions = Decisions(
            names=tuple(self._name(atlas, row) for row in kept),
            chosen=found[finite][:, known].argmax(axis=2),
            right=right[known],
        )
        return Finding(
            tables=tuple(tables(decisions, self.split)),
            warnings=tuple(_warnings(decisions, len(rows) - len(kept))),
            pictures=tuple(pictures(decisions)),
        )

    def _name(self, atlas: Atlas, row: int) -> str:
        """Return how the network is named: by its run, where only final networks are compared."""
        member = atlas.population.members[row]
        return member.label if self.of else member.variant


def _warnings(decisions: Decisions, lost: int) -> Iterator[str]:
    if lost:
        yield f"{lost} network{'s' * (lost != 1)} left out: outputs are not finite"
    few = [label for label in decisions.classes if decisions.examples(label) < FEW]
    if few:
        yield (
            f"{len(few)} of {len(decisions.classes)} classes have fewer than {FEW} examples, so that their shares are "
            "uncertain: more `examples` may help"
        )
