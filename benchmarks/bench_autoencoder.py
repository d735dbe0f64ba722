"""The autoencoder on D weights (the paper's way) and on the population's coordinates, in one run.

Time until the error falls to 1e-4 per weight, and until 1 % of the variance is unexplained; peak memory of the
process. Each case runs in a process of its own: same layers, normalisation, schedule and stopping rule, the best
learning rate of three, the error looked at every fifth step. The isometry's time counts for ours; loading
the libraries counts for neither.

    python benchmarks/bench_autoencoder.py [REPEATS] [SECONDS A CASE]
"""

import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch  # before the clock starts
from attrs import evolve

import globscope.builtin.reducers.autoencoder.training as product
from globscope import load
from globscope.api import FullSpace, Progress, ReducerInputs, span
from globscope.pipeline.meter import measure
from globscope.pipeline.stages.population import population
from globscope.session import Study

ROOT = Path(__file__).parent.parent
RATES = (3e-4, 1e-3, 3e-3)
GOALS = ("mse 1e-4", "unexplained 1e-2")


class Watch(Progress):
    """Notes when each goal is reached, and stops the fit at the last or when time is over."""

    def __init__(self, goals: dict[str, float], since: float, limit: float) -> None:
        """Start watching."""
        self.goals, self.since, self.limit, self.reached = goals, since, limit, {}

    def __call__(self, done: int, total: int, **figures: float) -> None:
        """Compare the error with the goals."""
        del done, total
        now = perf_counter() - self.since
        for name, goal in self.goals.items():
            if figures["mse"] <= goal:
                self.reached.setdefault(name, now)
        if len(self.reached) == len(self.goals) or now > self.limit:
            raise StopIteration


def warm() -> None:
    """Take one step of a tiny network: the first step of a process loads half of torch."""
    network = torch.nn.Linear(2, 2)
    network(torch.ones(1, 2)).sum().backward()
    torch.optim.Adam(network.parameters(), fused=True).step()


def case(space: str, rate: float, seed: int, limit: float) -> dict:
    """Return the seconds to each goal, or None."""
    study = load(ROOT / "specs" / "digits-mlp.toml")
    folder = ROOT / "runs" / "bench-autoencoder"
    members = population(Study(spec=study.spec, folder=folder, registry=study.registry).workshop())
    weights = np.array(members.weights)
    options = {"optimiser": "adam", "stress": 0.0, "schedule": "constant", "device": "cpu"}
    component = evolve(study.spec.reducer[0].component, learning_rate=rate, steps=10**6, **options)
    product.CHECK_EVERY = 5
    goals = {"mse 1e-4": 1e-4, "unexplained 1e-2": 0.01 * float(weights.var(axis=0).mean())}
    warm()
    start = perf_counter()
    where = span(weights) if space == "span" else FullSpace(mean=weights.mean(axis=0))
    coordinates = where.members if space == "span" else where.coordinates(weights)[0]
    watch = Watch(goals, start, limit)
    inputs = ReducerInputs(coordinates=coordinates, population=members, space=where, progress=watch)
    with suppress(StopIteration):
        component.reduce(inputs, np.random.default_rng(seed))
    return {name: watch.reached.get(name) for name in GOALS}


def measured_case(space: str, rate: float, seed: int, limit: float) -> dict:
    """Return a case's figures with the peak memory, in MiB, of all that it did."""
    with measure() as meter:  # the system's own peak begins anew with every stage
        found = case(space, rate, seed, limit)
    return found | {"MiB": (meter.cost.peak_memory_bytes or 0) / 2**20}


def main(repeats: int, limit: float) -> None:
    """Print a row per space and learning rate: medians over the repeats; '>' where time was over first."""
    print(f"| space | learning rate | {' | '.join(GOALS)} | peak MiB |\n|---|---|---|---|---|")
    for space in ("span", "full"):
        for rate in RATES:
            found = []
            for seed in range(repeats):
                command = [sys.executable, __file__, "case", space, str(rate), str(seed), str(limit)]
                found.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
            cells = []
            for goal in GOALS:
                middle = median(one[goal] or float("inf") for one in found)
                cells.append(f"{middle:.2f} s" if middle < limit * 10 else f"> {limit:g} s")
            peak = median(one["MiB"] for one in found)
            print(f"| {space} | {rate:g} | {' | '.join(cells)} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["case"]:
        print(json.dumps(measured_case(sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))))
    else:
        repeats, limit = (sys.argv[1:] + ["3", "600"][len(sys.argv) - 1 :])[:2]
        main(int(repeats), float(limit))
