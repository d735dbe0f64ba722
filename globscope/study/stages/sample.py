"""The sample stage: the samples of a map, decoded; each round is evaluated before the sampler is asked for the next."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from attrs import evolve

from globscope.returned.maps import checked_samples
from globscope.spec.model import Entry
from globscope.store import key, read_arrays, read_json, write_arrays, write_json
from globscope.study.stage_keys import Stage, generator
from globscope.study.stages.evaluate import evaluate, evaluation_key
from globscope.study.workshop import Workshop
from globscope.values.chart import Progress
from globscope.values.evaluation import Networks
from globscope.values.findings import Map
from globscope.values.landscape import Landscape, Samples

SAMPLES, ASKED = "samples.npz", "asked.json"


def landscape(workshop: Workshop, fitted: Map, sampler: Entry) -> tuple[Landscape, str]:
    """Return the landscape of a map at the points of a sampler, and its key."""
    found: Landscape | None = None
    round_key = key(fitted.key, workshop.key_of(sampler.component), workshop.spec.seed)
    turn = 0
    while (decoded := _ask(workshop, fitted, sampler, found, round_key)) is not None:
        name = f"evaluate {fitted.name}" + (f", {sampler.name} {turn + 1}" if turn else "")
        later = _evaluate_samples(workshop, fitted, decoded, round_key, name)
        found = later if found is None else _join_rounds(found, later)
        # The next round, and the merge tree, follow from the losses, not from the points alone.
        round_key, turn = evaluation_key(workshop, round_key), turn + 1
    return found or _empty_landscape(workshop, fitted), round_key


def landscape_at(workshop: Workshop, fitted: Map, samples: Samples) -> Landscape:
    """Return the landscape at given points of a map, decoded as one batch."""
    arrays = [array for array in (samples.points, samples.index) if array is not None]
    digest = hashlib.blake2b(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()
    stage_key = key(fitted.key, "given", digest, samples.shape)

    def work(folder: Path, _: Progress) -> None:
        _write_samples(folder, fitted, samples)

    count = len(samples.points)
    decoded = _read_samples(workshop.stage(Stage.SAMPLE, stage_key, work, f"decode {fitted.name} at {count} points"))
    return _evaluate_samples(workshop, fitted, decoded, stage_key, f"evaluate {fitted.name} at {count} points")


def _evaluate_samples(
    workshop: Workshop, fitted: Map, decoded: Mapping[str, Any], round_key: str, label: str
) -> Landscape:
    """Return decoded samples with their fields."""
    networks = Networks(
        space=fitted.chart.space,
        coordinates=decoded["coordinates"],
        buffers=fitted.population.buffers,
        nearest=decoded["nearest_member"],
    )
    fields, seconds = evaluate(workshop, networks, round_key, label)
    return _landscape_of(fitted, decoded, fields, seconds)


def _ask(
    workshop: Workshop, fitted: Map, sampler: Entry, before: Landscape | None, round_key: str
) -> dict[str, Any] | None:
    """Return a round's samples with their decoded coordinates, or None at the end."""
    source = generator(workshop.spec.seed, "sample", sampler.use, round_key)

    def work(folder: Path, _: Progress) -> None:
        with workshop.errors_of(sampler.component):
            samples = sampler.component.ask(fitted.chart, before, source)
        samples = checked_samples(workshop.label_of(sampler.component), samples, fitted.chart)
        _write_samples(folder, fitted, samples)

    # The observer hears of later rounds by their evaluation: only the sampler knows whether there is one.
    folder = workshop.stage(Stage.SAMPLE, round_key, work, f"decode {fitted.name}", quiet=before is not None)
    return _read_samples(folder) if read_json(folder / ASKED)["asked"] else None


def _write_samples(folder: Path, fitted: Map, samples: Samples | None) -> None:
    """Write a round's samples with their decoded coordinates, or that there are none."""
    write_json(folder / ASKED, {"asked": samples is not None, "shape": samples and samples.shape})
    if samples is not None:
        start = perf_counter()
        arrays = _decode(fitted, samples)
        write_arrays(folder / SAMPLES, arrays)
        write_json(folder / "decode.json", {"seconds": round(perf_counter() - start, 3)})


def _read_samples(folder: Path) -> dict[str, Any]:
    shape = read_json(folder / ASKED)["shape"]
    found: dict[str, Any] = {"shape": tuple(shape) if shape else None, **read_json(folder / "decode.json")}
    return found | read_arrays(folder / SAMPLES)


def _decode(fitted: Map, samples: Samples) -> dict[str, np.ndarray]:
    chart = fitted.chart
    assert chart.decode is not None
    coordinates = np.asarray(chart.decode(samples.points))
    nearest, distance = fitted.nearest(coordinates)
    arrays = {
        "points": samples.points,
        "coordinates": coordinates,
        "nearest_member": nearest,
        "distance_to_member": distance,
    }
    optional = {"index": samples.index, "cycle_error": _cycle_error(fitted, samples.points, coordinates)}
    return arrays | {name: array for name, array in optional.items() if array is not None}


def _cycle_error(fitted: Map, points: np.ndarray, coordinates: np.ndarray) -> np.ndarray | None:
    """Return the (n,) ‖encode(decode(z)) − z‖ in latent units; None without an encoder."""
    if fitted.chart.encode is None:
        return None
    errors: np.ndarray = np.linalg.norm(fitted.chart.encode(coordinates) - points, axis=1)
    return errors


def _landscape_of(
    fitted: Map, decoded: Mapping[str, Any], fields: Mapping[str, np.ndarray], seconds: float
) -> Landscape:
    samples = Samples(points=decoded["points"], index=decoded.get("index"), shape=decoded["shape"])
    return Landscape(
        samples=samples,
        fields=fields,
        distance_to_member=decoded["distance_to_member"],
        cycle_error=decoded.get("cycle_error"),
        trusted=fitted.is_near(decoded["distance_to_member"]),
        seconds={"decode": decoded["seconds"], "evaluate": seconds},
    )


def _join_rounds(one: Landscape, two: Landscape) -> Landscape:
    """Return two rounds as one landscape."""
    cycles = None
    if one.cycle_error is not None and two.cycle_error is not None:
        cycles = np.concatenate([one.cycle_error, two.cycle_error])
    return evolve(
        one,
        samples=one.samples.concatenate(two.samples),
        fields={name: np.concatenate([one.fields[name], two.fields[name]]) for name in one.fields},
        distance_to_member=np.concatenate([one.distance_to_member, two.distance_to_member]),
        cycle_error=cycles,
        trusted=np.concatenate([one.trusted, two.trusted]),
        seconds={name: one.seconds[name] + two.seconds[name] for name in one.seconds},
    )


def _empty_landscape(workshop: Workshop, fitted: Map) -> Landscape:
    """Return the landscape of a sampler without points: every field, without a value."""
    empty = Samples(points=np.empty((0, fitted.chart.dimension)))
    none, probe = np.empty(0), workshop.task.build("cpu")
    fields = {f"{split}_{measure}": none for split in probe.splits for measure in probe.measures}
    seconds = {"decode": 0.0, "evaluate": 0.0}
    return Landscape(samples=empty, fields=fields, distance_to_member=none, trusted=none.astype(bool), seconds=seconds)
