"""The part stage: arrays that an analysis makes on the way to its finding."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from globscope.returned.numbers import checked_arrays
from globscope.roles import Work
from globscope.spec.model import Entry
from globscope.store import key, read_arrays, write_arrays
from globscope.study.context import Context
from globscope.study.disk.draft import DiskDraft
from globscope.values.chart import Progress

ARRAYS = "arrays.safetensors"


def compute_part(
    context: Context, asking: Entry | None, parts: Sequence[Any], work: Work, label: str
) -> Mapping[str, np.ndarray]:
    """Return the arrays that `work` makes of `parts`, for an analysis or the study itself."""
    # Not by the analysis' options: what another of them changes is no reason to do this again.
    who = None if asking is None else context.identity(asking.component)[:4]
    identity = key("part", who, context.task_key, context.spec.seed, parts)

    def fill(folder: Path, progress: Progress) -> None:
        draft = DiskDraft(folder)
        arrays = work(draft, progress)
        component = "the study" if asking is None else context.who(asking.component)
        write_arrays(folder / ARRAYS, checked_arrays(f"{component}: {label}", arrays))
        draft.discard()

    return read_arrays(context.stage("part", identity, fill, label) / ARRAYS)
