"""A field between its samples on a lattice: a spline, and how far it may be off.

The spline is a polyharmonic one with linear terms, r² log r in two axes and r³ in three (Duchon, "Splines minimizing
rotation-invariant semi-norms in Sobolev spaces", 1977), of the logarithm of the heights above the lowest sample: basins
of a loss are steep near their minima and flat on the plateaus between them. SciPy's interpolator keeps the coefficients
to itself, from which the leave-one-out errors follow (Rippa, "An algorithm for selecting a good value for the parameter
c in radial basis function interpolation", Adv. Comput. Math. 11, 1999).
"""

from functools import cached_property

import numpy as np
from attrs import define, field

# Samples around a vertex whose leave-one-out errors say how far the spline may be off there.
AROUND = 6
# Numbers of the kernel that are held at once.
BLOCK = 2**22
# Entries of an inverse below this share of the largest are rounding.
ROUNDING = 1e-9


@define(frozen=True, kw_only=True)
class Bounds:
    """What is known of a field on the n vertices of a lattice.

    Attributes:
        known: (n,) whether a vertex was measured, or is taken for measured.
        values: (n,) measured values, and filled ones elsewhere.
        lowest: (n,) the least that a value is estimated to be.
        highest: (n,) the most that a value is estimated to be.
    """

    known: np.ndarray = field(eq=False, repr=False)
    values: np.ndarray = field(eq=False, repr=False)
    lowest: np.ndarray = field(eq=False, repr=False)
    highest: np.ndarray = field(eq=False, repr=False)


@define(frozen=True, kw_only=True, slots=False)
class Fill:
    """A field on the n vertices of a lattice, from m of them.

    A sample's leave-one-out error is the spline's error at it without it. Over the distance to the nearest other
    sample, it is the error per lattice step; the root mean square over the nearest samples, times the distance to the
    nearest one, is taken for the standard deviation of a filled value.

    Attributes:
        vertices: (n, d) indices on the lattice.
        measured: (m,) numbers of the measured vertices.
        values: (m,) measured values; those that are not finite take no part in the spline.
        floor: Lowest measured value.
        scale: What is added to a height above the floor before its logarithm is taken, in the field's unit.
        heights: (n,) filled logarithms.
        slack: (n,) standard deviation of the filled logarithms per lattice step.
        distance: (n,) lattice steps to the nearest measured vertex.
    """

    vertices: np.ndarray = field(eq=False, repr=False)
    measured: np.ndarray = field(eq=False, repr=False)
    values: np.ndarray = field(eq=False, repr=False)
    floor: float
    scale: float
    heights: np.ndarray = field(eq=False, repr=False)
    slack: np.ndarray = field(eq=False, repr=False)
    distance: np.ndarray = field(eq=False, repr=False)

    @classmethod
    def of(cls, vertices: np.ndarray, measured: np.ndarray, values: np.ndarray, scale: float) -> "Fill":
        """Return the fill of a field from values at some vertices, of which d + 2 are finite."""
        from scipy.spatial import cKDTree

        finite = np.isfinite(values)
        sites, floor = vertices[measured[finite]], values[finite].min()
        tree = cKDTree(sites)
        heights, errors = _spline(sites, np.log(values[finite] - floor + scale), vertices)
        distance, nearest = tree.query(vertices, k=min(AROUND, len(sites)))
        per_step = errors / tree.query(sites, k=2)[0][:, 1]
        return cls(
            vertices=vertices,
            measured=measured,
            values=values,
            floor=float(floor),
            scale=scale,
            heights=heights,
            slack=np.sqrt((per_step**2)[nearest].mean(axis=1)),
            distance=distance[:, 0],
        )

    @cached_property
    def field(self) -> np.ndarray:
        """(n,) measured and filled values; infinite where a measured value is not finite."""
        return self._with_measured(self._value(self.heights))

    def bounds(self, deviations: float, believed: list[int]) -> Bounds:
        """Return the values within so many standard deviations, where some filled ones are taken for measured."""
        distance, filled = self.distance, self.field
        if believed:
            from scipy.spatial import cKDTree

            distance = np.minimum(distance, cKDTree(self.vertices[believed]).query(self.vertices)[0])
        known = np.zeros(len(filled), bool)
        known[self.measured] = known[believed] = True
        with np.errstate(invalid="ignore"):  # at a measured vertex, nothing is off by an infinite error per step
            doubt = deviations * self.slack * distance
        lowest, highest = self._value(self.heights - doubt), self._value(self.heights + doubt)
        return Bounds(
            known=known,
            values=filled,
            lowest=np.where(known, filled, lowest),
            highest=np.where(known, filled, highest),
        )

    def _value(self, heights: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            values: np.ndarray = np.exp(heights) - self.scale + self.floor
        return values

    def _with_measured(self, values: np.ndarray) -> np.ndarray:
        values[self.measured] = np.where(np.isfinite(self.values), self.values, np.inf)
        return values


def _spline(sites: np.ndarray, heights: np.ndarray, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the spline through (m,) heights at all vertices, and its (m,) leave-one-out errors."""
    count = len(sites)
    linear = _linear_terms(sites, sites)
    system = np.block([[_kernel(sites, sites), linear], [linear.T, np.zeros((linear.shape[1],) * 2)]])
    inverse = np.linalg.inv(system)
    coefficients = inverse[:, :count] @ heights
    rows = max(1, BLOCK // count)
    blocks = [vertices[start : start + rows] for start in range(0, len(vertices), rows)]
    filled = [np.hstack([_kernel(block, sites), _linear_terms(block, sites)]) @ coefficients for block in blocks]
    own = np.abs(np.diag(inverse)[:count])
    # Without a sample that alone fixes a linear term there is no spline, and no telling how far off it would be.
    errors = np.full(count, np.inf)
    np.divide(np.abs(coefficients[:count]), own, out=errors, where=own > ROUNDING * own.max())
    return np.concatenate(filled), errors


def _kernel(points: np.ndarray, sites: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import cdist

    squares = cdist(points, sites, "sqeuclidean")
    if sites.shape[1] == 2:
        kernel: np.ndarray = squares * np.log(np.maximum(squares, 1.0))
    else:
        kernel = squares * np.sqrt(squares)
    return kernel


def _linear_terms(points: np.ndarray, sites: np.ndarray) -> np.ndarray:
    """Return one and the coordinates within the flat that holds the sites, about their mean and of its scale."""
    centre = sites.mean(axis=0)
    _, spreads, axes = np.linalg.svd(sites - centre, full_matrices=False)
    flat = axes[spreads > 1e-9 * spreads.max()]
    return np.hstack([np.ones((len(points), 1)), (points - centre) @ flat.T / spreads.max()])
