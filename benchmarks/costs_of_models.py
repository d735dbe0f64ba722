"""What the map of models of several sizes costs: the autoencoder on coordinates, and the paper's D-wide one.

Prints the table of docs/results/costs.md. Every fit is a stage of a study in a process of its own, and its cost is the
one that GlobScope measured. The 55 members of each model are random walks: what a fit costs does not depend on what the
weights do. The time of a D-wide fit follows from two fits of few steps; one that needs too much memory is left out.

    python benchmarks/costs_of_models.py [LIMIT IN GIB, 5.5 if unset]
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from globscope import load
from globscope.pipeline.bench import StudyBench
from globscope.pipeline.cost_table import duration, memory_size
from globscope.pipeline.stages.population import population
from globscope.values.cost import Cost, total

VARIANTS, CHECKPOINTS = "ABCDE", 11
# Options of the task, its data's shape and classes, steps of a D-wide fit, and the paper's memory and hours.
MODELS = {
    "MLP on MNIST": ('model = "mlp"\nhidden = [128, 128, 128]\ndata = "mnist"', (1, 28, 28), 10, 20, "0.5 GB, 1 h"),
    "ResNet-56 on CIFAR-10": ('model = "resnet56"\ndata = "cifar10"', (3, 32, 32), 10, 4, "3.3 GB"),
    "CNN on CIFAR-10": ('model = "cnn"\ndata = "cifar10"', (3, 32, 32), 10, 0, "18.0 GB, up to 8 h"),
    "CNN on CIFAR-100": ('model = "cnn"\ndata = "cifar100"', (3, 32, 32), 100, 0, "18.7 GB, up to 8 h"),
    "ViT on CIFAR-10": ('model = "vit-10m"\ndata = "cifar10"', (3, 32, 32), 10, 0, "–"),
}
# The paper's optimiser has two moments for each weight.
PAPER = 'space = "full"\noptimiser = "adam"\nstress = 0.0\nsteps = {steps}'
PAPER_STEPS = 4000
SPEC = """
[task]
use = "classification"
{task}
path = "data.npz"
[population]
checkpoints = "members/{{variant}}-{{step}}.safetensors"
[[reducer]]
use = "autoencoder"
{options}
[[sampler]]
use = "grid"
[evaluator]
use = "torch"
[[topology]]
use = "gudhi"
"""


def make_members(name: str, folder: Path) -> int:
    """Write data of the right shape and the members, one at a time; return the number of weights."""
    from safetensors.numpy import save_file

    task, shape, classes, *_ = MODELS[name]
    targets = np.arange(classes)
    images = np.random.default_rng(0).integers(0, 256, (classes, *shape), dtype=np.uint8)
    np.savez(folder / "data.npz", x_train=images, y_train=targets, x_test=images, y_test=targets)
    (folder / "members").mkdir()
    (folder / "members/A-0.safetensors").touch()
    study = spec(folder, task, "")
    probe = study.spec.task.component.build("cpu")
    for seed, variant in enumerate(VARIANTS):
        rng = np.random.default_rng(seed)
        tensors = {n: p.detach().numpy().copy() for part in probe.initialise(seed) for n, p in part.items()}
        for step in range(CHECKPOINTS):
            save_file(tensors, folder / f"members/{variant}-{step}.safetensors")
            moved = {n: a for n, a in tensors.items() if a.dtype == np.float32}
            tensors |= {n: a + 0.01 * rng.standard_normal(a.shape, np.float32) for n, a in moved.items()}
    return probe.layout.size


def spec(folder: Path, task: str, options: str):
    """Return the study of a model with options of the autoencoder."""
    (folder / "study.toml").write_text(SPEC.format(task=task, options=options))
    return load(folder / "study.toml", folder=folder / "run")


def measure_fit(name: str, options: str, folder: Path) -> dict:
    """Return the costs of the weight space, of the fit, and the memory before both."""
    study = spec(folder, MODELS[name][0], options)
    workshop = study.workshop()
    members = population(workshop)
    _ = torch.optim.Adam(torch.nn.Linear(2, 2).parameters(), fused=True)  # loads what the first optimiser loads
    before = resident()
    StudyBench(workshop).fit("autoencoder", members)
    stages = {one["key"].partition("/")[0]: one for one in workshop.ledger.records}
    cost = total(*(Cost.from_record(stages[kind]) for kind in ("space", "reduce") if kind in stages))
    return cost.record | {"before": before}


def resident() -> int:
    """Return the bytes that are resident now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def run_case(*arguments: object) -> dict:
    """Return what this script prints in a process of its own."""
    command = [sys.executable, __file__, *map(str, arguments)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure_paper(name: str, few: int, folder: str) -> dict:
    """Return the cost of a D-wide fit of PAPER_STEPS, from two fits of few steps."""
    steps = (few, 3 * few)
    one, two = (run_case("fit", name, PAPER.format(steps=count), folder) for count in steps)
    rates = {what: (two[what] - one[what]) / (steps[1] - steps[0]) for what in ("seconds", "cpu_seconds")}
    return two | {what: two[what] + rate * (PAPER_STEPS - steps[1]) for what, rate in rates.items()}


def print_row(name: str, weights: int, route: str, fit: dict) -> None:
    """Print a fit."""
    cost = Cost.from_record(fit)
    times = f"{duration(cost.seconds)} | {duration(cost.cpu_seconds or 0.0)}"
    peak = f"{memory_size(cost.peak_memory_bytes or 0)} ({memory_size(fit['before'])})"
    print(f"| {name} | {weights:,} | {route} | {times} | {peak} | {MODELS[name][-1]} |", flush=True)


def main(limit: float) -> None:
    """Print two rows a model."""
    print("| model | weights | autoencoder | time | processor time | peak memory (before the fit) | the paper |")
    print("|---|---|---|---|---|---|---|")
    for name, (*_, steps, paper) in MODELS.items():
        with TemporaryDirectory() as folder:
            weights = run_case("members", name, folder)["weights"]
            print_row(name, weights, "on coordinates", run_case("fit", name, "", folder))
            needed = 16 * 257 * weights
            if not steps or needed > limit * 2**30:
                why = f"not run: its weights, gradient and moments alone take {memory_size(needed)}"
                print(f"| {name} | {weights:,} | D-wide | | | {why} | {paper} |", flush=True)
                continue
            route = f"D-wide, {PAPER_STEPS:,} steps, from {steps} and {3 * steps}"
            print_row(name, weights, route, measure_paper(name, steps, folder))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["members", name, folder]:
            print(json.dumps({"weights": make_members(name, Path(folder))}))
        case ["fit", name, options, folder]:
            print(json.dumps(measure_fit(name, options, Path(folder))))
        case [*limit]:
            main(float(limit[0]) if limit else 5.5)
