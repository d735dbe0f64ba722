"""Samples of a chart and the losses of the networks they decode to."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, evolve, field

from globscope.values.arrays import read_only, read_only_fields
from globscope.values.frames import data_frame, data_set


@define(frozen=True, kw_only=True)
class Samples:
    """Latent points to decode and evaluate.

    Attributes:
        points: (n, d) float64, in the chart's units.
        index: (n, d') integers on a lattice, or None where the points are scattered. A path on a
            chart of any dimension is a lattice of one axis (d' = 1).
        shape: The lattice's number of samples per axis, or None.
        edges: (m, 2) numbers of neighbouring samples, as of a file's mesh or of the paths of a search; where None, the
            topology method finds the neighbours. Samples are numbered over all rounds of a sampler, so that a later
            round can join its own to earlier ones.
        gradient: Name of the field whose gradient with respect to the latent point is measured too, such as
            `train_loss`; None where none is.
    """

    points: np.ndarray = field(converter=read_only, eq=False, repr=False)
    index: np.ndarray | None = field(default=None, converter=read_only, eq=False, repr=False)
    shape: tuple[int, ...] | None = None
    edges: np.ndarray | None = field(default=None, converter=read_only, eq=False, repr=False)
    gradient: str | None = None

    @property
    def lines(self) -> list[np.ndarray] | None:
        """The (side,) coordinates along each of a lattice's d axes, where each sample's follow from its place.

        None of other samples, and of a lattice some of whose vertices' places no sample tells.
        """
        if self.shape is None or self.index is None or len(self.shape) != self.points.shape[1]:
            return None
        lines = [np.full(size, np.nan) for size in self.shape]
        axes = list(zip(lines, self.index.T, self.points.T, strict=True))
        for line, place, coordinate in axes:
            line[place] = coordinate
        known = all(np.isfinite(line).all() for line in lines)
        straight = all(np.array_equal(line[place], coordinate) for line, place, coordinate in axes)
        return lines if known and straight else None

    def on_lattice(self, values: np.ndarray) -> np.ndarray:
        """Return (n,) values in the lattice's shape; where a vertex has no sample, they are NaN."""
        assert self.index is not None
        assert self.shape is not None
        whole = len(values) == np.prod(self.shape)
        grid = np.full(self.shape, values[0] if whole else np.nan, values.dtype if whole else float)
        grid[tuple(self.index.T)] = values
        return grid

    def concatenate(self, *later: "Samples") -> "Samples":
        """Return these samples followed by later rounds', on the same lattice, with the edges of all."""
        rounds = (self, *later)
        meshes = [one.edges for one in rounds if one.edges is not None]
        return Samples(
            points=np.concatenate([one.points for one in rounds]),
            index=_concatenate([one.index for one in rounds]),
            shape=self.shape,
            edges=np.concatenate(meshes) if meshes else None,
            gradient=next((one.gradient for one in rounds if one.gradient), None),
        )


@define(frozen=True, kw_only=True)
class Landscape:
    """The scalar fields over a chart's samples. Losses that are not finite are kept.

    Attributes:
        samples: The n samples.
        fields: (n,) float64 values by the field's name, such as `train_loss` (mean per example, in the loss's
            unit) or `test_accuracy` (in [0, 1]).
        distance_to_member: (n,) Euclidean distance in weight space from the decoded network to the
            nearest member in the fit.
        cycle_error: (n,) ‖encode(decode(z)) − z‖ in latent units, or None without an encoder.
        trusted: (n,) whether the decoded network is near enough to a member (see `Map.is_near`).
        gradients: (n, d) float64 gradients with respect to the latent point, of the field that the samples name, in its
            unit per latent unit; NaN in the rows of samples that asked for none, and None where none did.
        seconds: Seconds spent on decoding and on evaluating.
    """

    samples: Samples
    fields: Mapping[str, np.ndarray] = field(converter=read_only_fields, eq=False, repr=False)
    distance_to_member: np.ndarray = field(converter=read_only, eq=False, repr=False)
    cycle_error: np.ndarray | None = field(default=None, converter=read_only, eq=False, repr=False)
    trusted: np.ndarray = field(converter=read_only, eq=False, repr=False)
    gradients: np.ndarray | None = field(default=None, converter=read_only, eq=False, repr=False)
    seconds: Mapping[str, float] = field(factory=dict, eq=False, repr=False)

    def concatenate(self, *later: "Landscape") -> "Landscape":
        """Return this landscape followed by later rounds'; where some have gradients, those of the others are NaN."""
        rounds = (self, *later)
        has_gradients = any(one.gradients is not None for one in rounds)
        return evolve(
            self,
            samples=self.samples.concatenate(*(one.samples for one in later)),
            fields={name: np.concatenate([one.fields[name] for one in rounds]) for name in self.fields},
            distance_to_member=np.concatenate([one.distance_to_member for one in rounds]),
            cycle_error=_concatenate([one.cycle_error for one in rounds]),
            trusted=np.concatenate([one.trusted for one in rounds]),
            gradients=np.concatenate([_gradients_of(one) for one in rounds]) if has_gradients else None,
            seconds={name: sum(one.seconds[name] for one in rounds) for name in self.seconds},
        )

    def part(self, start: int, stop: int) -> "Landscape":
        """Return consecutive samples, without edges, whose numbers are those of all samples."""
        rows, samples = slice(start, stop), self.samples
        index = None if samples.index is None else samples.index[rows]
        return evolve(
            self,
            samples=evolve(samples, points=samples.points[rows], index=index, edges=None),
            fields={name: values[rows] for name, values in self.fields.items()},
            distance_to_member=self.distance_to_member[rows],
            cycle_error=None if self.cycle_error is None else self.cycle_error[rows],
            trusted=self.trusted[rows],
            gradients=None if self.gradients is None else self.gradients[rows],
        )

    def frame(self) -> Any:
        """Return a row for each sample as a pandas data frame: its point, its fields, and how far to trust it.

        Raises:
            GlobscopeError: pandas is not installed.
        """
        points = {f"latent_{axis + 1}": column for axis, column in enumerate(self.samples.points.T)}
        return data_frame(points | self._figures())

    def to_xarray(self) -> Any:
        """Return the fields as an xarray data set.

        Its dimensions are those of the lattice, `latent_1` …, with their coordinates, and NaN where a vertex has no
        sample; of samples on no lattice of all axes it is `sample`, and the points are coordinates.

        Raises:
            GlobscopeError: xarray is not installed.
        """
        names = [f"latent_{axis + 1}" for axis in range(self.samples.points.shape[1])]
        lines = self.samples.lines
        if lines is None:
            points = {name: ("sample", column) for name, column in zip(names, self.samples.points.T, strict=True)}
            return data_set({name: ("sample", values) for name, values in self._figures().items()}, points)
        grids = {name: (names, self.samples.on_lattice(values)) for name, values in self._figures().items()}
        return data_set(grids, {name: (name, line) for name, line in zip(names, lines, strict=True)})

    def _figures(self) -> dict[str, np.ndarray]:
        """Return all (n,) figures of the samples by name."""
        about = {"distance_to_member": self.distance_to_member, "trusted": self.trusted}
        return {**self.fields, **about} | ({} if self.cycle_error is None else {"cycle_error": self.cycle_error})

    def nonfinite(self, name: str) -> int:
        """Return how many samples of a field are NaN or infinite."""
        return int((~np.isfinite(self.fields[name])).sum())

    def nearest(self, points: np.ndarray) -> np.ndarray:
        """Return the (m,) sample nearest to each of (m, d) latent points."""
        from scipy.spatial import cKDTree

        nearest: np.ndarray = cKDTree(self.samples.points).query(points)[1]
        return nearest


def _gradients_of(landscape: Landscape) -> np.ndarray:
    """Return the (n, d) gradients of a landscape, NaN where it has none."""
    found = landscape.gradients
    return np.full(landscape.samples.points.shape, np.nan) if found is None else found


def _concatenate(arrays: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """Return arrays as one; None where one is missing."""
    known = [array for array in arrays if array is not None]
    return np.concatenate(known) if len(known) == len(arrays) else None
