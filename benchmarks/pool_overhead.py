"""What a pool costs: start-up, a unit, a shared value, the speed-up on two cores, and where the driver is the limit.

    python benchmarks/pool_overhead.py

prints the tables of docs/results/scale.md. The pool `ray` is measured where globscope-ray and Ray can be imported.
"""

import heapq
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np

from globscope import load
from globscope.api import Networks, Progress, Unit, Workers, with_threads
from globscope.builtin.pools.processes import Here, Processes
from globscope.pipeline.disk.journal import DiskJournal
from globscope.values.cost import Cost

ROOT = Path(__file__).parent.parent
PLUGIN = ROOT / "plugins/globscope-ray"
UNITS, NETWORKS, SPACE = 300, 64, 16 * 2**20
# Seconds of a unit, workers, and seconds for which a message is on its way in a cluster's network.
SECONDS, WORKERS, NETWORK = (0.1, 1.0, 10.0), (1, 10, 30, 100, 300, 1000), 0.5e-3


def nothing(_: Any) -> Callable[[int, Progress], int]:
    """Return a function that does nothing."""
    return lambda item, _: item


def products(size: int) -> Callable[[int, Progress], float]:
    """Return a function that keeps one core busy."""
    matrix = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32)

    def work(_item: int, _: Progress) -> float:
        product = matrix
        for _ in range(8):
            product = product @ matrix / size
        return float(product.sum())

    return work


def pools(workers: int) -> dict[str, Any]:
    """Return the pools that are here, with one thread for each of so many workers."""
    found = {"here": Here(threads=1), "processes": Processes(workers=workers, threads=1)}
    if importlib.util.find_spec("ray") is None:
        return found
    # The plugin need not be installed, neither here nor in the workers.
    sys.path.append(str(PLUGIN))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(PLUGIN), str(ROOT), os.environ.get("PYTHONPATH", "")])
    from globscope_ray import Ray

    return found | {"ray": Ray(workers=workers, threads=1)}


def elapsed(work: Callable[[], Any]) -> float:
    """Return the seconds that a computation takes."""
    start = perf_counter()
    work()
    return perf_counter() - start


def run(workers: Workers, prepare: Callable[[Any], Any], shared: Any, count: int) -> Callable[[], Any]:
    """Return what does so many items."""
    return lambda: list(workers.map(prepare, shared, range(count)))


def overheads(name: str, pool: Any) -> str:
    """Return a row: start-up, a shared value, wall and processor seconds of a unit that does nothing."""
    space = np.zeros(SPACE, np.uint8)
    with pool.open() as workers:
        start = elapsed(run(workers, nothing, None, 1))
        again = median(elapsed(run(workers, nothing, None, 1)) for _ in range(5))
        put = median(elapsed(run(workers, nothing, space, 1)) for _ in range(5)) - again
        before = process_time()
        each = elapsed(run(workers, nothing, None, UNITS)) / UNITS
        driver = (process_time() - before) / UNITS
    return f"| `{name}` | {start:.2f} | {1e3 * put:.0f} | {1e3 * each:.2f} | {1e3 * driver:.2f} |"


def speed_up(name: str, alone: float, pool: Any) -> str:
    """Return a row: the seconds of forty units on two workers, and how many times faster than one process that is."""
    with pool.open() as workers:
        run(workers, products, 400, 4)()
        seconds = min(elapsed(run(workers, products, 400, 40)) for _ in range(3))
    return f"| `{name}` | {seconds:.2f} | {alone / seconds:.2f} |"


def unit_seconds() -> list[float]:
    """Return the seconds of units of the digits study."""
    workshop = load(ROOT / "specs/digits-mlp.toml").workshop()  # type: ignore[union-attr]
    layout = workshop.task.build("cpu").layout
    weights = np.random.default_rng(0).normal(0, 0.05, (NETWORKS, layout.size)).astype(np.float32)
    networks, evaluator = Networks.of(weights), workshop.spec.evaluator.component
    with with_threads(1):
        scorer = evaluator.scorer(networks, workshop.task, evaluator.plan(networks, workshop.task))
        return [elapsed(lambda: scorer.score(Unit(start=0, stop=NETWORKS))) for _ in range(12)][2:]


def journal_seconds() -> float:
    """Return the seconds in which the journal records a unit."""
    fields = {name: np.zeros(NETWORKS) for name in ("train_loss", "test_loss", "test_accuracy")}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "units").mkdir()
        journal = DiskJournal(Path(folder), NETWORKS * UNITS)
        units = [Unit(start=n * NETWORKS, stop=(n + 1) * NETWORKS) for n in range(UNITS)]
        cost = Cost()
        return elapsed(lambda: [journal.record(u, fields, device="cpu", threads=1, cost=cost) for u in units]) / UNITS


