"""Curves of low loss between networks, in weight space and on the maps."""

from collections.abc import Sequence
from functools import reduce
from typing import Any, Literal

import attrs
import numpy as np
from attrs.validators import and_, ge, gt

from globscope.api import (
    AXES,
    BATCH,
    EPOCHS,
    POINTS,
    WHERE,
    AnalysisTraits,
    Atlas,
    Bench,
    CheckFacts,
    Finding,
    Population,
    Precision,
    Task,
    device,
    device_name,
)
from globscope.builtin.analyses.curves.pairs import choose_pairs, count_pairs, pair_label, require_pairs
from globscope.builtin.analyses.curves.shapes import curve_point
from globscope.builtin.analyses.curves.training import CurveTraining, pair_training, trained_bends
from globscope.builtin.analyses.curves.training_step import Settings
from globscope.builtin.analyses.mode_connectivity import project_curves
from globscope.builtin.analyses.mode_connectivity.curve_members import alternate_points, members
from globscope.builtin.analyses.mode_connectivity.measured_curve import curve_table, known_paths, measured_curves
from globscope.builtin.analyses.mode_connectivity.pictures import overlays, plot

NAME = "mode-connectivity"


def _odd(_: Any, attribute: Any, value: int) -> None:
    if value < 5 or value % 2 == 0:
        raise ValueError(f"{attribute.name} must be odd and >= 5")


