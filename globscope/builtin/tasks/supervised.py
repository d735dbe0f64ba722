"""The probe of a supervised task: a torch module without weights of its own, and tensors."""

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
from globscope.builtin.tasks.data import Arrays
from globscope.builtin.tasks.examples import Examples
from globscope.builtin.tasks.kinds import ANYTHING, CLASSES, Kind
from globscope.builtin.tasks.metrics import Metric, measured, measures
from globscope.builtin.tasks.network import checked_module, is_lazy, materialise, norms, run_with_default, ties, unsaved
from globscope.builtin.tasks.pixels import Normalise, crop_and_flip
from globscope.builtin.tasks.precision import Precision, full, precisions
from globscope.builtin.tasks.returned import Criterion, answer, no_answer, unwritten
from globscope.builtin.tasks.trial import as_user_error, require_mean, require_outputs

Tensors = Mapping[str, Any]

# Examples on which the user's own measures are tried: some make no sense of two, which may be of one class.
FOR_METRICS = 250
LARGE_MODEL = "task.model: does not fit into memory; give it fewer weights (task.hidden is the mlp's)"


class Supervised:
    """Inputs → module → loss and accuracy, for any weights handed in; nothing is kept between calls."""

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
        kind: Kind = CLASSES,
        default: Any = None,
        supplied: bool = False,
        metrics: Sequence[Code | Metric] = (),
    ) -> None:
        """Build the module's skeleton and move the data.

        A `supplied` loss is the user's own: it is handed whatever the model returns, others only the answer in it.
        `default` is torch's default type of number in the code of the model; float32 where it is None.
        """
        import torch

        self._make, self._device, self._augment = make, device, augment
        self._loss = Criterion(function=loss, supplied=supplied)
        if augment and len(arrays.shape) != 3:
            raise UserCodeError(f"task.augment: crop-flip is for images; the data's examples have shape {arrays.shape}")
        self._default = default or torch.float32
        module = self._made(0)
        place = partial(Examples, arrays, normalise, device=device)
        self._precision, *narrower = precisions(module)
        self._examples = place(self._precision.data)
        self._module = (self._fresh(0) if is_lazy(module) else module).eval()
        run_with_default(self._module, self._default)
        self._name_tensors()
        self._metrics = measures(metrics, kind.measures)
        stackable = vmappable and not self.statistics
        self.vmappable = stackable and not metrics  # a function of the user's may look at values
        self._kind = self._fitted(kind, narrower, place)
        self.measures = (*self._kind.measures, *self._metrics)
        own = {name: one.description for name, one in self._metrics.items() if one.description is not None}
        self.traits = ProbeTraits(
            descriptions={**self._kind.descriptions, **own},
            aliases=dict(aliases or {}),
            chance={} if chance is None else {f"{split}_loss": chance for split in self.splits},
            ties=dict(ties(self._module)),
            fixed={name: p.detach() for name, p in self._module.named_parameters() if not p.requires_grad},
            unsaved=tuple(unsaved(self._module)),
            roots=self._kind.roots,
            whole=self._whole,
            stackable=stackable,
            no_outputs=self._no_outputs,
            module=self._module,
        )

    @property
    def _whole(self) -> tuple[str, ...]:
        """The measures that take a whole split at once."""
        return tuple(name for name, one in self._metrics.items() if one.whole)

    def _name_tensors(self) -> None:
        """Tell the module's tensors apart: what is flattened, what stays, and what is re-estimated or not saved."""
        trained = {name: p for name, p in self._module.named_parameters() if p.requires_grad}
        self.layout = Layout(names=tuple(trained), shapes=tuple(tuple(p.shape) for p in trained.values()))
        own = norms(self._module)
        self._norms = list(own.values())
        self.statistics = tuple(f"{at}{name}" for at, norm in own.items() for name, _ in norm.named_buffers())

    def inputs(self, batch: Any) -> tuple[Any]:
        """Return what the module takes of a batch."""
        return (self._precision.fed(batch[0]),)

    def _fitted(self, kind: Kind, narrower: Sequence[Precision], place: Callable[[Any], Examples]) -> Kind:
        """Return what is measured, after a trial; where layers are of several precisions, in the first that works.

        Raises:
            UserCodeError: Of the widest, where none works.
        """
        try:
            return self._tried(kind)
        except UserCodeError:
            for self._precision in narrower:
                self._examples = place(self._precision.data)
                with suppress(UserCodeError):
                    return self._tried(kind)
            raise

    def _tried(self, kind: Kind) -> Kind:
        """Run two examples, so that a model or a loss that does not fit fails before anything long.

        Returns:
            What can be measured of the outputs: as `kind` says or, where they are something else, the user's loss.

        Raises:
            UserCodeError: With the model's own words, or with what it or the loss returned.
        """
        import torch

        initial, buffers = self.initialise(0)
        parameters = {name: p.requires_grad_() for name, p in initial.items()}
        batch = self._examples.first()
        failed = "the task's model and loss fail on two examples of its data"
        with as_user_error(failed), fixed_seed(0, self._device):  # a trial moves nobody's generator
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
        """Take every measure of one batch, without gradients, as evaluators do."""
        import torch

        with nullcontext() if self.grad_inside else torch.no_grad():
            reduced = self.reduce(parameters, buffers, batch)
            for name in self._whole:
                self.finish(name, [reduced[name][0]])

    def initialise(self, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a fresh network's parameters and all its buffers, the same for the same seed."""
        module = self._fresh(seed)
        buffers = {name: b.detach().clone() for name, b in module.named_buffers()}
        named = dict(module.named_parameters())
        return {name: named[name].detach().clone() for name in self.layout.names}, buffers

    def _fresh(self, seed: int) -> Any:
        """Return the module with new weights, those of its lazy layers too."""
        return self._made(seed, lambda module: materialise(module, *self.inputs(self._examples.first())))

    def _made(self, seed: int, complete: Callable[[Any], None] = lambda _: None) -> Any:
        """Return the module with new weights, completed; the global generator stays where it was."""
        with fixed_seed(seed, self._device), within_memory(UserCodeError, LARGE_MODEL), float32_by_default():
            module = checked_module(self._make()).to(self._device)
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
        """Return the summed loss and, where there are such, the number of right answers, each with its weight."""
        inputs, targets = batch
        returned = self._scored(parameters, buffers, inputs)
        count = float(len(targets))
        loss = full(self._mean(returned, targets)) * count
        own = measured(self._metrics, returned, targets)
        return {"loss": (loss, count), **self._kind.counted(answer(returned), targets), **own}

    def finish(self, measure: str, parts: Sequence[Any]) -> Any:
        """Return a measure that takes a whole split at once, from what `reduce` gave for its batches."""
        with fixed_seed(0, self._device):  # where it draws, it draws the same for all networks
            return self._metrics[measure].of_split(parts)

    @property
    def outputs(self) -> Callable[[Tensors, Tensors, Any], Any]:
        """What a network answers on a batch's inputs, (examples, …, classes or values).

        Raises:
            AttributeError: There is no answer; `traits.no_outputs` says why.
        """
        if self._no_outputs:
            raise AttributeError(self._no_outputs)
        return self._answered

    def _answered(self, parameters: Tensors, buffers: Tensors, batch: Any) -> Any:
        return self._kind.said(answer(self._forward(parameters, buffers, batch[0])))

    def _scored(self, parameters: Tensors, buffers: Tensors, inputs: Any) -> Any:
        if all(name in buffers for name in self.statistics):
            return self._forward(parameters, buffers, inputs)
        with self._training(self._norms):  # which move their statistics: those of a copy
            return self._forward(parameters, {**buffers, **self._no_statistics()}, inputs)

    def calibrate(self, parameters: Tensors, buffers: Tensors, batches: Sequence[Any]) -> dict[str, Any]:
        """Return `buffers` with statistics that are the plain average over `batches`.

        A decoded network has no statistics of its own (Garipov et al., 2018, re-estimate them
        likewise for every point of a curve). Dropout stays off.
        """
        own = self._precision.tensors(buffers)
        estimated = {name: buffer.clone() for name, buffer in own.items()} | self._no_statistics()
        with self._training(self._norms), cumulative_average(self._norms):
            for inputs, _ in batches:
                self._forward(parameters, estimated, inputs)
        return {**buffers, **{name: estimated[name] for name in self.statistics}}

    def _no_statistics(self) -> dict[str, Any]:
        """Return the statistics of no batch yet; those of a model that was made with some would weigh in."""
        own = dict(self._module.named_buffers())
        return {name: own[name].new_zeros(own[name].shape) for name in self.statistics}

    def _forward(self, parameters: Tensors, buffers: Tensors, inputs: Any) -> Any:
        parameters, own = self._precision.tensors(parameters), self._precision.tensors(buffers)
        tensors = {**parameters, **own}
        returned = stateless_call(self._module, tensors, (self._precision.fed(inputs),))
        for name, buffer in own.items():
            # A module that puts a new tensor in the place of the old one; a cache that grows it makes anew each time.
            if tensors[name] is not buffer and tensors[name].shape == buffer.shape:
                buffers[name].copy_(tensors[name].detach())
        return returned

    def _mean(self, returned: Any, targets: Any) -> Any:
        with default_type(self._default), unwritten(returned, "task.loss"):
            return self._loss(returned, targets.clone())

    @contextmanager
    def _training(self, modules: Any) -> Iterator[None]:
        """Put modules into training mode, and all back into evaluation mode whatever happens."""
        try:
            for module in modules:
                module.training = True
            yield
        finally:
            self._module.eval()
