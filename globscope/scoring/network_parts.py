"""Columns of the weights of several networks, formed without the other columns."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
from attrs import define

from globscope.torch_settings import precise
from globscope.values.evaluation import Networks, Unit
from globscope.values.mixes import Factored, Factors, Mixes
from globscope.values.space import FullSpace


class NetworkParts(Protocol):
    """Forms columns of the weights of networks, each of which is selected by one row of numbers."""

    @property
    def count(self) -> int:
        """P, how many rows of a column are read at once."""
        ...

    def selectors(self, unit: Unit) -> Any:
        """Return the (n, P) selectors of a unit's networks, on the device."""
        ...

    def columns(self, selectors: Any, blocks: Sequence[slice]) -> Any:
        """Return (…, width) float32 columns of the networks of (…, P) selectors, block after block, on the device."""
        ...

    def pullback(self, gradients: Any, blocks: Sequence[slice]) -> Any:
        """Return the (…, P) gradients with respect to selectors of (…, width) ones with respect to these columns."""
        ...

    def factors(self, name: str, /) -> Factors | None:
        """Return how a tensor depends on the selectors by few ranks; None where its columns are to be formed."""
        ...


def network_parts(networks: Networks, device: str) -> NetworkParts | None:
    """Return what forms columns of networks; None where their space can only lift them whole."""
    if isinstance(networks.space, Mixes):
        return SharedParts(networks.space, networks.coordinates, device)
    if isinstance(networks.space, FullSpace):
        return OwnWeights(networks.space.mean, networks.coordinates, device)
    return None


class SharedParts:
    """Networks that are sums of the same parts; a selector has a network's shares.

    Attributes:
        count: P, the number of parts.
    """

    def __init__(self, space: Mixes, coordinates: Any, device: str) -> None:
        """Take (n, r) coordinates in a space, and where columns are formed."""
        self._space, self._coordinates, self._device = space, coordinates, device
        self.count = int(space.shares(np.zeros((1, space.rank))).shape[1])

    def selectors(self, unit: Unit) -> Any:
        """Return the (n, P) shares of a unit's networks."""
        import torch

        shares = self._space.shares(np.asarray(self._coordinates[unit.start : unit.stop]))
        return torch.from_numpy(np.array(shares)).to(self._device)

    def columns(self, selectors: Any, blocks: Sequence[slice]) -> Any:
        """Return (…, width) float32 columns of the networks of (…, P) shares; the parts are read once for all."""
        with exact_products(self._device):
            return selectors @ self._read(blocks)

    def pullback(self, gradients: Any, blocks: Sequence[slice]) -> Any:
        """Return the (…, P) gradients with respect to shares of (…, width) ones with respect to these columns."""
        with exact_products(self._device):
            return gradients.float() @ self._read(blocks).T

    def factors(self, name: str) -> Factors | None:
        """Return the factors of a tensor that has few ranks beside its origin."""
        return self._space.factors(name) if isinstance(self._space, Factored) else None

    def _read(self, blocks: Sequence[slice]) -> Any:
        found = [self._space.parts(block) for block in blocks]
        return on_device(found[0] if len(found) == 1 else np.concatenate(found, axis=1), self._device)


@define(frozen=True)
class OwnWeights:
    """Networks with weights of their own; a selector has the network's row, and no network reads another's.

    Attributes:
        mean: (D,) or (1,) float32, added to all weights.
        weights: (n, D) float32.
        device: Where columns are formed.
        count: One row of a column is read for each network.
    """

    mean: np.ndarray
    weights: Any
    device: str
    count: int = 1

    def selectors(self, unit: Unit) -> Any:
        """Return the (n, 1) row numbers of a unit's networks."""
        import torch

        return torch.arange(unit.start, unit.stop, device=self.device)[:, None]

    def columns(self, selectors: Any, blocks: Sequence[slice]) -> Any:
        """Return (…, width) float32 columns of the networks in the rows of (…, 1) selectors."""
        rows = selectors.reshape(-1).tolist()
        found = [[self._row(row, block) for block in blocks] for row in rows]
        columns = on_device(np.stack([np.concatenate(row) for row in found]), self.device)
        return columns.reshape(*selectors.shape[:-1], columns.shape[-1])

    def pullback(self, gradients: Any, blocks: Sequence[slice]) -> Any:
        """Refuse: row numbers have no gradient, and none is ever asked for."""
        raise NotImplementedError

    def factors(self, _: str) -> Factors | None:
        """Return nothing: each network has its own tensors."""
        return None

    def _row(self, row: int, block: slice) -> np.ndarray:
        mean = self.mean if len(self.mean) == 1 else self.mean[block]
        added: np.ndarray = self.weights[row : row + 1, block][0] + mean
        return added


@contextmanager
def exact_products(device: str) -> Iterator[None]:
    """Multiply in float32, whatever the precision of the forward pass: the weights themselves are not rounded."""
    import torch

    with torch.autocast(device.partition(":")[0], enabled=False), precise("float32", device):
        yield


def on_device(array: np.ndarray, device: str) -> Any:
    """Return an array as a float32 tensor on a device."""
    import torch

    return torch.from_numpy(np.require(array, np.float32, ["C", "W"])).to(device)
