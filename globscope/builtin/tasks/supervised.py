"""The probe of a supervised task: inputs, a module, targets, and measures of its outputs by their kind."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

from globscope.api import Code, ProbeTraits, UserCodeError, fixed_seed
from globscope.builtin.tasks.criterion import Criterion, answer, no_answer
from globscope.builtin.tasks.data import Arrays
from globscope.builtin.tasks.examples import Examples
from globscope.builtin.tasks.likelihood import Likelihood
from globscope.builtin.tasks.measures import ANYTHING, CLASSES, OutputKind
from globscope.builtin.tasks.metrics import Metric, measure_batch, measures
from globscope.builtin.tasks.module_probe import ModuleProbe, Tensors
from globscope.builtin.tasks.number_types import at_least_float32
from globscope.builtin.tasks.pixels import Normalise, crop_and_flip
from globscope.builtin.tasks.trial import as_user_error, require_mean, require_outputs

# How many examples the user's measures are tried on: some measures fail on two, which may be of one class.
FOR_METRICS = 250


class Supervised(ModuleProbe):
    """Inputs → module → loss and measures, for any weights; a batch is (inputs, targets)."""

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
        likelihood: Likelihood | None = None,
        metrics: Sequence[Code | Metric] = (),
    ) -> None:
        """Build the module's skeleton and move the data.

        A `supplied` loss is the user's own: it gets all that the model returns, other losses only predictions.
        `default` is torch's default floating-point type in the model's code; float32 where it is None. A `likelihood`
        is the distribution whose −log is the loss.
        """
        self._augment, self._likelihood = augment, likelihood
        self._loss = Criterion(function=loss, supplied=supplied)
        if augment and len(arrays.shape) != 3:
            raise UserCodeError(f"task.augment: crop-flip is for images; the data's examples have shape {arrays.shape}")
        super().__init__(
            make=make, place=partial(Examples, arrays, normalise, device=device), device=device, default=default
        )
        self._metrics = measures(metrics, kind.measures)
        stackable = vmappable and not self.statistics
        self.vmappable = stackable and not metrics  # a user's function may branch on values
        self._kind = self._first_that_works(lambda: self._try(kind))
        self.measures = (*self._kind.measures, *self._metrics)
        described = {name: m.description for name, m in self._metrics.items() if m.description is not None}
        self.traits = ProbeTraits(
            descriptions={**self._kind.descriptions, **described},
            aliases=dict(aliases or {}),
            chance={} if chance is None else {f"{split}_loss": chance for split in self.splits},
            roots=self._kind.roots,
            whole=self._whole,
            stackable=stackable,
            no_outputs=self._no_outputs,
            no_fisher="task.loss is a function of your own" if supplied else "its loss has no such probability",
            **self._network_traits(),
        )

    @property
    def _whole(self) -> tuple[str, ...]:
        """The measures that take a whole split at once."""
        return tuple(name for name, metric in self._metrics.items() if metric.whole)

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
        user_measures = measure_batch(self._metrics, returned, targets, len(targets))
        return {"loss": (loss, count), **self._kind.score_answers(answer(returned), targets), **user_measures}

    def _answer(self, parameters: Tensors, buffers: Tensors, batch: Any) -> Any:
        """Return a network's predictions on a batch, (examples, …, classes or values)."""
        return self._kind.with_choices_last(answer(self._forward(parameters, buffers, batch[0])))

    def predictions(self, parameters: Tensors, buffers: Tensors, batch: Any) -> Any:
        """Return what the loss is computed from: all that the model returns for a loss of the user's own."""
        returned = self._forward(parameters, buffers, batch[0])
        return returned if self._loss.supplied else answer(returned)

    def loss_of_predictions(self, predictions: Any, batch: Any) -> Any:
        """Return the mean loss of a batch."""
        return self._mean(predictions, batch[1])

    @property
    def predictions_fisher(self) -> Callable[[Any, Any, Any], Any]:
        """The function of (predictions, batch, vectors) that multiplies with the Fisher information of the predictions.

        Raises:
            AttributeError: Their distribution is unknown; `traits.no_fisher` says why.
        """
        likelihood = self._likelihood
        if likelihood is None:
            raise AttributeError(self.traits.no_fisher)
        return lambda predictions, batch, vectors: likelihood.fisher(predictions, batch[1], vectors)

    def _mean(self, returned: Any, targets: Any) -> Any:
        with self._users_loss(returned, "task.loss"):
            return self._loss(returned, targets.clone())
