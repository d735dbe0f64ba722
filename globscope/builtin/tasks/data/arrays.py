"""A task's examples in memory."""

from typing import Any

import numpy as np
from attrs import define, evolve, field


@define(frozen=True, kw_only=True)
class Arrays:
    """Inputs and targets of both splits.

    Attributes:
        train: (examples, …) inputs and (examples, …) targets; images are (examples, channels, height, width).
        test: Inputs and targets of the held-back split, in the same shapes.
    """

    train: tuple[Any, Any] = field(eq=False, repr=False)
    test: tuple[Any, Any] = field(eq=False, repr=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one example's input."""
        return tuple(self.train[0].shape[1:])

    def reshape_inputs(self, *shape: int) -> "Arrays":
        """Return the arrays with inputs of another shape."""
        splits = {name: (x.reshape(len(x), *shape), y) for name, (x, y) in (("train", self.train), ("test", self.test))}
        return evolve(self, **splits)

    def fewer(self, count: int, seed: int) -> "Arrays":
        """Return the arrays with `count` training examples, drawn without replacement."""
        import torch

        inputs, targets = self.train
        rows = np.sort(np.random.default_rng(seed).permutation(len(inputs))[:count])
        indices = torch.from_numpy(rows) if isinstance(inputs, torch.Tensor) else rows
        return evolve(self, train=(inputs[indices], targets[indices]))

    @property
    def classes(self) -> int:
        """The number of classes: the largest target plus one."""
        return int(max(self.train[1].max(), self.test[1].max())) + 1
