"""How one tensor of several networks is formed: whole, by rows, or not at all where it is only multiplied.

Imported where torch is needed. Leading axes are those of the selectors, so that one network and several go one way.
"""

from collections.abc import Iterator
from functools import cached_property
from math import prod
from typing import Any

import torch
from attrs import define

from globscope.scoring.network_parts import NetworkParts, on_device
from globscope.values.mixes import Factors

# Numbers that are read and formed at once, of all parts and all networks together.
CHUNK = 2**24


@define(frozen=True, slots=False, eq=False)
class TensorRecipe:
    """Where a tensor is in the flat weights, and what they are formed from.

    Attributes:
        parts: Forms columns of the flat weights.
        name: The tensor's name.
        start: Its first column.
        shape: The lengths of its axes.
    """

    parts: NetworkParts
    name: str
    start: int
    shape: tuple[int, ...]

    @cached_property
    def factors(self) -> Factors | None:
        """How it depends on the selectors by few ranks; None where it has to be formed."""
        return self.parts.factors(self.name)

    def form(self, selectors: Any) -> Any:
        """Return the (…, *shape) tensors of (…, P) selectors."""
        found = [self.parts.columns(selectors, [block]) for block in self._blocks(selectors)]
        lead = selectors.shape[:-1]
        return torch.cat([*found, *([] if found else [selectors.new_empty(*lead, 0)])], dim=-1).view(*lead, *self.shape)

    def pullback(self, gradients: Any, selectors: Any) -> Any:
        """Return the (…, P) gradients with respect to selectors of (…, *shape) ones with respect to the tensors."""
        flat = gradients.reshape(*selectors.shape[:-1], -1)
        found = torch.zeros_like(selectors)
        for block in self._blocks(selectors):
            found = found + self.parts.pullback(flat[..., block.start - self.start : block.stop - self.start], [block])
        return found

    def row_blocks(self, selectors: Any) -> Iterator[tuple[slice, slice]]:
        """Yield the rows of a matrix and their columns in the flat weights, as many as are formed at once."""
        rows, width = self.shape
        step = max(1, CHUNK // (width * self._copies(selectors)))
        for start in range(0, rows, step):
            stop = min(start + step, rows)
            yield slice(start, stop), self.columns_of(start, stop)

    def columns_of(self, start: int, stop: int) -> slice:
        """Return the columns of some rows of the first axis in the flat weights."""
        width = prod(self.shape[1:])
        return slice(self.start + start * width, self.start + stop * width)

    def origin(self, device: Any) -> Any:
        """Return the factors' origin on a device."""
        assert self.factors is not None
        return on_device(self.factors.origin, str(device))

    def _blocks(self, selectors: Any) -> Iterator[slice]:
        end, step = self.start + prod(self.shape), max(1, CHUNK // self._copies(selectors))
        return (slice(start, min(start + step, end)) for start in range(self.start, end, step))

    def _copies(self, selectors: Any) -> int:
        return self.parts.count + int(selectors.shape[:-1].numel())
