"""What a long computation of an analysis has so far, on disk."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from attrs import define

from globscope.store import read_arrays, write_arrays

DRAFT = "draft.safetensors"


@define(frozen=True)
class DiskDraft:
    """A draft in the folder of an unfinished stage.

    Attributes:
        folder: Folder of the stage.
    """

    folder: Path

    def read(self) -> dict[str, np.ndarray]:
        """Return the arrays that were written last; nothing at the start."""
        path = self.folder / DRAFT
        return read_arrays(path) if path.exists() else {}

    def write(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays, atomically, in place of those before."""
        write_arrays(self.folder / DRAFT, arrays, flush=True)

    def discard(self) -> None:
        """Remove what nobody needs once the stage is finished."""
        (self.folder / DRAFT).unlink(missing_ok=True)
