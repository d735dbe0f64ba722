"""The space stage: the isometry between the population's span and a small matrix of coordinates."""

from collections.abc import Sequence
from pathlib import Path

from attrs import define

from globscope.isometry import outnumber, span
from globscope.pipeline.pool import StageJob, compute_side_by_side
from globscope.pipeline.stage_keys import Stage
from globscope.pipeline.workshop import Workshop
from globscope.store import key, read_arrays, write_arrays
from globscope.values.chart import Progress
from globscope.values.members import Population
from globscope.values.space import PrincipalSpace, SpanSpace

STORED = ("parents", "coefficients", "members")  # of a span
PRINCIPAL = ("origin", "basis", "members")  # where members outnumber the weights
SPACE = "space.safetensors"


@define(frozen=True)
class _SpanFill:
    """Writes the span of a population."""

    population: Population

    def __call__(self, folder: Path, _: Progress) -> None:
        """Compute the span."""
        found = span(self.population.weights)
        write_arrays(folder / SPACE, {name: getattr(found, name) for name in _stored_names(self.population)})


def compute_spans(workshop: Workshop, populations: Sequence[Population]) -> None:
    """Compute the spans of several populations: side by side where there are workers for that."""
    compute_side_by_side(workshop, Stage.SPACE, [_job(population) for population in populations])


def span_of(workshop: Workshop, population: Population) -> SpanSpace | PrincipalSpace:
    """Return the span of a population."""
    compute_spans(workshop, [population])
    job = _job(population)
    folder = workshop.stage(Stage.SPACE, job.key, job.fill, job.label)
    stored = read_arrays(folder / SPACE)  # which earlier versions left with a mean beside the rest
    arrays = {name: stored[name] for name in _stored_names(population)}
    if outnumber(population.weights):
        return PrincipalSpace(**arrays)
    return SpanSpace(weights=population.weights, **arrays)


def basis_key(population: Population) -> tuple[str, ...]:
    """Return what the keys of a space, and of a fit in it, name beside the population: a basis that is not a span's."""
    return ("principal axes",) if outnumber(population.weights) else ()


def _stored_names(population: Population) -> tuple[str, ...]:
    """Return the names of the arrays that are stored of a population's span."""
    return PRINCIPAL if outnumber(population.weights) else STORED


def _job(population: Population) -> StageJob:
    stage_key = key(Stage.SPACE, population.key, *basis_key(population))
    return StageJob(key=stage_key, label="weight space", fill=_SpanFill(population))
