"""The landscapes of a map: at the points of a sampler, in all its rounds, and at given points."""

import hashlib
from functools import partial
from pathlib import Path

import numpy as np
from attrs import evolve

from globscope.pipeline.decoded_samples import OPTIONAL, DecodedSamples
from globscope.pipeline.map_sampler import MapSampler
from globscope.pipeline.sampler_rounds import SamplerRounds
from globscope.pipeline.scored_fields import scored_fields
from globscope.pipeline.stage_keys import Stage
from globscope.pipeline.stages.evaluate import evaluation_key
from globscope.pipeline.stages.sample import decoded_round, evaluate_samples
from globscope.pipeline.stages.search import Search
from globscope.pipeline.workshop import Workshop
from globscope.roles import EvaluatorTraits, traits
from globscope.store import key
from globscope.values.chart import Progress
from globscope.values.findings import Map
from globscope.values.landscape import Landscape, Samples


def landscape(workshop: Workshop, fitted: Map, sampler: MapSampler) -> tuple[Landscape, str]:
    """Return the landscape of a map, as it is measured, at the points of a sampler; and its key."""
    first_key = sampler.key
    rounds = SamplerRounds(workshop, fitted.chart, sampler)
    first = decoded_round(workshop, fitted, first_key, rounds.first)
    if first is None:
        return _empty_landscape(workshop, fitted), first_key
    found = evaluate_samples(workshop, fitted, first, first_key, f"evaluate {fitted.name}")
    # Further rounds, and the merge tree, follow from the losses, not from the points alone.
    later_key = evaluation_key(workshop, first_key, first.scored_gradient(fitted))
    second = decoded_round(workshop, fitted, later_key, partial(rounds.after, found), quiet=True)
    if second is not None:
        again = SamplerRounds(workshop, fitted.chart, sampler)
        search = Search(workshop=workshop, fitted=fitted, rounds=again, first=found, second=second, key=later_key)
        found = found.concatenate(search.landscape())
    return found, later_key


def as_measured(workshop: Workshop, fitted: Map) -> Map:
    """Return a map whose chart differentiates only where the evaluator scores gradients too."""
    if traits(workshop.spec.evaluator.component, EvaluatorTraits).gradients or not fitted.chart.differentiates:
        return fitted
    return evolve(fitted, chart=evolve(fitted.chart, pullback=None), key=key(fitted.key, "differences"))


def landscape_at(workshop: Workshop, fitted: Map, samples: Samples) -> Landscape:
    """Return the landscape at given points of a map, decoded as one batch."""
    fitted = as_measured(workshop, fitted)
    digest = hashlib.blake2b()
    for name in ("points", *OPTIONAL):
        array = getattr(samples, name)
        digest.update(b"" if array is None else name.encode() + np.ascontiguousarray(array).tobytes())
    stage_key = key(fitted.key, "given", digest.hexdigest(), samples.shape, samples.gradient)

    def work(folder: Path, progress: Progress) -> None:
        DecodedSamples.of(fitted, samples, progress).write(folder)

    at = f"{fitted.name} at {len(samples.points)} points"
    decoded = DecodedSamples.read(workshop.stage(Stage.SAMPLE, stage_key, work, f"decode {at}"))
    return evaluate_samples(workshop, fitted, decoded, stage_key, f"evaluate {at}")


def _empty_landscape(workshop: Workshop, fitted: Map) -> Landscape:
    """Return the landscape of a sampler without points: every field, without a value."""
    empty = Samples(points=np.empty((0, fitted.chart.dimension)))
    none, probe = np.empty(0), workshop.task.build("cpu")
    fields = dict.fromkeys(scored_fields(workshop, probe), none)
    seconds = {"decode": 0.0, "evaluate": 0.0}
    return Landscape(samples=empty, fields=fields, distance_to_member=none, trusted=none.astype(bool), seconds=seconds)
