"""Time and anonymous memory of a whole study of 100 vision transformers of 10⁷ weights, stage by stage.

The networks are five random walks of twenty steps: what the stages cost does not depend on what the weights do.

    python benchmarks/size_vit.py CIFAR10 FOLDER
"""

import sys
from pathlib import Path
from time import perf_counter
from types import MappingProxyType

import numpy as np
from bench_space import MIB, Peak, anonymous

import globscope
from globscope.api import Progress
from globscope.builtin.tasks.classification import Classification
from globscope.pipeline.observer import Observer

VARIANTS, STEPS = "ABCDE", 20
SPEC = """
[task]
use = "classification"
model = "vit-10m"
data = "cifar10"
path = "{data}"
normalise = "channel"
[population]
checkpoints = "members/{{variant}}-{{step}}.safetensors"
[[reducer]]
use = "autoencoder"
[[sampler]]
use = "grid"
resolution = 21
[evaluator]
use = "torch"
examples = 64
[[topology]]
use = "gudhi"
"""


def walks(folder: Path, task: Classification) -> None:
    """Write the members, one at a time; a step moves every tensor by a tenth of its size at the start."""
    from safetensors.numpy import save_file

    probe, folder = task.build("cpu"), folder / "members"
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(VARIANTS):
        rng = np.random.default_rng(seed)
        tensors = {n: p.numpy().copy() for n, p in probe.initialise(seed)[0].items()}
        scale = {n: 0.1 * float(np.sqrt((a**2).mean()) + 1e-3) for n, a in tensors.items()}
        for step in range(STEPS):
            save_file(tensors, folder / f"{name}-{step}.safetensors")
            tensors = {n: a + scale[n] * rng.standard_normal(a.shape, dtype=np.float32) for n, a in tensors.items()}


class Watch(Observer):
    """Prints a row a stage: seconds, and the most anonymous memory."""

    def __init__(self) -> None:
        """Start with nothing under way."""
        self.label, self.since, self.peak = "start", perf_counter(), Peak()

    def stage(self, label: str) -> Progress:
        """End the stage before."""
        most = self.peak.stop()
        print(f"| {self.label} | {perf_counter() - self.since:.1f} s | {most:.0f} MiB |", flush=True)
        self.label, self.since, self.peak = label, perf_counter(), Peak()
        return Progress()


def main(data: Path, folder: Path) -> None:
    """Run the study."""
    options = MappingProxyType({"model": "vit-10m", "data": "cifar10", "normalise": "channel"})
    if not (folder / "members").exists():
        walks(folder, Classification(path=data, **options))
    (folder / "study.toml").write_text(SPEC.format(data=data.resolve()))
    print(f"anonymous memory before: {anonymous() / MIB:.0f} MiB\n")
    print("| stage | time | most anonymous memory |\n|---|---|---|")
    watch = Watch()
    result = globscope.load(folder / "study.toml", folder=folder / "run").run(watch)
    watch.stage("end")
    print(result.record["population"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
