"""A search that descends by gradients, an evaluator and a map that differentiate for it, and those that do not."""

from typing import ClassVar

import numpy as np
import torch
from attrs import define, evolve

from globscope.api import (
    GRADIENT,
    EvaluatorTraits,
    Finding,
    Overlay,
    Samples,
    Table,
    Trail,
    finite_or_none,
    next_round,
)
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.reducers.pca import Pca

SEARCH = """
[[reducer]]
use = "flat"
[[sampler]]
use = "descend"
[evaluator]
use = "steep"
"""


@define(frozen=True, kw_only=True)
class Descend:
    """Descend from the members, and join each point with the one before.

    Attributes:
        rounds: How many rounds are asked for.
        rate: Step, as a share of the gradient.
        gradient: Field of which the gradient is asked for; nothing is asked for where it is empty.
    """

    rounds: int = 4
    rate: float = 0.1
    gradient: str = "train_loss"

    def ask(self, chart, landscape, rng):
        """Return the next round's samples."""
        return next_round(self.search(chart, rng), landscape)

    def explain(self, chart, landscape):
        """Return where the descents ended."""
        count = len(chart.latents[::2])
        last, losses = landscape.samples.points[-count:], landscape.fields["train_loss"][-count:]
        rows = [{"minimum": n + 1, "train_loss": finite_or_none(loss)} for n, loss in enumerate(losses)]
        caption = f"The loss where each descent ended, within {np.ptp(last):.3g} of one another."
        table = Table(name="minima", caption=caption, columns=("minimum", "train_loss"), rows=tuple(rows))
        trails = [Trail(label=f"{n + 1}", points=descent) for n, descent in enumerate(self._descents(landscape, count))]
        overlay = Overlay(name="descents", caption="Each descent.", map="", trails=tuple(trails))
        return Finding(tables=(table,), pictures=(overlay,), warnings=("The descents are few.",))

    def _descents(self, landscape, count):
        points = landscape.samples.points.reshape(-1, count, landscape.samples.points.shape[1])
        return [tuple(map(tuple, points[:, n].tolist())) for n in range(count)]

    def search(self, chart, rng):
        """Return the search."""
        del rng
        points, edges, count = chart.latents[::2], None, len(chart.latents[::2])
        for turn in range(self.rounds):
            found = yield Samples(points=points, edges=edges, gradient=self.gradient or None)
            slope = found.gradients if self.gradient else np.ones_like(points)
            points = found.samples.points - self.rate * slope
            edges = turn * count + np.stack([np.arange(count), np.arange(count, 2 * count)], axis=1)


@define(frozen=True, kw_only=True)
class Flat(Pca):
    """Principal axes, differentiated."""

    def reduce(self, inputs, rng):
        """Return the chart with its pullback."""
        return _differentiated(super().reduce(inputs, rng))

    def restore(self, inputs, arrays):
        """Return the stored chart with its pullback."""
        return _differentiated(super().restore(inputs, arrays))


def _differentiated(chart):
    axes = chart.arrays["axes"]
    return evolve(chart, pullback=lambda points, gradients: gradients @ axes.T)


@define(frozen=True, kw_only=True)
class Bare(Pca):
    """Principal axes, not differentiated."""

    def reduce(self, inputs, rng):
        """Return the chart without its pullback."""
        return evolve(super().reduce(inputs, rng), pullback=None)

    def restore(self, inputs, arrays):
        """Return the stored chart without its pullback."""
        return evolve(super().restore(inputs, arrays), pullback=None)


@define(frozen=True, kw_only=True)
class Plain(Torch):
    """Score as `torch` does, without gradients."""

    traits: ClassVar = EvaluatorTraits(device="cpu")


@define(frozen=True, kw_only=True)
class Steep(Torch):
    """Score as `torch` does, with the gradient of the training loss of all examples."""

    traits: ClassVar = EvaluatorTraits(device="cpu", gradients=True)

    def scorer(self, networks, task, plan):
        """Return what scores and differentiates."""
        return _Differentiating(
            super().scorer(evolve(networks, gradient=None), task, plan), networks, task.build("cpu")
        )


class _Differentiating:
    def __init__(self, scorer, networks, probe):
        self.device, self._scorer, self._networks, self._probe = scorer.device, scorer, networks, probe

    def score(self, unit):
        fields = dict(self._scorer.score(unit))
        if self._networks.gradient is not None:
            assert self._networks.gradient == "train_loss"
            slopes = np.stack([self._slope(row) for row in self._networks.weights(unit)])
            fields[GRADIENT] = self._networks.space.pullback(slopes)
        return fields

    def _slope(self, row):
        leaf = torch.from_numpy(row.astype(np.float64)).requires_grad_()
        points, classes = self._probe.batch("train", torch.arange(self._probe.examples("train")))
        total, count = self._probe.reduce(self._probe.layout.unflatten(leaf), {}, (points.double(), classes))["loss"]
        return torch.autograd.grad(total / count, leaf)[0].numpy()
