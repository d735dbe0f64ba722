"""A differentiable loss between two networks, of which one is permuted softly."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from attrs import define

from globscope.api import Probe, Symmetry, Tensors
from globscope.builtin.aligners.soft import permute_softly

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
        # Buffers that are no statistics are a's: the middle is equally near to both networks.
        own_buffers = {
            name: buffer for name, buffer in scratch.items() if name in both[0] and name not in probe.statistics
        }
        buffers = scratch | _on_device(both[0], own_buffers)
        return cls(probe=probe, symmetry=symmetry, a=first, b=second, scratch=buffers, kind=kind, examples=examples)

    def loss(self, soft: Mapping[str, Any], rng: np.random.Generator) -> Any:
        """Return the loss with b's units mixed by `soft`, differentiable in it."""
        import torch

        permuted = permute_softly(self.symmetry, self.b, soft)
        if self.kind == "weights":
            return sum((tensor - permuted[name]).square().sum() for name, tensor in self.a.items())
        share = 0.5 if self.kind == "midpoint" else rng.random()
        mixed = {name: torch.lerp(tensor, permuted[name], share) for name, tensor in self.a.items()}
        # A mixture has no statistics of its own; it uses those of the batch, as in training.
        return self.probe.objective(mixed, self.scratch, self._batch(rng), training=bool(self.probe.statistics))

    def _batch(self, rng: np.random.Generator) -> Any:
        import torch

        first = self.probe.splits[0]
        total = self.probe.examples(first)
        rows = rng.choice(total, min(self.examples, total), replace=False)
        return self.probe.batch(first, torch.from_numpy(rows))


def _on_device(tensors: Tensors, like: Mapping[str, Any]) -> dict[str, Any]:
    import torch

    return {name: torch.from_numpy(np.array(tensors[name])).to(tensor) for name, tensor in like.items()}
