"""The autoencoder's fits by its default, and by Adam without a stress term, on several populations and seeds.

Prints a row per population and kind of fit: medians over the seeds of error, trustworthiness and processor seconds of
one thread, worst error and trustworthiness in brackets, and the ratio of the seconds, of fits that took turns. Networks
are trained first, where runs/autoencoder-fits/ has none. What a spec needs beside its name follows after a comma.

    python benchmarks/autoencoder_fits.py 5 digits-mlp digits-control mnist-mlp,task.path=PATH
"""

import sys
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
from sklearn.manifold import trustworthiness

from globscope import load
from globscope.api import ReducerInputs, span
from globscope.builtin.reducers import Autoencoder
from globscope.pipeline.stages.population import population
from globscope.session import Study

ROOT = Path(__file__).parent.parent
KINDS = {"adam": Autoencoder(optimiser="adam", schedule="cosine", stress=0.0), "default": Autoencoder()}


def inputs(name: str, overrides: list[str]) -> ReducerInputs:
    """Return a trained population and its coordinates."""
    study = load(ROOT / "specs" / f"{name}.toml", overrides)
    folder = ROOT / "runs" / "autoencoder-fits" / name
    members = population(Study(spec=study.spec, folder=folder, registry=study.registry).workshop())
    space = span(members.weights)
    return ReducerInputs(coordinates=space.members, population=members, space=space)


def fit(reducer: Autoencoder, given: ReducerInputs, seed: int) -> tuple[float, float, float]:
    """Return a fit's error per weight, trustworthiness and processor seconds."""
    start = process_time()
    chart = reducer.reduce(given, np.random.default_rng(seed))
    seconds = process_time() - start
    kept = trustworthiness(given.coordinates, chart.latents, n_neighbors=5)
    return chart.notes["mse_per_weight"], float(kept), seconds


def main(seeds: int, populations: list[str]) -> None:
    """Print the table."""
    print("| population | fit | MSE per weight | trustworthiness | seconds | of Adam's |\n|---|---|---|---|---|---|")
    for text in populations:
        name, *overrides = text.split(",")
        given = inputs(name, overrides)
        rows = {kind: [] for kind in KINDS}
        for seed in range(seeds):
            for kind, reducer in KINDS.items():
                rows[kind].append(fit(reducer, given, seed))
        for kind, fits in rows.items():
            errors, kept, seconds = zip(*fits, strict=True)
            ratio = median(one[2] / adam[2] for one, adam in zip(fits, rows["adam"], strict=True))
            print(
                f"| {name} | {kind} | {median(errors):.1e} ({max(errors):.1e}) | {median(kept):.3f} ({min(kept):.3f}) "
                f"| {median(seconds):.2f} | {ratio:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
