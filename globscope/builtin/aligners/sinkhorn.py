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
from globscope.builtin.aligners.pair_loss import Kind, PairLoss, sinkhorn
from globscope.builtin.aligners.unit_similarity import best_assignment, rescale
from globscope.builtin.aligners.weights import WeightMatching

LABEL = "aligner 'sinkhorn'"
# Aligners whose scores it computes itself, with their default options.
BUILT_IN = {"activation-matching": ActivationMatching, "weight-matching": WeightMatching}
RANDOM = "random"


@define(frozen=True, kw_only=True)
class Sinkhorn:
    """Match units by gradients that lower the loss between the networks.

    The permutation of every group is relaxed to a doubly stochastic matrix, by Sinkhorn's iteration from a matrix of
    logits. Adam changes the logits of all groups together, so that the loss between a and b, with b's units mixed by
    these matrices, decreases. The result is the best assignment by the last logits, whether or not its loss is below
    that of the start: the loss of the matrices was lowered. Networks with statistics (BatchNorm) are scored with those
    of each batch.

    Rescaled scores of another aligner are a good start. The 0 and 1 of a permutation are not: they are so sharp that no
    gradient is left. From random logits it takes several times as many steps. Silent units, which change nothing, may
    be matched with any others.

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

    @classmethod
    def quick_examples(cls) -> "tuple[Sinkhorn, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(loss="weights", start="weight-matching"),
            cls(loss="weights", start="random"),
        )

    @property
    def traits(self) -> AlignerTraits:
        """The aligner whose scores are the start."""
        return AlignerTraits(start=self.start)

    def start_from(self, scores: Mapping[str, np.ndarray]) -> "_StartedSinkhorn":
        """Return the aligner that starts from these scores of one pair, regardless of `start`."""
        logits = {name: self.sharpness * rescale(np.asarray(score, float)) for name, score in scores.items()}
        return _StartedSinkhorn(options=self, logits=logits)

    def align(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the permutations of b that fit a.

        Raises:
            PluginError: `start` is an aligner whose scores must be passed in.
            GlobscopeError: The logits are no longer finite.
        """
        return self._with_start(task, a, b, rng).align(task, a, b, rng)

    def scores(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the last logits by group."""
        return self._with_start(task, a, b, rng).scores(task, a, b, rng)

    def _with_start(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> "_StartedSinkhorn":
        """Return the aligner with a start that it computes itself."""
        if self.start == RANDOM:
            sizes = symmetry(task.build("cpu")).sizes
            return _StartedSinkhorn(
                options=self, logits={name: rng.standard_normal((n, n)) for name, n in sizes.items()}
            )
        if self.start not in BUILT_IN:
            raise PluginError(
                f"{LABEL} starts from the scores of {self.start!r}, which are missing: a study computes them; "
                f"elsewhere call start_from(scores), or start from {', '.join(BUILT_IN)} or {RANDOM}"
            )
        return self.start_from(BUILT_IN[self.start]().scores(task, a, b, rng))


@define(frozen=True, kw_only=True)
class _StartedSinkhorn:
    """The aligner with the logits of one pair to start from."""

    options: Sinkhorn
    logits: Mapping[str, np.ndarray] = field(eq=False, repr=False)

    def align(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the permutations of b that fit a."""
        return {name: best_assignment(logits) for name, logits in self.scores(task, a, b, rng).items()}

    def scores(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the last logits by group."""
        groups, options = symmetry(task.build("cpu")), self.options
        _require_fit(self.logits, groups)
        probe = task.build(device(options.device, "aligner.device"))
        with threads_for(probe.layout.size * options.examples):
            last = self._optimise(PairLoss.of(probe, groups, (a, b), options.loss, options.examples), rng)
        if not all(np.isfinite(logits).all() for logits in last.values()):
            raise GlobscopeError(
                f"{LABEL}: its logits are no longer finite after {options.steps} steps: the loss between the two "
                f"networks is not, or learning_rate = {options.learning_rate:g} is too high"
            )
        return last

    def _optimise(self, between: PairLoss, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Return the logits after all steps."""
        import torch

        options, where = self.options, next(iter(between.a.values())).device
        names = _by_size(between.symmetry)
        stacks = [torch.from_numpy(np.stack([self.logits[n] for n in group_names])).float() for group_names in names]
        leaves = [matrix.to(where).requires_grad_() for matrix in stacks]
        adam = torch.optim.Adam(leaves, lr=options.learning_rate)
        with fixed_seed(int(rng.integers(2**62)), str(where)):  # for layers that draw, such as dropout
            for _ in range(options.steps):
                soft = _by_group(names, [sinkhorn(leaf, options.iterations) for leaf in leaves])
                slopes = torch.autograd.grad(between.loss(soft, rng), leaves)
                for leaf, slope in zip(leaves, slopes, strict=True):
                    leaf.grad = slope
                adam.step()
        return {
            name: matrix.cpu().double().numpy()
            for name, matrix in _by_group(names, [x.detach() for x in leaves]).items()
        }


def _by_size(symmetry: Symmetry) -> list[list[str]]:
    """Return the groups' names by size: matrices of equal size are computed as one stack."""
    sizes: dict[int, list[str]] = {}
    for name, size in symmetry.sizes.items():
        sizes.setdefault(size, []).append(name)
    return list(sizes.values())


def _by_group(names: list[list[str]], stacks: list[Any]) -> dict[str, Any]:
    return {
        name: matrix
        for group_names, stack in zip(names, stacks, strict=True)
        for name, matrix in zip(group_names, stack, strict=True)
    }


def _require_fit(scores: Mapping[str, np.ndarray], symmetry: Symmetry) -> None:
    """Refuse scores that do not fit these networks.

    Raises:
        PluginError: A group's scores are missing, have another shape, or are not finite.
    """
    for name, size in symmetry.sizes.items():
        if name not in scores:
            raise PluginError(f"{LABEL} got no scores for the group {name!r}")
        if scores[name].shape != (size, size) or not np.isfinite(scores[name]).all():
            raise PluginError(f"{LABEL} got scores for the group {name!r} that are not ({size}, {size}) finite numbers")