@contextmanager
def ray_at_work() -> Iterator[Any]:
    """Yield Ray, started here."""
    from globscope_ray.cluster import Cluster

    with Cluster(None, {"CPU": 1, "GPU": 0}, 1, working_dir=None, dashboard=False) as cluster:
        yield cluster.ray


def wait_seconds() -> dict[int, float]:
    """Return the seconds in which the driver looks at the answers that it waits for, by their number."""
    with ray_at_work() as ray:
        reference, found = ray.put(0), {}
        del reference
        for count in WORKERS:
            references = [ray.put(number) for number in range(count)]
            found[count] = median(elapsed(lambda r=references: ray.wait(r, num_returns=1)) for _ in range(20))  # type: ignore[misc]
    return found


def efficiency(workers: int, units: Sequence[float], driver: float, network: float) -> float:
    """Return which share of their time workers work, in a simulation.

    A worker does a unit, its result is on its way, the driver serves one result after another (it takes the result,
    hands out the next unit and writes the journal), and the next unit is on its way.

    Args:
        workers: How many.
        units: Seconds of all units.
        driver: Seconds in which the driver serves a result.
        network: Seconds of a message.
    """
    first, later = units[:workers], iter(units[workers:])
    arrivals = [(seconds + (number + 1) * driver + 2 * network) for number, seconds in enumerate(first)]
    heapq.heapify(arrivals)
    free = 0.0
    while arrivals:
        free = max(free, heapq.heappop(arrivals)) + driver
        if (seconds := next(later, None)) is not None:
            heapq.heappush(arrivals, free + seconds + 2 * network)
    return sum(units) / (workers * free)


def simulated(title: str, spread: Sequence[float], cost: Callable[[int], float]) -> str:
    """Return a row: the share of their time for which workers work, by the number of workers."""
    rng, shares = np.random.default_rng(0), []
    for workers in WORKERS:
        units = rng.choice(spread, 20 * workers).tolist()
        shares.append(f"{efficiency(workers, units, cost(workers), NETWORK):.2f}")
    return f"| {title} | {' | '.join(shares)} | {np.mean(spread) / cost(WORKERS[-1]):,.0f} |"


def print_simulation(rows: Mapping[str, str]) -> None:
    """Print which share of their time the workers of clusters would work; `rows` are those of the overheads."""
    measured, journal = unit_seconds(), journal_seconds()
    waits = wait_seconds() if "ray" in rows else dict.fromkeys(WORKERS, 0.0)
    hand_out = float(rows["ray" if "ray" in rows else "processes"].split("|")[-2]) / 1e3
    look = waits[WORKERS[-1]]
    print(f"\nA unit of {NETWORKS} networks of the digits study takes {1e3 * median(measured):.0f} ms.")
    print(f"For each unit the driver needs {1e3 * journal:.2f} ms for the journal,")
    print(f"{1e3 * hand_out:.2f} ms to take the result and hand out the next,")
    print(f"and with 1,000 workers {1e3 * look:.2f} ms more to look for news.")

    def cost(workers: int) -> float:
        return journal + hand_out + waits[workers]

    heads = " | ".join(f"{count:,} workers" for count in WORKERS)
    print(f"\n| seconds of a unit | {heads} | as many keep the driver busy |")
    print(f"| {' | '.join(['---'] * (len(WORKERS) + 2))} |")
    print(simulated(f"{median(measured):.3f} (digits)", measured, cost))
    for seconds in SECONDS:
        scale = seconds / float(np.mean(measured))
        print(simulated(f"{seconds:g}", [scale * value for value in measured], cost))


def main() -> None:
    """Print the tables."""
    print("| pool | start, s | a value of 16 MB, ms | a unit, ms | of these the driver's processor, ms |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    with with_threads(1):
        pass  # torch is imported, which is no pool's cost
    rows = {name: overheads(name, pool) for name, pool in pools(1).items()}
    print("\n".join(rows.values()))
    print("\n| pool, two workers | seconds | times as fast as `here` |\n| --- | --- | --- |", flush=True)
    with Here(threads=1).open() as workers:
        run(workers, products, 400, 4)()
        alone = min(elapsed(run(workers, products, 400, 40)) for _ in range(3))
    for name, pool in pools(2).items():
        print(speed_up(name, alone, pool), flush=True)
    print_simulation(rows)


if __name__ == "__main__":
    from pool_overhead import main as importable  # workers must be able to import what they do

    importable()
