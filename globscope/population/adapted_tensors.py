"""The tensors of a base with an adapter, formed from both files where they are read."""

from collections.abc import Mapping

import numpy as np
from attrs import define

from globscope.population.adapter import Change, Product, read_changes
from globscope.population.base_network import BaseTensor, base_tensors
from globscope.population.checkpoint_file import CheckpointFile
from globscope.store import key
from globscope.values.low_rank import LowRank
from globscope.values.rows import Part


@define(frozen=True, kw_only=True)
class TensorSource:
    """Where the weights of one flattened tensor come from.

    Attributes:
        shape: The tensor's shape in the model.
        base: Its name in the base's file; None where the base lacks it.
        change: Its name among what the adapter changes; None where it does not.
        transposed: Whether the model stores the tensor as (in, out).
    """

    shape: tuple[int, ...]
    base: str | None
    change: str | None
    transposed: bool = False


@define(frozen=True, kw_only=True)
class AdaptedRow:
    """The flattened tensors of an adapted network, by which another process can form them again.

    Attributes:
        file: The adapter, with its base.
        sources: Of the tensors, in the order of the layout.
    """

    file: CheckpointFile
    sources: tuple[TensorSource, ...]

    @property
    def key(self) -> str:
        """Of the files, and of how the tensors come from them."""
        return key(self.file.key, self.sources)

    def __call__(self) -> list[Part]:
        """Return the tensors, of which only factors are in memory."""
        base, changes = base_of(self.file), changes_of(self.file)
        return [_part(source, base, changes) for source in self.sources]


def base_of(file: CheckpointFile) -> Mapping[str, BaseTensor]:
    """Return the tensors of an adapter's base by their names in its file."""
    assert file.base is not None
    return base_tensors(file.base, file.choice)


def changes_of(file: CheckpointFile) -> Mapping[str, Change]:
    """Return what an adapter changes; nothing where the file is the base itself."""
    return {} if file.path == file.base else read_changes(file.path, file.choice)


def _part(source: TensorSource, base: Mapping[str, BaseTensor], changes: Mapping[str, Change]) -> Part:
    change = None if source.change is None else changes[source.change]
    origin = None if source.base is None else base[source.base].flat
    if change is None and origin is not None:
        return _as_in_others(origin, source.shape)
    if isinstance(change, Product) and origin is not None:
        up, down = change.matrices(transposed=source.transposed)
        return LowRank(origin=origin, up=up, down=down, scale=change.scale)
    assert change is not None
    assert not isinstance(change, Product)
    if change.scale is None or origin is None:
        whole: Part = change.tensor.reshape(-1)
        return whole
    added: np.ndarray = origin[:] + np.float32(change.scale) * np.asarray(change.tensor, np.float32).reshape(-1)
    return added


def _as_in_others(origin: Part, shape: tuple[int, ...]) -> Part:
    """Return the base's tensor; of a matrix, in the form that it has in the networks that change it."""
    if len(shape) < 2:
        return origin
    rows, columns = shape[0], len(origin) // shape[0]
    none = np.empty((0, columns), np.float32)
    return LowRank(origin=origin, up=np.empty((rows, 0), np.float32), down=none)
