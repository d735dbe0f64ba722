"""The maps of the packages globscope-flow and globscope-geometry beside the autoencoder's: fidelity, passes, stability.

Prints three tables with a row per kind of map: medians over fit seeds, the worst seed in brackets. Passes are those of
the training loss between every two runs on the samples of the spec; straight is the highest loss on a straight line of
the map between two runs. Curves are trained between the last run and each other; the curve error is by how much the
loss of a network on a curve changes where the map encodes and decodes it. Stability compares the maps of every two
seeds. Seconds are processor seconds of a fit with one thread. Runs go to runs/plugin-maps/.

    PYTHONPATH=plugins/globscope-flow:plugins/globscope-geometry python benchmarks/plugin_maps.py 5 digits-mlp
"""

import tomllib
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from attrs import define, field
from globscope_flow import Flow
from scipy.stats import spearmanr

from globscope.api import Map, MergeTree, Networks, bottleneck
from globscope.builtin.analyses.dimension.run_passes import run_passes
from globscope.pipeline.bench import StudyBench
from globscope.pipeline.run import Outcome, run
from globscope.pipeline.workshop import Workshop
from globscope.registry import installed_registry
from globscope.session import Study
from globscope.spec.read import build
from globscope.testing import registry_of

ROOT = Path(__file__).parent.parent
DENSITY = {"use": "globscope_geometry:grid_density", "weight": 0.001}
GAP = {"use": "globscope_geometry:loss_gap", "weight": 0.01}
KINDS: Mapping[str, Mapping[str, Any]] = {
    "autoencoder": {"use": "autoencoder"},
    "flow": {"use": "flow"},
    "grid_density": {"use": "autoencoder", "terms": [DENSITY]},
    "loss_gap": {"use": "autoencoder", "terms": [GAP]},
    "both terms": {"use": "autoencoder", "terms": [DENSITY, GAP]},
}
TABLES = {
    "fidelity": ("MSE per weight", "loss gap", "largest gap", "trustworthiness", "seconds"),
    "passes": (
        "pass",
        "highest pass",
        "largest persistence",
        "straight",
        "leaves",
        "curve error",
        "largest curve error",
    ),
    "stability": ("spread of passes", "order of passes", "bottleneck distance"),
}
# Figures of which the smallest is the worst.
HIGHER_IS_BETTER = {"trustworthiness", "order of passes"}
# Points of a straight segment, and of a curve.
POINTS, ON_CURVE = 17, 21


@define(frozen=True)
class Fit:
    """One map, with figures by name, the passes between every two runs, and its merge tree."""

    figures: Mapping[str, float]
    passes: np.ndarray = field(eq=False, repr=False)
    tree: MergeTree = field(repr=False)


def workshop_of(name: str, reducer: Mapping[str, Any], analyses: Sequence[Mapping[str, Any]] = ()) -> Workshop:
    """Return the workshop of a spec with another reducer and other analyses."""
    path, registry = ROOT / "specs" / f"{name}.toml", registry_of(installed_registry(), flow=Flow)
    document = tomllib.loads(path.read_text("utf-8")) | {"reducer": [reducer], "analysis": list(analyses)}
    spec = build(document, path, registry)
    return Study(spec=spec, folder=ROOT / "runs" / "plugin-maps" / name, registry=registry).workshop()


