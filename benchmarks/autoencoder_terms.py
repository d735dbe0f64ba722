"""What the autoencoder's terms do to the walls between runs, to fidelity and to time.

Prints a row per kind of fit: medians over fit seeds, the worst seed in brackets. Walls are the largest persistence
between runs, and passes those between every two runs, on the samples of the spec; straight is the highest training loss
on the straight segment of the map between two runs. Seconds are processor seconds of a fit with one thread. Runs go to
runs/autoencoder-terms/; what a spec needs beside its name follows after a comma.

    python benchmarks/autoencoder_terms.py 3 digits-mlp
    python benchmarks/autoencoder_terms.py 1 digits-batch-norm --kinds default "straight_loss = 0.01"
"""

from argparse import ArgumentParser
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from statistics import median

import numpy as np
from attrs import evolve

from globscope import load
from globscope.api import Map, Networks
from globscope.builtin.analyses.dimension.run_passes import run_passes
from globscope.builtin.topology.gudhi import Gudhi
from globscope.pipeline.bench import StudyBench
from globscope.pipeline.run import run
from globscope.session import Study

ROOT = Path(__file__).parent.parent
KINDS = {
    "default": [],
    "without stress": ["stress=0.0"],
    "skip": ["skip=true"],
    "straight_loss = 0.001": ["straight_loss=0.001"],
    "straight_loss = 0.01": ["straight_loss=0.01"],
    "straight_loss = 0.1": ["straight_loss=0.1"],
    "skip, straight_loss = 0.01": ["skip=true", "straight_loss=0.01"],
}
# Whether the worst seed is the one with the largest figure.
LARGER_IS_WORSE = {
    "walls": True,
    "passes": True,
    "highest pass": True,
    "passes, test loss": True,
    "straight": True,
    "leaves": True,
    "MSE per weight": True,
    "loss gap": True,
    "largest gap": True,
    "trustworthiness": False,
    "seconds": True,
}
# Points of a straight segment.
POINTS = 17


def figures(study: Study) -> dict[str, float]:
    """Return the figures of one fit."""
    workshop = study.workshop()
    outcome = run(workshop)
    [map_], [record] = outcome.atlas.maps, outcome.record["reducers"]
    found = run_passes(map_)
    fits = [stage for stage in outcome.record["manifest"]["stages"] if stage["key"].startswith("reduce/")]
    return {
        "walls": float(found.persistences[0]),
        "passes": float(np.median(found.pairs)),
        "highest pass": float(found.pairs.max()),
        "passes, test loss": float(np.median(run_passes(by_test_loss(map_)).pairs)),
        "straight": float(np.median(straight_heights(map_, StudyBench(workshop)))),
        "leaves": record["leaves"],
        "MSE per weight": record["mse_per_weight"],
        "loss gap": record["loss_gap_median"],
        "largest gap": record["loss_gap_max"],
        "trustworthiness": record["trustworthiness"],
        "seconds": sum(stage["cpu_seconds"] for stage in fits),
    }


def by_test_loss(map_: Map) -> Map:
    """Return a map with the merge tree of its test loss."""
    [sampler] = map_.landscapes
    tree = Gudhi(field="test_loss").compute(map_.landscapes[sampler])
    return evolve(map_, topologies={sampler: {"gudhi": tree}})


def straight_heights(map_: Map, bench: StudyBench) -> np.ndarray:
    """Return the highest training loss on the straight segment of the map between every two runs."""
    ends = map_.chart.latents[map_.population.finals]
    shares = np.linspace(0, 1, POINTS)[:, None]
    points = np.concatenate([(1 - shares) * a + shares * b for a, b in combinations(ends, 2)])
    networks = Networks(space=map_.chart.space, coordinates=map_.chart.decode(points))
    return bench.measure(networks)["train_loss"].reshape(-1, POINTS).max(axis=1)


def study_of(text: str, options: Sequence[str], seed: int) -> Study:
    """Return the study of a spec's autoencoder alone, with options and a seed of the fit."""
    name, *overrides = text.split(",")
    settings = [f"reducer.0.{option}" for option in (*options, f"seed={seed}")]
    study = load(ROOT / "specs" / f"{name}.toml", [*overrides, *settings])
    alone = evolve(study.spec, reducer=study.spec.reducer[:1], sampler=study.spec.sampler[:1], analysis=())
    folder = ROOT / "runs" / "autoencoder-terms" / name
    return Study(spec=alone, folder=folder, registry=study.registry)


def cell(name: str, values: Sequence[float]) -> str:
    """Return the median and, in brackets, the worst."""
    worst = max(values) if LARGER_IS_WORSE[name] else min(values)
    return " ".join(text.format(value) for text, value in (("{:.3g}", median(values)), ("({:.3g})", worst)))


def main(seeds: int, specs: Sequence[str], kinds: Sequence[str]) -> None:
    """Print a table for each spec."""
    for text in specs:
        print(
            f"\n{text}\n\n| fit | {' | '.join(LARGER_IS_WORSE)} |\n|{'---|' * (len(LARGER_IS_WORSE) + 1)}", flush=True
        )
        for kind in kinds:
            found = [figures(study_of(text, KINDS[kind], seed)) for seed in range(seeds)]
            cells = [cell(name, [one[name] for one in found]) for name in LARGER_IS_WORSE]
            print(f"| {kind} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    parser = ArgumentParser()
    parser.add_argument("seeds", type=int)
    parser.add_argument("specs", nargs="+")
    parser.add_argument("--kinds", nargs="+", default=[*KINDS], choices=KINDS)
    given = parser.parse_args()
    main(given.seeds, given.specs, given.kinds)
