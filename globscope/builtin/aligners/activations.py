"""Matching of units by what passes through them."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from attrs import define, field
from attrs.validators import and_, ge

from globscope.api import EXAMPLES, Probe, Task, Tensors, activations, symmetry
from globscope.builtin.aligners.unit_similarity import assigned, by_weights, scaled

# What weights add to activations, as a share of either's largest similarity: enough to settle ties, and no more.
TIE = 1e-9
# A variance that is less than this share of the mean square is rounding.
CONSTANT = 1e-12


@define(frozen=True, kw_only=True)
class ActivationMatching:
    """Match units that answer alike to the same examples.

    Every group is matched by itself, in one pass, on what the layers above read from its units: after the
    nonlinearity; places of an image are further samples. Units that no activation tells apart, because they are silent
    on all examples, are told apart by their weights. A network whose statistics (BatchNorm) are not given gets
    them re-estimated on the same examples. Inner products need no choice of scale, and gave lower barriers than
    correlations for most recipes that were tried, not for strong weight decay.

    Source: Li, Yosinski, Clune, Lipson, Hopcroft, "Convergent Learning", ICLR 2016 (correlation); Ainsworth, Hayase,
    Srinivasa, "Git Re-Basin", ICLR 2023, section 3.1 (inner product).

    Attributes:
        similarity: `inner-product` of activations, or their `correlation`, in which a unit that never changes resembles
            no other.
        examples: Number of examples of the training split, drawn with the aligner's seed.
    """

    similarity: Literal["inner-product", "correlation"] = "inner-product"
    examples: int = field(default=1000, validator=and_(ge(1), EXAMPLES))

    def align(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the permutations of b that fit a."""
        return {name: assigned(likeness) for name, likeness in self.scores(task, a, b, rng).items()}

    def scores(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the similarities by group; where units are silent, their weights settle the ties."""
        probe = task.build("cpu")
        found = symmetry(probe)
        similarities = self._similarities(probe, a, b, _drawn(probe, self.examples, rng))
        permutations = {group.name: assigned(similarities[group.name]) for group in found.groups}
        for group in found.groups:
            likeness = similarities[group.name]
            if not (likeness.any(0).all() and likeness.any(1).all()):
                weights = by_weights(found, group, a, b, permutations)
                similarities[group.name] = scaled(likeness) + TIE * scaled(weights)
                permutations[group.name] = assigned(similarities[group.name])
        return similarities

    def _similarities(self, probe: Probe, a: Tensors, b: Tensors, examples: np.ndarray) -> dict[str, np.ndarray]:
        """Return the (n, n) similarities of every group's units: a's are rows, b's are columns."""
        moments: dict[tuple[str, int], Moments] = {}
        both = zip(activations(probe, a, examples), activations(probe, b, examples), strict=True)
        for ours, theirs in both:
            for name, several in ours.items():
                for at, (x, y) in enumerate(zip(several, theirs[name], strict=True)):
                    moments.setdefault((name, at), Moments(x.shape[1])).add(x, y)
        found: dict[str, np.ndarray] = {}
        for (name, _), one in moments.items():
            value = one.product if self.similarity == "inner-product" else one.correlation
            found[name] = found.get(name, 0) + value
        return found


class Moments:
    """Sums over the samples of two networks' units."""

    def __init__(self, units: int) -> None:
        """Begin with none."""
        self._count = 0
        self._first = np.zeros((2, units))
        self._second = np.zeros((2, units))
        self._both = np.zeros((units, units))

    def add(self, x: np.ndarray, y: np.ndarray) -> None:
        """Take (samples, units) of either network."""
        self._count += len(x)
        self._first += x.sum(0), y.sum(0)
        self._second += (x**2).sum(0), (y**2).sum(0)
        self._both += x.T @ y

    @property
    def product(self) -> np.ndarray:
        """The mean inner product of every pair."""
        return self._both / self._count

    @property
    def correlation(self) -> np.ndarray:
        """The correlation of every pair; 0 where one never changes."""
        mean = self._first / self._count
        square = self._second / self._count
        variance = square - mean**2
        scale = np.outer(*np.sqrt(np.where(variance > CONSTANT * square, variance, 0)))
        covariance = self.product - np.outer(*mean)
        found: np.ndarray = np.divide(covariance, scale, out=np.zeros_like(scale), where=scale > 0)
        return found


def _drawn(probe: Probe, examples: int, rng: np.random.Generator) -> np.ndarray:
    total = probe.examples(probe.splits[0])
    return np.array(sorted(rng.choice(total, min(examples, total), replace=False)))
