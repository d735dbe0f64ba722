"""The probe of a model of transformers: its own loss, in evaluation mode, with given tensors."""

from collections.abc import Callable, Mapping, Sequence
from math import log
from typing import Any

from globscope.api import Code, Description, ProbeTraits, fixed_seed
from globscope.builtin.tasks.criterion import answer, no_answer
from globscope.builtin.tasks.hugging_face.activation_bytes import activation_bytes
from globscope.builtin.tasks.hugging_face.arguments import LABELS, loss_of, positional
from globscope.builtin.tasks.hugging_face.configuration import log_errors_only
from globscope.builtin.tasks.hugging_face.head import OTHER, Head, head_of
from globscope.builtin.tasks.hugging_face.token_examples import Named, TokenExamples
from globscope.builtin.tasks.metrics import Metric, measure_batch, measures
from globscope.builtin.tasks.module_probe import ModuleProbe, Tensors
from globscope.builtin.tasks.trial import as_user_error, require_mean

# Added to the weights of the trial: many a fresh network gives all classes one probability, whatever its labels are.
SPREAD = 0.1
PERPLEXITY = "perplexity"
NO_SPLIT = "task.model computes its loss itself, and not as the cross-entropy of its logits"
FAILED = "the task's model fails on two of its examples"


class LanguageProbe(ModuleProbe):
    """Tokens and labels → model → its own loss, for any weights.

    A batch is a pair of the model's arguments by name, and the labels.

    Attributes:
        head: How the loss follows from predictions and labels.
    """

    def __init__(
        self,
        *,
        make: Callable[[], Any],
        splits: Mapping[str, Named],
        device: str,
        vmappable: bool,
        metrics: Sequence[Code | Metric] = (),
    ) -> None:
        """Build the model's skeleton and move the data.

        Raises:
            UserCodeError: The model fails on two examples, takes no labels, or returns no loss.
        """
        super().__init__(make=make, place=lambda _: TokenExamples(splits, device), device=device, default=None)
        self.head, no_outputs, classes, needed = self._first_that_works(self._try)
        self._metrics = measures(metrics, self.head.measures)
        self.measures = (*self.head.measures, *self._metrics)
        self.vmappable = vmappable and not metrics  # a user's function may branch on values
        self.traits = ProbeTraits(
            descriptions=self._descriptions(),
            chance={f"{split}_loss": log(classes) for split in self.splits if self.head != OTHER},
            whole=self._whole(),
            no_outputs=no_outputs,
            no_split=NO_SPLIT,
            no_fisher=NO_SPLIT,
            example_bytes=needed,
            **self._network_traits(),
        )

    def _try(self) -> tuple[Head, str, int, int]:
        """Return the head, why there are no outputs (empty where there are), the classes, and an example's bytes."""
        parameters, buffers = self.initialise(0)
        inputs, labels = self._examples.first()
        with (
            log_errors_only(),
            as_user_error(FAILED),
            fixed_seed(0, self._device),
            activation_bytes(self._module, len(labels)) as needed,
        ):
            leaves = {n: (p + SPREAD * p.new_empty(p.shape).normal_()).requires_grad_() for n, p in parameters.items()}
            returned = self._run(leaves, buffers, (inputs, labels))
            require_mean(loss_of(returned))
        logits = answer(returned)
        classes = 0 if logits is None else logits.shape[-1]
        return head_of(returned, labels), no_answer(returned, len(labels)), classes, needed[0]

    def _descriptions(self) -> dict[str, Description]:
        own = {name: m.description for name, m in self._metrics.items() if m.description is not None}
        known = {
            PERPLEXITY: Description(name=PERPLEXITY, is_logarithmic=True),
            "accuracy": Description(name=self.head.name, unit="share", higher_is_better=True),
        }
        return {name: known[name] for name in self.head.measures if name in known} | own

    def _whole(self) -> tuple[str, ...]:
        """Return the measures that are no means over batches."""
        own = (name for name, metric in self._metrics.items() if metric.whole)
        return (*(name for name in self.head.measures if name == PERPLEXITY), *own)

    def _arguments(self, inputs: Mapping[str, Any]) -> tuple[Any, ...]:
        return positional(self._module, self._precision.cast_inputs(dict(inputs)))

    def inputs(self, batch: Any) -> tuple[Any, ...]:
        """Return the model's arguments by position, with the labels only where there are no outputs without them."""
        inputs, labels = batch
        needs_labels = self._module.config.is_encoder_decoder  # its decoder's inputs are the labels, moved by a place
        return self._arguments({**inputs, LABELS: labels} if needs_labels else inputs)

    def _run(self, parameters: Tensors, buffers: Tensors, batch: Any) -> Any:
        """Return what the model returns of a batch and its labels, with its loss."""
        inputs, labels = batch
        return self._score(parameters, buffers, {**inputs, LABELS: labels})

    def objective(self, parameters: Tensors, buffers: Tensors, batch: Any, *, training: bool) -> Any:
        """Return the mean loss of a batch, differentiable in the parameters."""
        inputs, labels = batch
        with self._training(self._module.modules() if training else ()):
            return loss_of(self._forward(parameters, buffers, {**inputs, LABELS: labels}))

    def reduce(self, parameters: Tensors, buffers: Tensors, batch: Any) -> dict[str, tuple[Any, Any]]:
        """Return the summed loss and other measures, each with its weight: tokens that have a label, or examples."""
        returned, labels = self._run(parameters, buffers, batch), batch[1]
        count = self.head.count(labels)
        total = (loss_of(returned) * count).where(count > 0, 0)  # a mean over no labels is not a number
        reduced = {"loss": (total, count), PERPLEXITY: ((total, count), count)}
        if self.head != OTHER:
            reduced["accuracy"] = (self.head.right(returned, labels), count)
        own = measure_batch(self._metrics, returned, labels, len(labels))
        return {name: reduced[name] for name in self.head.measures} | own

    def finish(self, measure: str, parts: Sequence[Any]) -> Any:
        """Return a measure of a whole split, from the results of `reduce` for its batches."""
        if measure == PERPLEXITY:  # of the mean loss: the mean of the batches' own would depend on the batches
            return (sum(total for total, _ in parts) / sum(count for _, count in parts)).exp()
        return super().finish(measure, parts)

    @property
    def predictions(self) -> Callable[[Tensors, Tensors, Any], Any]:
        """The function of (parameters, buffers, batch) that returns the logits.

        Raises:
            AttributeError: The loss is not their cross-entropy.
        """
        self._require_cross_entropy()
        return lambda parameters, buffers, batch: answer(
            self._forward(parameters, buffers, {**batch[0], LABELS: batch[1]})
        )

    @property
    def loss_of_predictions(self) -> Callable[[Any, Any], Any]:
        """The function of (logits, batch) that returns the mean loss.

        Raises:
            AttributeError: The loss is not their cross-entropy.
        """
        self._require_cross_entropy()
        return lambda logits, batch: self.head.cross_entropy(logits, batch[1])

    @property
    def predictions_fisher(self) -> Callable[[Any, Any, Any], Any]:
        """The function of (logits, batch, vectors) that multiplies with the Fisher information of the predictions.

        Raises:
            AttributeError: The loss is not their cross-entropy.
        """
        self._require_cross_entropy()
        return lambda logits, batch, vectors: self.head.fisher(logits, batch[1], vectors)

    def _require_cross_entropy(self) -> None:
        if self.head == OTHER:
            raise AttributeError(NO_SPLIT)

    def _answer(self, parameters: Tensors, buffers: Tensors, batch: Any) -> Any:
        """Return a network's logits on a batch, (examples, …, classes)."""
        return answer(self._run(parameters, buffers, batch))
