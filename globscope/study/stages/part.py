"""The part stage: arrays that an analysis makes on the way to its finding."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from attrs import define

from globscope.registry import Registry
from globscope.returned.numbers import checked_arrays
from globscope.roles import Part, Work
from globscope.spec.model import Entry
from globscope.store import key, read_arrays, write_arrays
from globscope.study.disk.draft import DiskDraft
from globscope.study.pool import as_in_a_study
from globscope.study.stage import Stage, origin_key
from globscope.study.workshop import Workshop
from globscope.values.chart import Progress

ARRAYS = "arrays.safetensors"


def compute_part(
    workshop: Workshop, asking: Entry | None, inputs: Sequence[Any], work: Work, label: str
) -> Mapping[str, np.ndarray]:
    """Return the arrays that `work` makes of its inputs, for an analysis or the study itself."""

    def fill(folder: Path, progress: Progress) -> None:
        _compute(work, _component(workshop, asking), label, folder, progress)

    return read_arrays(workshop.stage(Stage.PART, _part_key(workshop, asking, inputs), fill, label) / ARRAYS)


def compute_parts(workshop: Workshop, asking: Entry | None, parts: Sequence[Part]) -> list[Mapping[str, np.ndarray]]:
    """Return the arrays of several parts: side by side where there are workers for that."""
    keys = [_part_key(workshop, asking, part.inputs) for part in parts]
    if workshop.workers.count > 1:
        by_key = dict(zip(keys, parts, strict=True))
        labels = {key_of: part.label for key_of, part in by_key.items()}
        workshop.stages(Stage.PART, labels, partial(_side_by_side, workshop, asking, by_key))
    return [compute_part(workshop, asking, part.inputs, part.work, part.label) for part in parts]


def _part_key(workshop: Workshop, asking: Entry | None, inputs: Sequence[Any]) -> str:
    # Not by the analysis' options: what another of them changes is no reason to do this again.
    origin = None if asking is None else origin_key(workshop.registry, asking.component)
    return key(Stage.PART, origin, workshop.task.key, workshop.spec.seed, inputs)


def _component(workshop: Workshop, asking: Entry | None) -> str:
    return "the study" if asking is None else workshop.label_of(asking.component)


def _compute(work: Work, component: str, label: str, folder: Path, progress: Progress) -> None:
    draft = DiskDraft(folder)
    arrays = work(draft, progress)
    write_arrays(folder / ARRAYS, checked_arrays(f"{component}: {label}", arrays))
    draft.discard()


@define(frozen=True, kw_only=True)
class _Asking:
    """Whose parts are computed, for a worker: the analysis by which errors are named, and what messages call it."""

    registry: Registry
    analysis: Any
    component: str


@define(frozen=True)
class _Job:
    """A part with the key and the folder of its stage."""

    key: str
    part: Part
    folder: Path

    def __str__(self) -> str:
        return self.part.label


def _side_by_side(
    workshop: Workshop, asking: Entry | None, parts: Mapping[str, Part], folders: Mapping[str, Path], progress: Progress
) -> Iterator[tuple[str, float]]:
    """Let workers compute the parts that have an unfinished folder; yield the key of each, with its seconds."""
    analysis = None if asking is None else asking.component
    shared = _Asking(registry=workshop.registry, analysis=analysis, component=_component(workshop, asking))
    jobs = [_Job(key_of, parts[key_of], folder) for key_of, folder in folders.items()]

    def progress_of(job: _Job) -> Progress:
        return progress if len(jobs) == 1 else workshop.observer.stage(job.part.label)

    for done, (job, seconds) in enumerate(workshop.workers.map(_computer, shared, jobs, progress_of), 1):
        yield job.key, seconds
        if len(jobs) > 1:
            progress(done, len(jobs))


def _computer(asking: _Asking) -> Callable[[_Job, Progress], float]:
    """Return what computes one part after another in this process, and returns the seconds of each."""

    def compute(job: _Job, progress: Progress) -> float:
        start = perf_counter()
        with as_in_a_study(asking.registry, asking.analysis):
            _compute(job.part.work, asking.component, job.part.label, job.folder, progress)
        return perf_counter() - start

    return compute
