"""The part stage: arrays that an analysis makes on the way to its finding."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, evolve

from globscope.errors import GlobscopeError
from globscope.pipeline.disk.draft import DiskDraft
from globscope.pipeline.pool import StageJob, compute_side_by_side
from globscope.pipeline.stage_keys import Stage, origin_key
from globscope.pipeline.workshop import Workshop
from globscope.returned.numbers import checked_arrays
from globscope.roles import Part, Work
from globscope.spec.component_entry import Entry
from globscope.store import key, read_arrays, write_arrays
from globscope.values.chart import Progress

ARRAYS = "arrays.safetensors"


def compute_part(
    workshop: Workshop, asking: Entry | None, inputs: Sequence[Any], work: Work, label: str
) -> Mapping[str, np.ndarray]:
    """Return the arrays that `work` makes of its inputs, in this process, for an analysis or the study itself."""
    return _arrays(workshop, _job(workshop, asking, Part(label=label, inputs=inputs, work=work)))


def compute_parts(workshop: Workshop, asking: Entry | None, parts: Iterable[Part]) -> list[Mapping[str, np.ndarray]]:
    """Return the arrays of several parts: side by side where there are workers for that."""
    jobs = [_job(workshop, asking, part) for part in parts]
    compute_side_by_side(workshop, Stage.PART, jobs)
    return [_arrays(workshop, job) for job in jobs]


def attempt_parts(
    workshop: Workshop, asking: Entry | None, parts: Iterable[Part]
) -> list[Mapping[str, np.ndarray] | GlobscopeError]:
    """Return the arrays of several parts, or the error of each that failed."""
    jobs = [evolve(_job(workshop, asking, part), may_fail=True) for part in parts]
    failures = compute_side_by_side(workshop, Stage.PART, jobs)
    return [failures[job.key] if job.key in failures else _arrays(workshop, job) for job in jobs]


def _arrays(workshop: Workshop, job: StageJob) -> Mapping[str, np.ndarray]:
    return read_arrays(workshop.stage(Stage.PART, job.key, job.fill, job.label) / ARRAYS)


def _job(workshop: Workshop, asking: Entry | None, part: Part) -> StageJob:
    # Not by the analysis' options: what another of them changes is no reason to do this again.
    origin = None if asking is None else origin_key(workshop.registry, asking.component)
    part_key = key(Stage.PART, origin, workshop.task.key, workshop.spec.seed, part.inputs)
    component = None if asking is None else asking.component
    by = "the study" if asking is None else workshop.label_of(component)
    return StageJob(
        key=part_key, label=part.label, fill=_PartFill(part.work, f"{by}: {part.label}"), component=component
    )


@define(frozen=True)
class _PartFill:
    """Writes the arrays that a work makes; messages about them begin with the label."""

    work: Work
    label: str

    def __call__(self, folder: Path, progress: Progress) -> None:
        draft = DiskDraft(folder)
        write_arrays(folder / ARRAYS, checked_arrays(self.label, self.work(draft, progress)))
        draft.discard()
