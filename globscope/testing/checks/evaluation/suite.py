"""What the checks of evaluators use: networks, and their fields as an evaluator scores them."""

from functools import cached_property
from typing import Any

import numpy as np
from attrs import evolve

from globscope.api import Networks, Unit
from globscope.testing.checks.work import Suite
from globscope.testing.tiny.population import tiny_inputs
from globscope.testing.tiny.task import TinyTask, tiny_task
from globscope.testing.unit_scores import score_units

# A product cut otherwise sums its float32 terms in another order.
OTHER_CUT = 1e-6
FIELDS = {"train_loss", "train_accuracy", "test_loss", "test_accuracy"}


class EvaluationSuite(Suite):
    """One evaluator, and what it has scored of 12 networks of 51 weights."""

    def _work(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        return self._scores(tiny_networks(), tiny_task()), self._scores(twins(3), tiny_task(drawing=True))

    @cached_property
    def _normalised(self) -> dict[str, np.ndarray]:
        return self._scores(tiny_networks(), tiny_task(normalised=True))

    @property
    def _plain(self) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = self._first[0]
        return found

    @property
    def _drawn(self) -> dict[str, np.ndarray]:
        """The fields of twelve networks, two of them equal, on a task that draws."""
        found: dict[str, np.ndarray] = self._first[1]
        return found

    def _cut(self, width: int) -> dict[str, np.ndarray]:
        if width not in self._cuts:
            self._cuts[width] = self._scores(tiny_networks(), tiny_task(), width=width)
        return self._cuts[width]

    @cached_property
    def _cuts(self) -> dict[int, dict[str, np.ndarray]]:
        """By networks a unit, the fields; filled as they are asked for."""
        return {}

    def _scores(self, networks: Networks, task: TinyTask, **cut: Any) -> dict[str, np.ndarray]:
        return score_units(self.component, networks, task, **cut)


def tiny_networks() -> Networks:
    """Return the 12 networks of the tiny population, by their coordinates."""
    inputs = tiny_inputs()
    return Networks(space=inputs.space, coordinates=inputs.coordinates)


def twins(seed: int) -> Networks:
    """Return networks of which the first and the eighth are equal, scored with numbers that this seed draws."""
    weights = tiny_networks().weights(Unit(start=0, stop=12)).copy()
    weights[7] = weights[0]
    return evolve(Networks.of(weights), seed=seed)
