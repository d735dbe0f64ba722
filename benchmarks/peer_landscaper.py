"""The merge tree of one 41 × 41 field of noise here and by landscaper, in one run.

python benchmarks/peer_landscaper.py     (in an environment that has landscaper)
"""

from time import perf_counter

from bench_topology import landscape
from landscaper import tda

from globscope.builtin.topology import Gudhi

SIDE, REPEATS = 41, 5


def main() -> None:
    """Print the seconds of both; here with pairs and basins, there the tree alone."""
    given = landscape(SIDE, smooth=False)
    Gudhi().compute(given)  # imports
    ours = []
    for _ in range(REPEATS):
        start = perf_counter()
        found = Gudhi(adjacency="gabriel").compute(given)
        ours.append(perf_counter() - start)
    lattice = []
    for _ in range(REPEATS):
        start = perf_counter()
        Gudhi().compute(given)
        lattice.append(perf_counter() - start)
    values = given.fields["train_loss"]
    start = perf_counter()
    theirs = tda.merge_tree(values, given.samples.points)
    seconds = perf_counter() - start
    print(f"minima here, with landscaper's graph: {len(found.full.minima)}; there: {len(theirs.leaves)}")
    print(f"landscaper: {seconds:.3f} s")
    print(f"here, on the lattice: {min(lattice):.4f} s, {seconds / min(lattice):.0f} times as fast")
    print(f"here, on landscaper's graph: {min(ours):.4f} s, {seconds / min(ours):.0f} times as fast")


if __name__ == "__main__":
    main()
