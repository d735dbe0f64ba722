"""The network from which adapters and fine-tunes start: its tensors, read once however many members share them."""

from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define

from globscope.errors import PopulationError
from globscope.population.checkpoint import checkpoint_files, read_checkpoint
from globscope.population.state_dict import StateDictChoice
from globscope.values.arrays import column_blocks
from globscope.values.rows import Part

# A larger weight would be infinite in float32, which weight vectors are.
LARGEST = np.finfo(np.float32).max


@define(frozen=True, kw_only=True, eq=False, slots=False)
class BaseTensor:
    """A tensor of the base.

    Attributes:
        array: The tensor, memory-mapped where the file allows it.
    """

    array: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape."""
        return tuple(self.array.shape)

    @cached_property
    def flat(self) -> Part:
        """The tensor as one row; the same object for all members, by which they know that they share it."""
        part: Part = self.array.reshape(-1)
        return part

    @cached_property
    def largest(self) -> float:
        """The largest absolute value; not finite where a value is not."""
        blocks = (np.abs(self.flat[block]).max() for block in column_blocks(len(self.flat), 1))
        return float(np.max([0, *blocks]))


def base_tensors(path: Path, choice: StateDictChoice) -> Mapping[str, BaseTensor]:
    """Return a base's tensors by their names in its file, read again only after the file has changed.

    Raises:
        PopulationError: It cannot be read.
    """
    try:
        stamps = tuple((file, file.stat().st_mtime_ns, file.stat().st_size) for file in checkpoint_files(path))
    except OSError as error:
        raise PopulationError(f"population.base: {path} cannot be read: {error.strerror}") from error
    return _read(path, choice.key, tuple(choice.rename.items()), stamps)


@lru_cache(maxsize=2)
def _read(path: Path, key: str | None, rename: tuple[tuple[str, str], ...], _: Any) -> Mapping[str, BaseTensor]:
    tensors = read_checkpoint(path, StateDictChoice(key=key, rename=dict(rename))).tensors
    return {name: BaseTensor(array=array) for name, array in tensors.items()}
