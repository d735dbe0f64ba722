"""Decoded coordinates become weights where they are scored."""

from typing import Any

from globscope.api import Networks, SpanSpace, Unit

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
