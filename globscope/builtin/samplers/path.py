"""A path across the map: a variant's trajectory, or files in order."""

from pathlib import Path as File

import numpy as np
from attrs import define, field
from attrs.validators import and_, ge

from globscope.api import STEPS, Chart, FileError, Landscape, PopulationError, SamplerTraits, Samples, read_safetensors
from globscope.builtin.samplers.members import VARIANT, rows_of


@define(frozen=True, kw_only=True)
class Path:
    """Points along the polyline through encoded networks; exactly one of `of` and `files` is set.

    The landscape on it is a lattice of one axis, so its minima and saddles are those along the path.

    Attributes:
        of: `variant:NAME`, for the trajectory of one variant.
        files: Safetensors checkpoints in order; the map encodes them.
        steps: Number of samples from one network to the next.
    """

    of: str | None = None
    files: tuple[File, ...] = ()
    steps: int = field(default=10, validator=and_(ge(1), STEPS))

    @classmethod
    def quick_examples(cls) -> "tuple[Path, ...]":
        """Return what the contract kit checks: quick ones, which show different sides."""
        return (cls(of="variant:A"),)

    def __attrs_post_init__(self) -> None:
        if (self.of is None) == (not self.files):
            raise ValueError("needs exactly one of 'of' and 'files'")
        if self.of is not None and not self.of.startswith(VARIANT):
            raise ValueError(f'of must be "variant:NAME", got {self.of!r}')

    @property
    def traits(self) -> SamplerTraits:
        """The variant whose trajectory is the path."""
        return SamplerTraits(variants=() if self.of is None else (self.of.removeprefix(VARIANT),))

    def ask(self, chart: Chart, landscape: Landscape | None, rng: np.random.Generator) -> Samples | None:
        """Return the path's samples at once.

        Raises:
            PopulationError: There is no such variant, there are fewer than two networks, files do not fit the model,
                or the map cannot encode files.
        """
        del rng
        if landscape is not None:
            return None
        stops = self._encode(chart) if self.files else self._trajectory(chart)
        if len(stops) < 2:
            raise PopulationError(f"sampler 'path': needs at least two networks, has {len(stops)}")
        places = np.linspace(0, len(stops) - 1, (len(stops) - 1) * self.steps + 1)
        points = np.stack([np.interp(places, np.arange(len(stops)), axis) for axis in stops.T], axis=1)
        return Samples(points=points, index=np.arange(len(points))[:, None], shape=(len(points),))

    def _trajectory(self, chart: Chart) -> np.ndarray:
        (name,) = self.traits.variants
        stops: np.ndarray = chart.latents[rows_of(chart, name, "path")]
        return stops

    def _encode(self, chart: Chart) -> np.ndarray:
        if chart.encode is None or chart.layout is None:
            raise PopulationError("sampler 'path': this map cannot encode networks it was not fitted to")
        weights = np.stack([_read(file, chart) for file in self.files])
        return chart.encode(chart.space.coordinates(weights)[0])


def _read(file: File, chart: Chart) -> np.ndarray:
    assert chart.layout is not None
    try:
        tensors = read_safetensors(file)
    except FileError as error:
        raise PopulationError(f"sampler 'path': {error}") from error
    shapes = dict(zip(chart.layout.names, chart.layout.shapes, strict=True))
    wrong = [name for name, shape in shapes.items() if name not in tensors or tensors[name].shape != shape]
    if wrong:
        raise PopulationError(f"sampler 'path': {file}: tensor {wrong[0]!r} is missing or has another shape")
    return chart.layout.flatten(tensors)
