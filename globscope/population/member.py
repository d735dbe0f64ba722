"""A checkpoint as a member: its tensors under the model's own names, checked."""

from collections.abc import Mapping

import numpy as np
from attrs import define

from globscope.errors import PopulationError, near
from globscope.population.buffers import buffers_of
from globscope.population.checkpoint import Checkpoint, as_array
from globscope.population.find import Found
from globscope.population.flatten import encode
from globscope.population.names import named
from globscope.population.recorded import recorded
from globscope.roles import Probe, ProbeTraits, traits
from globscope.values.members import Layout, Member

# Of a weight: what is larger is infinite in the float32 of weight vectors.
LARGEST = np.finfo(np.float32).max


@define(frozen=True)
class Opened:
    """A checkpoint whose tensors have the names and shapes that the model wants; their values were not looked at.

    Attributes:
        found: The file.
        layout: Of what is flattened.
        tensors: By the model's names.
        mapped: Whether what is flattened lies in the file as it is wanted, so that it needs no copy.
        member: Who it is.
    """

    found: Found
    layout: Layout
    tensors: Mapping[str, np.ndarray]
    mapped: bool
    member: Member

    @property
    def parts(self) -> list[np.ndarray]:
        """The flat tensors that are flattened, in order."""
        return [self.tensors[name].reshape(-1) for name in self.layout.names]

    def checked(self) -> "Opened":
        """Return it once all values were looked at.

        Raises:
            PopulationError: One is not finite.
        """
        for name in self.layout.names:
            if not (np.abs(self.tensors[name]) <= LARGEST).all():
                raise PopulationError(f"{self.found.path}: tensor {name!r} has values that are not finite")
        return self

    def flat(self) -> np.ndarray:
        """Return the (D,) float32 weights."""
        return self.layout.flatten(self.tensors)


def opened(found: Found, probe: Probe) -> Opened:
    """Return a checkpoint that fits the model.

    Raises:
        PopulationError: A tensor is missing, has another shape or kind, or differs where all must be the same.
    """
    layout, held = probe.layout, found.read()
    own = named(held.tensors, probe, found.path)
    if not own:
        raise PopulationError(f"{found.path}: holds no tensors")
    tensors = encode(own, layout)
    for name, shape in zip(layout.names, layout.shapes, strict=True):
        if name not in tensors:
            raise PopulationError(f"{found.path}: has no tensor {name!r}; {near(name, tensors)}")
        _require(found, name, tensors[name], shape)
    _require_same(found, probe, own)
    buffers, lacking = buffers_of(found, probe, own)
    scores = recorded(found.path, found.step, held.scores)
    member = Member(variant=found.variant, step=found.step, buffers=buffers, lacking=tuple(lacking), recorded=scores)
    return Opened(found, layout, tensors, _mapped(held, tensors, layout), member)


def member(found: Found, probe: Probe) -> tuple[Member, np.ndarray]:
    """Return a checkpoint as a member and its (D,) float32 weights.

    Raises:
        PopulationError: It does not fit the model, or has values that are not finite.
    """
    one = opened(found, probe).checked()
    return one.member, one.flat()


def _mapped(held: Checkpoint, tensors: Mapping[str, np.ndarray], layout: Layout) -> bool:
    """Tell whether every flattened tensor is one of the file's, as it lies there."""
    lying = {id(held.tensors[name]) for name in held.mapped}
    return all(id(tensors[name]) in lying for name in layout.names)


def _require(found: Found, name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    who = f"{found.path}: tensor {name!r}"
    if array.shape != shape:
        raise PopulationError(f"{who} has shape {tuple(array.shape)}, the model wants {shape}")
    if array.dtype.kind == "c":
        raise PopulationError(f"{who} is complex; maps are of real weights")
    if array.dtype.kind != "f":
        raise PopulationError(f"{who} holds {array.dtype}, not floating numbers")


def _require_same(found: Found, probe: Probe, tensors: Mapping[str, np.ndarray]) -> None:
    """Refuse a member that differs where decoded networks have one value only."""
    for name, tensor in traits(probe, ProbeTraits).rest.items():
        if name in tensors and not np.array_equal(tensors[name], as_array(tensor.cpu(), name)):
            raise PopulationError(
                f"{found.path}: tensor {name!r} is not flattened (population.include, exclude) and is not that of the "
                "first checkpoint; what is not flattened must be the same in all"
            )
