"""The outputs of a network's layers on a batch, recorded as the layers return them. Imports torch on use only."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any, Literal

from globscope.api import EvaluationError, Probe, ProbeTraits, Tensors, near, stateless_call, traits

Places = Literal["each", "mean"]
# The name of what the whole network returns.
OUTPUT = "output"


class LayerRecorder:
    """Runs a probe's module and records what its layers return.

    Layers that are called several times in one pass get a name for each call: `act`, `act (2)` …
    """

    def __init__(self, probe: Probe, patterns: Sequence[str], places: Places) -> None:
        """Take the layers whose names match a pattern; without patterns, those with a matrix of weights.

        Args:
            probe: The study's task.
            patterns: Of names of the module's layers, such as `layer*.conv?`.
            places: Whether the values at all places of an example are features, or their means.

        Raises:
            EvaluationError: A pattern matches no layer.
        """
        self._probe, self._module, self._places = probe, traits(probe, ProbeTraits).module, places
        own = {**dict(self._module.named_parameters()), **dict(self._module.named_buffers())}
        self._types = {name: tensor.dtype for name, tensor in own.items()}
        self._layers = dict(_matching(self._module, patterns))

    def record(
        self, tensors: Tensors, batch: Any, examples: int, wanted: Collection[str] | None = None
    ) -> dict[str, Any]:
        """Return the (examples, features) float32 values of each layer, in the order of the calls; the output is last.

        Args:
            tensors: The network's parameters and buffers.
            batch: A batch of the probe.
            examples: How many examples it has.
            wanted: Names of the layers to keep; all if None.
        """
        found: dict[str, Any] = {}
        last: list[Any] = []

        def keep(name: str, layer: Any, returned: Any) -> None:
            value = _first_tensor(returned)
            calls = 1 + sum(known == name or known.startswith(f"{name} (") for known in found)
            place = name if calls == 1 else f"{name} ({calls})"
            features = None if value is None else self._features(layer, value, examples)
            if features is not None:
                # A later layer may write into what this one returned.
                found[place] = features.clone() if wanted is None or place in wanted else None
                last[:] = [value]

        known = {name: tensor.to(self._types[name]) for name, tensor in tensors.items() if name in self._types}
        with self._hooks(keep):
            returned = _first_tensor(stateless_call(self._module, known, self._probe.inputs(batch)))  # type: ignore[attr-defined]
        if returned is not None and not (last and returned is last[0]):
            keep(OUTPUT, self._module, returned)
        return {name: value for name, value in found.items() if value is not None}

    @contextmanager
    def _hooks(self, keep: Callable[[str, Any, Any], None]) -> Iterator[None]:
        def hook(name: str) -> Callable[[Any, Any, Any], None]:
            return lambda layer, _, returned: keep(name, layer, returned)

        handles = [layer.register_forward_hook(hook(name)) for name, layer in self._layers.items()]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _features(self, layer: Any, value: Any, examples: int) -> Any:
        """Return (examples, features) of what a layer returns; None where the first axis is not of the examples."""
        if not value.is_floating_point() or value.ndim < 2 or not examples or len(value) % examples:
            return None
        if self._places == "mean" and value.ndim > 2:
            channels = _channel_axis(layer, value.ndim)
            value = value.movedim(channels, -1).reshape(len(value), -1, value.shape[channels]).float().mean(dim=1)
        return value.detach().float().reshape(examples, -1)


def require_module(analysis: str, probe: Probe) -> None:
    """Refuse a task whose layers are not known.

    Raises:
        EvaluationError: This is one.
    """
    if traits(probe, ProbeTraits).module is None or not hasattr(probe, "inputs"):
        raise EvaluationError(f"analysis {analysis}: compares layers, and this task does not say which module it runs")


def _matching(module: Any, patterns: Sequence[str]) -> Iterator[tuple[str, Any]]:
    layers = {name: layer for name, layer in module.named_modules() if name}
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in layers):
            raise EvaluationError(
                f"analysis layer-similarity: layers: {pattern!r} matches none; {near(pattern, layers)}"
            )
    for name, layer in layers.items():
        weights = any(tensor.ndim > 1 for tensor in layer.parameters(recurse=False))
        if any(fnmatchcase(name, pattern) for pattern in patterns) if patterns else weights:
            yield name, layer


def _first_tensor(returned: Any) -> Any:
    """Return the first tensor of what a module returns: of a tuple, a dict, or an object such as transformers'."""
    import torch

    if isinstance(returned, Mapping):
        returned = tuple(returned.values())
    while isinstance(returned, tuple | list) and returned:
        returned = returned[0]
    return returned if isinstance(returned, torch.Tensor) else None


def _channel_axis(layer: Any, axes: int) -> int:
    """Return the axis of the channels: the first after the examples for convolutions and images, else the last."""
    import torch
    from torch.nn.modules.conv import _ConvNd

    nn = torch.nn
    if isinstance(layer, _ConvNd | nn.GroupNorm | nn.modules.batchnorm._NormBase):
        return 1
    return -1 if axes < 4 or isinstance(layer, nn.Linear | nn.LayerNorm | nn.Embedding) else 1
