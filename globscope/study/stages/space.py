"""The space stage: the isometry between the population's span and a small matrix of coordinates."""

from collections.abc import Sequence
from pathlib import Path

from attrs import define

from globscope.isometry import span
from globscope.store import key, read_arrays, write_arrays
from globscope.study.pool import StageJob, compute_side_by_side
from globscope.study.stage_keys import Stage
from globscope.study.workshop import Workshop
from globscope.values.chart import Progress
from globscope.values.members import Population
from globscope.values.space import SpanSpace

STORED = ("mean", "parents", "coefficients", "members")  # of a span
SPACE = "space.safetensors"


@define(frozen=True)
class _SpanFill:
    """Writes the span of a population."""

    population: Population

    def __call__(self, folder: Path, _: Progress) -> None:
        """Compute the span."""
        found = span(self.population.weights)
        write_arrays(folder / SPACE, {name: getattr(found, name) for name in STORED})


def compute_spans(workshop: Workshop, populations: Sequence[Population]) -> None:
    """Compute the spans of several populations: side by side where there are workers for that."""
    compute_side_by_side(workshop, Stage.SPACE, [_job(population) for population in populations])


def span_of(workshop: Workshop, population: Population) -> SpanSpace:
    """Return the span of a population."""
    compute_spans(workshop, [population])
    job = _job(population)
    folder = workshop.stage(Stage.SPACE, job.key, job.fill, job.label)
    return SpanSpace(weights=population.weights, **read_arrays(folder / SPACE))


def _job(population: Population) -> StageJob:
    return StageJob(key=key(Stage.SPACE, population.key), label="weight space", fill=_SpanFill(population))
