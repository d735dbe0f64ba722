"""A checkpoint as a member: its tensors under the model's names, checked."""

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import define

from globscope.errors import PopulationError, near
from globscope.population.adapter import is_adapter
from globscope.population.base_network import LARGEST
from globscope.population.buffers import buffers_of
from globscope.population.checkpoint import Checkpoint, as_array
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.flatten import with_logarithms
from globscope.population.recorded_scores import recorded_scores
from globscope.population.tensor_names import tensors_by_model_name
from globscope.roles import Probe, ProbeTraits, traits
from globscope.values.members import Layout, Member
from globscope.values.rows import Part


@define(frozen=True)
class OpenedCheckpoint:
    """A checkpoint whose tensors have the model's names and shapes; their values are not checked yet.

    Attributes:
        file: The checkpoint file that was opened.
        layout: Names and shapes of the flattened tensors.
        tensors: Arrays by the model's names.
        in_file: The names in the file of the flattened tensors, if all are memory-mapped, so that they need no copy;
            otherwise none.
        member: The network's variant, step, buffers and recorded scores.
    """

    file: CheckpointFile
    layout: Layout
    tensors: Mapping[str, np.ndarray]
    in_file: tuple[str, ...]
    member: Member

    @property
    def row(self) -> "MappedRow":
        """What maps the flattened tensors again."""
        return MappedRow(self.file, self.in_file)

    @property
    def parts(self) -> Sequence[Part]:
        """The flattened tensors as one-dimensional arrays, in order."""
        return [self.tensors[name].reshape(-1) for name in self.layout.names]

    def require_finite(self) -> "OpenedCheckpoint":
        """Return this checkpoint after checking all values.

        Raises:
            PopulationError: A value is not finite.
        """
        for name in self.layout.names:
            if not (np.abs(self.tensors[name]) <= LARGEST).all():
                raise PopulationError(f"{self.file.path}: tensor {name!r} has values that are not finite")
        return self

    def flat(self) -> np.ndarray:
        """Return the (D,) float32 weights."""
        return self.layout.flatten(self.tensors)


def open_checkpoint(file: CheckpointFile, probe: Probe) -> OpenedCheckpoint:
    """Return a checkpoint that fits the model.

    Raises:
        PopulationError: A tensor is missing, has another shape or kind, or differs where all must be the same.
    """
    layout, held = probe.layout, file.read()
    tensors = tensors_by_model_name(held.tensors, probe, file.path)
    if not tensors:
        raise PopulationError(f"{file.path}: holds no tensors")
    hint = "; it is an adapter: name its base with population.base" if is_adapter(file.path) else ""
    tensors = with_logarithms({**tensors, **traits(probe, ProbeTraits).substitutes}, layout)
    for name, shape in zip(layout.names, layout.shapes, strict=True):
        if name not in tensors:
            raise PopulationError(f"{file.path}: has no tensor {name!r}; {near(name, tensors)}{hint}")
        _require_fitting(file, name, tensors[name], shape)
    _require_same(file, probe, tensors)
    buffers, lacking = buffers_of(file, probe, tensors)
    scores = recorded_scores(file.path, file.step, held.scores)
    member = Member(variant=file.variant, step=file.step, buffers=buffers, lacking=tuple(lacking), recorded=scores)
    return OpenedCheckpoint(file, layout, tensors, _names_in_file(held, tensors, layout), member)


def _names_in_file(held: Checkpoint, tensors: Mapping[str, np.ndarray], layout: Layout) -> tuple[str, ...]:
    """Return the names in the file of the flattened tensors; none unless all are memory-mapped."""
    mapped = {id(held.tensors[name]): name for name in held.mapped}
    names = [mapped.get(id(tensors[name])) for name in layout.names]
    return () if None in names else tuple(name for name in names if name)


@define(frozen=True)
class MappedRow:
    """The flattened tensors of a checkpoint, by which another process can map them again.

    Attributes:
        file: The checkpoint file of the row.
        names: The names of the tensors in the file, in the order of the layout.
    """

    file: CheckpointFile
    names: tuple[str, ...]

    def __call__(self) -> list[np.ndarray]:
        """Return the tensors as one-dimensional arrays."""
        tensors = self.file.read().tensors
        return [tensors[name].reshape(-1) for name in self.names]


def _require_fitting(file: CheckpointFile, name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    label = f"{file.path}: tensor {name!r}"
    if array.shape != shape:
        raise PopulationError(f"{label} has shape {tuple(array.shape)}, the model wants {shape}")
    if array.dtype.kind == "c":
        raise PopulationError(f"{label} is complex; maps are of real weights")
    if array.dtype.kind != "f":
        raise PopulationError(f"{label} holds {array.dtype}, not floating numbers")


def _require_same(file: CheckpointFile, probe: Probe, tensors: Mapping[str, np.ndarray]) -> None:
    """Refuse a member whose tensors that are not flattened differ from those of decoded networks."""
    for name, tensor in traits(probe, ProbeTraits).unmapped.items():
        if name in tensors and not np.array_equal(tensors[name], as_array(tensor.cpu(), name)):
            raise PopulationError(
                f"{file.path}: tensor {name!r} is not flattened (population.include, exclude) and is not that of the "
                "first checkpoint; what is not flattened must be the same in all"
            )
