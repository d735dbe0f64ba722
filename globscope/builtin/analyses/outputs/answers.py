"""The right answers of the examples on which networks' outputs are compared."""

from typing import Any

import numpy as np

from globscope.api import EvaluationError, Probe, fixed_batches
from globscope.builtin.analyses.outputs.network_outputs import BATCH, Outputs, cycle_places


def answers(probe: Probe, outputs: Outputs) -> np.ndarray:
    """Return the (examples,) right classes at the places that the outputs are taken from; `IGNORED` where none is."""
    batches = fixed_batches(probe, outputs.split, outputs.examples, BATCH)
    found = [cycle_places(targets_of(batch)[..., None], number * BATCH)[:, 0] for number, batch in enumerate(batches)]
    return np.concatenate([classes.cpu().numpy().astype(int) for classes in found])


def targets_of(batch: Any) -> Any:
    """Return the classes of a batch of inputs and classes; None where it is something else."""
    import torch

    if not isinstance(batch, tuple | list) or len(batch) < 2 or not isinstance(batch[1], torch.Tensor):
        return None
    return None if batch[1].is_floating_point() or batch[1].is_complex() else batch[1]


def require_classes(analysis: str, purpose: str, probe: Probe, split: str) -> None:
    """Refuse a task whose examples have no classes, among which a network decides.

    Args:
        analysis: Name of the analysis that needs the classes.
        purpose: What it does with them, in the third person.
        probe: The study's task.
        split: Name of the split whose classes are wanted.

    Raises:
        EvaluationError: This is one.
    """
    import torch

    if "accuracy" not in probe.measures or targets_of(probe.batch(split, torch.arange(1))) is None:
        raise EvaluationError(f"analysis {analysis}: {purpose}, and this task predicts none")
