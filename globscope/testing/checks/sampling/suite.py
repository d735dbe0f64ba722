"""What the checks of samplers use: rounds of samples, and their landscape."""

from typing import Any

import numpy as np
from attrs import evolve

from globscope.api import Chart, Landscape, Samples
from globscope.testing.checks.work import Suite
from globscope.testing.claims import require
from globscope.testing.tiny.landscapes import height, landscape, slope
from globscope.testing.tiny.population import tiny_chart

ROUNDS = 1000


class SamplingSuite(Suite):
    """One sampler, on a chart of two axes whose loss is two bowls, with a corner that is not finite.

    Where it asks for a gradient, it is sent the field's own.
    """

    @property
    def _rounds(self) -> list[Samples]:
        found: list[Samples] = self._first
        return found

    def _work(self) -> list[Samples]:
        return self._ask_all(tiny_chart())

    @property
    def _whole(self) -> Landscape | None:
        whole: Landscape | None = None
        for samples in self._rounds:
            whole = join(whole, samples)
        return whole

    def _ask_all(self, chart: Chart, component: Any = None) -> list[Samples]:
        found, sofar = list[Samples](), None
        asked = self.component if component is None else component
        while len(found) < ROUNDS:
            samples = asked.ask(chart, sofar, round_generator(len(found)))
            if samples is None:
                break
            require(isinstance(samples, Samples), f"returns {type(samples).__name__}, neither Samples nor None")
            found.append(samples)
            if len(found) < ROUNDS:
                sofar = join(sofar, samples)
        return found


def round_generator(turn: int) -> np.random.Generator:
    """Return the generator of a round, the same whenever that is asked for."""
    return np.random.default_rng([0, turn])


def join(sofar: Landscape | None, samples: Samples) -> Landscape:
    """Return a landscape with those of a further round."""
    return measure(samples) if sofar is None else sofar.concatenate(measure(samples))


def measure(samples: Samples) -> Landscape:
    """Return a round's landscape, with the gradients for which it asks; NaN in a corner."""
    points = np.asarray(samples.points)
    values, gradients, corner = height(points), slope(points), points.sum(axis=1) > 2
    values[corner], gradients[corner] = np.nan, np.nan
    return evolve(landscape(values, samples, "train_loss"), gradients=gradients if samples.gradient else None)
