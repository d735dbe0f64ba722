"""Lifts units of networks, from decoded coordinates to weights, and scores them in one process."""

from typing import Any

import numpy as np

from globscope.api import Networks, SpanSpace, Unit, is_out_of_memory
from globscope.builtin.evaluators.scorer import Method, Scorer

# Of a GPU's free memory, what the population may take so that networks are combined there.
SHARE = 0.4


class Lift:
    """Lifts units of networks; on a GPU by one product there, where the population's parts fit beside the rest."""

    def __init__(self, networks: Networks, device: str) -> None:
        """Move the population where that saves moving every decoded network."""
        import torch

        self.networks, self.device = networks, device
        self._space: SpanSpace | None = None
        self._parts: Any = None
        if device.startswith("cuda") and isinstance(networks.space, SpanSpace):
            members = networks.space.weights
            if 4 * members.shape[0] * members.shape[1] < SHARE * torch.cuda.mem_get_info(device)[0]:
                self.keep(networks.space)

    def keep(self, space: SpanSpace) -> None:
        """Hold the (N, D) parts on the device, moved row by row, so that no copy of all is made beside them."""
        import torch

        self._space, self._parts = space, torch.empty(space.weights.shape, device=self.device)
        for row, to in enumerate(self._parts):
            to.copy_(torch.from_numpy(space.part(row)))

    def __call__(self, unit: Unit) -> Any:
        """Return the (stop − start, D) float32 weights of one unit, on the device."""
        import torch

        if self._space is None:
            return torch.from_numpy(self.networks.weights(unit)).to(self.device)
        shares = self._space.shares(self.networks.coordinates[unit.start : unit.stop])
        return torch.from_numpy(shares).to(self.device) @ self._parts


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
