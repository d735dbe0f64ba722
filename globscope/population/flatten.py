"""What of a network is flattened, and where the rest of it comes from."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
from attrs import define

from globscope.errors import PopulationError, near
from globscope.population.find import Found
from globscope.population.names import named
from globscope.roles import Probe, ProbeTraits, Task, Tensors, traits
from globscope.spec.model import PopulationSpec
from globscope.values.members import Layout

# Statistics that are positive travel through a map as logarithms: no point of it decodes to a negative variance.
VARIANCE, LOG = "running_var", ".log"
# A channel that is always zero has the variance 0. BatchNorm adds 1e-5, so this changes no output.
SMALLEST = 1e-12


@define(frozen=True)
class Flattening:
    """A task that is mapped by a part of its weights, or by its statistics too.

    Attributes:
        task: The whole.
        choice: What a spec says of it.
        first: A checkpoint that holds the tensors that are not flattened; None where the model has them.
    """

    task: Task
    choice: PopulationSpec
    first: Found | None

    def build(self, device: str) -> Probe:
        """Return the task on a device.

        Raises:
            PopulationError: A pattern matches no tensor, or nobody knows a tensor that is not flattened.
        """
        probe = self.task.build(device)
        layout = _layout(probe, self.choice)
        return Flattened(probe, layout, _rest(probe, layout, self.first, device))


class Flattened:
    """A probe whose networks are the flattened tensors; the rest is the same for all."""

    def __init__(self, probe: Probe, layout: Layout, rest: Mapping[str, Any]) -> None:
        """Take the whole probe."""
        self._probe, self.layout, self.rest = probe, layout, rest
        parameters = {*probe.layout.names, *fixed(probe)}
        self._own = tuple(name for name in layout.names if name in parameters)
        self._travelling = tuple(name for name in layout.names if name not in parameters)

    @property
    def travels(self) -> bool:
        """Whether buffers are flattened."""
        return bool(self._travelling)

    @property
    def logarithms(self) -> dict[str, str]:
        """The names under which variances are flattened, by those of the buffers."""
        return {name.removesuffix(LOG): name for name in self._travelling if name.endswith(LOG)}

    def __getattr__(self, name: str) -> Any:
        """Return what the whole task says of its data and measures."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._probe, name)

    def initialise(self, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a fresh network's flattened tensors, and its buffers."""
        parameters, buffers = self._probe.initialise(seed)
        statistics = {n: _logarithm(b) if n.endswith(VARIANCE) else b for n, b in buffers.items()}
        own = {**fixed(self._probe), **parameters, **statistics}
        return {name: own[name.removesuffix(LOG)].clone() for name in self.layout.names}, buffers

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
        """What the whole task says that a network's outputs are; no attribute where it says nothing."""
        whole = self._probe.outputs  # type: ignore[attr-defined]
        return lambda parameters, buffers, batch: whole(self._whole(parameters), buffers, batch)

    def encoded(self, parameters: Tensors) -> dict[str, Any]:
        """Return the buffers that travelled with the weights; counters never do."""
        values = {name: parameters[name] for name in self._travelling}
        return {n.removesuffix(LOG): v.exp() if n.endswith(LOG) else v for n, v in values.items()}

    def _whole(self, tensors: Tensors) -> dict[str, Any]:
        return {**self.rest, **{name: tensors[name] for name in self._own}}


def fixed(probe: Probe) -> Mapping[str, Any]:
    """Return the parameters that a model has and does not train, by name."""
    return traits(probe, ProbeTraits).fixed


def encode(tensors: Mapping[str, np.ndarray], layout: Layout) -> dict[str, np.ndarray]:
    """Return tensors with those that are flattened as logarithms."""
    logs = [name for name in layout.names if name.endswith(LOG) and name.removesuffix(LOG) in tensors]
    made = {name: np.log(np.maximum(tensors[name.removesuffix(LOG)], SMALLEST)) for name in logs}
    return {**tensors, **made}


def _logarithm(variance: Any) -> Any:
    return variance.clamp(min=SMALLEST).log()


def _layout(probe: Probe, choice: PopulationSpec) -> Layout:
    """Return the names and shapes of what is flattened."""
    shapes = dict(zip(probe.layout.names, probe.layout.shapes, strict=True))
    untrained = {name: tuple(tensor.shape) for name, tensor in fixed(probe).items()}
    known = {**shapes, **(untrained if choice.include else {}), **(_statistics(probe) if choice.both else {})}
    _require_matches("include", choice.include, known)
    _require_matches("exclude", choice.exclude, known)
    kept = [n for n in known if _matches(n, choice.include or ("*",)) and not _matches(n, choice.exclude)]
    if not kept:
        raise PopulationError("population.exclude: leaves no tensor to flatten")
    return Layout(names=tuple(kept), shapes=tuple(known[name] for name in kept))


def _statistics(probe: Probe) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the buffers that travel: floating ones that files hold, never a counter."""
    unsaved = traits(probe, ProbeTraits).unsaved
    floating = {n: b for n, b in probe.initialise(0)[1].items() if b.is_floating_point() and n not in unsaved}
    return {n + LOG if n.endswith(VARIANCE) else n: tuple(b.shape) for n, b in floating.items()}


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _require_matches(option: str, patterns: Sequence[str], known: Collection[str]) -> None:
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            raise PopulationError(f"population.{option}: no tensor matches {pattern!r}; {near(pattern, known)}")


def _rest(probe: Probe, layout: Layout, first: Found | None, device: str) -> dict[str, Any]:
    """Return the parameters that are not flattened, as the first checkpoint or else the model itself has them."""
    import torch

    own, again = ({**fixed(probe), **probe.initialise(seed)[0]} for seed in (0, 1))
    left = [name for name in own if name not in layout.names]
    held = named(first.read().tensors, probe, first.path) if left and first is not None else {}
    for name in left:
        if name not in held and not own[name].equal(again[name]):
            raise PopulationError(
                f"{first.path if first else 'the model'}: has no tensor {name!r}; it is not flattened, and the model "
                "draws it anew"
            )
    return {name: torch.from_numpy(np.array(held[name])).to(device) if name in held else own[name] for name in left}
