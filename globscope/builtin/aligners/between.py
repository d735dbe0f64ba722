"""What two networks are to each other while one of them is permuted softly: a loss that gradients can lower."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from attrs import define

from globscope.api import Probe, Symmetry, Tensors
from globscope.builtin.aligners.soft import permuted

Kind = Literal["midpoint", "random", "weights"]


@define(frozen=True, kw_only=True)
class Between:
    """A loss between a network and another, softly permuted one.

    Attributes:
        probe: Of the task, on the device that computes.
        found: The symmetry of the networks.
        a: Trained tensors by name, on the device.
        b: Likewise.
        scratch: Buffers; layers in training mode write to them, so they are no network's own.
        kind: The task's loss at the middle or a random point of the line, or the weights' squared distance.
        examples: Of the training split, drawn for every step; all where there are fewer.
    """

    probe: Probe
    found: Symmetry
    a: Mapping[str, Any]
    b: Mapping[str, Any]
    scratch: Mapping[str, Any]
    kind: Kind
    examples: int

    @classmethod
    def of(cls, probe: Probe, found: Symmetry, both: tuple[Tensors, Tensors], kind: Kind, examples: int) -> "Between":
        """Return it for two networks of numpy arrays, which stay as they are."""
        fresh, scratch = probe.initialise(0)
        trained = {name: fresh[name] for name in probe.layout.names if name not in found.statistics}
        ours, theirs = (_moved(one, trained) for one in both)
        # Buffers that are no statistics are a's: halfway between two networks, neither is nearer.
        own = {name: buffer for name, buffer in scratch.items() if name in both[0] and name not in probe.statistics}
        buffers = scratch | _moved(both[0], own)
        return cls(probe=probe, found=found, a=ours, b=theirs, scratch=buffers, kind=kind, examples=examples)

    def loss(self, soft: Mapping[str, Any], rng: np.random.Generator) -> Any:
        """Return the loss with b's units mixed by `soft`, differentiable in it."""
        import torch

        moved = permuted(self.found, self.b, soft)
        if self.kind == "weights":
            return sum((own - moved[name]).square().sum() for name, own in self.a.items())
        share = 0.5 if self.kind == "midpoint" else rng.random()
        mixed = {name: torch.lerp(own, moved[name], share) for name, own in self.a.items()}
        # A mixture has no statistics of its own: those of the batch, as in training.
        return self.probe.objective(mixed, self.scratch, self._batch(rng), training=bool(self.probe.statistics))

    def _batch(self, rng: np.random.Generator) -> Any:
        import torch

        first = self.probe.splits[0]
        total = self.probe.examples(first)
        drawn = rng.choice(total, min(self.examples, total), replace=False)
        return self.probe.batch(first, torch.from_numpy(drawn))


def _moved(tensors: Tensors, like: Mapping[str, Any]) -> dict[str, Any]:
    import torch

    return {name: torch.from_numpy(np.array(tensors[name])).to(own) for name, own in like.items()}