@attrs.define(frozen=True, kw_only=True)
class ModeConnectivity:
    """Train curves of low loss between the training runs' final networks, and follow them over the maps.

    Garipov et al., "Loss Surfaces, Mode Connectivity, and Fast Ensembling of DNNs", 2018: the ends of a curve stay, and
    its bends move by SGD with momentum 0.9, where every mini-batch is scored at one random t. The learning rate is
    constant for half of the epochs, falls linearly to a hundredth until 90 %, and stays there. Bends start on the
    straight line. The evaluator's `batch_norm` determines the BatchNorm statistics of the points of a curve; by default
    they are re-estimated for each point.

    Attributes:
        pairs: Pairs of variants to connect, such as `[["G", "A"], ["G", "B"]]`; all pairs if neither this nor `against`
            is set.
        against: Variant to connect with every other variant.
        curve: Shape of the curve: `Bezier`, or `PolyChain`, which is straight from bend to bend.
        bends: Number of trained points between the two ends.
        epochs: Number of epochs for which each curve is trained.
        learning_rate: Learning rate of the first half of the training.
        batch_size: Number of examples per step.
        weight_decay: λ of the regulariser λ/2 ‖φ(t)‖² on the curve's networks.
        points: Number of networks to evaluate on each curve, at equal steps of t, including both ends; odd.
        in_fit: Whether the study's maps are fitted to every second inner point of the curves too. The table of
            projections reports both fits either way.
        field: Loss or accuracy that is compared with the maps', and drawn.
        precision: Precision of matrix products in the training of curves on a cuda GPU: `tf32` rounds their inputs,
            `bfloat16` halves them; curves and losses stay float32.
        cuda_graphs: Whether a cuda GPU records a training step and repeats it, which for small networks is several
            times faster.
        device: Device on which curves are trained: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    against: str | None = None
    curve: Literal["Bezier", "PolyChain"] = "Bezier"
    bends: int = attrs.field(default=1, validator=and_(ge(1), AXES))
    epochs: int = attrs.field(default=200, validator=and_(ge(1), EPOCHS))
    learning_rate: float = attrs.field(default=0.1, validator=gt(0))
    batch_size: int = attrs.field(default=128, validator=and_(ge(1), BATCH))
    weight_decay: float = attrs.field(default=0.0, validator=ge(0))
    points: int = attrs.field(default=61, validator=[_odd, POINTS])
    in_fit: bool = False
    field: str = "train_loss"
    precision: Precision = "float32"
    cuda_graphs: bool = True
    device: str = attrs.field(default="auto", validator=device_name, metadata=WHERE)

    @classmethod
    def quick_examples(cls) -> "tuple[ModeConnectivity, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(epochs=1, points=5),
            cls(epochs=1, curve="PolyChain", bends=2, against="B", in_fit=True, field="test_accuracy"),
            cls(epochs=1, points=5, pairs=(("A", "B"),)),
        )

    @property
    def traits(self) -> AnalysisTraits:
        """The field that is compared."""
        return AnalysisTraits(field=self.field)

    def check(self, facts: CheckFacts) -> None:
        """Refuse pairs that do not exist, and a device that is not there.

        Raises:
            SpecError: With everything that is wrong with the pairs.
            EvaluationError: No such device.
        """
        require_pairs(NAME, self.pairs, self.against, facts.variants)
        device(self.device, f"{NAME}.device")

    def plan(self, maps: int, variants: int) -> str:
        """Return what the analysis will do, for so many maps with an inverse."""
        curves = count_pairs(self.pairs, self.against, variants)
        refits = maps * (1 + self.in_fit)
        return f"{NAME}: {curves} curves ({self.epochs} epochs each), with {refits} refits"

    def evaluations(self, lattices: Sequence[tuple[int, ...]], maps: int, variants: int) -> int:
        """Return the largest number of networks to score: curves, straight lines, and both projections on every map."""
        del lattices
        inner, fitted = self.points - 2, len(alternate_points(self.points))
        each = self.points + inner + maps * (inner + inner - fitted + self.in_fit * fitted)
        return count_pairs(self.pairs, self.against, variants) * each

    def derive(self, task: Task, population: Population, bench: Bench, rng: np.random.Generator) -> Population:
        """Return the points of all curves; each curve is stored once it is trained."""
        del rng  # the seed of a curve follows from its pair alone
        pairs = choose_pairs(self.pairs, self.against, population.variants)
        ends = [population.take([population.of(variant)[-1] for variant in pair]) for pair in pairs]
        curves = [self._training(*one, task, bench.seed) for one in zip(pairs, ends, strict=True)]
        bends = trained_bends(bench, curves)
        return reduce(Population.concatenate, map(self._members, pairs, ends, bends))

    def curve_point(
        self, runs: tuple[str, str], t: float, task: Task, population: Population, bench: Bench
    ) -> np.ndarray | None:
        """Return the (D,) weights at t of the curve from one run to another; None if it does not connect them."""
        pairs = choose_pairs(self.pairs, self.against, population.variants)
        if runs not in pairs:
            runs, t = runs[::-1], 1 - t
        if runs not in pairs:
            return None
        ends = population.take([population.of(variant)[-1] for variant in runs])
        [bends] = trained_bends(bench, [self._training(runs, ends, task, bench.seed)])
        return curve_point(self.curve, np.asarray(ends.weights), bends, t)

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return both tables, the pictures, and warnings about errors that a small median hides."""
        del rng  # nothing is drawn
        curves = measured_curves(atlas, bench)
        projections, field = project_curves.project_curves(atlas, curves, bench), atlas.field_of(self.field)
        fits = (project_curves.UNSEEN, project_curves.SEEN)
        plots = [plot(curves, projections, self.curve, field, fit) for fit in fits]
        return Finding(
            tables=(curve_table(curves, atlas), project_curves.table(projections, field)),
            warnings=tuple(project_curves.warnings(projections, field)),
            pictures=(*plots, *overlays(atlas, curves, self.curve)),
            paths=tuple(known_paths(curves, atlas, self.curve)),
        )

    def _training(self, pair: tuple[str, str], ends: Population, task: Task, seed: int) -> CurveTraining:
        place = device(self.device, f"{NAME}.device")
        return pair_training(pair, ends, task, settings=self._settings(), seed=seed, device=place)

    def _members(self, pair: tuple[str, str], ends: Population, bends: np.ndarray) -> Population:
        name = self._curve_name(pair_label(*pair))
        return members(name, ends, bends, self.curve, count=self.points, in_fit=self.in_fit)

    def _settings(self) -> Settings:
        return Settings(
            shape=self.curve,
            bends=self.bends,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            weight_decay=self.weight_decay,
            precision=self.precision,
            cuda_graphs=self.cuda_graphs,
        )

    def _curve_name(self, pair: str) -> str:
        """Return the variant of a curve's members; several analyses may connect one pair."""
        return f"{self.curve} {pair}" if self.bends == 1 else f"{self.curve}-{self.bends} {pair}"
