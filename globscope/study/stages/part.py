"""The part stage: arrays that an analysis makes on the way to its finding."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from globscope.returned.numbers import checked_arrays
from globscope.roles import Work
from globscope.spec.model import Entry
from globscope.store import key, read_arrays, write_arrays
from globscope.study.component_key import origin_key
from globscope.study.disk.draft import DiskDraft
from globscope.study.stage import Stage
from globscope.study.workshop import Workshop
from globscope.values.chart import Progress

ARRAYS = "arrays.safetensors"


def compute_part(
    workshop: Workshop, asking: Entry | None, parts: Sequence[Any], work: Work, label: str
) -> Mapping[str, np.ndarray]:
    """Return the arrays that `work` makes of `parts`, for an analysis or the study itself."""
    # Not by the analysis' options: what another of them changes is no reason to do this again.
    origin = None if asking is None else origin_key(workshop.registry, asking.component)
    stage_key = key(Stage.PART, origin, workshop.task.key, workshop.spec.seed, parts)

    def fill(folder: Path, progress: Progress) -> None:
        draft = DiskDraft(folder)
        arrays = work(draft, progress)
        component = "the study" if asking is None else workshop.label_of(asking.component)
        write_arrays(folder / ARRAYS, checked_arrays(f"{component}: {label}", arrays))
        draft.discard()

    return read_arrays(workshop.stage(Stage.PART, stage_key, fill, label) / ARRAYS)
