"""5,000 networks of 10⁴ weights and 1,000 of 10⁶, from checkpoint files to the report: what each stage costs.

Each population is mapped by one process. Its files hold 10 networks a run on the way between random weights: such
networks have no basins, but cost what others do. The second population takes 4 GB of the scratch folder.

    python benchmarks/many_networks.py [SCRATCH FOLDER] [SHARE OF THE NETWORKS [NUMBER OF THE CASE]]

It prints the tables of docs/results/many-networks.md.
"""

import json
import os
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import numpy as np
from safetensors.numpy import save_file

from globscope.pipeline.cost_table import HEADINGS, cost_table, cost_texts
from globscope.values.quantity import duration, memory_size

# Networks, widths of the two hidden layers, samples along each axis.
CASES = ((5_000, (133,), 21), (1_000, (960, 960), 11))
CHECKPOINTS, NOISE = 10, np.float32(0.01)
STEPS = 500
SPEC = """
title = "many networks"
[task]
use = "classification"
hidden = {hidden}
[population]
checkpoints = "networks/{{variant}}-{{step}}.safetensors"
[[reducer]]
use = "pca"
[[reducer]]
use = "autoencoder"
steps = {steps}
[[sampler]]
use = "grid"
resolution = {side}
[evaluator]
use = "torch"
examples = 256
[[topology]]
use = "gudhi"
"""


def write_networks(folder: Path, runs: int, hidden: tuple[int, ...]) -> int:
    """Write ten networks of every run; return how many weights each has."""
    rng, widths, size = np.random.default_rng(0), (64, *hidden, 10), 0
    folder.mkdir(parents=True)

    def noise(shape: tuple[int, ...]) -> np.ndarray:
        return NOISE * rng.standard_normal(shape, dtype=np.float32)  # no network is a mixture of others

    for run in range(runs):
        ends = [_network(rng, widths) for _ in range(2)]
        size = sum(tensor.size for tensor in ends[0].values())
        for step, share in enumerate(np.linspace(0, 1, CHECKPOINTS, dtype=np.float32)):
            mixed = {
                name: (1 - share) * tensor + share * ends[1][name] + noise(tensor.shape)
                for name, tensor in ends[0].items()
            }
            save_file(mixed, folder / f"r{run}-{step}.safetensors")
    return size


def _network(rng: np.random.Generator, widths: tuple[int, ...]) -> dict[str, np.ndarray]:
    tensors = {}
    for layer, (inputs, outputs) in enumerate(pairwise(widths)):
        place = 2 * layer + 1  # behind `Flatten`, with a ReLU between
        tensors[f"{place}.weight"] = rng.standard_normal((outputs, inputs), dtype=np.float32) * (2 / inputs) ** 0.5
        tensors[f"{place}.bias"] = np.zeros(outputs, np.float32)
    return tensors


def case(folder: Path, networks: int, hidden: tuple[int, ...], side: int) -> None:
    """Write a population, map it in a process of its own, and print what the stages cost."""
    size = write_networks(folder / "networks", max(networks // CHECKPOINTS, 2), hidden)
    spec = folder / "many.toml"
    spec.write_text(SPEC.format(hidden=list(hidden), steps=STEPS, side=side), "utf-8")
    print_costs(spec, f"{networks:,} networks of {size:,} weights")


def print_costs(spec: Path, title: str) -> None:
    """Run a study in a process of its own, in the folder `run` beside its spec, and print what the stages cost."""
    folder = spec.parent
    command = [sys.executable, "-m", "globscope", "study", str(spec), "--out", str(folder / "run")]
    start = perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = perf_counter() - start
    if status:
        raise SystemExit(f"`{' '.join(command)}` failed")
    record = json.loads((folder / "run" / "results.json").read_text("utf-8"))
    table = cost_table(record)
    assert table is not None
    stages = sum(row["seconds"] for row in table.rows[:-1])
    print(f"\n### {title}\n")
    print(f"| {' | '.join(HEADINGS[:4])} |\n|{'---|' * 4}")
    for cells in cost_texts(table.rows):
        print(f"| {' | '.join(cells[:4])} |")
    print(f"| start, drawing and the page | {duration(seconds - stages)} | | |")
    # The system's own peak begins anew with every stage; of the last stage and what follows it is right.
    peak = memory_size(max(usage.ru_maxrss * 1024, table.rows[-1]["peak_memory_bytes"]))
    print(f"| **the whole process** | {duration(seconds)} | {duration(usage.ru_utime + usage.ru_stime)} | {peak} |\n")
    for name in ("run", "run/figures"):
        files = [path for path in (folder / name).rglob("*") if path.is_file()]
        largest = max(files, key=lambda path: path.stat().st_size)
        total = memory_size(sum(path.stat().st_size for path in files))
        print(
            f"`{name}`: {total} in {len(files)} files, the largest {largest.name} {memory_size(largest.stat().st_size)}"
        )


def main(scratch: str | None, share: float, only: str) -> None:
    """Measure every case, or only one."""
    for networks, hidden, side in CASES if not only else [CASES[int(only) - 1]]:
        with tempfile.TemporaryDirectory(dir=scratch) as made:
            case(Path(made), int(networks * share), hidden, side)


if __name__ == "__main__":
    scratch, share, only = (*sys.argv[1:], *("", "1", "")[len(sys.argv) - 1 :])
    main(scratch or None, float(share), only)
