"""The sampler `adaptive` on fields that are known on the whole lattice: how exact its trees are, and what they cost.

Prints the tables of docs/results/adaptive.md: `python benchmarks/adaptive_lattice.py wells-2 wells-3 digits`. The maps
of digits are made in runs/adaptive-lattice/, half a minute each.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import numpy as np
from attrs import evolve

from globscope import load
from globscope.api import Chart, Landscape, MergeTree, Samples, bottleneck
from globscope.builtin.samplers import Adaptive, Grid
from globscope.builtin.topology.gudhi import Gudhi
from globscope.pipeline.run import run
from globscope.session import Study

ROOT = Path(__file__).parent.parent
THRESHOLD = 0.1
SHARES = {"digits": (0.04, 0.06, 0.08), "wells-2": (0.06,), "wells-3": (0.02,)}
TOLERANCE = {"digits": 0.02, "wells-2": 0.02, "wells-3": 0.03}
RNG = np.random.default_rng(0)


def wells(dimension: int, side: int, seed: int) -> np.ndarray:
    """Return seven Gaussian wells in a shallow bowl on a lattice of [−1, 1]^d."""
    rng = np.random.default_rng(seed)
    centres, depths = rng.uniform(-0.8, 0.8, (7, dimension)), rng.uniform(0.5, 1.5, 7)
    widths = rng.uniform(0.18, 0.35, 7) * np.sqrt(dimension / 2)
    points = np.stack(np.meshgrid(*[np.linspace(-1, 1, side)] * dimension, indexing="ij"), axis=-1)
    values = 0.15 * (points**2).sum(axis=-1)
    for centre, depth, width in zip(centres, depths, widths, strict=True):
        values -= depth * np.exp(-((points - centre) ** 2).sum(axis=-1) / (2 * width**2))
    return values


def digits(population: int, seed: int) -> np.ndarray:
    """Return the training loss on the 81×81 lattice of the autoencoder's map of digits."""
    overrides = [f"population.seed={population}", f"reducer.0.seed={seed}", "sampler.0.resolution=81"]
    study = load(ROOT / "specs" / "digits-mlp.toml", overrides)
    alone = evolve(study.spec, reducer=study.spec.reducer[:1])
    folder = ROOT / "runs" / "adaptive-lattice"
    (only,) = run(Study(spec=alone, folder=folder, registry=study.registry).workshop()).atlas.maps
    values = np.empty(only.landscape.samples.shape)
    values[tuple(only.landscape.samples.index.T)] = only.landscape.fields["train_loss"]
    return values


def fields(kind: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield fields with their names."""
    if kind == "digits":
        yield from ((f"population {p}, fit {s}", digits(p, s)) for p in range(3) for s in range(2))
    else:
        dimension = int(kind[-1])
        yield from ((f"seed {seed}", wells(dimension, {2: 81, 3: 41}[dimension], seed)) for seed in range(20))


def measured(field: np.ndarray, samples: Samples) -> Landscape:
    """Return the field at samples of the unit box."""
    values = field[tuple(np.rint(samples.points * (np.array(field.shape) - 1)).astype(int).T)]
    count = len(values)
    return Landscape(
        samples=samples,
        fields={"train_loss": values},
        distance_to_member=np.zeros(count),
        trusted=np.ones(count, bool),
    )


def searched(field: np.ndarray, sampler: Adaptive, chart: Chart) -> tuple[Landscape, int]:
    """Return what a search measures, and its rounds."""
    found, rounds = None, 0
    while (samples := sampler.ask(chart, found, RNG)) is not None:
        found = measured(field, samples if found is None else found.samples.concatenate(samples))
        rounds += 1
    return found, rounds


def tree(landscape: Landscape) -> MergeTree:
    return Gudhi(persistence=THRESHOLD).compute(landscape).tree


def persistences(merge_tree: MergeTree) -> np.ndarray:
    finite = merge_tree.persistences[np.isfinite(merge_tree.persistences)]
    return np.sort(finite)[::-1]


def error(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference of persistences in order; those of a basin that one lacks differ by all."""
    both = np.zeros((2, max(len(one), len(other))))
    both[0, : len(one)], both[1, : len(other)] = one, other
    return float(np.abs(both[0] - both[1]).max(initial=0.0))


def within(rows: list[dict], truth: np.ndarray) -> str:
    """Return how many intervals hold the true persistence, by rank; a dash where basins are missing."""
    if len(rows) != len(truth):
        return "–"
    rows = sorted(rows, key=lambda row: -row["persistence"])
    slack = 1e-9  # of the rounding of differences
    inside = [
        row["persistence_at_least"] - slack <= value <= row["persistence_at_most"] + slack
        for row, value in zip(rows, truth, strict=True)
    ]
    return f"{sum(inside)}/{len(rows)}"


def uniform(field: np.ndarray, count: int) -> np.ndarray:
    """Return the persistences of the grid of about as many samples."""
    side = round(count ** (1 / field.ndim))
    at = [np.rint(np.linspace(0, size - 1, side)).astype(int) for size in field.shape]
    part = field[np.ix_(*at)]
    samples = Grid(resolution=part.shape, margin=0.0).ask(unit(field.ndim), None, RNG)
    return persistences(tree(measured(part, samples)))


def unit(dimension: int) -> Chart:
    return Chart(space=None, latents=np.array([[0.0] * dimension, [1.0] * dimension]))


def row(kind: str, name: str, field: np.ndarray, share: float, *, paths: bool = False) -> str:
    """Return a row of the table."""
    chart = unit(field.ndim)
    sampler = Adaptive(
        resolution=field.shape,
        margin=0.0,
        persistence=THRESHOLD,
        tolerance=TOLERANCE[kind],
        budget=int(share * field.size),
        whole_paths=paths,
    )
    start = process_time()
    found, rounds = searched(field, sampler, chart)
    seconds, count = process_time() - start, len(found.samples.points)
    whole = tree(measured(field, Grid(resolution=field.shape, margin=0.0).ask(chart, None, RNG)))
    truth, mesh = persistences(whole), tree(found)
    rows = list(sampler.explain(chart, found).tables[0].rows)
    walked = sum(each["bound_along_path"] is not None for each in rows)
    cells = [
        name,
        f"{share:.0%}{', whole paths' if paths else ''}",
        f"{count:,} ({count / field.size:.2%})",
        str(rounds),
        f"{len(truth) + 1} / {len(persistences(mesh)) + 1}",
        f"{error(truth, persistences(mesh)):.3f}",
        f"{bottleneck(whole, mesh):.3f}",
        f"{error(truth, uniform(field, count)):.3f}",
        within(rows, truth),
        f"{walked}/{len(rows)}",
        f"{seconds:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


COLUMNS = (
    "field", "budget", "samples", "rounds", "leaves whole / found", "largest error of a persistence", "bottleneck",
    "error of a grid of as many", "intervals that hold", "paths without a gap", "processor seconds",
)  # fmt: skip


if __name__ == "__main__":
    for kind in sys.argv[1:] or SHARES:
        print(f"\n{kind}\n\n| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
        for name, field in fields(kind):
            for share in SHARES[kind]:
                print(row(kind, name, field, share), flush=True)
            if kind == "digits":
                print(row(kind, name, field, max(SHARES[kind]), paths=True), flush=True)
