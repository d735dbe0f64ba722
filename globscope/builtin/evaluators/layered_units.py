"""Scores units of networks layer by layer: a tensor of all networks is formed when a forward pass uses it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from warnings import catch_warnings, filterwarnings

import numpy as np

from globscope.api import GRADIENT, Mixes, NetworkParts, Networks, Plan, Unit, mixed_networks, network_parts
from globscope.builtin.evaluators.scorer import Scorer


class LayeredUnits:
    """Scores units whose weights are never formed whole."""

    def __init__(self, scorer: Scorer, networks: Networks, parts: NetworkParts) -> None:
        """Take what scores the examples, and what forms columns of the networks' weights."""
        self.device = scorer.device
        self._networks, self._parts = networks, parts
        self._scorer = of_parts(scorer, parts)

    def score(self, unit: Unit) -> dict[str, np.ndarray]:
        """Return the fields of a unit's networks, (stop − start,) float64 each; non-finite values as they come.

        Where the networks name a field to differentiate, `GRADIENT` is beside them, (stop − start, r) float64.
        """
        own = self._networks.nearest_buffers(unit)
        with quiet_fallbacks():
            scores: dict[str, Any] = self._scorer.score(self._parts.selectors(unit), own, "layers")
        if GRADIENT not in scores:
            return scores
        assert isinstance(self._networks.space, Mixes)
        with np.errstate(all="ignore"):  # of a network whose loss is not finite
            by_share = scores[GRADIENT].double().cpu().numpy()
            return {**scores, GRADIENT: self._networks.space.pullback_shares(by_share)}

    def renew(self, networks: Networks, plan: Plan) -> "LayeredUnits":
        """Return what scores other networks of the same space, with the same examples."""
        del plan
        parts = network_parts(networks, self.device)
        assert parts is not None  # the space is the same
        return LayeredUnits(self._scorer, networks, parts)


def of_parts(scorer: Scorer, parts: NetworkParts) -> Scorer:
    """Return what scores the same examples by the selectors of networks."""
    return scorer.with_tensors(mixed_networks(parts, scorer.probe.layout))


@contextmanager
def quiet_fallbacks() -> Iterator[None]:
    """Ignore torch's warning that it takes networks one after another in some operations, as in attention on a CPU."""
    with catch_warnings():
        filterwarnings("ignore", "There is a performance drop because we have not yet implemented", UserWarning)
        yield
