"""The sample stage: the samples of a map, decoded; each round is evaluated before the sampler is asked for the next."""

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from attrs import evolve

from globscope.returned.maps import check_gradient, checked_samples
from globscope.roles import EvaluatorTraits, traits
from globscope.scoring.means import measured_fields
from globscope.spec.model import Entry
from globscope.store import key, read_arrays, read_json, write_arrays, write_json
from globscope.study.latent_gradients import central_differences, decode_shifted
from globscope.study.stage_keys import Stage, generator
from globscope.study.stages.evaluate import evaluate, evaluation_key
from globscope.study.workshop import Workshop
from globscope.values.chart import Progress
from globscope.values.evaluation import GRADIENT, Networks
from globscope.values.findings import Map
from globscope.values.landscape import Landscape, Samples

SAMPLES, ASKED = "samples.npz", "asked.json"
# Arrays that only some samples have.
OPTIONAL = ("index", "edges")


def landscape(workshop: Workshop, fitted: Map, sampler: Entry) -> tuple[Landscape, str]:
    """Return the landscape of a map at the points of a sampler, and its key."""
    found: Landscape | None = None
    fitted = as_measured(workshop, fitted)
    round_key = key(fitted.key, workshop.key_of(sampler.component), workshop.spec.seed)
    turn = 0
    while (decoded := _ask(workshop, fitted, sampler, found, round_key)) is not None:
        name = f"evaluate {fitted.name}" + (f", {sampler.name} {turn + 1}" if turn else "")
        later = _evaluate_samples(workshop, fitted, decoded, round_key, name)
        found = later if found is None else found.concatenate(later)
        # The next round, and the merge tree, follow from the losses, not from the points alone.
        round_key, turn = evaluation_key(workshop, round_key, _scored_gradient(fitted, decoded)), turn + 1
    return found or _empty_landscape(workshop, fitted), round_key


def as_measured(workshop: Workshop, fitted: Map) -> Map:
    """Return a map whose chart differentiates only where the evaluator scores gradients too."""
    if traits(workshop.spec.evaluator.component, EvaluatorTraits).gradients or not fitted.chart.differentiates:
        return fitted
    return evolve(fitted, chart=evolve(fitted.chart, pullback=None), key=key(fitted.key, "differences"))


def landscape_at(workshop: Workshop, fitted: Map, samples: Samples) -> Landscape:
    """Return the landscape at given points of a map, decoded as one batch."""
    fitted = as_measured(workshop, fitted)
    arrays = {name: getattr(samples, name) for name in ("points", *OPTIONAL)}
    digest = hashlib.blake2b()
    for name, array in arrays.items():
        digest.update(b"" if array is None else name.encode() + np.ascontiguousarray(array).tobytes())
    stage_key = key(fitted.key, "given", digest.hexdigest(), samples.shape, samples.gradient)

    def work(folder: Path, _: Progress) -> None:
        _write_samples(folder, fitted, samples)

    count = len(samples.points)
    decoded = _read_samples(workshop.stage(Stage.SAMPLE, stage_key, work, f"decode {fitted.name} at {count} points"))
    return _evaluate_samples(workshop, fitted, decoded, stage_key, f"evaluate {fitted.name} at {count} points")


def _evaluate_samples(
    workshop: Workshop, fitted: Map, decoded: Mapping[str, Any], round_key: str, label: str
) -> Landscape:
    """Return decoded samples with their fields, and with the gradient for which they ask."""
    chart, count, networks = fitted.chart, len(decoded["points"]), _networks_of(fitted, decoded)
    pullback = None
    if networks.gradient is not None and chart.pullback is not None:
        pullback = partial(chart.pullback, decoded["points"])
    fields, seconds = evaluate(workshop, networks, round_key, label, pullback)
    gradients = fields.pop(GRADIENT, None)
    if "shifted" in decoded:
        gradients = central_differences(chart, fields[decoded["gradient"]][count:])
    own = {name: values[:count] for name, values in fields.items()}
    return _landscape_of(fitted, decoded, own, gradients, seconds)


def _networks_of(fitted: Map, decoded: Mapping[str, Any]) -> Networks:
    """Return the networks at samples, followed by those at shifted points, which have their sample's buffers."""
    coordinates, nearest = decoded["coordinates"], decoded["nearest_member"]
    if "shifted" in decoded:
        coordinates = np.concatenate([coordinates, decoded["shifted"]])
        nearest = np.resize(nearest, len(coordinates))
    return Networks(
        space=fitted.chart.space,
        coordinates=coordinates,
        buffers=fitted.population.buffers,
        nearest=nearest,
        gradient=_scored_gradient(fitted, decoded),
    )


