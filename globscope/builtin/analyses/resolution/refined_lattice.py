"""A lattice with a sample between every two, and a landscape on it."""

import numpy as np
from attrs import define, evolve, field

from globscope.api import Landscape, Samples


@define(frozen=True, kw_only=True)
class RefinedLattice:
    """A lattice of n samples per axis turned into one of 2 n − 1, over the same bounds.

    Attributes:
        samples: The fine lattice, in C order.
        old: (n,) rows at which the samples of the coarse lattice lie, at the same points.
    """

    samples: Samples
    old: np.ndarray = field(eq=False, repr=False)

    @property
    def new(self) -> np.ndarray:
        """Rows of the samples that are not in the coarse lattice."""
        lacking: np.ndarray = np.setdiff1d(np.arange(len(self.samples.points)), self.old)
        return lacking

    def merge(self, coarse: Landscape, between: Landscape) -> Landscape:
        """Return the landscape of the coarse samples and of the new ones, in order."""

        def interleave(old: np.ndarray, new: np.ndarray) -> np.ndarray:
            whole = np.empty(len(self.samples.points), old.dtype)
            whole[self.old], whole[self.new] = old, new
            return whole

        cycles = None
        if coarse.cycle_error is not None and between.cycle_error is not None:
            cycles = interleave(coarse.cycle_error, between.cycle_error)
        return evolve(
            between,
            samples=self.samples,
            fields={name: interleave(values, between.fields[name]) for name, values in coarse.fields.items()},
            distance_to_member=interleave(coarse.distance_to_member, between.distance_to_member),
            cycle_error=cycles,
            trusted=interleave(coarse.trusted, between.trusted),
        )


def refine(samples: Samples) -> RefinedLattice | None:
    """Return the finer lattice; None where the samples do not fill a lattice along all latent axes."""
    index, shape = samples.index, samples.shape
    if index is None or shape is None or len(shape) != samples.points.shape[1] or len(index) != np.prod(shape):
        return None
    points = np.empty((*shape, len(shape)))
    points[tuple(index.T)] = samples.points
    for axis in range(len(shape)):
        points = _with_middles(points, axis)
    fine = points.shape[:-1]
    steps = np.ascontiguousarray(np.indices(fine).reshape(len(fine), -1).T)
    old = np.ravel_multi_index(tuple(2 * index.T), fine)
    return RefinedLattice(samples=Samples(points=points.reshape(-1, len(fine)), index=steps, shape=fine), old=old)


def _with_middles(points: np.ndarray, axis: int) -> np.ndarray:
    """Return points with the middle of every two along one axis."""
    ahead = np.moveaxis(points, axis, 0)
    both = np.empty((2 * len(ahead) - 1, *ahead.shape[1:]))
    both[::2], both[1::2] = ahead, (ahead[:-1] + ahead[1:]) / 2
    return np.moveaxis(both, 0, axis)
