"""Matching of units by their activations."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
from attrs import define, field
from attrs.validators import and_, ge

from globscope.api import EXAMPLES, Probe, Task, Tensors, activations, symmetry
from globscope.builtin.aligners.unit_similarity import best_assignment, rescale, weight_similarity

# The weight of weights' similarity beside that of activations: just enough to settle ties.
TIE = 1e-9
# A variance below this share of the mean square is rounding error.
CONSTANT = 1e-12


@define(frozen=True, kw_only=True)
class ActivationMatching:
    """Match units with similar activations on the same examples.

    Every group is matched by itself, in one pass, on the values that the layers above read from its units, after the
    nonlinearity; places of an image are further samples. Units that are silent on all examples are distinguished by
    their weights. A network without statistics (BatchNorm) gets them re-estimated on the same examples. Inner products
    need no choice of scale, and gave lower barriers than correlations for most recipes that were tried, but not for
    strong weight decay.

    Source: Li, Yosinski, Clune, Lipson, Hopcroft, "Convergent Learning", ICLR 2016 (correlation); Ainsworth, Hayase,
    Srinivasa, "Git Re-Basin", ICLR 2023, section 3.1 (inner product).

    Attributes:
        similarity: `inner-product` of activations, or their `correlation`, where a constant unit is similar to none.
        examples: Number of examples of the training split, drawn with the aligner's seed.
    """

    similarity: Literal["inner-product", "correlation"] = "inner-product"
    examples: int = field(default=1000, validator=and_(ge(1), EXAMPLES))

    @classmethod
    def quick_examples(cls) -> "tuple[ActivationMatching, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (
            cls(),
            cls(similarity="correlation", examples=20),
        )

    def align(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the permutations of b that fit a."""
        return {name: best_assignment(similarity) for name, similarity in self.scores(task, a, b, rng).items()}

    def scores(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the similarities by group; the weights of silent units settle their ties."""
        probe = task.build("cpu")
        groups = symmetry(probe)
        similarities = self._similarities(probe, a, b, _draw_examples(probe, self.examples, rng))
        permutations = {group.name: best_assignment(similarities[group.name]) for group in groups.groups}
        for group in groups.groups:
            similarity = similarities[group.name]
            if not (similarity.any(0).all() and similarity.any(1).all()):
                weights = weight_similarity(groups, group, a, b, permutations)
                similarities[group.name] = rescale(similarity) + TIE * rescale(weights)
                permutations[group.name] = best_assignment(similarities[group.name])
        return similarities

    def _similarities(self, probe: Probe, a: Tensors, b: Tensors, examples: np.ndarray) -> dict[str, np.ndarray]:
        """Return the (n, n) similarities of every group's units: a's are rows, b's are columns."""
        moments: dict[tuple[str, int], Moments] = {}
        both = zip(activations(probe, a, examples), activations(probe, b, examples), strict=True)
        for of_a, of_b in both:
            for name, values in of_a.items():
                for number, (x, y) in enumerate(zip(values, of_b[name], strict=True)):
                    moments.setdefault((name, number), Moments(x.shape[1])).add(x, y)
        similarities: dict[str, np.ndarray] = {}
        for (name, _), moment in moments.items():
            value = moment.product if self.similarity == "inner-product" else moment.correlation
            similarities[name] = similarities.get(name, 0) + value
        return similarities


class Moments:
    """Sums over the samples of two networks' units."""

    def __init__(self, units: int) -> None:
        """Start without samples."""
        self._count = 0
        self._first = np.zeros((2, units))
        self._second = np.zeros((2, units))
        self._both = np.zeros((units, units))

    def add(self, x: np.ndarray, y: np.ndarray) -> None:
        """Add (samples, units) activations of both networks."""
        self._count += len(x)
        self._first += x.sum(0), y.sum(0)
        self._second += (x**2).sum(0), (y**2).sum(0)
        self._both += x.T @ y

    @property
    def product(self) -> np.ndarray:
        """The mean inner product of every pair of units."""
        return self._both / self._count

    @property
    def correlation(self) -> np.ndarray:
        """The correlation of every pair of units; 0 where one never changes."""
        mean = self._first / self._count
        square = self._second / self._count
        variance = square - mean**2
        scale = np.outer(*np.sqrt(np.where(variance > CONSTANT * square, variance, 0)))
        covariance = self.product - np.outer(*mean)
        correlation: np.ndarray = np.divide(covariance, scale, out=np.zeros_like(scale), where=scale > 0)
        return correlation


def _draw_examples(probe: Probe, examples: int, rng: np.random.Generator) -> np.ndarray:
    total = probe.examples(probe.splits[0])
    return np.array(sorted(rng.choice(total, min(examples, total), replace=False)))
