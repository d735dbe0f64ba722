"""What holds for gradients that an evaluator scores."""

import numpy as np
from attrs import evolve

from globscope.api import GRADIENT, AffineSpace, EvaluatorTraits, Networks, traits
from globscope.testing.check import after, covers
from globscope.testing.checks.evaluation.suite import OTHER_CUT, EvaluationSuite
from globscope.testing.claims import require_near
from globscope.testing.tiny.population import tiny_inputs
from globscope.testing.tiny.task import tiny_task

# Of a gradient, whose terms in float32 partly cancel.
FLOAT32 = 1e-4
# Of central differences in float64, which leave errors of 1e-10.
STEP = 1e-5


class GradientChecks(EvaluationSuite):
    """Checks of gradients with respect to the networks' coordinates."""

    @covers("gradients")
    @after("gradient_changes_no_field")
    def gradient_is_that_of_differences(self) -> None:
        """Where its traits say that it scores gradients, they are those with respect to the networks' coordinates.

        Searches for minima and saddles follow them.
        """
        if not traits(self.component, EvaluatorTraits).gradients:
            return
        for split in ("train", "test"):
            networks = evolve(_in_a_plane(), gradient=f"{split}_loss")
            wanted, found = _differences(networks, split), self._scores(networks, tiny_task())
            text = f"the gradient of {split}_loss is not that of central differences"
            require_near(found[GRADIENT], wanted, FLOAT32, text)

    @after("same_plan_gives_the_same_bits", "draws_the_same_numbers_for_all_networks")
    def gradient_changes_no_field(self) -> None:
        """Fields are the same beside a gradient, up to rounding, also where scoring draws.

        Else a map would depend on which sampler asks for gradients.
        """
        if not traits(self.component, EvaluatorTraits).gradients:
            return
        for task, seed in ((tiny_task(), None), (tiny_task(drawing=True), 3)):
            networks = evolve(_in_a_plane(), seed=seed)
            without = self._scores(networks, task)
            beside = self._scores(evolve(networks, gradient="train_loss"), task)
            for name, values in without.items():
                require_near(beside[name], values, OTHER_CUT, f"{name} is another beside a gradient")


def _in_a_plane() -> Networks:
    """Return six networks on three axes around the first member."""
    rng, origin = np.random.default_rng(4), tiny_inputs().population.weights[0]
    basis = np.linalg.qr(rng.normal(size=(len(origin), 3)))[0].T
    return Networks(space=AffineSpace(origin=origin, basis=basis), coordinates=rng.normal(size=(6, 3)))


def _differences(networks: Networks, split: str) -> np.ndarray:
    """Return the (n, r) gradients of a split's loss, as central differences of plain torch in float64."""
    import torch

    probe, space = tiny_task().build("cpu"), networks.space
    assert isinstance(space, AffineSpace)
    points, classes = probe.batch(split, torch.arange(probe.examples(split)))

    def loss(coordinates: np.ndarray) -> float:
        row = torch.from_numpy(space.origin + coordinates @ space.basis)
        total, count = probe.reduce(probe.layout.unflatten(row), {}, (points.double(), classes))["loss"]
        return float(total) / count

    moves = STEP * np.eye(space.rank)
    return np.array([[(loss(z + m) - loss(z - m)) / (2 * STEP) for m in moves] for z in networks.coordinates])
