"""A differentiable loss between two networks, of which one is permuted by soft, doubly stochastic permutations."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from attrs import define

from globscope.api import Axis, Probe, Symmetry, Tensors


def sinkhorn(logits: Any, iterations: int) -> Any:
    """Return the (…, n, n) soft permutations of logits: rows and columns scaled in turn, in logarithms.

    Every column adds up to 1, every row nearly so; with infinitely sharp logits it is the assignment.
    Source: Sinkhorn, Ann. Math. Stat. 35 (1964); Mena et al., "Learning Latent Permutations with Gumbel-Sinkhorn
    Networks", ICLR 2018, section 2.
    """
    for _ in range(iterations):
        logits = logits.log_softmax(dim=-1).log_softmax(dim=-2)
    return logits.exp()


def permute_softly(symmetry: Symmetry, tensors: Mapping[str, Any], soft: Mapping[str, Any]) -> dict[str, Any]:
    """Return a network with its units mixed: unit i of the result is Σ_j `soft[group][i, j]` of unit j.

    With the 0 and 1 of a hard permutation it equals `Symmetry.permute` with unit j at i.

    Args:
        symmetry: The symmetry of the network.
        tensors: Torch tensors by name.
        soft: (n, n) matrices by name of the group; groups that are omitted stay unchanged.
    """
    permuted = dict(tensors)
    for group in symmetry.groups:
        if group.name in soft:
            for axis in group.axes:
                if axis.tensor in permuted:
                    permuted[axis.tensor] = _mix_axis(permuted[axis.tensor], axis, soft[group.name])
    return permuted


def _mix_axis(tensor: Any, axis: Axis, soft: Any) -> Any:
    """Return a tensor with the units along one axis mixed; entries of no unit stay unchanged."""
    import torch

    units = tensor.movedim(axis.axis, 0)
    is_whole = axis.index.size == len(units) and np.array_equal(axis.index.ravel(), np.arange(len(units)))
    index = torch.from_numpy(np.ascontiguousarray(axis.index.ravel())).to(units.device)
    flat = (units if is_whole else units[index]).reshape(len(axis.index), -1)
    mixed = (soft.to(units.dtype) @ flat).reshape(-1, *units.shape[1:])
    return (mixed if is_whole else units.index_copy(0, index, mixed)).movedim(0, axis.axis)


Kind = Literal["midpoint", "random", "weights"]


@define(frozen=True, kw_only=True)
class PairLoss:
    """A loss between a network and another, softly permuted one.

    Attributes:
        probe: The probe of the task, on the device.
        symmetry: The symmetry of the networks.
        a: Trained tensors of the first network by name, on the device.
        b: Trained tensors of the second network by name, on the device.
        scratch: Buffers by name, to which layers in training mode may write.
        kind: The task's loss at the middle or a random point of the line, or the squared distance of the weights.
        examples: How many examples of the training split are drawn for every step.
    """

    probe: Probe
    symmetry: Symmetry
    a: Mapping[str, Any]
    b: Mapping[str, Any]
    scratch: Mapping[str, Any]
    kind: Kind
    examples: int

    @classmethod
    def of(
        cls, probe: Probe, symmetry: Symmetry, both: tuple[Tensors, Tensors], kind: Kind, examples: int
    ) -> "PairLoss":
        """Return the loss between two networks of numpy arrays, which are not changed."""
        fresh, scratch = probe.initialise(0)
        trained = {name: fresh[name] for name in probe.layout.names if name not in symmetry.statistics}
        first, second = (_on_device(network, trained) for network in both)
        # Buffers that are not statistics are a's: the middle is equally near to both networks.
        own_buffers = {
            name: buffer for name, buffer in scratch.items() if name in both[0] and name not in probe.statistics
        }
        buffers = scratch | _on_device(both[0], own_buffers)
        return cls(probe=probe, symmetry=symmetry, a=first, b=second, scratch=buffers, kind=kind, examples=examples)

    def loss(self, soft: Mapping[str, Any], rng: np.random.Generator) -> Any:
        """Return the loss with b's units mixed by `soft`, differentiable in it."""
        permuted = permute_softly(self.symmetry, self.b, soft)
        if self.kind == "weights":
            return sum((tensor - permuted[name]).square().sum() for name, tensor in self.a.items())
        share = 0.5 if self.kind == "midpoint" else rng.random()
        return self.loss_between(permuted, self.draw_batch(rng), share)

    def loss_between(self, permuted: Mapping[str, Any], batch: Any, share: float = 0.5) -> Any:
        """Return the task's loss at a share of the line from a to b as it is permuted, differentiable in the latter."""
        import torch

        mixed = {name: torch.lerp(tensor, permuted[name], share) for name, tensor in self.a.items()}
        # A mixture has no statistics of its own; it uses those of the batch, as in training.
        return self.probe.objective(mixed, self.scratch, batch, training=bool(self.probe.statistics))

    def draw_batch(self, rng: np.random.Generator) -> Any:
        """Return a batch of examples of the training split, drawn without replacement."""
        import torch

        first = self.probe.splits[0]
        total = self.probe.examples(first)
        rows = rng.choice(total, min(self.examples, total), replace=False)
        return self.probe.batch(first, torch.from_numpy(rows))


def _on_device(tensors: Tensors, like: Mapping[str, Any]) -> dict[str, Any]:
    import torch

    return {name: torch.from_numpy(np.array(tensors[name])).to(tensor) for name, tensor in like.items()}
