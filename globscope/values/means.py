"""Weighted means of given networks, of which low-rank differences from what they have in common stay so."""

from functools import cached_property

import numpy as np
from attrs import define

from globscope.values.low_rank import LowRankColumns, form_low_rank, low_rank_columns, other_columns
from globscope.values.mixes import Factors
from globscope.values.rows import named_columns
from globscope.values.space import Mixtures


@define(frozen=True, kw_only=True, slots=False)
class Means(Mixtures):
    """Mixtures whose coefficients add up to 1, such as the points of a line, and the networks themselves.

    What networks have in common is then in all of them, and only the ranks by which they differ are scaled.
    """

    def lift(self, coordinates: np.ndarray) -> np.ndarray:
        """Return the (n, D) float32 weights of (n, N) coefficients that add up to 1."""
        if not self._low_rank:
            return super().lift(coordinates)
        shares = self.shares(coordinates)
        lifted = np.empty((len(shares), self.weights.shape[1]), np.float32)
        for tensor in self._low_rank:
            form_low_rank(lifted[:, tensor.columns], shares, tensor.factors)
        for block in other_columns(self.weights, self._low_rank):
            lifted[:, block] = shares @ self.parts(block)
        return lifted

    def factors(self, name: str) -> Factors | None:
        """Return how a tensor depends on the shares; None unless it is low-rank about one origin in all networks."""
        columns = named_columns(self.weights, name)
        return next((tensor.factors for tensor in self._low_rank if tensor.columns == columns), None)

    @cached_property
    def _low_rank(self) -> list[LowRankColumns]:
        return low_rank_columns(self.weights)
