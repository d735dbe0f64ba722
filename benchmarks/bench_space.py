"""Time and anonymous memory of the space stage and of decoding, by the number of members N and of weights D.

Weights are random and lie in a memory-mapped file, as a population's do. Each size runs in a process of its own.

    python benchmarks/bench_space.py [SCRATCH FOLDER] [LARGEST N × D]
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

import numpy as np

from globscope.api import span

SIZES = ((77, 855_770), (50, 1_000_000), (100, 1_000_000), (200, 1_000_000), (100, 10_000_000), (50, 100_000_000))
MIB = 2**20


class Peak:
    """The most anonymous memory that this process had while it was watched: what is mapped from files is not."""

    def __init__(self) -> None:
        """Start watching."""
        self.most, self._over = 0, Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self.most = max(self.most, anonymous())

    def stop(self) -> float:
        """Return the peak in MiB."""
        self._over.set()
        self._thread.join()
        return self.most / MIB


def anonymous() -> int:
    """Return this process' anonymous memory in bytes (Linux)."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) * 1024


def case(folder: Path, members: int, size: int) -> dict[str, float]:
    """Return seconds and MiB of the space, and seconds of decoding one network."""
    path = folder / f"{members}x{size}.npy"
    weights = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(members, size))
    rng = np.random.default_rng(0)
    for row in weights:
        for start in range(0, size, 1_000_000):
            part = row[start : start + 1_000_000]
            part[:] = rng.standard_normal(len(part), dtype=np.float32)
    weights.flush()
    weights = np.load(path, mmap_mode="r")
    before, peak, start = anonymous() / MIB, Peak(), perf_counter()
    space = span(weights)
    seconds = perf_counter() - start
    most = peak.stop()
    start = perf_counter()
    space.lift(space.members[:4])
    each = (perf_counter() - start) / 4
    path.unlink()
    return {"space": seconds, "before": before, "peak": most, "lift": each}


def main(folder: Path, largest: float) -> None:
    """Print a row for every size."""
    print("| N | D | weights on disk | space | anonymous memory: before, peak | decoding one network |")
    print("|---|---|---|---|---|---|")
    for members, size in SIZES:
        if members * size > largest:
            continue
        command = [sys.executable, __file__, "case", str(folder), str(members), str(size)]
        one = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        disk, memory = f"{4 * members * size / 2**30:.2f} GiB", f"{one['before']:.0f}, {one['peak']:.0f} MiB"
        row = f"| {members} | {size:,} | {disk} | {one['space']:.2f} s | {memory} | {1000 * one['lift']:.0f} ms |"
        print(row, flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["case"]:
        print(json.dumps(case(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))))
    else:
        with tempfile.TemporaryDirectory(dir=sys.argv[1] if sys.argv[1:] else None) as made:
            main(Path(made), float(sys.argv[2]) if sys.argv[2:] else 2e9)
