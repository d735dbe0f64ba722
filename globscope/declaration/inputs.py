"""What a declared study holds in memory, as files of its run folder."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define, field

from globscope.report.style.text import Names
from globscope.store import own_folder, replacing, write_arrays, write_bytes

INPUTS = "inputs"


class InputPath(str):
    """The path of an input from the run folder, which no other folder replaces."""

    __slots__ = ()


@define
class Inputs:
    """Files that are to be written into a run folder, once all that was declared is known to be sound.

    Attributes:
        folder: The run folder.
        files: What writes each file, by its path from the run folder.
        names: Hands out the names of files of networks.
    """

    folder: Path
    files: dict[str, Callable[[Path], None]] = field(factory=dict)
    names: Names = field(factory=Names)

    def text(self, name: str, text: str) -> InputPath:
        """Add a file of text and return its path from the run folder."""
        return self._add(name, lambda path: write_bytes(path, text.encode()))

    def arrays(self, name: str, arrays: Mapping[str, np.ndarray]) -> InputPath:
        """Add an archive of arrays and return its path from the run folder."""
        return self._add(name, lambda path: write_arrays(path, arrays))

    def tensors(self, name: str, tensors: Mapping[str, Any]) -> InputPath:
        """Add a file of torch tensors and return its path from the run folder."""
        # At once: the network in memory may change before the file is written.
        held = {key: tensor.detach().cpu().clone().contiguous() for key, tensor in tensors.items()}
        return self._add(name, lambda path: _write_tensors(path, held))

    def write(self) -> None:
        """Write all files."""
        for name, writes in self.files.items():
            path = self.folder / name
            own_folder(self.folder, *path.relative_to(self.folder).parent.parts)
            writes(path)

    def _add(self, name: str, writes: Callable[[Path], None]) -> InputPath:
        path = InputPath(f"{INPUTS}/{name}")
        self.files[path] = writes
        return path


def _write_tensors(path: Path, tensors: Mapping[str, Any]) -> None:
    from safetensors.torch import save_file

    with replacing(path) as part:
        save_file(dict(tensors), part, metadata={"format": "pt"})
