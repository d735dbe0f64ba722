"""Scores units of networks in one process."""

import numpy as np

from globscope.api import Unit, is_out_of_memory
from globscope.builtin.evaluators.lift import Lift
from globscope.builtin.evaluators.scorer import Method, Scorer


class TorchUnits:
    """Lifts a unit and scores it."""

    def __init__(self, scorer: Scorer, lift: Lift, method: Method) -> None:
        """Take the plan's method."""
        self.device = lift.device
        self._scorer, self._lift, self._method, self._memory_is_short = scorer, lift, method, True

    def score(self, unit: Unit) -> dict[str, np.ndarray]:
        """Return the fields of a unit's networks, (stop − start,) float64 each; non-finite values as they come."""
        import torch

        if self._memory_is_short:
            torch.cuda.empty_cache()  # cuBLAS and cuDNN have no use for what torch keeps; on a CPU this does nothing
        self._memory_is_short = False
        try:
            return self._scorer.score(self._lift(unit), self._lift.networks.nearest_buffers(unit), self._method)
        except (MemoryError, RuntimeError) as error:
            self._memory_is_short = is_out_of_memory(error)
            raise
