"""The curvature of the loss at networks: leading eigenvalues, their sum, by layer, and how all are distributed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import attrs
import numpy as np
from attrs.validators import and_, ge, gt, le, optional

from globscope.api import (
    ADDED,
    AXES,
    BATCH,
    DRAWS,
    EXAMPLES,
    STEPS,
    WHERE,
    Atlas,
    Bench,
    CheckFacts,
    EvaluationError,
    Finding,
    GlobscopeError,
    Layout,
    MatrixName,
    Picture,
    Population,
    SpecError,
    Table,
    device,
    device_name,
    near,
)
from globscope.builtin.analyses.curvature.density_results import count_plot, density_plot, density_table
from globscope.builtin.analyses.curvature.layer_results import layer_plot, layer_table
from globscope.builtin.analyses.curvature.loss_at_network import LossAtNetwork, LossOptions
from globscope.builtin.analyses.curvature.measured import NetworkCurvature, Wanted
from globscope.builtin.analyses.curvature.results import NAMES, plot, tables
from globscope.builtin.analyses.curvature.warnings import density_warnings, network_warnings

LABEL = "analysis curvature"


def _not_one(_: Any, attribute: Any, count: int) -> None:
    """Refuse one draw, which has no standard error."""
    if count == 1:
        raise ValueError(f"{attribute.name} must be 0 or >= 2, which a standard error takes")


@attrs.define(frozen=True, kw_only=True)
class Curvature:
    """Measure leading eigenvalues, trace and spectral density of the training loss's curvature at chosen networks.

    Yao, Gholami, Keutzer and Mahoney, "PyHessian: Neural Networks Through the Lens of the Hessian", 2020. Eigenvalues
    are found by implicitly restarted Lanczos with full re-orthogonalisation (ARPACK), until every residual
    ‖Hv − λv‖ / |λ| is within the tolerance, and the trace by Hutchinson's estimator (1989) or Hutch++ (Meyer et al.,
    2021). The spectral density is estimated by stochastic Lanczos quadrature (Ghorbani, Krishnan and Xiao, 2019). The
    loss is the task's mean over the training examples, without weight decay, in evaluation mode;
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
        layers: Whether the trace is also estimated for the block of every layer's weights, by Hutchinson's estimator.
        density_draws: Number of random vectors from which the spectral density is estimated, at least 2; none if 0.
        density_steps: Number of products for each of these vectors, all of which are in memory, as long as a network.
        density_width: Standard deviation of the Gaussian that smooths the density, as a share of the spectrum's range.
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
    layers: bool = attrs.field(default=False, metadata=ADDED)
    density_draws: int = attrs.field(default=0, validator=and_(ge(0), DRAWS, _not_one), metadata=ADDED)
    density_steps: int = attrs.field(default=100, validator=and_(ge(2), STEPS), metadata=ADDED)
    density_width: float = attrs.field(default=0.01, validator=and_(ge(1e-3), le(0.5)), metadata=ADDED)
    examples: int | None = attrs.field(default=None, validator=optional(and_(ge(1), EXAMPLES)))
    batch_size: int | None = attrs.field(default=None, validator=optional(and_(ge(1), BATCH)))
    batch_norm: Literal["recalibrate", "stored"] = "recalibrate"
    precision: Literal["float32", "float64"] = "float32"
    device: str = attrs.field(default="auto", validator=device_name, metadata=WHERE)

    @classmethod
    def quick_examples(cls) -> "tuple[Curvature, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(draws=6),
            cls(draws=7, trace="hutch++", members=("A@0", "B"), count=51),
            cls(draws=6, matrix="fisher", layers=True, density_draws=2),
        )

    def plan(self, maps: int, variants: int) -> str:
        """Return what it will do."""
        del maps
        count = len(self.members) or variants
        text = f"curvature of {count} networks: {self.count} eigenvalues, trace from {self.draws} products each"
        density = f"density from {self.density_draws} × {self.density_steps}"
        return f"{text}, {density}" if self.density_draws else text

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
        """Return what was measured as tables and pictures; `rng` is not used."""
        del rng  # the results stored for one network must not depend on those before it
        population = atlas.population
        rows = list(dict.fromkeys([population.row(name, LABEL) for name in self.members] or population.finals))
        labels = [population.members[row].label for row in rows]
        measured, warnings = dict[str, NetworkCurvature](), list[str]()
        for label, own in zip(labels, self._measure(bench, population, rows), strict=True):
            if isinstance(own, GlobscopeError):
                warnings.append(f"{label}: {own}")
            else:
                measured[label] = own
                warnings += network_warnings(label, own, self.count, self.tolerance, self.matrix)
        if self.density_draws:
            warnings += density_warnings(self.density_steps, self.density_width)
        found, pictures = self._tables(measured, population.layout), self._pictures(measured, population.layout)
        return Finding(tables=tuple(found), warnings=tuple(warnings), pictures=tuple(pictures) if measured else ())

    def _tables(self, measured: Mapping[str, NetworkCurvature], layout: Layout) -> Iterator[Table]:
        yield from tables(measured, self.matrix)
        if self.density_draws:
            yield density_table(measured, self.density_width)
        if self.layers:
            yield layer_table(measured, layout)

    def _pictures(self, measured: Mapping[str, NetworkCurvature], layout: Layout) -> Iterator[Picture]:
        name = NAMES[self.matrix]
        yield plot(measured, self.matrix)
        if self.density_draws:
            yield density_plot(measured, self.density_width, name)
            yield count_plot(measured, name, self.which)
        if self.layers:
            yield layer_plot(measured, layout, name)

    @property
    def _loss(self) -> LossOptions:
        return LossOptions(
            examples=self.examples, batch_size=self.batch_size, batch_norm=self.batch_norm, precision=self.precision
        )

    def _measure(
        self, bench: Bench, population: Population, rows: Sequence[int]
    ) -> Iterator[NetworkCurvature | GlobscopeError]:
        """Yield what is measured of every network, or why there is nothing; each part is stored on its own."""
        networks = [self._wanted.parts(self._at(bench, population.take([row]))) for row in rows]
        found = iter(bench.attempts(part for parts in networks for part in parts.values()))
        for parts in networks:
            own = [(name, next(found)) for name in parts]
            errors = [measures for _, measures in own if isinstance(measures, GlobscopeError)]
            known = {name: measures for name, measures in own if not isinstance(measures, GlobscopeError)}
            yield errors[0] if errors else NetworkCurvature.of(known, population.layout.size)

    @property
    def _wanted(self) -> Wanted:
        return Wanted(
            count=self.count,
            which=self.which,
            tolerance=self.tolerance,
            trace=self.trace,
            draws=self.draws,
            layers=self.layers,
            density_draws=self.density_draws,
            density_steps=self.density_steps,
        )

    def _at(self, bench: Bench, network: Population) -> LossAtNetwork:
        where = device(self.device, f"{LABEL}: device")
        return LossAtNetwork(
            options=self._loss, task=bench.task, device=where, network=network, seed=bench.seed, matrix=self.matrix
        )
