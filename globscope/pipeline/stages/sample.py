"""The sample stage: a round of samples for which a sampler asks, decoded; and the networks of one round, evaluated."""

from collections.abc import Callable
from pathlib import Path

from globscope.pipeline.decoded_samples import ASKED, DecodedSamples
from globscope.pipeline.stage_keys import Stage
from globscope.pipeline.stages.evaluate import evaluate
from globscope.pipeline.workshop import Workshop
from globscope.store import read_json, write_json
from globscope.values.chart import Progress
from globscope.values.findings import Map
from globscope.values.landscape import Landscape, Samples


def evaluate_samples(
    workshop: Workshop, fitted: Map, decoded: DecodedSamples, networks_key: str, label: str
) -> Landscape:
    """Return decoded samples with their fields, and with the gradient for which they ask."""
    networks, pullback = decoded.to_score(fitted), decoded.pullback(fitted.chart)
    fields, seconds = evaluate(workshop, networks, networks_key, label, pullback)
    return decoded.landscape(fitted, fields, seconds)


def decoded_round(
    workshop: Workshop, fitted: Map, stage_key: str, ask: Callable[[], Samples | None], *, quiet: bool = False
) -> DecodedSamples | None:
    """Return the samples for which a sampler asks, decoded; None where it asks for none."""

    def work(folder: Path, progress: Progress) -> None:
        samples = ask()
        if samples is None:
            write_json(folder / ASKED, {"asked": False})
        else:
            DecodedSamples.of(fitted, samples, progress).write(folder)

    # The observer hears of later rounds by their search: only the sampler knows whether there is one.
    folder = workshop.stage(Stage.SAMPLE, stage_key, work, f"decode {fitted.name}", quiet=quiet)
    return DecodedSamples.read(folder) if read_json(folder / ASKED)["asked"] else None
