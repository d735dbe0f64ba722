"""The network of a probe: a stateless torch module that is run with given tensors."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from globscope.api import (
    Layout,
    ProbeTraits,
    UserCodeError,
    default_type,
    fixed_seed,
    float32_by_default,
    stateless_call,
    within_memory,
)
from globscope.builtin.tasks.averaging import cumulative_average
from globscope.builtin.tasks.criterion import forbid_writing
from globscope.builtin.tasks.metrics import Measure
from globscope.builtin.tasks.network import (
    is_lazy,
    layers_with_statistics,
    materialise,
    require_mappable,
    run_with_default,
    ties,
    unsaved_buffers,
)
from globscope.builtin.tasks.number_types import number_types

Tensors = Mapping[str, Any]
Tried = TypeVar("Tried")

LARGE_MODEL = "task.model: does not fit into memory; give it fewer weights (task.hidden is the mlp's)"


class ModuleProbe:
    """A module and its examples, run with any weights; nothing is kept between calls.

    A batch is a pair, whose first item is what the module takes.
    """

    splits: tuple[str, ...] = ("train", "test")
    grad_inside = False
    traits: ProbeTraits
    _metrics: Mapping[str, Measure]

    def __init__(self, *, make: Callable[[], Any], place: Callable[[Any], Any], device: str, default: Any) -> None:
        """Build the module's skeleton and move the data.

        Args:
            make: Returns the module with fresh weights.
            place: Returns the examples on the device with floating-point numbers of a torch type.
            device: Name of the device.
            default: torch's default floating-point type in the model's code; float32 where it is None.
        """
        import torch

        self._make, self._device, self._place = make, device, place
        self._default = default or torch.float32
        module = self._make_module(0)
        self._precision, *self._narrower = number_types(module)
        self._examples = place(self._precision.data)
        self._module = (self._fresh(0) if is_lazy(module) else module).eval()
        run_with_default(self._module, self._default)
        self._name_tensors()

    def _name_tensors(self) -> None:
        """Set the layout of the flattened parameters, and the names of the statistics."""
        trained = {name: p for name, p in self._module.named_parameters() if p.requires_grad}
        self.layout = Layout(names=tuple(trained), shapes=tuple(tuple(p.shape) for p in trained.values()))
        norms = layers_with_statistics(self._module)
        self._norms = list(norms.values())
        self.statistics = tuple(f"{place}{name}" for place, norm in norms.items() for name, _ in norm.named_buffers())

    def _network_traits(self) -> dict[str, Any]:
        """Return what a probe's traits say of its network."""
        return {
            "ties": dict(ties(self._module)),
            "fixed": {name: p.detach() for name, p in self._module.named_parameters() if not p.requires_grad},
            "unsaved": tuple(unsaved_buffers(self._module)),
            "module": self._module,
        }

    def _first_that_works(self, trial: Callable[[], Tried]) -> Tried:
        """Return what a trial returns; of several floating-point types the first that works is used.

        Raises:
            UserCodeError: None works; the error is that of the widest type.
        """
        try:
            return trial()
        except UserCodeError:
            for precision in self._narrower:
                self._precision = precision
                self._examples = self._place(self._precision.data)
                with suppress(UserCodeError):
                    return trial()
            raise

    def inputs(self, batch: Any) -> tuple[Any, ...]:
        """Return the module's inputs of a batch."""
        return self._arguments(batch[0])

    def _arguments(self, inputs: Any) -> tuple[Any, ...]:
        """Return the module's arguments by position."""
        return (self._precision.cast_inputs(inputs),)

    def initialise(self, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a fresh network's parameters and all its buffers; equal seeds give equal networks."""
        module = self._fresh(seed)
        buffers = {name: b.detach().clone() for name, b in module.named_buffers()}
        parameters = dict(module.named_parameters())
        return {name: parameters[name].detach().clone() for name in self.layout.names}, buffers

    def _fresh(self, seed: int) -> Any:
        """Return the module with new weights, including those of its lazy layers."""
        return self._make_module(seed, lambda module: materialise(module, *self.inputs(self._examples.first())))

    def _make_module(self, seed: int, complete: Callable[[Any], None] = lambda _: None) -> Any:
        """Return the module with new weights, completed; the global generators are not changed."""
        with fixed_seed(seed, self._device), within_memory(UserCodeError, LARGE_MODEL), float32_by_default():
            module = require_mappable(self._make()).to(self._device)
            if is_lazy(module):
                complete(module)
            return module

    def digest(self) -> str:
        """Return the hash of the examples' bytes."""
        digest: str = self._examples.digest()
        return digest

    def examples(self, split: str) -> int:
        """Return how many examples a split has."""
        count: int = self._examples.count(split)
        return count

    def batch(self, split: str, indices: Any) -> Any:
        """Return the examples with these indices: a pair whose first item is what the module takes."""
        return self._examples.batch(split, indices)

    def _score(self, parameters: Tensors, buffers: Tensors, inputs: Any) -> Any:
        """Return what the module returns; statistics that are missing are those of the batch itself."""
        if all(name in buffers for name in self.statistics):
            return self._forward(parameters, buffers, inputs)
        with self._training(self._norms):  # they change their statistics, which are a copy
            return self._forward(parameters, {**buffers, **self._no_statistics()}, inputs)

    def calibrate(self, parameters: Tensors, buffers: Tensors, batches: Sequence[Any]) -> dict[str, Any]:
        """Return `buffers` with statistics that are plain averages over `batches`.

        A decoded network has no statistics of its own (Garipov et al., 2018, also re-estimate them
        for every point of a curve). Dropout stays off.
        """
        held = self._precision.tensors(buffers)
        estimated = {name: buffer.clone() for name, buffer in held.items()} | self._no_statistics()
        with self._training(self._norms), cumulative_average(self._norms):
            for inputs, _ in batches:
                self._forward(parameters, estimated, inputs)
        return {**buffers, **{name: estimated[name] for name in self.statistics}}

    def _no_statistics(self) -> dict[str, Any]:
        """Return zero statistics: initial statistics of the model must not enter the averages."""
        buffers = dict(self._module.named_buffers())
        return {name: buffers[name].new_zeros(buffers[name].shape) for name in self.statistics}

    def _forward(self, parameters: Tensors, buffers: Tensors, inputs: Any) -> Any:
        parameters, held = self._precision.tensors(parameters), self._precision.tensors(buffers)
        tensors = {**parameters, **held}
        returned = stateless_call(self._module, tensors, self._arguments(inputs))
        for name, buffer in held.items():
            # The module has replaced a buffer by a new tensor; a cache that grows is made anew each time.
            if tensors[name] is not buffer and tensors[name].shape == buffer.shape:
                buffers[name].copy_(tensors[name].detach())
        return returned

    def finish(self, measure: str, parts: Sequence[Any]) -> Any:
        """Return a measure that takes a whole split at once, from the results of `reduce` for its batches."""
        with fixed_seed(0, self._device):  # where it draws, it draws the same for all networks
            return self._metrics[measure].of_split(parts)

    @property
    def outputs(self) -> Callable[[Tensors, Tensors, Any], Any]:
        """The function of a network's predictions on a batch, (examples, …, classes or values).

        Raises:
            AttributeError: There are no predictions; `traits.no_outputs` says why.
        """
        if self.traits.no_outputs:
            raise AttributeError(self.traits.no_outputs)
        return self._answer

    def _answer(self, parameters: Tensors, buffers: Tensors, batch: Any) -> Any:
        """Return a network's predictions on a batch."""
        raise NotImplementedError

    @contextmanager
    def _users_loss(self, returned: Any, option: str) -> Iterator[None]:
        """Run a loss with the default type of the model's code; refuse one that writes into the model's outputs."""
        with default_type(self._default), forbid_writing(returned, option):
            yield

    @contextmanager
    def _training(self, modules: Any) -> Iterator[None]:
        """Put modules into training mode, and always put all back into evaluation mode afterwards."""
        try:
            for module in modules:
                module.training = True
            yield
        finally:
            self._module.eval()
