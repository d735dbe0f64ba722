"""Kernel-PCA and UMAP over a grid of their options on the digits population: MSE per weight.

Prints the tables of docs/results/digits.md. Fits alone; nothing is evaluated.
"""

from math import inf
from pathlib import Path

from attrs import evolve

from globscope import load
from globscope.api import GlobscopeError, span
from globscope.builtin.reducers.kernel_pca import median_distance
from globscope.pipeline.bench import StudyBench
from globscope.pipeline.stages.population import population
from globscope.session import Study
from globscope.spec.component_entry import ReducerEntry

ROOT = Path(__file__).parent.parent
KERNELS = [
    {"kernel": kernel, "gamma": gamma, "alpha": alpha}
    for kernel in ("rbf", "poly")
    for gamma in (0.3, 1.0, 3.0, 10.0)
    for alpha in (1.0, 1e-4, 1e-8)
] + [{"kernel": kernel, "alpha": alpha} for kernel in ("cosine", "linear") for alpha in (1.0, 1e-4, 1e-8)]
NEIGHBOURS = [{"n_neighbors": n, "min_dist": d} for n in (5, 10, 15, 30) for d in (0.0, 0.1, 0.5, 0.9)]


def error(bench, name: str, members) -> float:
    """Return the squared error per weight of the members; infinite where the options cannot be fitted."""
    try:
        fitted = bench.fit(name, members)
    except GlobscopeError:
        return inf
    squares = ((fitted.coordinates - fitted.reconstruction) ** 2).sum()
    return float(squares / fitted.population.weights.size)


def library_defaults(members) -> list[dict]:
    """Return scikit-learn's default γ of 1 / number of features, for coordinates and for weights, in our unit."""
    coordinates = span(members.weights).members
    squared = median_distance(coordinates) ** 2
    features = (coordinates.shape[1], members.layout.size)
    return [{"kernel": "rbf", "gamma": float(squared / width), "alpha": 1.0} for width in features]


def main() -> None:
    """Print a row per set of options, best first."""
    study = load(ROOT / "specs" / "digits-mlp.toml")
    folder = ROOT / "runs" / "digits-options"
    members = population(Study(spec=study.spec, folder=folder, registry=study.registry).workshop())
    jobs = [("pca", {}), ("autoencoder", {})]
    jobs += [("kernel-pca", options) for options in library_defaults(members)]
    jobs += [("kernel-pca", options) for options in KERNELS] + [("umap", options) for options in NEIGHBOURS]
    known = study.registry.role("reducer")
    entries = [
        ReducerEntry(use=use, name=f"{use}{at}", component=known[use].cls(**options))
        for at, (use, options) in enumerate(jobs)
    ]
    spec = evolve(study.spec, reducer=tuple(entries))
    bench = StudyBench(Study(spec=spec, folder=folder, registry=study.registry).workshop())
    found = [(error(bench, e.name, members), use, o) for e, (use, o) in zip(entries, jobs, strict=True)]
    print("| reducer | options | MSE per weight |\n|---|---|---|")
    for value, use, options in sorted(found, key=lambda row: (row[1], row[0])):
        told = (
            ", ".join(
                f"{name} = {value:.3g}" if isinstance(value, float) else f"{name} = {value}"
                for name, value in options.items()
            )
            or "defaults"
        )
        print(f"| {use} | {told} | {value:.2e} |")


if __name__ == "__main__":
    main()
