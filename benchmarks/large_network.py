"""A map of a transformer of 10⁸ weights: what it costs to form networks whole, and tensor by tensor.

Members and networks are random: they cost what others do. Each method scores the same networks in a process of its own.

    python benchmarks/large_network.py [SCRATCH FOLDER [NETWORKS]]

It prints the tables of docs/results/large-networks.md. The larger model takes 3.3 GB of the scratch folder.
"""

import json
import resource
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import Layout, Networks, Probe, Rows, span
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.tasks.language import LanguageModelling
from globscope.values.quantity import duration, memory_size

MEMBERS, EXAMPLES, CONTEXT = 8, 4, 64
# Width and depth of a transformer of bytes, which has 12 · depth · width² weights and a few more.
SIZES = {"10⁷": (320, 8), "10⁸": (1024, 8)}
# What is on paper alone: weights, members, networks of a map; and one batch of each split.
PAPER, BATCHES = ((10**7, 8, 64), (10**8, 8, 64), (10**9, 20, 1681), (10**10, 20, 1681)), 2


def task_of(folder: Path, size: str) -> LanguageModelling:
    """Return a language model of a size, over a text that means nothing."""
    text, (dim, depth) = folder / "text.bin", SIZES[size]
    if not text.exists():
        text.write_bytes(np.random.default_rng(0).integers(32, 127, 4000, np.uint8).tobytes())
    options = {"dim": dim, "depth": depth, "heads": 8}
    return LanguageModelling(path=text, context=CONTEXT, model_options=options)


def write_members(folder: Path, layout: Layout) -> None:
    """Write members that differ from one random network by a tenth of its weights' size."""
    folder.mkdir(parents=True, exist_ok=True)
    for member in range(MEMBERS):
        base, own = np.random.default_rng(0), np.random.default_rng(1 + member)
        with (folder / f"{member}.f32").open("wb") as file:
            for shape, size in zip(layout.shapes, layout.sizes, strict=True):
                start = 1.0 if len(shape) == 1 else 0.0
                values = start + 0.02 * base.standard_normal(size, np.float32)
                file.write((values + 0.002 * own.standard_normal(size, np.float32)).astype(np.float32).tobytes())


@define
class BuiltTask:
    """A task that is built once, as in a study."""

    probe: Probe

    def build(self, _: str) -> Probe:
        """Return its probe."""
        return self.probe


class CountedRows(Rows):
    """Members in files, of which it is counted how much is read."""

    read = 0

    def _gather(self, rows: np.ndarray, start: int, stop: int) -> np.ndarray:
        CountedRows.read += 4 * len(rows) * (stop - start)
        return super()._gather(rows, start, stop)


def members_in(folder: Path, layout: Layout) -> CountedRows:
    """Return the members of a folder, without reading them."""
    ends = np.cumsum(layout.sizes)[:-1]
    files = [np.memmap(folder / f"{member}.f32", np.float32, "r") for member in range(MEMBERS)]
    return CountedRows([np.split(file, ends) for file in files], names=layout.names)


@define
class Peak:
    """The most memory of a process that is not a file's, in bytes; looked at all the time."""

    most: int = 0
    _ended: threading.Event = field(factory=threading.Event)

    def __enter__(self) -> "Peak":
        """Look from now on."""
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more."""
        self._ended.set()

    def look(self) -> int:
        """Return what is held now."""
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
        [held] = [int(line.split()[1]) for line in lines if line.startswith("RssAnon")]
        self.most = max(self.most, 1024 * held)
        return 1024 * held

    def _watch(self) -> None:
        while not self._ended.is_set():
            self.look()
            sleep(0.01)


def measure(folder: Path, size: str, method: str, count: int) -> dict[str, Any]:
    """Score networks of a map in this process."""
    task = BuiltTask(task_of(folder, size).build("cpu"))
    layout = task.probe.layout
    weights = members_in(folder / size, layout)
    space = span(weights)
    coordinates = space.members.std() * np.random.default_rng(0).normal(size=(count, space.rank))
    networks = Networks(space=space, coordinates=coordinates)
    evaluator = Torch(method=method, examples=EXAMPLES)
    plan = evaluator.plan(networks, task)
    scorer = evaluator.scorer(networks, task, plan)
    CountedRows.read = 0
    with Peak() as peak:
        before = peak.look()
        start, used = perf_counter(), process_time()
        losses = np.concatenate([scorer.score(unit)["test_loss"] for unit in plan.units])
        seconds, used = perf_counter() - start, process_time() - used
    return {
        "size": size,
        "weights": layout.size,
        "method": plan.method,
        "networks at once": len(plan.units[0]),
        "batch": plan.batch_size,
        "seconds": seconds,
        "processor": used,
        "read": CountedRows.read,
        "anonymous": peak.most,
        "before": before,
        "resident": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "losses": losses.tolist(),
    }


def measure_apart(folder: Path, size: str, method: str, count: int) -> dict[str, Any]:
    """Score networks in a new process, whose memory nothing else has enlarged."""
    command = [sys.executable, __file__, "--one", str(folder), size, method, str(count)]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def compare(folder: Path, count: int) -> None:
    """Print what each method takes at each size."""
    print("| weights | method | networks at once | processor time | read | memory | largest difference |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for size in SIZES:
        if not (folder / size).exists():
            write_members(folder / size, task_of(folder, size).build("cpu").layout)
        loop, layers = (measure_apart(folder, size, method, count) for method in ("loop", "layers"))
        for one in (loop, layers):
            apart = np.abs(np.array(one["losses"]) - loop["losses"]).max()
            sizes = [memory_size(one["read"]), memory_size(one["anonymous"])]
            cells = [f"{one['weights']:,}", one["method"], one["networks at once"], duration(one["processor"]), *sizes]
            print("|", " | ".join(map(str, cells)), f"| {apart:.1e} |", flush=True)
            print({name: value for name, value in one.items() if name != "losses"}, file=sys.stderr, flush=True)


def on_paper() -> None:
    """Print what is read of a population by the formulas of the page."""
    print("| weights | members | one by one | 16 at once | 64 at once |")
    print("| --- | --- | --- | --- | --- |")
    for weights, members, networks in PAPER:
        population = 4 * weights * members
        passes = [networks, *(-(-networks // width) * BATCHES for width in (16, 64))]
        read = [f"{count * population / 1e12:.3g} TB" for count in passes]
        print("|", " | ".join([f"{weights:.0e}", str(members), *read]), "|")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        place, *rest = sys.argv[2:]
        print(json.dumps(measure(Path(place), rest[0], rest[1], int(rest[2]))))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            chosen = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch)
            compare(chosen, int(sys.argv[2]) if len(sys.argv) > 2 else 64)
            on_paper()
