"""The probe of any module with losses of the user's own: a batch is its data and its number of examples."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from globscope.api import Code, ProbeTraits, UserCodeError, fixed_seed
from globscope.builtin.tasks.batches import Batches
from globscope.builtin.tasks.criterion import answer, no_answer
from globscope.builtin.tasks.data.splits import Split
from globscope.builtin.tasks.measures import ANYTHING
from globscope.builtin.tasks.metrics import Metric, measure_batch, measures
from globscope.builtin.tasks.module_probe import ModuleProbe, Tensors
from globscope.builtin.tasks.named_losses import LOSS, NamedLosses, Objective
from globscope.builtin.tasks.supervised import FOR_METRICS
from globscope.builtin.tasks.trial import as_user_error

FAILED = "the task's model and losses fail on two examples of its data"


class CustomProbe(ModuleProbe):
    """Data → module → named losses, for any weights."""

    vmappable = False  # users' modules may branch on values, which vmap cannot follow

    def __init__(
        self,
        *,
        make: Callable[[], Any],
        splits: Mapping[str, Split],
        losses: NamedLosses,
        objective: Callable[[Sequence[str]], Objective],
        device: str,
        default: Any = None,
        metrics: Sequence[Code | Metric] = (),
    ) -> None:
        """Build the module's skeleton and move the data; `objective` says which of the losses' names is trained."""
        self.splits, self._losses, self._choose = tuple(splits), losses, objective
        super().__init__(make=make, place=partial(Batches, splits, device=device), device=device, default=default)
        self._objective, no_outputs = self._first_that_works(self._try)
        self._metrics = measures(metrics, self._names)
        self.measures = (*self._names, *self._metrics)
        self._try_metrics()
        described = {name: m.description for name, m in self._metrics.items() if m.description is not None}
        self.traits = ProbeTraits(
            descriptions=described,
            whole=tuple(name for name, metric in self._metrics.items() if metric.whole),
            no_outputs=no_outputs,
            no_fisher="task.losses are functions of your own",
            **self._network_traits(),
        )

    def _try(self) -> tuple[Objective, str]:
        """Run two examples, so that a model or a loss that does not fit fails before anything long.

        Returns:
            The objective, and why there are no outputs; empty where there are.

        Raises:
            UserCodeError: The model or the losses fail, or the objective cannot be trained.
        """
        initial, buffers = self.initialise(0)
        batch = self._examples.first()
        with as_user_error(FAILED), fixed_seed(0, self._device):  # a trial leaves the generators alone
            parameters = {name: p.requires_grad_() for name, p in initial.items()}
            returned = self._forward(parameters, buffers, batch[0])
            losses = self._losses(returned, batch[0])
            objective = self._choose(list(losses))
            self._names = (LOSS, *(name for name in losses if name != LOSS))
            for name, rows in [*objective.rows(parameters)] or [("", parameters)]:
                self._require_trained(objective, name, rows, buffers, batch)
        return objective, no_answer(returned, batch[1])

    def _require_trained(
        self, objective: Objective, name: str, parameters: Tensors, buffers: Tensors, batch: Any
    ) -> None:
        """Refuse a loss without a gradient in the parameters that it is to train, all or those of a part.

        Raises:
            UserCodeError: It has none, or there are no such parameters.
        """
        import torch

        trained = [p for p in parameters.values() if p.requires_grad]
        losses = self._losses(self._forward(parameters, buffers, batch[0]), batch[0])
        loss = losses[name] if name else objective(losses)
        what = f"loss {name!r} (task.parts)" if name else "what is trained"
        if not loss.requires_grad:
            raise UserCodeError(f"task.losses: {what} has no gradient in the parameters that it is to train")
        torch.autograd.grad(loss, trained, allow_unused=True)

    def _try_metrics(self) -> None:
        """Measure a batch without gradients, as evaluators do."""
        import torch

        if not self._metrics:
            return
        with fixed_seed(0, self._device), torch.no_grad():
            parts = self.reduce(*self.initialise(0), self._examples.spread(FOR_METRICS))
            for name, metric in self._metrics.items():
                if metric.whole:
                    self.finish(name, [parts[name][0]])

    def objective(self, parameters: Tensors, buffers: Tensors, batch: Any, *, training: bool) -> Any:
        """Return the mean loss of a batch, differentiable in the parameters.

        In training, where every part has a loss of its own, each one is computed with the other parts as constants.
        """
        with self._training(self._module.modules() if training else ()):
            if not (training and self._objective.parts):
                return self._objective(self._losses_of(parameters, buffers, batch))
            rows = self._objective.rows(parameters)
            return sum(self._losses_of(own, buffers, batch)[name] for name, own in rows)

    def _losses_of(self, parameters: Tensors, buffers: Tensors, batch: Any) -> dict[str, Any]:
        return self._losses(self._forward(parameters, buffers, batch[0]), batch[0])

    def reduce(self, parameters: Tensors, buffers: Tensors, batch: Any) -> dict[str, tuple[Any, float]]:
        """Return the summed losses and other measures, each with its weight.

        Raises:
            UserCodeError: The losses have other names than for the first examples.
        """
        data, count = batch
        returned = self._score(parameters, buffers, data)
        losses = self._losses(returned, data)
        if {LOSS, *losses} != {*self._names}:
            now, before = (", ".join(sorted({*names} - {LOSS})) for names in (losses, self._names))
            raise UserCodeError(f"task.losses: must return the same losses for every batch, got {now} after {before}")
        means = {**losses, LOSS: self._objective(losses)}
        own = {name: (means[name] * count, float(count)) for name in self._names}
        return own | measure_batch(self._metrics, returned, data, count)

    def predictions(self, parameters: Tensors, buffers: Tensors, batch: Any) -> Any:
        """Return what the losses are computed from."""
        return self._forward(parameters, buffers, batch[0])

    def loss_of_predictions(self, predictions: Any, batch: Any) -> Any:
        """Return the mean loss of a batch that is trained."""
        return self._objective(self._losses(predictions, batch[0]))

    def _answer(self, parameters: Tensors, buffers: Tensors, batch: Any) -> Any:
        """Return a network's predictions on a batch, (examples, …, values)."""
        return ANYTHING.with_choices_last(answer(self._forward(parameters, buffers, batch[0])))
