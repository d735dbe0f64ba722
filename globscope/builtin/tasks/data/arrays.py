"""A task's examples in memory."""

from typing import Any

import numpy as np
from attrs import define, evolve, field


@define(frozen=True, kw_only=True)
class Arrays:
    """Inputs and targets of both splits.

    Attributes:
        train: (examples, …) inputs and (examples, …) targets; images are (examples, channels, height, width).
        test: The same, held back.
    """

    train: tuple[Any, Any] = field(eq=False, repr=False)
    test: tuple[Any, Any] = field(eq=False, repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one example's input."""
        return tuple(self.train[0].shape[1:])

    def shaped(self, *shape: int) -> "Arrays":
        """Return the same with inputs of another shape."""
        splits = {name: (x.reshape(len(x), *shape), y) for name, (x, y) in (("train", self.train), ("test", self.test))}
        return evolve(self, **splits)

    def fewer(self, count: int, seed: int) -> "Arrays":
        """Return the same with `count` training examples, drawn without replacement."""
        import torch

        everything, labels = self.train
        kept = np.sort(np.random.default_rng(seed).permutation(len(everything))[:count])
        at = torch.from_numpy(kept) if isinstance(everything, torch.Tensor) else kept
        return evolve(self, train=(everything[at], labels[at]))

    @property
    def classes(self) -> int:
        """One more than the largest target."""
        return int(max(self.train[1].max(), self.test[1].max())) + 1
