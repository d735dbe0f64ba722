"""An adapter as a member: the tensors of its base and what it changes of them, under the model's names."""

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import define

from globscope.errors import PopulationError
from globscope.population.adapted_names import changed_names
from globscope.population.adapted_tensors import AdaptedRow, TensorSource, base_of, changes_of
from globscope.population.adapter import Change, Whole
from globscope.population.base_network import LARGEST
from globscope.population.buffers import buffer_names, buffers_of
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.find_base import OTHER_MODEL
from globscope.population.recorded_scores import recorded_scores
from globscope.population.tensor_names import tensors_by_model_name
from globscope.roles import Probe, ProbeTraits, traits
from globscope.values.low_rank import LowRank
from globscope.values.members import Layout, Member
from globscope.values.rows import Part

# transformers' layer that stores its weights as (in, out).
TRANSPOSED = "Conv1D"


@define(frozen=True, kw_only=True)
class AdaptedNetwork:
    """An adapted network whose tensors have the model's names and shapes; their values are not checked yet.

    Attributes:
        file: The adapter, with its base.
        layout: Names and shapes of the flattened tensors.
        row: What forms the flattened tensors.
        member: The network's variant, step and buffers.
    """

    file: CheckpointFile
    layout: Layout
    row: AdaptedRow
    member: Member

    @property
    def in_file(self) -> tuple[str, ...]:
        """The names of the tensors, none of which is copied."""
        return self.layout.names

    @property
    def parts(self) -> Sequence[Part]:
        """The flattened tensors, of which only factors are in memory."""
        return self.row()

    def require_finite(self) -> "AdaptedNetwork":
        """Return this network after checking all values, those of the base once for all members.

        Raises:
            PopulationError: A value is not finite.
        """
        base = base_of(self.file)
        for name, source, part in zip(self.layout.names, self.row.sources, self.parts, strict=True):
            most = _largest(part) + (base[source.base].largest if source.base else 0)
            if not most <= LARGEST:
                raise PopulationError(f"{self.file.path}: tensor {name!r} has values that are not finite")
        return self

    def flat(self) -> np.ndarray:
        """Return the (D,) float32 weights."""
        return np.concatenate([np.asarray(part[:], np.float32) for part in self.parts])


def open_adapted(file: CheckpointFile, probe: Probe) -> AdaptedNetwork:
    """Return a base with an adapter, or the base itself, as a network that fits the model.

    Raises:
        PopulationError: A tensor is missing or has another shape, or the adapter changes one that it cannot change.
    """
    base = tensors_by_model_name(base_of(file), probe, file.path)
    changes = changes_of(file)
    changed = changed_names(file, probe, changes)
    names_in_base = {id(tensor): name for name, tensor in base_of(file).items()}
    sources = []
    for name, shape in zip(probe.layout.names, probe.layout.shapes, strict=True):
        held = base.get(name)
        in_base = None if held is None else names_in_base[id(held)]
        if held is not None and held.shape != shape:
            raise PopulationError(
                f"population.base: {file.base}: tensor {name!r} has shape {held.shape}, the model wants {shape}; "
                f"{OTHER_MODEL}"
            )
        change = changed.get(name)
        _require_origin(file, name, in_base, changes.get(change or ""))
        transposed = change is not None and is_transposed(file, probe, name, shape, changes[change])
        sources.append(TensorSource(shape=shape, base=in_base, change=change, transposed=transposed))
    arrays = {name: tensor.array for name, tensor in base.items()} | _whole_buffers(probe, changes, changed)
    buffers, lacking = buffers_of(file, probe, arrays)
    scores = recorded_scores(file.path, file.step, {})
    member = Member(variant=file.variant, step=file.step, buffers=buffers, lacking=tuple(lacking), recorded=scores)
    row = AdaptedRow(file=file, sources=tuple(sources))
    return AdaptedNetwork(file=file, layout=probe.layout, row=row, member=member)


def _require_origin(file: CheckpointFile, name: str, in_base: str | None, change: Change | None) -> None:
    if in_base is not None or (isinstance(change, Whole) and change.scale is None):
        return
    if file.path == file.base:
        raise PopulationError(
            f"population.base: {file.base}: has no tensor {name!r}; {OTHER_MODEL}; if the adapters bring this tensor "
            "whole, leave the base out with population.include_base = false"
        )
    raise PopulationError(
        f"population.base: {file.base}: has no tensor {name!r}, and {file.path} does not bring it; {OTHER_MODEL}"
    )


def is_transposed(file: CheckpointFile, probe: Probe, name: str, shape: tuple[int, ...], change: Change) -> bool:
    """Return whether a tensor is stored as (in, out): as shapes tell, else the model's module, else the adapter.

    Raises:
        PopulationError: What the adapter changes has another shape.
    """
    if isinstance(change, Whole):
        if tuple(change.tensor.shape) != shape:
            has = tuple(change.tensor.shape)
            raise PopulationError(f"{file.path}: tensor {name!r} has shape {has}, the model wants {shape}")
        return False
    fitting = [transposed for transposed in (False, True) if change.fits(shape, transposed=transposed)]
    if not fitting:
        up, down = tuple(change.up.shape), tuple(change.down.shape)
        raise PopulationError(f"{file.path}: the factors of {name!r}, {up} and {down}, do not make its shape {shape}")
    if len(fitting) == 1:
        return fitting[0]
    known = _is_transposed_by_module(probe, name)
    return change.transposed if known is None else known


def _is_transposed_by_module(probe: Probe, name: str) -> bool | None:
    """Return whether the model's own layer stores a tensor as (in, out); None where there is no such module."""
    whole = traits(probe, ProbeTraits).module
    module = None if whole is None else dict(whole.named_modules()).get(name.rpartition(".")[0])
    if type(module).__name__ in (TRANSPOSED, "Embedding"):
        return True
    return None if module is None else False


def _whole_buffers(probe: Probe, changes: Mapping[str, Change], changed: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Return the buffers that an adapter holds, such as the statistics of a module that it saves whole."""
    own = {name: changes[changed[name]] for name in buffer_names(probe) if name in changed}
    return {name: change.tensor for name, change in own.items() if isinstance(change, Whole)}


def _largest(part: Part) -> float:
    """Return a bound of what is added to the origin; not finite where a value is not."""
    if not isinstance(part, LowRank):
        return float(np.abs(part[:]).max(initial=0))
    up, down = (float(np.abs(factor).max(initial=0)) for factor in (part.up, part.down))
    return abs(part.scale) * up * down * len(part.down)
