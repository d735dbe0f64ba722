"""How sharply the loss bends at given networks: eigenvalues of its Hessian, and their sum."""

from collections.abc import Mapping, Sequence
from typing import Literal

import attrs
import numpy as np
from attrs.validators import and_, ge, gt, optional

from globscope.api import (
    AXES,
    BATCH,
    DRAWS,
    EXAMPLES,
    Atlas,
    Bench,
    Draft,
    EvaluationError,
    Finding,
    Hessian,
    Loss,
    Population,
    Probe,
    Progress,
    SpecError,
    device,
    device_name,
    eigenpairs,
    near,
    trace,
)
from globscope.builtin.analyses.curvature.results import plot, tables

WHO = "analysis curvature"


@attrs.define(frozen=True, kw_only=True)
class Curvature:
    """Measure leading eigenvalues and the trace of the training loss's Hessian at given networks.

    Yao, Gholami, Keutzer and Mahoney, "PyHessian: Neural Networks Through the Lens of the Hessian", 2020. Eigenvalues
    by implicitly restarted Lanczos with full re-orthogonalisation (ARPACK), until every residual ‖Hv − λv‖ / |λ| is
    within the tolerance; the trace by Hutchinson's estimator (1989) or Hutch++ (Meyer et al., 2021). The loss is the
    task's mean over the training examples, without weight decay, in evaluation mode; BatchNorm statistics are
    constants. Starting vector, examples and draws follow from the study's seed, and are the same for all networks.

    Attributes:
        members: Networks, as `variant`, whose last is taken, or `variant@step`; each variant's last where empty.
        count: Eigenvalues of each.
        which: Those of largest `magnitude`, negative ones too, or of `largest` value.
        tolerance: Of the residual ‖Hv − λv‖ / |λ|.
        trace: How it is estimated; `hutch++` holds draws / 3 vectors as long as a network.
        draws: Products with the Hessian for the trace.
        examples: Training examples of the loss, drawn once; all where unset.
        batch_size: Examples per pass; as many as take 16 MiB where unset.
        batch_norm: Statistics of BatchNorm layers: `recalibrate` re-estimates them for each network on 1,000 training
            examples, as evaluators do, `stored` takes its own.
        precision: Of the derivatives; `float64` for small networks and tolerances below 1e-5.
        device: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card.
    """

    members: tuple[str, ...] = ()
    count: int = attrs.field(default=5, validator=and_(ge(1), AXES))
    which: Literal["magnitude", "largest"] = "magnitude"
    tolerance: float = attrs.field(default=1e-3, validator=gt(0))
    trace: Literal["hutchinson", "hutch++"] = "hutchinson"
    draws: int = attrs.field(default=100, validator=and_(ge(6), DRAWS))
    examples: int | None = attrs.field(default=None, validator=optional(and_(ge(1), EXAMPLES)))
    batch_size: int | None = attrs.field(default=None, validator=optional(and_(ge(1), BATCH)))
    batch_norm: Literal["recalibrate", "stored"] = "recalibrate"
    precision: Literal["float32", "float64"] = "float32"
    device: str = attrs.field(default="auto", validator=device_name)

    def plan(self, maps: int, variants: int) -> str:
        """Return what it will do."""
        del maps
        count = len(self.members) or variants
        return f"curvature of {count} networks: {self.count} eigenvalues, trace from {self.draws} products each"

    def check(self, probe: Probe, variants: Sequence[str]) -> None:
        """Refuse networks of unknown variants, and more eigenvalues than weights.

        Raises:
            SpecError: One of these.
            EvaluationError: No such device, or no such precision on it.
        """
        for name in self.members:
            if not {name, name.rpartition("@")[0]} & set(variants):
                raise SpecError([f"{WHO}: there is no variant {name!r}; {near(name, variants)}"])
        if self.count > probe.layout.size:
            raise SpecError([f"{WHO}: count = {self.count}, but a network has {probe.layout.size} weights"])
        self._loss(probe, device(self.device, f"{WHO}: device"), 0)

    def analyse(self, atlas: Atlas, bench: Bench, rng: np.random.Generator) -> Finding:
        """Return eigenvalues and traces as tables, with a picture of the eigenvalues; nothing is drawn from `rng`."""
        del rng  # what is stored for one network must not depend on those before it
        who, where = atlas.population, device(self.device, f"{WHO}: device")
        loss = self._loss(bench.task.build(where), where, bench.seed)
        rows = [who.row(name, WHO) for name in self.members] or who.finals
        found, warnings = {}, list[str]()
        for row in dict.fromkeys(rows):
            label = who.members[row].label
            try:
                found[label] = self._measured(bench, loss, who, row)
            except EvaluationError as error:
                warnings.append(f"{label}: {error}")
            else:
                warnings += self._doubts(label, found[label])
        return Finding(tables=tables(found), warnings=tuple(warnings), pictures=(plot(found),) if found else ())

    def _loss(self, probe: Probe, where: str, seed: int) -> Loss:
        return Loss.of(
            probe,
            where,
            self.examples,
            np.random.default_rng([seed, 0]),
            batch_size=self.batch_size,
            batch_norm=self.batch_norm,
            precision=self.precision,
        )

    def _measured(self, bench: Bench, loss: Loss, who: Population, row: int) -> Mapping[str, np.ndarray]:
        """Return a network's eigenvalues and trace, each stored under what it follows from."""
        weights, buffers, label = np.asarray(who.weights[row]), who.members[row].buffers, who.members[row].label
        parts = [weights, dict(buffers), self.examples, self.batch_size, self.batch_norm, self.precision]

        def hessian() -> Hessian:
            return loss.at(weights, buffers)

        def pairs(_: Draft, progress: Progress) -> Mapping[str, np.ndarray]:
            return self._pairs(hessian(), bench.seed, progress)

        def total(_: Draft, progress: Progress) -> Mapping[str, np.ndarray]:
            return self._trace(hessian(), bench.seed, progress)

        found = bench.stage(f"eigenvalues of {label}", [*parts, self.count, self.which, self.tolerance], pairs)
        return {**found, **bench.stage(f"trace of {label}", [*parts, self.trace, self.draws], total)}

    def _pairs(self, hessian: Hessian, seed: int, progress: Progress) -> Mapping[str, np.ndarray]:
        found = eigenpairs(
            hessian.products,
            hessian.size,
            self.count,
            which=self.which,
            tolerance=self.tolerance,
            start=np.random.default_rng([seed, 1]).standard_normal(hessian.size),
            progress=progress,
        )
        return {"values": found.values, "residuals": found.residuals, "products": np.array([found.products])}

    def _trace(self, hessian: Hessian, seed: int, progress: Progress) -> Mapping[str, np.ndarray]:
        rng = np.random.default_rng([seed, 2])
        value, error = trace(
            hessian.products, hessian.size, self.draws, rng, estimator=self.trace, progress=progress
        )  # fmt: skip
        return {"trace": np.array([value, error]), "draws": np.array([self.draws])}

    def _doubts(self, label: str, own: Mapping[str, np.ndarray]) -> list[str]:
        """Return what a reader must be told of one network."""
        told, values = [], own["values"]
        if len(values) < self.count:
            told.append(f"{label}: {len(values)} of {self.count} eigenvalues reach tolerance = {self.tolerance:g}")
        late = int((own["residuals"] > self.tolerance).sum())
        if late:
            told.append(f"{label}: {late} eigenvalues have a residual above tolerance = {self.tolerance:g}")
        # Of those within rounding of zero the sign says nothing.
        negative = values[values < -1e-3 * np.abs(values).max(initial=0)]
        if len(negative):
            told.append(
                f"{label}: no minimum: {len(negative)} of {len(values)} eigenvalues are negative, down to "
                f"{negative.min():.3g}"
            )
        return told