def curves_of(name: str, last: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the (n, D) weights on curves between the last run and each other, and their (n,) losses."""
    analysis = {"use": "mode-connectivity", "against": last, "points": ON_CURVE}
    atlas = run(workshop_of(name, {"use": "pca"}, [analysis])).atlas
    derived = [row for row, member in enumerate(atlas.population.members) if not member.in_fit]
    return np.array(atlas.population.weights[derived]), np.asarray(atlas.truth["train_loss"])[derived]


def fit(name: str, kind: str, seed: int, curves: tuple[np.ndarray, np.ndarray]) -> Fit:
    """Return one map with its figures."""
    workshop = workshop_of(name, {**KINDS[kind], "seed": seed})
    outcome = run(workshop)
    [map_], bench = outcome.atlas.maps, StudyBench(workshop)
    found = run_passes(map_)
    assert found is not None
    measured = {
        "pass": float(np.median(found.pairs)),
        "highest pass": float(found.pairs.max()),
        "largest persistence": float(found.persistences[0]),
        "straight": float(np.median(straight_heights(map_, bench))),
    }
    figures = recorded(outcome) | measured | curve_errors(map_, bench, *curves)
    return Fit(figures=figures, passes=found.pairs, tree=found.topology.full)


def recorded(outcome: Outcome) -> dict[str, float]:
    """Return the figures that the study itself records."""
    [record] = outcome.record["reducers"]
    stages = [stage for stage in outcome.record["manifest"]["stages"] if stage["key"].startswith("reduce/")]
    return {
        "MSE per weight": record["mse_per_weight"],
        "loss gap": record["loss_gap_median"],
        "largest gap": record["loss_gap_max"],
        "trustworthiness": record["trustworthiness"],
        "leaves": record["leaves"],
        "seconds": sum(stage["cpu_seconds"] for stage in stages),
    }


def losses(map_: Map, bench: StudyBench, coordinates: np.ndarray) -> np.ndarray:
    """Return the training losses of networks."""
    return bench.measure(Networks(space=map_.chart.space, coordinates=coordinates))["train_loss"]


def straight_heights(map_: Map, bench: StudyBench) -> np.ndarray:
    """Return the highest training loss on the straight segment of the map between every two runs."""
    ends, shares = map_.chart.latents[map_.population.finals], np.linspace(0, 1, POINTS)[:, None]
    points = np.concatenate([(1 - shares) * a + shares * b for a, b in combinations(ends, 2)])
    return losses(map_, bench, map_.chart.decode(points)).reshape(-1, POINTS).max(axis=1)


def curve_errors(map_: Map, bench: StudyBench, weights: np.ndarray, own: np.ndarray) -> dict[str, float]:
    """Return how far off the losses of networks on curves are where the map encodes and decodes them."""
    coordinates, _ = map_.chart.space.coordinates(weights)
    errors = np.abs(losses(map_, bench, map_.chart.decode(map_.chart.encode(coordinates))) - own)
    return {"curve error": float(np.median(errors)), "largest curve error": float(errors.max())}


def stability(fits: Sequence[Fit]) -> dict[str, list[float]]:
    """Return what the maps of every two seeds have in common."""
    pairs = list(combinations(fits, 2))
    return {
        "spread of passes": [float(np.median(np.abs(a.passes - b.passes))) for a, b in pairs],
        "order of passes": [float(spearmanr(a.passes, b.passes).statistic) for a, b in pairs],
        "bottleneck distance": [bottleneck(a.tree, b.tree) for a, b in pairs],
    }


def row(kind: str, names: Sequence[str], values: Callable[[str], Sequence[float]]) -> str:
    """Return a row: the median and, in brackets, the worst."""
    worst = {name: min if name in HIGHER_IS_BETTER else max for name in names}
    cells = [f"{median(values(name)):.2g} ({worst[name](values(name)):.2g})" for name in names]
    return f"| {kind} | {' | '.join(cells)} |"


def main(seeds: int, name: str, last: str, kinds: Sequence[str]) -> None:
    """Fit all maps, and print the tables."""
    curves = curves_of(name, last)
    print(f"{name}: losses on curves: at most {curves[1].max():.3g}", flush=True)
    fits: dict[str, list[Fit]] = {kind: [] for kind in kinds}
    for seed in range(seeds):
        for kind in kinds:
            fits[kind].append(fit(name, kind, seed, curves))
            print(kind, seed, {key: f"{value:.3g}" for key, value in fits[kind][-1].figures.items()}, flush=True)
    for table, names in TABLES.items():
        if table == "stability" and seeds == 1:
            continue  # there is nothing to compare
        print(f"\n{table}\n\n| map | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}")
        for kind in kinds:
            values = {n: [one.figures[n] for one in fits[kind]] for n in names if n in fits[kind][0].figures}
            values |= stability(fits[kind]) if table == "stability" else {}
            print(row(kind, names, values.__getitem__), flush=True)


if __name__ == "__main__":
    parser = ArgumentParser()
    parser.add_argument("seeds", type=int)
    parser.add_argument("spec")
    parser.add_argument("--last", default="G", help="the run that curves lead to")
    parser.add_argument("--kinds", nargs="+", default=[*KINDS], choices=KINDS)
    given = parser.parse_args()
    main(given.seeds, given.spec, given.last, given.kinds)
