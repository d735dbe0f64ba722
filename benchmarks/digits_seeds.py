"""The digits study over seeds: basins, leaves and fidelity of the autoencoder, and the negative control.

Prints the tables of docs/results/digits.md. Runs go to runs/digits-seeds/.
"""

from pathlib import Path

from attrs import evolve

from globscope import load
from globscope.pipeline.run import run
from globscope.session import Study

ROOT = Path(__file__).parent.parent
COLUMNS = ("mse_per_weight", "unexplained_variance", "loss_gap_median", "loss_gap_max", "leaves", "leaves_trusted")


def record(name: str, population: int, seed: int) -> dict:
    """Return one fit's figures and its population's."""
    study = load(ROOT / "specs" / f"{name}.toml", [f"population.seed={population}", f"reducer.0.seed={seed}"])
    alone = evolve(study.spec, reducer=study.spec.reducer[:1])
    folder = ROOT / "runs" / "digits-seeds" / name
    outcome = run(Study(spec=alone, folder=folder, registry=study.registry).workshop())
    return outcome.record


def table(name: str, populations: range, seeds: range) -> None:
    """Print a row per fit."""
    print(f"\n{name}\n\n| population | seed | variance | accuracy | {' | '.join(COLUMNS)} | basins |")
    print("|" + "---|" * (len(COLUMNS) + 5))
    for population in populations:
        for seed in seeds:
            found = record(name, population, seed)
            who, one = found["population"], found["reducers"][0]
            cells = [f"{one[key]:.2e}" if isinstance(one[key], float) else str(one[key]) for key in COLUMNS]
            head = f"| {population} | {seed} | {who['variance_per_weight']:.2e} | {who['test_accuracy_min']:.3f} "
            print(f"{head}| {' | '.join(cells)} | {one['basins_of_variants']} |", flush=True)


if __name__ == "__main__":
    table("digits-mlp", range(3), range(5))
    table("digits-control", range(1), range(5))
