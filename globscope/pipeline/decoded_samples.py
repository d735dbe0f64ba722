"""A round of samples with the networks to which they decode, and the landscape that their scores make of it."""

from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from attrs import define

from globscope.pipeline.latent_gradients import central_differences, decode_shifted
from globscope.store import read_arrays, read_json, write_arrays, write_json
from globscope.values.chart import Chart, Progress
from globscope.values.evaluation import GRADIENT, Networks, UnitPullback
from globscope.values.findings import Map
from globscope.values.landscape import Landscape, Samples

SAMPLES, ASKED, SECONDS = "samples.npz", "asked.json", "decode.json"
# Arrays that only some samples have.
OPTIONAL = ("index", "edges")


@define(frozen=True, kw_only=True)
class DecodedSamples:
    """Samples with the networks to which they decode.

    Attributes:
        samples: Points of the chart, with what the sampler says of them.
        networks: By name: `coordinates` in the chart's space, the `nearest_member` of each and the
            `distance_to_member`, `cycle_error` where the chart encodes, and `shifted`, the coordinates of the points by
            whose differences gradients are taken, where the chart does not differentiate.
        seconds: Spent on decoding.
    """

    samples: Samples
    networks: Mapping[str, np.ndarray]
    seconds: float

    @classmethod
    def of(cls, fitted: Map, samples: Samples, progress: Progress | None = None) -> "DecodedSamples":
        """Decode samples of a map, and report the progress where the chart tells it."""
        start, chart = perf_counter(), fitted.chart
        coordinates = _decode(chart, samples.points, progress or Progress())
        nearest, distance = fitted.nearest(coordinates)
        found = {"coordinates": coordinates, "nearest_member": nearest, "distance_to_member": distance}
        if chart.encode is not None:
            found["cycle_error"] = np.linalg.norm(chart.encode(coordinates) - samples.points, axis=1)
        if samples.gradient is not None and not chart.differentiates:
            found["shifted"] = decode_shifted(chart, samples.points)
        return cls(samples=samples, networks=found, seconds=perf_counter() - start)

    @classmethod
    def read(cls, folder: Path) -> "DecodedSamples":
        """Return those of a folder."""
        return cls.from_stored(read_json(folder / ASKED) | read_json(folder / SECONDS), read_arrays(folder / SAMPLES))

    def write(self, folder: Path) -> None:
        """Write them into a folder."""
        about = self.about
        write_json(folder / SECONDS, {"seconds": about.pop("seconds")})
        write_json(folder / ASKED, {"asked": True} | about)
        write_arrays(folder / SAMPLES, self.arrays)

    @classmethod
    def from_stored(cls, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> "DecodedSamples":
        """Return them from what `about` and `arrays` are of them."""
        shape = about["shape"] and tuple(about["shape"])
        own = {name: arrays.get(name) for name in ("points", *OPTIONAL)}
        return cls(
            samples=Samples(shape=shape, gradient=about.get("gradient"), **own),
            networks={name: array for name, array in arrays.items() if name not in own},
            seconds=about["seconds"],
        )

    @property
    def about(self) -> dict[str, Any]:
        """All but the arrays, as JSON values."""
        samples = self.samples
        return {"shape": samples.shape, "gradient": samples.gradient, "seconds": round(self.seconds, 3)}

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of samples and networks, by name."""
        own = {name: getattr(self.samples, name) for name in ("points", *OPTIONAL)}
        return {name: array for name, array in own.items() if array is not None} | dict(self.networks)

    def to_score(self, fitted: Map) -> Networks:
        """Return the networks at the samples, then those at shifted points, which have their sample's buffers."""
        coordinates, nearest = self.networks["coordinates"], self.networks["nearest_member"]
        if "shifted" in self.networks:
            coordinates = np.concatenate([coordinates, self.networks["shifted"]])
            nearest = np.resize(nearest, len(coordinates))
        return Networks(
            space=fitted.chart.space,
            coordinates=coordinates,
            buffers=fitted.population.buffers,
            nearest=nearest,
            gradient=self.scored_gradient(fitted),
        )

    def scored_gradient(self, fitted: Map) -> str | None:
        """Return the field whose gradient the evaluator scores; None where none is, or differences are taken."""
        return self.samples.gradient if fitted.chart.differentiates else None

    def pullback(self, chart: Chart) -> UnitPullback | None:
        """Return what turns the gradients of a unit of the networks into latent ones; None where the chart cannot."""
        pullback, points = chart.pullback, self.samples.points
        if pullback is None:
            return None
        return lambda unit, gradients: pullback(points[unit.start : unit.stop], gradients)

    def landscape(self, fitted: Map, fields: Mapping[str, np.ndarray], seconds: float) -> Landscape:
        """Return the landscape of the samples, given the scores of all networks and their latent gradients.

        Args:
            fitted: The map.
            fields: Of all networks to score, `GRADIENT` among them where it was scored.
            seconds: Spent on scoring.
        """
        count, gradients = len(self.samples.points), fields.get(GRADIENT)
        if "shifted" in self.networks:
            assert self.samples.gradient is not None
            gradients = central_differences(fitted.chart, fields[self.samples.gradient][count:])
        return Landscape(
            samples=self.samples,
            fields={name: values[:count] for name, values in fields.items() if name != GRADIENT},
            distance_to_member=self.networks["distance_to_member"],
            cycle_error=self.networks.get("cycle_error"),
            trusted=fitted.is_near(self.networks["distance_to_member"]),
            gradients=gradients,
            seconds={"decode": self.seconds, "evaluate": seconds},
        )


def _decode(chart: Chart, points: np.ndarray, progress: Progress) -> np.ndarray:
    """Return the (n, r) coordinates of (n, d) points."""
    if chart.report_decode is not None:
        return np.asarray(chart.report_decode(points, progress))
    assert chart.decode is not None
    return np.asarray(chart.decode(points))
