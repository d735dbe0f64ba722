"""Whether the field that networks name can be differentiated, found out before anything long."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from globscope.api import (
    Differentiable,
    EvaluationError,
    GlobscopeError,
    Networks,
    Probe,
    ProbeTraits,
    is_out_of_memory,
    near,
    traits,
)


def require_mean(field: str, probe: Probe) -> None:
    """Refuse a field that is not measured, or is no mean over examples.

    Raises:
        EvaluationError: It is.
    """
    whole = traits(probe, ProbeTraits).whole
    fields = {f"{split}_{measure}": measure for split in probe.splits for measure in probe.measures}
    if field not in fields:
        raise EvaluationError(f"gradient: there is no field {field!r}; {near(field, fields)}")
    if fields[field] in whole:
        raise EvaluationError(f"gradient: {field} is computed from a whole split at once, and is not differentiated")


def require_coordinates(networks: Networks) -> None:
    """Refuse networks in whose space gradients have no coordinates.

    Raises:
        EvaluationError: It is such a space.
    """
    if not isinstance(networks.space, Differentiable):
        kind = type(networks.space).__name__
        raise EvaluationError(f"gradient: the networks lie in a {kind}, which has no `pullback` to its coordinates")


class Scores(Protocol):
    """Scores stacks of networks of a task.

    Attributes:
        probe: The probe of the task.
    """

    probe: Probe

    def score(self, stacked: Any, own: Sequence[Mapping[str, np.ndarray]], method: Any) -> Mapping[str, Any]:
        """Return the fields and gradients of (n, D) weights."""
        ...


def require_differentiable(scorer: Scores, field: str) -> None:
    """Differentiate the field of a fresh network.

    Args:
        scorer: Scores a few examples.
        field: What it differentiates.

    Raises:
        EvaluationError: The field does not depend on the weights, or torch has no derivative of what computes it.
    """
    import torch

    parameters, buffers = scorer.probe.initialise(0)
    row = torch.cat([parameters[name].detach().reshape(-1) for name in scorer.probe.layout.names]).float()
    try:
        scorer.score(row[None], [{name: buffer.cpu().numpy() for name, buffer in buffers.items()}], "loop")
    except GlobscopeError:
        raise
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise
        raise EvaluationError(f"gradient: torch cannot differentiate {field}: {error}") from error
