"""The norm of the gradient of the training loss, as a field of every network."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from globscope.api import GRADIENT, EvaluationError, Field, Probe
from globscope.builtin.evaluators.gradient_scorer import GradientScorer
from globscope.builtin.evaluators.scorer import Method

LOSS = "loss"


def loss_field(probe: Probe) -> str:
    """Return the field whose gradient has the norm: the loss on the split that is trained on.

    Raises:
        EvaluationError: The task measures no loss.
    """
    if LOSS not in probe.measures:
        measures = ", ".join(probe.measures)
        raise EvaluationError(f"evaluator.gradient_norm: the task measures no {LOSS!r}, only {measures}")
    return f"{probe.splits[0]}_{LOSS}"


def norm_field(probe: Probe) -> Field:
    """Return the field of the norm."""
    return Field.of(f"{probe.splits[0]}_gradient_norm")


class GradientNormScorer(GradientScorer):
    """Scores stacks of weights as `Scorer` does, with the norm of the training loss's gradient among the fields.

    The gradient is with respect to the (D,) weights that are mapped, and none is kept.
    """

    def __init__(self, field: str | None, probe: Probe, *arguments: Any, **options: Any) -> None:
        """Take the field whose gradient is wanted too, if any, and the arguments of a scorer."""
        loss = loss_field(probe)
        super().__init__(loss, probe, *arguments, **options)
        self._norm, self._keeps = norm_field(probe).key, field == loss
        self._other = None if field in (None, loss) else GradientScorer(field, probe, *arguments, **options)

    def score(self, stacked: Any, own: Sequence[Mapping[str, np.ndarray]], method: Method) -> dict[str, Any]:
        """Return every field of (n, D) weights, (n,) float64 each, and a gradient as `GradientScorer` if wanted."""
        import torch

        found = super().score(stacked, own, method)
        gradients = found.pop(GRADIENT)
        norms = torch.linalg.vector_norm(gradients, dim=1, dtype=self.wide)
        found[self._norm] = norms.cpu().numpy().astype(np.float64)
        if self._other is not None:
            gradients = self._other.score(stacked, own, method)[GRADIENT]
        return {**found, GRADIENT: gradients} if self._keeps or self._other is not None else found
