"""One study and one sweep of eight cells, in one process and in several, side by side.

Are the results the same, and how long do they take? In two further studies a worker is killed: while networks are
trained, and while they are scored.

Each case is a process of its own, one after the other. `here` has as many threads as every worker.

    python benchmarks/pools.py [SPEC] [WORKERSxTHREADS]
"""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Timer
from time import perf_counter

from globscope.api import Progress
from globscope.pipeline.observer import Observer
from globscope.sweep import load

ROOT = Path(__file__).parent.parent
SWEEP = """
title = "Eight cells"
[task]
use = "classification"
hidden = [64, 64]
[population.train]
epochs = 20
[[population.variant]]
name = "A"
[[population.variant]]
name = "B"
learning_rate = 3e-3
[[population.variant]]
name = "C"
batch_size = 128
learning_rate = 3e-3
[[reducer]]
use = "pca"
[[sampler]]
use = "grid"
resolution = 31
[[topology]]
use = "gudhi"
[sweep]
seed = [0, 1, 2, 3]
"population.variant.0.learning_rate" = [1e-3, 2e-3]
"""


class Killer(Observer):
    """Kills a worker a second after the first stage of a kind has begun."""

    def __init__(self, kind: str) -> None:
        """Wait for a stage whose label starts so."""
        self._kind, self.killed = kind, False

    def stage(self, name: str) -> Progress:
        """Start the clock at the first such stage."""
        if not self.killed and name.startswith(self._kind):
            self.killed = True
            Timer(1.0, self._kill).start()
        return Progress()

    def _kill(self) -> None:
        os.kill(multiprocessing.active_children()[0].pid, signal.SIGKILL)  # type: ignore[arg-type]


def case(spec: str, folder: str, pool: str, size: str, victim: str) -> None:
    """Run one case and print its seconds."""
    workers, threads = size.split("x")
    options = [f"run.pool={pool}", f"run.threads={threads}", *([] if pool == "here" else [f"run.workers={workers}"])]
    observer = Killer(victim) if victim else Observer()
    start = perf_counter()
    load(spec, options, folder).run(observer)
    print(json.dumps({"seconds": perf_counter() - start, "killed": victim and getattr(observer, "killed", False)}))


def measured(*arguments: str) -> dict[str, float]:
    """Return what a case prints, run in a process of its own."""
    command = [sys.executable, __file__, "case", *arguments]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def arrays(folder: Path) -> dict[str, bytes]:
    """Return the bytes of all arrays and weights in a run folder's stages, by their path."""
    files = [file for ending in ("npz", "npy", "safetensors") for file in folder.glob(f"stages/*/*/*.{ending}")]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def compare(name: str, spec: Path, folder: Path, size: str, victims: tuple[str, ...]) -> None:
    """Print a row for each case of a spec: where it ran, its wall time, and whether all arrays are the same."""
    wanted: dict[str, bytes] = {}
    for pool, victim in [("here", ""), ("processes", ""), *(("processes", victim) for victim in victims)]:
        run = folder / f"{name} {pool} {victim}".strip().replace(" ", "-")
        seconds = measured(str(spec), str(run), pool, size, victim)["seconds"]
        found = arrays(run)
        wanted = wanted or found
        same = f"{sum(found.get(key) == content for key, content in wanted.items())} of {len(wanted)}"
        where = f"{pool}, a worker killed in `{victim}`" if victim else pool
        print(f"| {name} | {where} | {seconds:.0f} s | {same} |", flush=True)


def main() -> None:
    """Compare a study, then a sweep."""
    spec, size = [*sys.argv[1:], *["", "2x1"][len(sys.argv) - 1 :]]
    print("| what | pool | wall time | arrays equal bit for bit |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        study = Path(spec) if spec else ROOT / "specs/digits-mlp.toml"
        compare(study.stem, study, Path(folder), size, ("train", "evaluate autoencoder"))
        sweep = Path(folder) / "sweep.toml"
        sweep.write_text(SWEEP, "utf-8")
        compare("sweep of eight cells", sweep, Path(folder), size, ())


if __name__ == "__main__":
    case(*sys.argv[2:]) if sys.argv[1:2] == ["case"] else main()