def _scored_gradient(fitted: Map, decoded: Mapping[str, Any]) -> str | None:
    """Return the field whose gradient the evaluator scores; None where none is, or differences are taken."""
    return decoded["gradient"] if fitted.chart.differentiates else None


def _ask(
    workshop: Workshop, fitted: Map, sampler: Entry, before: Landscape | None, round_key: str
) -> dict[str, Any] | None:
    """Return a round's samples with their decoded coordinates, or None at the end."""
    source = generator(workshop.spec.seed, "sample", sampler.use, round_key)

    def work(folder: Path, _: Progress) -> None:
        with workshop.errors_of(sampler.component):
            samples = sampler.component.ask(fitted.chart, before, source)
        _write_samples(folder, fitted, _check_round(workshop, fitted, sampler, samples, before))

    # The observer hears of later rounds by their evaluation: only the sampler knows whether there is one.
    folder = workshop.stage(Stage.SAMPLE, round_key, work, f"decode {fitted.name}", quiet=before is not None)
    return _read_samples(folder) if read_json(folder / ASKED)["asked"] else None


def _check_round(
    workshop: Workshop, fitted: Map, sampler: Entry, samples: Samples | None, before: Landscape | None
) -> Samples | None:
    """Return a round that fits the chart, the earlier rounds and the task."""
    label, earlier = workshop.label_of(sampler.component), None if before is None else before.samples
    found = checked_samples(label, samples, fitted.chart, len(earlier.points) if earlier else 0)
    if found is not None and found.gradient is not None:
        check_gradient(label, found.gradient, measured_fields(workshop.task.build("cpu")), earlier)
    return found


def _write_samples(folder: Path, fitted: Map, samples: Samples | None) -> None:
    """Write a round's samples with their decoded coordinates, or that there are none."""
    about = {"shape": samples and samples.shape, "gradient": samples and samples.gradient}
    write_json(folder / ASKED, {"asked": samples is not None, **about})
    if samples is not None:
        start = perf_counter()
        arrays = _decode(fitted, samples)
        write_arrays(folder / SAMPLES, arrays)
        write_json(folder / "decode.json", {"seconds": round(perf_counter() - start, 3)})


def _read_samples(folder: Path) -> dict[str, Any]:
    asked = read_json(folder / ASKED)
    shape = asked["shape"]
    found: dict[str, Any] = {"shape": tuple(shape) if shape else None, "gradient": asked.get("gradient")}
    return {**found, **read_json(folder / "decode.json"), **read_arrays(folder / SAMPLES)}


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
    optional = {name: getattr(samples, name) for name in OPTIONAL}
    optional["cycle_error"] = _cycle_error(fitted, samples.points, coordinates)
    if samples.gradient is not None and not chart.differentiates:
        optional["shifted"] = decode_shifted(chart, samples.points)
    return arrays | {name: array for name, array in optional.items() if array is not None}


def _cycle_error(fitted: Map, points: np.ndarray, coordinates: np.ndarray) -> np.ndarray | None:
    """Return the (n,) ‖encode(decode(z)) − z‖ in latent units; None without an encoder."""
    if fitted.chart.encode is None:
        return None
    errors: np.ndarray = np.linalg.norm(fitted.chart.encode(coordinates) - points, axis=1)
    return errors


def _landscape_of(
    fitted: Map,
    decoded: Mapping[str, Any],
    fields: Mapping[str, np.ndarray],
    gradients: np.ndarray | None,
    seconds: float,
) -> Landscape:
    arrays = {name: decoded.get(name) for name in ("points", *OPTIONAL)}
    return Landscape(
        samples=Samples(shape=decoded["shape"], gradient=decoded["gradient"], **arrays),
        fields=fields,
        distance_to_member=decoded["distance_to_member"],
        cycle_error=decoded.get("cycle_error"),
        trusted=fitted.is_near(decoded["distance_to_member"]),
        gradients=gradients,
        seconds={"decode": decoded["seconds"], "evaluate": seconds},
    )


def _empty_landscape(workshop: Workshop, fitted: Map) -> Landscape:
    """Return the landscape of a sampler without points: every field, without a value."""
    empty = Samples(points=np.empty((0, fitted.chart.dimension)))
    none, probe = np.empty(0), workshop.task.build("cpu")
    fields = {f"{split}_{measure}": none for split in probe.splits for measure in probe.measures}
    seconds = {"decode": 0.0, "evaluate": 0.0}
    return Landscape(samples=empty, fields=fields, distance_to_member=none, trusted=none.astype(bool), seconds=seconds)
