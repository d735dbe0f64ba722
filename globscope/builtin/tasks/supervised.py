"""The probe of a supervised task: a stateless torch module that is run with given tensors."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from typing import Any

from globscope.api import (
    Code,
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
from globscope.builtin.tasks.criterion import Criterion, answer, forbid_writing, no_answer
from globscope.builtin.tasks.data import Arrays
from globscope.builtin.tasks.examples import Examples
from globscope.builtin.tasks.measures import ANYTHING, CLASSES, OutputKind
from globscope.builtin.tasks.metrics import Metric, measure_batch, measures
from globscope.builtin.tasks.network import (
    is_lazy,
    layers_with_statistics,
    materialise,
    require_mappable,
    run_with_default,
    ties,
    unsaved_buffers,
)
from globscope.builtin.tasks.number_types import NumberTypes, at_least_float32, number_types
from globscope.builtin.tasks.pixels import Normalise, crop_and_flip
from globscope.builtin.tasks.trial import as_user_error, require_mean, require_outputs

Tensors = Mapping[str, Any]

# How many examples the user's measures are tried on: some measures fail on two, which may be of one class.
FOR_METRICS = 250
LARGE_MODEL = "task.model: does not fit into memory; give it fewer weights (task.hidden is the mlp's)"


class Supervised:
    """Inputs → module → loss and measures, for any weights; nothing is kept between calls."""

    splits: tuple[str, ...] = ("train", "test")
    grad_inside = False

    def __init__(
        self,
        *,
        make: Callable[[], Any],
        arrays: Arrays,
        loss: Callable[[Any, Any], Any],
        device: str,
        vmappable: bool,
        normalise: Normalise = "unit",
        augment: bool = False,
        aliases: Mapping[str, str] | None = None,
        chance: float | None = None,
        kind: OutputKind = CLASSES,
        default: Any = None,
        supplied: bool = False,
        metrics: Sequence[Code | Metric] = (),
    ) -> None:
        """Build the module's skeleton and move the data.

        A `supplied` loss is the user's own: it gets all that the model returns, other losses only predictions.
        `default` is torch's default floating-point type in the model's code; float32 where it is None.
        """
        import torch

        self._make, self._device, self._augment = make, device, augment
        self._loss = Criterion(function=loss, supplied=supplied)
        if augment and len(arrays.shape) != 3:
            raise UserCodeError(f"task.augment: crop-flip is for images; the data's examples have shape {arrays.shape}")
        self._default = default or torch.float32
        module = self._make_module(0)
        place = partial(Examples, arrays, normalise, device=device)
        self._precision, *narrower = number_types(module)
        self._examples = place(self._precision.data)
        self._module = (self._fresh(0) if is_lazy(module) else module).eval()
        run_with_default(self._module, self._default)
        self._name_tensors()
        self._metrics = measures(metrics, kind.measures)
        stackable = vmappable and not self.statistics
        self.vmappable = stackable and not metrics  # a user's function may branch on values
        self._kind = self._choose_kind(kind, narrower, place)
        self.measures = (*self._kind.measures, *self._metrics)
        described = {name: m.description for name, m in self._metrics.items() if m.description is not None}
        self.traits = ProbeTraits(
            descriptions={**self._kind.descriptions, **described},
            aliases=dict(aliases or {}),
            chance={} if chance is None else {f"{split}_loss": chance for split in self.splits},
            ties=dict(ties(self._module)),
            fixed={name: p.detach() for name, p in self._module.named_parameters() if not p.requires_grad},
            unsaved=tuple(unsaved_buffers(self._module)),
            roots=self._kind.roots,
            whole=self._whole,
            stackable=stackable,
            no_outputs=self._no_outputs,
            module=self._module,
        )

    @property
    def _whole(self) -> tuple[str, ...]:
        """The measures that take a whole split at once."""
        return tuple(name for name, metric in self._metrics.items() if metric.whole)

    def _name_tensors(self) -> None:
        """Set the layout of the flattened parameters, and the names of the statistics."""
        trained = {name: p for name, p in self._module.named_parameters() if p.requires_grad}
        self.layout = Layout(names=tuple(trained), shapes=tuple(tuple(p.shape) for p in trained.values()))
        norms = layers_with_statistics(self._module)
        self._norms = list(norms.values())
        self.statistics = tuple(f"{place}{name}" for place, norm in norms.items() for name, _ in norm.named_buffers())

    def inputs(self, batch: Any) -> tuple[Any]:
        """Return the module's inputs of a batch."""
        return (self._precision.cast_inputs(batch[0]),)

    def _choose_kind(
        self, kind: OutputKind, narrower: Sequence[NumberTypes], place: Callable[[Any], Examples]
    ) -> OutputKind:
        """Return the kind of the outputs, after a trial; of several floating-point types the first that works is used.

        Raises:
            UserCodeError: None works; the error is that of the widest type.
        """
        try:
            return self._try(kind)
        except UserCodeError:
            for self._precision in narrower:
                self._examples = place(self._precision.data)
                with suppress(UserCodeError):
                    return self._try(kind)
            raise

    def _try(self, kind: OutputKind) -> OutputKind:
        """Run two examples, so that a model or a loss that does not fit fails before anything long.

        Returns:
            The kind of the outputs: `kind`, or for other outputs a kind without measures beside the user's loss.

        Raises:
            UserCodeError: The model or the loss fails, or returns something else.
        """
        import torch

        initial, buffers = self.initialise(0)
        parameters = {name: p.requires_grad_() for name, p in initial.items()}
        batch = self._examples.first()
        failed = "the task's model and loss fail on two examples of its data"
        with as_user_error(failed), fixed_seed(0, self._device):  # a trial leaves the generators alone
            returned = self._forward(parameters, buffers, batch[0])
            outputs = answer(returned)
            if not self._loss.supplied:
                require_outputs(returned, outputs, kind.axes, kind.shape)
            loss = self._mean(returned, batch[1])
            require_mean(loss)
            torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
            self._no_outputs = no_answer(returned, len(batch[1]))
            self._kind = kind if not self._loss.supplied or kind.fits(outputs, batch[1]) else ANYTHING
            self._measure(initial, buffers, self._examples.spread(FOR_METRICS) if self._metrics else batch)
        return self._kind

    def _measure(self, parameters: Tensors, buffers: Tensors, batch: Any) -> None:
        """Compute every measure of one batch, without gradients, as evaluators do."""
        import torch

        with nullcontext() if self.grad_inside else torch.no_grad():
            reduced = self.reduce(parameters, buffers, batch)
            for name in self._whole:
                self.finish(name, [reduced[name][0]])

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
        return self._examples.digest()

    def examples(self, split: str) -> int:
        """Return how many examples a split has."""
        return self._examples.count(split)

    def batch(self, split: str, indices: Any) -> Any:
        """Return (inputs, targets) of the examples with these indices."""
        return self._examples.batch(split, indices)

    def objective(self, parameters: Tensors, buffers: Tensors, batch: Any, *, training: bool) -> Any:
        """Return the mean loss of a batch, differentiable in the parameters."""
        inputs, targets = batch
        if training and self._augment:
            inputs = crop_and_flip(inputs)
        with self._training(self._module.modules() if training else ()):
            return self._mean(self._forward(parameters, buffers, inputs), targets)

    def reduce(self, parameters: Tensors, buffers: Tensors, batch: Any) -> dict[str, tuple[Any, float]]:
        """Return the summed loss and other measures, each with its weight."""
        inputs, targets = batch
        returned = self._score(parameters, buffers, inputs)
        count = float(len(targets))
        loss = at_least_float32(self._mean(returned, targets)) * count
        user_measures = measure_batch(self._metrics, returned, targets)
        return {"loss": (loss, count), **self._kind.score_answers(answer(returned), targets), **user_measures}

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
        if self._no_outputs:
            raise AttributeError(self._no_outputs)
        return self._answer

    def _answer(self, parameters: Tensors, buffers: Tensors, batch: Any) -> Any:
        return self._kind.with_choices_last(answer(self._forward(parameters, buffers, batch[0])))

    def _score(self, parameters: Tensors, buffers: Tensors, inputs: Any) -> Any:
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
        returned = stateless_call(self._module, tensors, (self._precision.cast_inputs(inputs),))
        for name, buffer in held.items():
            # The module has replaced a buffer by a new tensor; a cache that grows is made anew each time.
            if tensors[name] is not buffer and tensors[name].shape == buffer.shape:
                buffers[name].copy_(tensors[name].detach())
        return returned

    def _mean(self, returned: Any, targets: Any) -> Any:
        with default_type(self._default), forbid_writing(returned, "task.loss"):
            return self._loss(returned, targets.clone())

    @contextmanager
    def _training(self, modules: Any) -> Iterator[None]:
        """Put modules into training mode, and always put all back into evaluation mode afterwards."""
        try:
            for module in modules:
                module.training = True
            yield
        finally:
            self._module.eval()
