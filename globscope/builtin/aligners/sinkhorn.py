"""Matching of units by gradients of the loss between two networks."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from attrs import define, field
from attrs.validators import and_, ge, gt

from globscope.api import (
    EXAMPLES,
    STEPS,
    WHERE,
    AlignerTraits,
    GlobscopeError,
    PluginError,
    Symmetry,
    Task,
    Tensors,
    device,
    device_name,
    fixed_seed,
    symmetry,
    threads_for,
)
from globscope.builtin.aligners.activations import ActivationMatching
from globscope.builtin.aligners.between import Between, Kind
from globscope.builtin.aligners.soft import sinkhorn
from globscope.builtin.aligners.unit_similarity import assigned, scaled
from globscope.builtin.aligners.weights import WeightMatching

WHO = "aligner 'sinkhorn'"
# Aligners whose scores it can find without a study that hands them over: theirs by default.
ALONE = {"activation-matching": ActivationMatching, "weight-matching": WeightMatching}
RANDOM = "random"


@define(frozen=True, kw_only=True)
class Sinkhorn:
    """Match units by gradients that lower the loss between the networks.

    The permutation of every group is relaxed to a doubly stochastic matrix, Sinkhorn's of a matrix of logits. Adam
    moves the logits of all groups together, so that the loss falls where b, its units mixed by these matrices, is
    averaged with a. The assignment that is best by the last logits is the result, whether or not its loss is below
    that of the start: it is the matrices' loss that was lowered. Networks with statistics (BatchNorm) are scored by
    those of each batch.

    Soft scores of another aligner, rescaled, are a good start. A permutation's 0 and 1 are none: so sharp, they have
    no gradient left. From random logits it takes several times the steps. Units that change nothing, because they are
    silent, may end anywhere, so that a copy of a network is matched with it by what counts.

    Source: Peña, Medeiros, Dubail, Aminbeidokhti, Granger, Pedersoli, "Re-basin via implicit Sinkhorn
    differentiation", CVPR 2023 (there AdamW, and implicit instead of unrolled derivatives); Mena et al., "Learning
    Latent Permutations with Gumbel-Sinkhorn Networks", ICLR 2018.

    Attributes:
        start: Name of the aligner whose scores are the starting point, as in the spec or a built-in one; or `random`,
            for independent standard normal logits.
        loss: Loss to minimise: the task's loss at the `midpoint` of a and b, or at a `random` point of the line between
            them, drawn anew every step; or the squared distance of their `weights`, which needs no data.
        steps: Number of steps of Adam.
        iterations: Number of Sinkhorn iterations: how often rows and columns are scaled.
        learning_rate: Learning rate of Adam, in units of the logits.
        examples: Number of examples of the training split in every step, drawn with the aligner's seed.
        sharpness: Largest absolute logit at the start: every group's scores are rescaled to it. Not used with `random`.
        device: `auto` takes cuda, then mps, then cpu; `cuda:1` is the second card.
    """

    start: str = "activation-matching"
    loss: Kind = "midpoint"
    steps: int = field(default=50, validator=and_(ge(1), STEPS))
    iterations: int = field(default=20, validator=and_(ge(1), STEPS))
    learning_rate: float = field(default=0.05, validator=gt(0))
    examples: int = field(default=100, validator=and_(ge(1), EXAMPLES))
    sharpness: float = field(default=40.0, validator=gt(0))
    device: str = field(default="auto", validator=device_name, metadata=WHERE)

    @property
    def traits(self) -> AlignerTraits:
        """The aligner from whose scores it starts."""
        return AlignerTraits(start=self.start)

    def start_from(self, scores: Mapping[str, np.ndarray]) -> "_Begun":
        """Return the aligner that starts from these scores of one pair, whatever `start` is."""
        logits = {name: self.sharpness * scaled(np.asarray(one, float)) for name, one in scores.items()}
        return _Begun(options=self, logits=logits)

    def align(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the permutations of b that fit a.

        Raises:
            PluginError: `start` is an aligner whose scores must be handed over.
            GlobscopeError: The logits are no longer finite.
        """
        return self._begun(task, a, b, rng).align(task, a, b, rng)

    def scores(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the last logits by group."""
        return self._begun(task, a, b, rng).scores(task, a, b, rng)

    def _begun(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> "_Begun":
        """Return it with a start that it finds itself."""
        if self.start == RANDOM:
            sizes = symmetry(task.build("cpu")).sizes
            return _Begun(options=self, logits={name: rng.standard_normal((n, n)) for name, n in sizes.items()})
        if self.start not in ALONE:
            raise PluginError(
                f"{WHO} starts from the scores of {self.start!r}, which nobody handed over: in a study they are found "
                f"by themselves; elsewhere call start_from(scores), or start from {', '.join(ALONE)} or {RANDOM}"
            )
        return self.start_from(ALONE[self.start]().scores(task, a, b, rng))


@define(frozen=True, kw_only=True)
class _Begun:
    """It, with the logits of one pair to start from."""

    options: Sinkhorn
    logits: Mapping[str, np.ndarray] = field(eq=False, repr=False)

    def align(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the permutations of b that fit a."""
        return {name: assigned(logits) for name, logits in self.scores(task, a, b, rng).items()}

    def scores(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the last logits by group."""
        found, own = symmetry(task.build("cpu")), self.options
        _require_fit(self.logits, found)
        probe = task.build(device(own.device, "aligner.device"))
        with threads_for(probe.layout.size * own.examples):
            last = self._optimised(Between.of(probe, found, (a, b), own.loss, own.examples), rng)
        if not all(np.isfinite(one).all() for one in last.values()):
            raise GlobscopeError(
                f"{WHO}: its logits are no longer finite after {own.steps} steps: the loss between the two networks "
                f"is not, or learning_rate = {own.learning_rate:g} is too high"
            )
        return last

    def _optimised(self, between: Between, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return the logits after all steps."""
        import torch

        own, where = self.options, next(iter(between.a.values())).device
        names = _by_size(between.found)
        stacks = [torch.from_numpy(np.stack([self.logits[n] for n in several])).float() for several in names]
        leaves = [one.to(where).requires_grad_() for one in stacks]
        adam = torch.optim.Adam(leaves, lr=own.learning_rate)
        with fixed_seed(int(rng.integers(2**62)), str(where)):  # for layers that draw, such as dropout
            for _ in range(own.steps):
                soft = _named(names, [sinkhorn(leaf, own.iterations) for leaf in leaves])
                slopes = torch.autograd.grad(between.loss(soft, rng), leaves)
                for leaf, slope in zip(leaves, slopes, strict=True):
                    leaf.grad = slope
                adam.step()
        return {name: one.cpu().double().numpy() for name, one in _named(names, [x.detach() for x in leaves]).items()}


def _by_size(found: Symmetry) -> list[list[str]]:
    """Return the groups' names, those of equal size together: their matrices are computed as one stack."""
    sizes: dict[int, list[str]] = {}
    for name, size in found.sizes.items():
        sizes.setdefault(size, []).append(name)
    return list(sizes.values())


def _named(names: list[list[str]], stacks: list[Any]) -> dict[str, Any]:
    return {
        name: one
        for several, stack in zip(names, stacks, strict=True)
        for name, one in zip(several, stack, strict=True)
    }


def _require_fit(scores: Mapping[str, np.ndarray], found: Symmetry) -> None:
    """Refuse scores that are not of these networks.

    Raises:
        PluginError: A group has none, or of another shape, or some that are not finite.
    """
    for name, size in found.sizes.items():
        if name not in scores:
            raise PluginError(f"{WHO} was handed no scores of the group {name!r}")
        if scores[name].shape != (size, size) or not np.isfinite(scores[name]).all():
            raise PluginError(
                f"{WHO} was handed scores of the group {name!r} that are no ({size}, {size}) finite numbers"
            )
