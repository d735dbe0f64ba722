"""Scores networks, and differentiates one field with respect to their weights."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from globscope.api import GRADIENT, DifferentiableNorms, EvaluationError, Reduced, Tensors, precise, replaced_norms
from globscope.builtin.evaluators.batch_gradients import batch_gradients
from globscope.builtin.evaluators.differentiated_batch import reduce_and_differentiate
from globscope.builtin.evaluators.fused_statistics import FusedStatistics
from globscope.builtin.evaluators.scorer import Method, Scorer, is_at_once


class GradientScorer(Scorer):
    """Scores stacks of weights as `Scorer` does, and returns gradients beside the fields.

    Fields have the same bits, but for layers for which torch has another kernel where nothing is differentiated, such
    as multi-head attention.

    Of networks that are scored one by one, activations are held for one batch at a time and for the calibration
    examples; stacked networks hold those of all batches of all splits.
    """

    def __init__(self, field: str, *arguments: Any, **options: Any) -> None:
        """Take the field to differentiate, of a measure that is not `whole`, and the arguments of a scorer."""
        super().__init__(*arguments, **options)
        measured = {f"{split}_{name}": (split, name) for split in self.batches for name in self.probe.measures}
        self._field, self._column, (self._split, self._measure) = field, self.names.index(field), measured[field]
        self.recorder, self._is_stacked = None, False

    def score(self, stacked: Any, own: Sequence[Mapping[str, np.ndarray]], method: Method) -> dict[str, Any]:
        """Return every field of (n, D) weights on the device, (n,) float64 each, and under `GRADIENT` (n, D) there.

        Of a scorer `with_tensors`, (n, P) rows take the place of the weights, and gradients are with respect to them.
        """
        import torch

        self._is_stacked = method in ("vmap", "layers")
        if method == "layers" and not self.probe.statistics:
            gradients = self._batch_gradients(stacked, own)
            return {**super().score(stacked, own, method), GRADIENT: gradients}
        # Every call of torch passes through a mode, which takes a small network a tenth of its time.
        norms = replaced_norms(DifferentiableNorms()) if self.probe.statistics else nullcontext()
        with torch.enable_grad(), precise(self.precision, self.device), norms:
            totals, gradients = (
                self._score_at_once(stacked, own, method) if self._is_stacked else self._score_one_by_one(stacked, own)
            )
        return {**self.by_field(totals), GRADIENT: gradients}

    def _batch_gradients(self, rows: Any, own: Sequence[Mapping[str, np.ndarray]]) -> Any:
        import torch

        with torch.enable_grad(), precise(self.precision, self.device):
            return batch_gradients(self, rows, own, self._split, self._measure)

    def _score_at_once(self, stacked: Any, own: Sequence[Mapping[str, np.ndarray]], method: Method) -> tuple[Any, Any]:
        """Return totals and gradients of networks at once: of their sum, since none depends on another's weights."""
        import torch

        weights = stacked.detach().requires_grad_()
        at_once = is_at_once(method, stacked)
        totals = self.stacked_totals(weights, own) if at_once else self._one(weights[0], own[0])[None]
        (gradients,) = torch.autograd.grad(self._differentiable(totals[:, self._column].sum()), weights)
        return totals.detach(), gradients

    def _score_one_by_one(self, stacked: Any, own: Sequence[Mapping[str, np.ndarray]]) -> tuple[Any, Any]:
        import torch

        pairs = [self._one_with_gradient(*pair) for pair in zip(stacked, own, strict=True)]
        totals, gradients = zip(*pairs, strict=True)
        return torch.stack(totals), torch.stack(gradients)

    def _one_with_gradient(self, row: Any, own: Mapping[str, np.ndarray]) -> tuple[Any, Any]:
        """Return the (fields,) totals and the (D,) gradient of one network."""
        import torch

        parameters = {name: tensor.detach().requires_grad_() for name, tensor in self.parameters(row).items()}
        totals = self.network_totals(parameters, self.buffers(parameters, own))
        field = self._differentiable(totals[self._column])
        gradients = torch.autograd.grad(field, [*parameters.values()], allow_unused=True, materialize_grads=True)
        return totals.detach(), torch.cat([gradient.reshape(-1) for gradient in gradients])

    def reduce(
        self, split: str, parameters: Tensors, buffers: Tensors, batch: Any, statistics: FusedStatistics | None
    ) -> Reduced:
        """Return each measure's sum over a batch and its weight, differentiable where the field is their mean."""
        import torch

        arguments = split, parameters, buffers, batch, statistics
        # Later batches are normalised with what this one estimates, so that its activations are held until the end.
        if self._is_stacked or (statistics is not None and not statistics.estimates):
            return super().reduce(*arguments)
        if split == self._split:
            return reduce_and_differentiate(self.probe, (parameters, buffers), batch, self._measure, statistics)
        with torch.set_grad_enabled(self.probe.grad_inside):
            return super().reduce(*arguments)

    def _differentiable(self, total: Any) -> Any:
        """Return a total that torch can differentiate.

        Raises:
            EvaluationError: It is none.
        """
        if not total.requires_grad:
            raise EvaluationError(f"gradient: {self._field} is not a differentiable function of the weights")
        return total
