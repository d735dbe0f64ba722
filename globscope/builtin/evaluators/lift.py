"""Lifts units of networks, from decoded coordinates to weights on a device."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy
from typing import Any

import numpy as np

from globscope.api import Networks, SpanSpace, Unit, free_memory

# Starts with the first unit that is lifted ahead.
_THREAD = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lift")
# Of a GPU's free memory, what the population may take so that networks are combined there.
SHARE = 0.4


class Lift:
    """Lifts units of networks; on a GPU by one product there, where the population's parts fit beside the rest."""

    def __init__(self, networks: Networks, device: str) -> None:
        """Move the population where that saves moving every decoded network."""
        self.networks, self.device = networks, device
        self._ahead: tuple[Unit, Future[Any]] | None = None
        self._last: int | None = None
        self._space: SpanSpace | None = None
        self._parts: Any = None
        free = free_memory(device)
        if free is not None and isinstance(networks.space, SpanSpace):
            members = networks.space.weights
            if 4 * members.shape[0] * members.shape[1] < SHARE * free:
                self.keep(networks.space)

    def renew(self, networks: Networks) -> "Lift":
        """Return what lifts other networks of the same space, with the same parts on the device."""
        other = copy(self)
        other.networks, other._ahead, other._last = networks, None, None
        return other

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
            return self._from_host(unit).to(self.device, non_blocking=True)
        shares = self._space.shares(self.networks.coordinates[unit.start : unit.stop])
        return torch.from_numpy(shares).to(self.device) @ self._parts

    def pullback(self, gradients: Any) -> np.ndarray:
        """Return the (n, r) float64 gradients with respect to coordinates, of (n, D) gradients on the device."""
        pulled_back: np.ndarray
        with np.errstate(all="ignore"):  # of a network whose loss is not finite
            if self._space is None:
                pulled_back = self.networks.space.pullback(gradients.cpu().numpy())  # type: ignore[attr-defined]
            else:
                products = (gradients @ self._parts.T).double().cpu().numpy()
                pulled_back = products @ self._space.coefficients.T
        return pulled_back

    def prepare_next(self, unit: Unit, units: Sequence[Unit]) -> None:
        """Lift a GPU's next unit in a thread of its own, if that happens on the host.

        Several workers take units in turn, so the next is as far from this one as this one from the last.
        """
        if self._space is not None or not self.device.startswith("cuda") or unit not in units:
            return
        place = units.index(unit)
        step = 1 if self._last is None or place <= self._last else place - self._last
        self._last = place
        if place + step < len(units):
            following = units[place + step]
            self._ahead = following, _THREAD.submit(self._lift_on_host, following)

    def _from_host(self, unit: Unit) -> Any:
        """Return the weights on the host, those that a thread has lifted if it has."""
        ahead, self._ahead = self._ahead, None
        if ahead is None or ahead[0] != unit:
            return self._lift_on_host(unit)
        return ahead[1].result()

    def _lift_on_host(self, unit: Unit) -> Any:
        """Return the weights on the host, in memory from which a GPU reads by itself."""
        import torch

        weights = torch.from_numpy(self.networks.weights(unit))
        return weights.pin_memory() if self.device.startswith("cuda") else weights
