"""Matching of units by training a copy of one network through the permutation that it stands for."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import define, evolve, field
from attrs.validators import and_, ge, gt

from globscope.api import (
    EXAMPLES,
    STEPS,
    WHERE,
    GlobscopeError,
    Task,
    Tensors,
    device,
    device_name,
    fixed_seed,
    symmetry,
    threads_for,
)
from globscope.builtin.aligners.coordinate_descent import identity, match_weights
from globscope.builtin.aligners.pair_loss import PairLoss

LABEL = "aligner 'straight-through'"
# The source's momentum.
MOMENTUM = 0.9
Permutations = dict[str, np.ndarray]


@define(frozen=True, kw_only=True)
class StraightThrough:
    """Match units by gradients of the loss halfway between the networks, through weight matching.

    A free copy of a is trained. It stands for a permutation of b: the one that fits it best by its weights. The loss
    is taken halfway between a and b in that order, and its gradient goes to the copy as if the copy itself had been
    there: matching has no gradient of its own. Of all permutations on the way, the result is the one with the lowest
    loss halfway, on the same examples for all. The first is that of weight matching, so on these examples the result
    is no worse. Networks with statistics (BatchNorm) are scored with those of each batch.

    Source: Ainsworth, Hayase, Srinivasa, "Git Re-Basin: Merging Models modulo Permutation Symmetries", ICLR 2023,
    section 3.3 (gradient descent with momentum 0.9; there the loss of the step's batch chooses).

    Attributes:
        steps: Number of steps of gradient descent.
        learning_rate: Learning rate of gradient descent; the source takes 0.01 and thousands of steps.
        examples: Number of examples of the training split in every step, drawn with the aligner's seed.
        chosen_on: Number of examples of the training split by which a permutation is chosen, drawn with the aligner's
            seed.
        sweeps: Largest number of sweeps of weight matching in every step.
        device: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card.
    """

    steps: int = field(default=200, validator=and_(ge(1), STEPS))
    learning_rate: float = field(default=0.1, validator=gt(0))
    examples: int = field(default=100, validator=and_(ge(1), EXAMPLES))
    chosen_on: int = field(default=1000, validator=and_(ge(1), EXAMPLES))
    sweeps: int = field(default=100, validator=and_(ge(1), STEPS))
    device: str = field(default="auto", validator=device_name, metadata=WHERE)

    @classmethod
    def quick_examples(cls) -> "tuple[StraightThrough, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (cls(steps=1),)

    def align(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the permutations of b that fit a.

        Raises:
            GlobscopeError: No loss halfway is finite, or the copy is no longer finite.
        """
        groups, probe = symmetry(task.build("cpu")), task.build(device(self.device, "aligner.device"))
        between = PairLoss.of(probe, groups, (a, b), "midpoint", self.examples)
        with threads_for(probe.layout.size * self.examples):
            return self._descend(between, b, rng)

    def _descend(self, between: PairLoss, b: Tensors, rng: np.random.Generator) -> Permutations:
        """Return the best permutation on the way."""
        import torch

        copy = {name: tensor.clone().requires_grad_() for name, tensor in between.a.items()}
        descent = torch.optim.SGD(list(copy.values()), lr=self.learning_rate, momentum=MOMENTUM)
        order, where = identity(between.symmetry), str(next(iter(copy.values())).device)
        choice = Choice(between, evolve(between, examples=self.chosen_on).draw_batch(rng))
        with fixed_seed(int(rng.integers(2**62)), where):  # for layers that draw, such as dropout
            for step in range(1, self.steps + 1):
                self._require_finite(copy, step)
                order = match_weights(between.symmetry, (_arrays(copy), b), order, self.sweeps, rng)
                choice.consider(order)
                descent.zero_grad()
                between.loss_between(_straight(between, copy, order), between.draw_batch(rng)).backward()
                descent.step()
        return choice.best()

    def _require_finite(self, copy: Mapping[str, Any], step: int) -> None:
        if not all(tensor.isfinite().all() for tensor in copy.values()):
            raise GlobscopeError(
                f"{LABEL}: its copy of the first network is not finite in step {step}: the loss between the two "
                f"networks is not, or learning_rate = {self.learning_rate:g} is too high"
            )


@define
class Choice:
    """The permutation with the lowest loss halfway, on a batch.

    Attributes:
        between: The loss between the networks.
        batch: The examples by which permutations are compared.
        losses: By the bytes of a permutation, its loss.
        orders: The permutations by their bytes.
    """

    between: PairLoss
    batch: Any
    losses: dict[bytes, float] = field(factory=dict)
    orders: dict[bytes, Permutations] = field(factory=dict)

    def consider(self, order: Permutations) -> None:
        """Measure a permutation that is new."""
        import torch

        known = b"".join(array.tobytes() for array in order.values())
        if known not in self.losses:
            self.orders[known] = order
            with torch.no_grad():
                permuted = self.between.symmetry.permute(self.between.b, order)
                self.losses[known] = float(self.between.loss_between(permuted, self.batch))

    def best(self) -> Permutations:
        """Return the permutation with the lowest finite loss.

        Raises:
            GlobscopeError: None is finite.
        """
        finite = {known: loss for known, loss in self.losses.items() if np.isfinite(loss)}
        if not finite:
            raise GlobscopeError(f"{LABEL}: no loss halfway between the two networks is finite")
        return self.orders[min(finite, key=lambda known: finite[known])]


def _straight(between: PairLoss, copy: Mapping[str, Any], order: Permutations) -> dict[str, Any]:
    """Return b in an order, with gradients that go to the copy."""
    permuted = between.symmetry.permute(between.b, order)
    return {name: permuted[name] + (tensor - tensor.detach()) for name, tensor in copy.items()}


def _arrays(copy: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {name: tensor.detach().cpu().numpy() for name, tensor in copy.items()}
