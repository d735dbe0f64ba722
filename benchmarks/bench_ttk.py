"""Time of both topologies on noise (the most minima), and of TTK's join tree alone, in one run, on one thread each.

CPU seconds, TTK's process included: on a busy machine they are what the wall clock would show on an idle one.

Usage: python bench_ttk.py [PYTHON], a Python that has TTK; without it, only the built-in is timed.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from globscope.api import Landscape, Samples
from globscope.builtin.topology import Gudhi

PLUGIN = Path(__file__).parent.parent / "plugins/globscope-ttk"
sys.path.insert(0, str(PLUGIN))
from globscope_ttk import Ttk, interpreters  # noqa: E402 - the distribution need not be installed

ALONE = """
import sys
from time import process_time
import numpy as np
import join_tree
domain = join_tree.image(np.load(sys.argv[1])["ranks"])
best = []
for _ in range(int(sys.argv[2])):
    started = process_time()
    join_tree.join_tree(domain, 1)
    best.append(process_time() - started)
print("seconds", min(best))
"""


def landscape(shape: tuple[int, ...]) -> Landscape:
    index = np.indices(shape).reshape(len(shape), -1).T
    values = np.random.default_rng(0).random(len(index))
    samples = Samples(points=index.astype(float), index=index, shape=shape)
    trusted = np.ones(len(index), bool)
    return Landscape(samples=samples, fields={"train_loss": values}, distance_to_member=values, trusted=trusted)


def alone(given: Landscape, python: str, repeats: int) -> float:
    """Return the seconds of TTK's filter itself, on one thread: nodes, arcs and segmentation."""
    assert given.samples.shape is not None
    ranks = np.argsort(np.argsort(given.fields["train_loss"])).reshape(given.samples.shape).astype(float)
    with TemporaryDirectory() as folder:
        np.savez(Path(folder) / "question.npz", ranks=ranks)
        done = subprocess.run(
            [python, "-c", ALONE, str(Path(folder) / "question.npz"), str(repeats)],
            cwd=interpreters.PROGRAM.parent,
            capture_output=True,
            text=True,
            check=True,
        )
    return float(done.stdout.split()[-1])


def spent() -> float:
    """Return the CPU seconds of this process and of those it has waited for."""
    return sum(os.times()[:4])


def best(method: Gudhi | Ttk, given: Landscape, repeats: int) -> float:
    seconds = []
    for _ in range(repeats):
        started = spent()
        method.compute(given)
        seconds.append(spent() - started)
    return min(seconds)


def main(python: str | None = None, repeats: int = 3) -> None:
    print(f"{'samples':>16} {'gudhi, all':>10} {'ttk, all':>10} {'TTK alone':>10}   CPU seconds, best of {repeats}")
    for shape in ((41, 41), (300, 300), (1000, 1000), (100, 100, 100)):
        given = landscape(shape)
        row = [best(Gudhi(), given, repeats)]
        if python:
            row += [best(Ttk(interpreter=python), given, repeats), alone(given, python, repeats)]
        print(f"{' x '.join(map(str, shape)):>16} " + " ".join(f"{seconds:10.2f}" for seconds in row), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:2])
