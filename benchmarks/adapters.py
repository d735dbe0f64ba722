"""20 LoRA adapters over a base of 10⁸ random weights: what a study of them reads, holds and takes.

The base is a stack of residual layers x + GELU(Wx) of 2,048 units. Each step is measured in a process of its own, on
one core: its processor time, the peak of its own memory, and the pages that it had in memory of mapped files, which is
the distinct content that it had read. Nothing is fetched; 0.6 GB of the scratch folder are taken.

    python benchmarks/adapters.py [SCRATCH FOLDER] [LAYERS]

It prints the table of docs/results/adapters.md.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any

import numpy as np
from safetensors.numpy import save_file

WIDTH, LAYERS, RANK, RUNS, STEPS = 2048, 24, 16, 5, (100, 200, 300, 400)
DECODED, LIFTED = 64, 2
MODEL = """
import torch
from torch import nn
from torch.nn.functional import gelu, mse_loss

WIDTH, LAYERS, EXAMPLES = {width}, {layers}, 64

class Stack(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(LAYERS))

    def forward(self, x):
        for layer in self.layers:
            x = x + gelu(layer(x))
        return x

def build():
    return Stack()

def data():
    source = torch.Generator().manual_seed(0)
    inputs = torch.randn(EXAMPLES, WIDTH, generator=source)
    return {{"train": (inputs, inputs.roll(1, 0)), "test": (inputs.flip(0), inputs)}}

def forward(model, batch):
    return model(batch[0])

def losses(outputs, batch):
    return mse_loss(outputs, batch[1])
"""
SPEC = """
[task]
use = "custom"
model = "stack.py:build"
data = "stack.py:data"
forward = "stack.py:forward"
losses = "stack.py:losses"
[population]
base = "base"
include_base = false
checkpoints = "adapters/{variant}/checkpoint-{step}"
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
[evaluator]
use = "torch"
"""


def write_networks(folder: Path, layers: int) -> None:
    """Write the base, its adapters and the spec."""
    source = np.random.default_rng(0)
    (folder / "base").mkdir(parents=True)
    names = [f"layers.{layer}" for layer in range(layers)]
    base = {f"{name}.weight": _noise(source, (WIDTH, WIDTH), 0.01) for name in names}
    save_file(base, folder / "base" / "model.safetensors")
    for run in range(RUNS):
        start = {name: (_noise(source, (RANK, WIDTH), 0.02), _noise(source, (WIDTH, RANK), 0.02)) for name in names}
        for step in STEPS:
            place = folder / "adapters" / f"run{run}" / f"checkpoint-{step}"
            place.mkdir(parents=True)
            tensors = {}
            for name, (down, up) in start.items():
                moved = down + _noise(source, down.shape, 0.005)
                tensors[f"base_model.model.{name}.lora_A.weight"] = moved
                tensors[f"base_model.model.{name}.lora_B.weight"] = up * np.float32(step / max(STEPS))
            save_file(tensors, place / "adapter_model.safetensors")
            config = {"peft_type": "LORA", "r": RANK, "lora_alpha": 2 * RANK}
            (place / "adapter_config.json").write_text(json.dumps(config), "utf-8")
    (folder / "stack.py").write_text(MODEL.format(width=WIDTH, layers=layers), "utf-8")
    (folder / "study.toml").write_text(SPEC, "utf-8")


def _noise(source: Any, shape: tuple[int, ...], size: float) -> np.ndarray:
    noise: np.ndarray = np.float32(size) * source.standard_normal(shape, dtype=np.float32)
    return noise


class Memory:
    """The largest memory of this process while it is open, in bytes: its own, and pages of mapped files."""

    def __init__(self) -> None:
        """Begin with none."""
        self.own, self.mapped, self.peak, self._ends = 0, 0, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Memory":
        """Watch."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._ends.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ends.is_set():
            text = Path("/proc/self/status").read_text("ascii")
            found = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in text.splitlines() if "kB" in line}
            self.own, self.mapped = max(self.own, found["RssAnon"]), max(self.mapped, found["RssFile"])
            self.peak = found["VmHWM"]
            sleep(0.02)


def measure(step: str, folder: Path) -> dict[str, float]:
    """Return the figures of one step, in this process."""
    import torch

    from globscope import load
    from globscope.isometry import span
    from globscope.pipeline.bench import StudyBench
    from globscope.pipeline.stages.population import population
    from globscope.values.evaluation import Networks

    torch.set_num_threads(1)
    study = load(folder / "study.toml", ["evaluator.method=" + ("loop" if step == "lift" else "auto")], folder / "run")
    workshop = study.workshop()
    found: dict[str, Any] = {}

    def score(count: int) -> None:
        networks = population(workshop)
        space = span(networks.weights)
        points = np.random.default_rng(1).normal(size=(count, space.rank)) * space.members.std(axis=0) / 2
        losses = StudyBench(workshop).measure(Networks(space=space, coordinates=points))["test_loss"]
        found["losses"] = losses.tolist()

    steps: dict[str, Callable[[], Any]] = {
        "read": lambda: population(workshop),
        "gram": lambda: span(population(workshop).weights),
        "losses": lambda: score(DECODED),
        "lift": lambda: score(LIFTED),
    }
    start, cpu = perf_counter(), process_time()
    with Memory() as memory:
        steps[step]()
    times = {"seconds": perf_counter() - start, "cpu": process_time() - cpu}
    return {**times, "own": memory.own, "mapped": memory.mapped, "peak": memory.peak, **found}


def figures(folder: Path) -> Iterator[str]:
    """Yield the rows of the table; each step runs in a process of its own, after those before it have left the run."""
    yield "| step | time | processor time | peak of its own memory | pages of mapped files |"
    yield "|---|---|---|---|---|"
    for step in ("read", "gram", "losses", "lift"):
        command = [sys.executable, __file__, "--measure", step, str(folder)]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found = json.loads(text.splitlines()[-1])
        own, mapped = (f"{found[name] / 2**30:.2f} GiB" for name in ("own", "mapped"))
        yield f"| {step} | {found['seconds']:.1f} s | {found['cpu']:.1f} s | {own} | {mapped} |"
        if "losses" in found:
            yield f"<!-- losses {found['losses'][:LIFTED]} -->"


def main() -> None:
    """Write the networks and print the table."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(sys.argv[2], Path(sys.argv[3]))))
        return
    folder = Path(sys.argv[1]) if sys.argv[1:] else Path(tempfile.mkdtemp())
    layers = int(sys.argv[2]) if sys.argv[2:] else LAYERS
    if not (folder / "base").exists():
        write_networks(folder, layers)
    size = layers * WIDTH * WIDTH
    files = sum(path.stat().st_size for path in folder.glob("adapters/*/*/*.safetensors"))
    print(f"{size:,} weights, {RUNS * len(STEPS)} adapters of rank {RANK}: {files / 2**20:.0f} MiB in all")
    for row in figures(folder):
        print(row, flush=True)


if __name__ == "__main__":
    main()
