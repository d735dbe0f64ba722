"""The curvature of the loss at networks: leading eigenvalues of its Hessian, and their sum."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import attrs
import numpy as np
from attrs.validators import and_, ge, gt, optional

from globscope.api import (
    ADDED,
    AXES,
    BATCH,
    DRAWS,
    EXAMPLES,
    WHERE,
    Atlas,
    Bench,
    CheckFacts,
    EvaluationError,
    Finding,
    GlobscopeError,
    MatrixName,
    Part,
    Population,
    SpecError,
    device,
    device_name,
    near,
    number,
)
from globscope.builtin.analyses.curvature.parts import Eigenvalues, LossAtNetwork, LossOptions, Trace
from globscope.builtin.analyses.curvature.results import plot, tables

LABEL = "analysis curvature"


@attrs.define(frozen=True, kw_only=True)
class Curvature:
    """Measure the leading eigenvalues and the trace of the training loss's curvature at chosen networks.

    Yao, Gholami, Keutzer and Mahoney, "PyHessian: Neural Networks Through the Lens of the Hessian", 2020. Eigenvalues
    are found by implicitly restarted Lanczos with full re-orthogonalisation (ARPACK), until every residual
    ‖Hv − λv‖ / |λ| is within the tolerance, and the trace by Hutchinson's estimator (1989) or Hutch++ (Meyer et al.,
    2021). The loss is the task's mean over the training examples, without weight decay, in evaluation mode;
    BatchNorm statistics are held constant. The starting vector, the examples and the random vectors follow from the
    study's seed and are the same for all networks.

    Attributes:
        members: Networks, as `variant` (its final network) or `variant@step`; each variant's final network if empty.
        matrix: The curvature: `hessian`, the second derivatives of the loss; `ggn`, the generalised Gauss–Newton
            matrix, which leaves out the second derivatives of the network itself; `fisher`, the Fisher information of
            what the network predicts; `empirical-fisher`, the mean outer product of the examples' own gradients.
        count: Number of eigenvalues of each network.
        which: Which eigenvalues: those of largest `magnitude`, including negative ones, or of `largest` value.
        tolerance: Largest accepted residual ‖Hv − λv‖ / |λ|.
        trace: Estimator of the trace; `hutch++` holds draws / 3 vectors as long as a network in memory.
        draws: Number of products with the matrix for the trace.
        examples: Number of training examples of the loss, drawn once; all if unset.
        batch_size: Number of examples per pass; if unset, as many as take 16 MiB.
        batch_norm: Statistics of BatchNorm layers: `recalibrate` re-estimates them for each network on 1,000 training
            examples, as evaluators do, `stored` uses those of the network.
        precision: Precision of the derivatives; use `float64` for small networks and tolerances below 1e-5.
        device: Device of the computation: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card.
    """

    members: tuple[str, ...] = ()
    matrix: MatrixName = attrs.field(default="hessian", metadata=ADDED)
    count: int = attrs.field(default=5, validator=and_(ge(1), AXES))
    which: Literal["magnitude", "largest"] = "magnitude"
    tolerance: float = attrs.field(default=1e-3, validator=gt(0))
    trace: Literal["hutchinson", "hutch++"] = "hutchinson"
    draws: int = attrs.field(default=100, validator=and_(ge(6), DRAWS))
    examples: int | None = attrs.field(default=None, validator=optional(and_(ge(1), EXAMPLES)))
    batch_size: int | None = attrs.field(default=None, validator=optional(and_(ge(1), BATCH)))
    batch_norm: Literal["recalibrate", "stored"] = "recalibrate"
    precision: Literal["float32", "float64"] = "float32"
    device: str = attrs.field(default="auto", validator=device_name, metadata=WHERE)

    def plan(self, maps: int, variants: int) -> str:
        """Return what it will do."""
        del maps
        count = len(self.members) or variants
        return f"curvature of {count} networks: {self.count} eigenvalues, trace from {self.draws} products each"

    def check(self, facts: CheckFacts) -> None:
        """Refuse networks of unknown variants, and more eigenvalues than weights.

        Raises:
            SpecError: One of these.
            EvaluationError: No such device, or no such precision on it.
        """
        for name in self.members:
            if not {name, name.rpartition("@")[0]} & set(facts.variants):
                raise SpecError([f"{LABEL}: there is no variant {name!r}; {near(name, facts.variants)}"])
        if self.count > facts.probe.layout.size:
            raise SpecError([f"{LABEL}: count = {self.count}, but a network has {facts.probe.layout.size} weights"])
        loss = self._loss.loss(facts.probe, device(self.device, f"{LABEL}: device"), 0)
        try:
            loss.require(self.matrix)
        except EvaluationError as error:
            raise EvaluationError(f"{LABEL}: {error}") from error

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return eigenvalues and traces as tables, with a picture of the eigenvalues; `rng` is not used."""
        del rng  # the results stored for one network must not depend on those before it
        population = atlas.population
        rows = list(dict.fromkeys([population.row(name, LABEL) for name in self.members] or population.finals))
        labels = [population.members[row].label for row in rows]
        measures, warnings = {}, list[str]()
        for label, measured in zip(labels, self._measure(bench, population, rows), strict=True):
            if isinstance(measured, GlobscopeError):
                warnings.append(f"{label}: {measured}")
            else:
                measures[label] = measured
                warnings += self._warnings(label, measured)
        return Finding(
            tables=tables(measures, self.matrix),
            warnings=tuple(warnings),
            pictures=(plot(measures, self.matrix),) if measures else (),
        )

    @property
    def _loss(self) -> LossOptions:
        return LossOptions(
            examples=self.examples, batch_size=self.batch_size, batch_norm=self.batch_norm, precision=self.precision
        )

    def _measure(
        self, bench: Bench, population: Population, rows: Sequence[int]
    ) -> Iterator[Mapping[str, np.ndarray] | GlobscopeError]:
        """Yield the eigenvalues and the trace of every network, or why it has none; each is stored on its own."""
        parts = (part for row in rows for part in self._parts(bench, population.take([row])))
        found = bench.attempts(parts)
        for pairs, total in zip(found[::2], found[1::2], strict=True):
            if isinstance(pairs, GlobscopeError):
                yield pairs
            else:
                yield total if isinstance(total, GlobscopeError) else {**pairs, **total}

    def _parts(self, bench: Bench, network: Population) -> tuple[Part, Part]:
        """Return the parts of one network."""
        where = device(self.device, f"{LABEL}: device")
        at = LossAtNetwork(
            options=self._loss, task=bench.task, device=where, network=network, seed=bench.seed, matrix=self.matrix
        )
        pairs = Eigenvalues(at=at, count=self.count, which=self.which, tolerance=self.tolerance)
        return pairs.part, Trace(at=at, estimator=self.trace, draws=self.draws).part

    def _warnings(self, label: str, measures: Mapping[str, np.ndarray]) -> list[str]:
        """Return the warnings about one network."""
        texts, values = [], measures["values"]
        if len(values) < self.count:
            texts.append(f"{label}: {len(values)} of {self.count} eigenvalues reach tolerance = {self.tolerance:g}")
        late = int((measures["residuals"] > self.tolerance).sum())
        if late:
            texts.append(f"{label}: {late} eigenvalues have a residual above tolerance = {self.tolerance:g}")
        # The sign of an eigenvalue within rounding of zero means nothing.
        negative = values[values < -1e-3 * np.abs(values).max(initial=0)]
        if len(negative) and self.matrix == "hessian":
            texts.append(
                f"{label}: not a minimum: {len(negative)} of {len(values)} eigenvalues are negative, down to "
                + number(negative.min())
            )
        return texts
