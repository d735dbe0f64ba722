"""The sampler critical-points on fields whose trees are known, in 2 to 16 axes: python benchmarks/critical_points.py.

The truth is independent of the sampler. For bowls it has a closed form; for wells it is a lattice in two and three
axes, and in more axes the saddles that eigenvector following finds from hundreds of starts, joined by descents to both
sides.
"""

import sys
from pathlib import Path
from time import process_time

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.known_fields import (
    Bowls,
    PlayedStudy,
    Wells,
    chart_of_ends,
    lattice_persistences,
    tree_of_heights,
)

from globscope.builtin.samplers import CriticalPoints

FIELDS = {"bowls": Bowls, "wells": Wells}
LATTICES = {2: 257, 3: 81}
COARSE, SEEDS, BASINS = 41, 20, 7
# Persistences above the threshold count as leaves, and are right if they are so close.
THRESHOLD, CLOSE = 0.1, 0.02
# Below four axes quasi-random starts must find the basins in which no run ends.
RUNS = {2: 3, 3: 3}
STARTS = {2: 24, 3: 48}


def truth(field, dimension: int) -> np.ndarray:
    if isinstance(field, Bowls):
        return tree_of_heights(field.floors, field.heights())
    if dimension in LATTICES:
        return lattice_persistences(field, dimension, LATTICES[dimension])
    minima = distinct_points(descend(field, field.centres))
    saddles = find_saddles(field, minima)
    sides = both_sides(field, saddles)
    # A saddle may lead to a minimum beside the wells, such as the middle of the bowl.
    minima = distinct_points(np.concatenate([minima, *sides]))
    near = [np.linalg.norm(side[:, None] - minima, axis=2) for side in sides]
    heights = np.full((len(minima), len(minima)), np.inf)
    for height, *ends in zip(field(saddles), *near, strict=True):
        one, other = (int(end.argmin()) for end in ends)
        heights[one, other] = heights[other, one] = min(height, heights[one, other])
    return tree_of_heights(field(minima), heights)


def descend(field, points: np.ndarray) -> np.ndarray:
    """Follow the slope in short steps, and end by Newton's method."""
    points = points.copy()
    for _ in range(6000):
        slope = field.slope(points)
        points -= slope * np.minimum(0.02, 0.004 / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-12))
    for _ in range(20):
        hessian = field.hessian(points)
        convex = np.linalg.eigvalsh(hessian)[:, 0] > 0
        points[convex] -= np.linalg.solve(hessian[convex], field.slope(points[convex])[..., None])[..., 0]
    return points


def distinct_points(points: np.ndarray) -> np.ndarray:
    kept: list[np.ndarray] = []
    for point in points:
        if all(np.linalg.norm(point - other) > 1e-4 for other in kept):
            kept.append(point)
    return np.array(kept)


def find_saddles(field, minima: np.ndarray) -> np.ndarray:
    """Climb along the lowest curvature and descend along all others, from points between minima."""
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.full(len(minima), 0.5), 300)
    pairs = [(i, j) for i in range(len(minima)) for j in range(i)]
    between = [minima[i] + t * (minima[j] - minima[i]) for i, j in pairs for t in np.linspace(0.1, 0.9, 9)]
    points = np.concatenate([shares @ minima, np.reshape(between, (-1, minima.shape[1]))])
    for _ in range(150):
        curvatures, axes = np.linalg.eigh(field.hessian(points))
        along = np.einsum("nij,ni->nj", axes, field.slope(points)) / np.maximum(abs(curvatures), 1e-3)
        along[:, 0] *= -1
        step = -np.einsum("nij,nj->ni", axes, along)
        points = points + step * np.minimum(1, 0.05 / np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-12))
    curvatures = np.linalg.eigvalsh(field.hessian(points))
    flat = np.linalg.norm(field.slope(points), axis=1) < 1e-8
    return distinct_points(points[flat & (curvatures[:, 0] < 0) & (curvatures[:, 1] > 0)])


def both_sides(field, saddles: np.ndarray) -> list[np.ndarray]:
    """Return where the slope leads down to from both sides of each saddle."""
    if not len(saddles):
        return [saddles, saddles]
    axis = np.linalg.eigh(field.hessian(saddles))[1][:, :, 0]
    return [descend(field, saddles + side * 1e-3 * axis) for side in (1, -1)]


def main() -> None:
    dimensions = [int(text) for text in sys.argv[1:]] or [2, 3, 4, 8, 16]
    print(
        f"{'field':>6} {'d':>3} {'leaves right':>13} {'error, mean':>12} {'worst':>7} {'within 0.02':>12} "
        f"{'evaluations':>12} {'rounds':>7} {'of 41^d':>9} {'its error':>9} {'s':>5}"
    )
    for name, kind in FIELDS.items():
        for dimension in dimensions:
            rows = [row(kind.draw(dimension, BASINS, seed), dimension, seed) for seed in range(SEEDS)]
            show(name, dimension, np.array(rows, float))


def row(field, dimension: int, seed: int) -> list[float]:
    known = truth(field, dimension)
    ends = field.centres[: RUNS.get(dimension, BASINS)]
    ends = ends + 0.03 * np.random.default_rng(seed).standard_normal(ends.shape)
    sampler = CriticalPoints(margin=0.0, starts=STARTS.get(dimension, 16), budget=10**6)
    began = process_time()
    study = PlayedStudy(chart=chart_of_ends(ends, dimension), seed=seed).run_once(sampler, field)
    found, roots = study.persistences()
    seconds = process_time() - began
    grid = difference(lattice_persistences(field, dimension, COARSE), known) if dimension <= 3 else np.nan
    error = difference(found, known)
    right = roots == 1 and unmatched(found, known) <= CLOSE
    if not right or error > CLOSE:
        print(f"# {type(field).__name__} {dimension} seed {seed}: {known.round(3)} {found.round(3)} roots {roots}")
    return [right, error, study.cost, study.rounds, grid, seconds]


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """The largest difference of persistences in order; one that the other list lacks counts as at the threshold."""
    count = max(len(one), len(other))
    padded = [np.pad(each, (0, count - len(each)), constant_values=THRESHOLD) for each in (one, other)]
    return float(abs(padded[0] - padded[1]).max(initial=0))


def unmatched(one: np.ndarray, other: np.ndarray) -> float:
    """How far leaves that only one of the lists has lie above the threshold."""
    longer, shorter = sorted((one, other), key=len, reverse=True)
    return float((longer[len(shorter) :] - THRESHOLD).max(initial=0))


def show(name: str, dimension: int, rows: np.ndarray) -> None:
    right, error, cost, rounds, grid, seconds = rows.T
    print(
        f"{name:>6} {dimension:3d} {f'{right.sum():.0f} of {len(rows)}':>13} {error.mean():12.4f} {error.max():7.4f} "
        f"{f'{(error <= CLOSE).sum()} of {len(rows)}':>12} {cost.mean():12,.0f} {rounds.mean():7.0f} "
        f"{cost.mean() / COARSE**dimension:9.2g} {grid.max():9.3f} {seconds.mean():5.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
