"""What the weights and gradients of a pair of networks say before anything is merged."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from attrs import define, field

from globscope.api import Draft, Part, Population, Progress, Task
from globscope.builtin.analyses.merging.gradients import LossGradient, gradient_figures
from globscope.builtin.analyses.merging.subspaces import subspace_overlap


@define(frozen=True, kw_only=True)
class PairGeometry:
    """The figures of one pair; three networks are held at a time.

    Attributes:
        names: Names of the two.
        task: The study's task.
        networks: The two, and after them their base where there is one.
        examples: Number of training examples of the gradients.
        rank: Largest dimension of the subspaces.
        seed: The study's seed.
        device: Device on which gradients are computed.
    """

    names: tuple[str, str]
    task: Task
    networks: Population = field(repr=False)
    examples: int
    rank: int
    seed: int
    device: str

    def __call__(self, draft: Draft, progress: Progress) -> Mapping[str, np.ndarray]:
        """Return the figures, () each: distance, cosine, overlap of subspaces and cosines of gradients."""
        del draft, progress
        weights = np.asarray(self.networks.weights[:2])
        base = np.asarray(self.networks.weights[2]) if len(self.networks.members) > 2 else np.float32(0)
        changes = weights - base
        gradient = LossGradient(self.task, self.examples, self.seed, self.device)
        one, other = self.networks.members[:2]
        figures = {
            **_lengths(changes),
            "subspaces": subspace_overlap(changes, self.networks.layout, self.rank),
            **gradient_figures(gradient, weights, (one.buffers, other.buffers)),
        }
        return {name: np.array(value) for name, value in figures.items()}

    @property
    def part(self) -> Part:
        """The computation as a part of the analysis."""
        weights = [hashlib.blake2b(np.ascontiguousarray(row).data).hexdigest() for row in self.networks.weights]
        buffers = [dict(member.buffers) for member in self.networks.members[:2]]
        label = f"gradients and subspaces of {' and '.join(self.names)}"
        return Part(label=label, inputs=[weights, buffers, self.examples, self.rank], work=self)


def _lengths(changes: np.ndarray) -> dict[str, float]:
    """Return the distance of (2, D) changes, and their cosine."""
    one, other = changes.astype(np.float64)
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    cosine = one @ other / lengths if lengths else np.nan
    return {"distance": float(np.linalg.norm(one - other)), "cosine": float(cosine)}


def pair_figures(found: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Return the (pairs,) arrays of the figures of several pairs."""
    return {name: np.array([float(one[name]) for one in found]) for name in (found[0] if found else ())}
