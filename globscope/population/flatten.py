"""Which tensors of a network are flattened, and where the others come from."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from attrs import define, evolve

from globscope.errors import PopulationError, near
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.find_base import OTHER_MODEL, is_base
from globscope.population.tensor_names import tensors_by_model_name
from globscope.roles import Probe, ProbeTraits, Task, Tensors, traits
from globscope.spec.population import PopulationSpec
from globscope.values.members import Layout

# Variances are mapped as logarithms, so that no point of a map decodes to a negative variance.
VARIANCE, LOG = "running_var", ".log"
# A channel that is always zero has the variance 0. BatchNorm adds 1e-5, so this changes no output.
SMALLEST = 1e-12


@define(frozen=True)
class FlattenedTask:
    """A task of which only some weights are mapped, or its statistics too.

    Attributes:
        task: The task of the whole network.
        choice: Which tensors to flatten, as a spec says.
        source: A checkpoint with the tensors that are not flattened; None where the model provides them.
        changed: Names of the tensors that adapters change, which alone are flattened; empty where there are none.
    """

    task: Task
    choice: PopulationSpec
    source: CheckpointFile | None
    changed: tuple[str, ...] = ()

    def build(self, device: str) -> Probe:
        """Return the task on a device.

        Raises:
            PopulationError: A pattern matches no tensor, or a tensor that is not flattened is random and in no file.
        """
        probe = self.task.build(device)
        layout = _layout(probe, self.choice, self.changed)
        source = self.source if self.choice.unmapped is not None else None
        substitutes = {} if source is None else _substitutes(probe, layout, source)
        try:
            unmapped = _unmapped_tensors(probe, layout, self.source, device)
        except PopulationError as error:
            if self.source is None or not is_base(self.source, self.choice):
                raise
            raise PopulationError(f"population.base: {error}; {OTHER_MODEL}") from error
        return FlattenedProbe(probe, layout, unmapped, substitutes)


class FlattenedProbe:
    """A probe whose networks are the flattened tensors; the other tensors are the same for all."""

    def __init__(
        self, probe: Probe, layout: Layout, unmapped: Mapping[str, Any], substitutes: Mapping[str, Any] | None = None
    ) -> None:
        """Wrap the probe of the whole network; `substitutes` stand for the tensors of every checkpoint."""
        self._probe, self.layout = probe, layout
        parameters = {*probe.layout.names, *untrained_parameters(probe)}
        self._mapped_parameters = tuple(name for name in layout.names if name in parameters)
        self._mapped_buffers = tuple(name for name in layout.names if name not in parameters)
        self.traits = evolve(
            traits(probe, ProbeTraits),
            unmapped=unmapped,
            substitutes=substitutes or {},
            encodes_statistics=bool(self._mapped_buffers),
            log_variance_names={name.removesuffix(LOG): name for name in self._mapped_buffers if name.endswith(LOG)},
        )

    @property
    def whole(self) -> Probe:
        """The probe of the whole network."""
        return self._probe

    def __getattr__(self, name: str) -> Any:
        """Return the attribute of the wrapped probe."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._probe, name)

    def initialise(self, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a fresh network's flattened tensors, and its buffers."""
        parameters, buffers = self._probe.initialise(seed)
        statistics = {n: b.clamp(min=SMALLEST).log() if n.endswith(VARIANCE) else b for n, b in buffers.items()}
        tensors = {**untrained_parameters(self._probe), **parameters, **statistics}
        # A fresh network's parameters are nobody else's; of a large network a further copy would be as large.
        found = {name: parameters.get(name, tensors[name.removesuffix(LOG)]) for name in self.layout.names}
        return {name: t if name in parameters else t.clone() for name, t in found.items()}, buffers

    def objective(self, parameters: Tensors, buffers: Tensors, batch: Any, *, training: bool) -> Any:
        """Return the mean loss of a batch, differentiable in the flattened parameters."""
        return self._probe.objective(self._whole(parameters), buffers, batch, training=training)

    def reduce(self, parameters: Tensors, buffers: Tensors, batch: Any) -> dict[str, tuple[Any, float]]:
        """Return, by measure, its sum over the batch and its weight."""
        return self._probe.reduce(self._whole(parameters), buffers, batch)

    def calibrate(self, parameters: Tensors, buffers: Tensors, batches: Sequence[Any]) -> dict[str, Any]:
        """Return buffers whose statistics are re-estimated."""
        return self._probe.calibrate(self._whole(parameters), buffers, batches)

    @property
    def outputs(self) -> Any:
        """The wrapped probe's function of a network's outputs; no attribute where it has none."""
        whole = self._probe.outputs  # type: ignore[attr-defined]
        return lambda parameters, buffers, batch: whole(self._whole(parameters), buffers, batch)

    @property
    def predictions(self) -> Any:
        """The wrapped probe's function of a network's predictions; no attribute where it has none."""
        whole = self._probe.predictions  # type: ignore[attr-defined]
        return lambda parameters, buffers, batch: whole(self._whole(parameters), buffers, batch)

    def decode_buffers(self, parameters: Tensors) -> dict[str, Any]:
        """Return the buffers that were mapped with the weights, by their own names; counters never are."""
        values = {name: parameters[name] for name in self._mapped_buffers}
        return {n.removesuffix(LOG): v.exp() if n.endswith(LOG) else v for n, v in values.items()}

    def _whole(self, tensors: Tensors) -> dict[str, Any]:
        return self.traits.complete({name: tensors[name] for name in self._mapped_parameters}, {})


def untrained_parameters(probe: Probe) -> Mapping[str, Any]:
    """Return the parameters that a model does not train, by name."""
    return traits(probe, ProbeTraits).fixed


def with_logarithms(tensors: Mapping[str, np.ndarray], layout: Layout) -> dict[str, np.ndarray]:
    """Return tensors together with the logarithms of those that are flattened so."""
    logs = [name for name in layout.names if name.endswith(LOG) and name.removesuffix(LOG) in tensors]
    logarithms = {name: np.log(np.maximum(tensors[name.removesuffix(LOG)], SMALLEST)) for name in logs}
    return {**tensors, **logarithms}


def _layout(probe: Probe, choice: PopulationSpec, changed: Collection[str]) -> Layout:
    """Return the names and shapes of the flattened tensors."""
    if changed and choice.chooses:
        raise PopulationError(
            "population: include, exclude and flatten = 'all' go without adapters, of which exactly the tensors that "
            "they change are mapped"
        )
    shapes = dict(zip(probe.layout.names, probe.layout.shapes, strict=True))
    untrained = {name: tuple(tensor.shape) for name, tensor in untrained_parameters(probe).items()}
    known = {
        **shapes,
        **(untrained if choice.include or changed else {}),
        **(_statistics(probe) if choice.both else {}),
    }
    _require_matches("include", choice.include, known)
    _require_matches("exclude", choice.exclude, known)
    wanted = choice.include or ("*",)
    chosen = [n for n in known if _matches(n, wanted) and not _matches(n, choice.exclude) and n in (changed or known)]
    if not chosen:
        raise PopulationError("population.exclude: leaves no tensor to flatten")
    return Layout(names=tuple(chosen), shapes=tuple(known[name] for name in chosen))


def _statistics(probe: Probe) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the buffers to map: floating-point ones that files hold, never a counter."""
    unsaved = traits(probe, ProbeTraits).unsaved
    floating = {n: b for n, b in probe.initialise(0)[1].items() if b.is_floating_point() and n not in unsaved}
    return {n + LOG if n.endswith(VARIANCE) else n: tuple(b.shape) for n, b in floating.items()}


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _require_matches(option: str, patterns: Sequence[str], known: Collection[str]) -> None:
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            raise PopulationError(f"population.{option}: no tensor matches {pattern!r}; {near(pattern, known)}")


def _substitutes(probe: Probe, layout: Layout, source: CheckpointFile) -> dict[str, np.ndarray]:
    """Return a checkpoint's tensors that are not flattened, with the buffers of their layers."""
    parameters = [*untrained_parameters(probe), *probe.layout.names]
    fixed = {name for name in parameters if name not in layout.names}
    fixed |= {name for name in probe.initialise(0)[1] if fixed.issuperset(_beside(name, parameters))}
    held = tensors_by_model_name(source.read().tensors, probe, source.path)
    return {name: held[name] for name in sorted(fixed - {*layout.names}) if name in held}


def _beside(buffer: str, parameters: Sequence[str]) -> list[str]:
    """Return the parameters in the innermost module that holds a buffer and has parameters; itself where there is none.

    A buffer of a layer without parameters, or of the model itself, belongs to all that surrounds it.
    """
    place = buffer
    while "." in place:
        place = place.rpartition(".")[0]
        if within := [name for name in parameters if name.startswith(f"{place}.")]:
            return within
    return [buffer]


def _unmapped_tensors(probe: Probe, layout: Layout, first: CheckpointFile | None, device: str) -> dict[str, Any]:
    """Return the parameters that are not flattened, from the first checkpoint or else from the model."""
    import torch

    shapes = {name: tuple(tensor.shape) for name, tensor in untrained_parameters(probe).items()}
    shapes |= dict(zip(probe.layout.names, probe.layout.shapes, strict=True))
    unmapped = [name for name in shapes if name not in layout.names]
    held = tensors_by_model_name(first.read().tensors, probe, first.path) if unmapped and first is not None else {}
    for name in unmapped:
        if first is not None and name in held and tuple(held[name].shape) != shapes[name]:
            has = tuple(held[name].shape)
            raise PopulationError(f"{first.path}: tensor {name!r} has shape {has}, the model wants {shapes[name]}")
    fresh = _constants(probe, [name for name in unmapped if name not in held], first)
    return {
        name: torch.from_numpy(np.array(held[name])).to(device) if name in held else fresh[name] for name in unmapped
    }


def _constants(probe: Probe, names: Sequence[str], first: CheckpointFile | None) -> dict[str, Any]:
    """Return parameters that are the same in every fresh network; no network is made where there are none."""
    if not names:
        return {}
    fresh, again = ({**untrained_parameters(probe), **probe.initialise(seed)[0]} for seed in (0, 1))
    for name in names:
        if not fresh[name].equal(again[name]):
            raise PopulationError(
                f"{first.path if first else 'the model'}: has no tensor {name!r}; it is not flattened, and the model "
                "draws it anew"
            )
    return {name: fresh[name] for name in names}
