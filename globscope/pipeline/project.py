"""New networks on finished maps: where they lie, and what of them the maps can tell."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from globscope.pipeline.bench import StudyBench
from globscope.pipeline.run import fit_requests, networks_of_maps, parts_of
from globscope.pipeline.stages.aligned import toward
from globscope.pipeline.stages.compressed import compress_vectors
from globscope.pipeline.stages.population import population
from globscope.pipeline.workshop import Workshop
from globscope.population.adapter import is_adapter
from globscope.population.checkpoint_file import CheckpointFile
from globscope.population.find_base import base_file
from globscope.population.open_network import load_member
from globscope.population.saved_folder import checkpoint_in
from globscope.population.state_dict import StateDictChoice
from globscope.spec.population import PopulationSpec
from globscope.torch_settings import float32_by_default
from globscope.values.evaluation import Networks
from globscope.values.findings import Map
from globscope.values.finite import finite_or_none


@float32_by_default()
def project(workshop: Workshop, files: Sequence[Path]) -> list[dict[str, Any]]:
    """Return a row for each map that encodes and each checkpoint; nothing is fitted again.

    A row has `map`, `file`, `point` (latent coordinates), `residual` (share of the network's norm, from the
    members' mean, that lies outside what the map's space can reach), `distance_to_member` (in weight space,
    to the nearest), `trusted`, `fields` of the network itself, and `decoded`, those of what the map makes of it.
    Where the members were aligned or compressed before the fit, so is each network.

    Raises:
        PopulationError: A file that is not such a network.
    """
    probe = workshop.task.build("cpu")
    source = workshop.spec.population
    choice = StateDictChoice(key=source.key, rename=source.rename)
    # A file's variant and step are not known, and nothing here asks for them.
    found = [load_member(_checkpoint(file, source, choice), probe) for file in files]
    weights = np.stack([vector for _, vector in found])
    buffers = [one.buffers for one, _ in found]
    bench = StudyBench(workshop)
    truth = bench.measure(Networks.of(weights, buffers if any(buffers) else ()))
    parts = parts_of(bench)
    vectors = {
        False: compress_vectors(workshop, weights, population(workshop)),
        True: compress_vectors(workshop, toward(workshop, parts[0], weights, buffers), parts[0]),
    }
    requests = fit_requests(workshop, networks_of_maps(workshop, parts))
    rows = []
    for entry, fitted in zip(workshop.spec.reducer, bench.fits(requests), strict=True):
        if fitted.chart.encode is not None:
            for row, values in enumerate(_rows_of_map(bench, fitted, vectors[entry.align])):
                own = {name: finite_or_none(losses[row]) for name, losses in truth.items()}
                rows.append({"map": entry.name, "file": str(files[row]), **values, "fields": own})
    return rows


def _checkpoint(path: Path, source: PopulationSpec, choice: StateDictChoice) -> CheckpointFile:
    """Return a file, or the checkpoint of a folder; an adapter with the base of the study's networks."""
    base, file = base_file(source), checkpoint_in(path)
    of_adapter = base.path if base is not None and is_adapter(file) else None
    return CheckpointFile(path=file, variant=file.stem, step=0, choice=choice, base=of_adapter)


def _rows_of_map(bench: StudyBench, fitted: Map, weights: np.ndarray) -> Iterator[dict[str, Any]]:
    """Yield what one map tells of each network."""
    chart = fitted.chart
    assert chart.encode is not None
    coordinates, outside = chart.space.coordinates(weights)
    points = np.asarray(chart.encode(coordinates))
    centre = fitted.coordinates.mean(axis=0)
    norms = np.sqrt(((coordinates - centre) ** 2).sum(axis=1) + outside**2)
    distance = np.hypot(fitted.nearest(coordinates)[1], outside)
    near, decoded = fitted.is_near(distance), _decoded_fields(bench, fitted, points)
    for row, point in enumerate(points):
        yield {
            "point": [float(value) for value in point],
            "residual": float(outside[row] / norms[row]) if norms[row] else 0.0,
            "distance_to_member": float(distance[row]),
            "trusted": bool(near[row]),
            "decoded": {name: finite_or_none(losses[row]) for name, losses in decoded.items()},
        }


def _decoded_fields(bench: StudyBench, fitted: Map, points: np.ndarray) -> Mapping[str, np.ndarray]:
    if fitted.chart.decode is None:
        return {}
    coordinates = np.asarray(fitted.chart.decode(points))
    rows, _ = fitted.nearest(coordinates)
    buffers = fitted.population.buffers
    return bench.measure(Networks(space=fitted.chart.space, coordinates=coordinates, buffers=buffers, nearest=rows))


def warnings(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for every map on which networks lie outside what it knows."""
    found = []
    for name in dict.fromkeys(row["map"] for row in rows):
        own = [row for row in rows if row["map"] == name]
        far = [row["residual"] for row in own if not row["trusted"]]
        if far:
            found.append(
                f"{name}: {len(far)} of {len(own)} networks are far from all that the map was fitted to, with "
                f"{min(far):.0%} to {max(far):.0%} of each outside what it can reach; their places there mean little"
            )
    return found
