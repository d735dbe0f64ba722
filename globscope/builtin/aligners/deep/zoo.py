"""The zoo of networks to learn from: its three parts, and the scales of its weights."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import Population, SpecError
from globscope.builtin.aligners.deep.mlp import Mlp

# Two networks (one pair) for validation and for tests each, and four to learn from.
FEWEST = 8


@define(frozen=True, kw_only=True)
class Split:
    """The three parts of a zoo.

    Attributes:
        train: (n,) rows of the networks to learn from.
        validation: (n,) rows of the networks that choose the best weights.
        test: (n,) rows of the networks that are used for the report only.
    """

    train: np.ndarray = field(eq=False)
    validation: np.ndarray = field(eq=False)
    test: np.ndarray = field(eq=False)

    @property
    def rows(self) -> dict[str, np.ndarray]:
        """All three by name."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


def split_zoo(zoo: Population, rng: np.random.Generator) -> Split:
    """Return a zoo's parts: a sixth of its runs, shuffled, is for tests and a sixth for validation.

    All networks of a run are in the same part.

    Raises:
        SpecError: There are too few networks.
    """
    runs = dict.fromkeys(member.variant for member in zoo.members)
    if len(runs) < FEWEST:
        raise SpecError([f"deep-align learns from at least {FEWEST} networks, and well from 100; here are {len(runs)}"])
    order = [list(runs)[place] for place in rng.permutation(len(runs))]
    share = max(2, len(order) // 6)
    parts = order[: -2 * share], order[-2 * share : -share], order[-share:]
    train, validation, test = (
        np.array([row for row, member in enumerate(zoo.members) if member.variant in {*part}]) for part in parts
    )
    return Split(train=train, validation=validation, test=test)


def random_pairs(rows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return (n, 2) random pairs of different rows, each pair once: `count` pairs, or all pairs if there are fewer."""
    first, second = np.triu_indices(len(rows), 1)
    chosen = rng.permutation(len(first))[:count]
    return rng.permuted(np.stack([rows[first[chosen]], rows[second[chosen]]], 1), axis=1)


def networks(zoo: Population, rows: Sequence[int] | np.ndarray, device: str = "cpu") -> dict[str, Any]:
    """Return a batch of a zoo's networks: torch tensors by name, whose first axis is the network."""
    import torch

    flat = np.ascontiguousarray(zoo.weights[np.asarray(rows)], np.float32)
    batch: dict[str, Any] = zoo.layout.unflatten(torch.from_numpy(flat).to(device))
    return batch


def scales(zoo: Population, rows: np.ndarray, mlp: Mlp) -> np.ndarray:
    """Return (layers, 2) standard deviations of a layer's weights and of its biases over a zoo; 1 if nothing varies."""
    count, sums = 0, np.zeros((2, len(mlp.layers), 2))
    for row in rows:
        tensors = zoo.layout.unflatten(np.asarray(zoo.weights[row], np.float64))
        count += 1
        for number, layer in enumerate(mlp.layers):
            for kind, name in enumerate(layer.names):
                sums[:, number, kind] += tensors[name].mean(), (tensors[name] ** 2).mean()
    mean, square = sums / count
    variance = square - mean**2
    return np.sqrt(np.where(variance > 0, variance, 1.0))
