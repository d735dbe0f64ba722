"""What the rounds of a search cost beyond the scoring of their networks.

    python benchmarks/search_rounds.py

prints a row a pool: milliseconds a round of a search of 300 rounds of six points each with their gradients, on digits.
Processor time is that of all processes, so that other work on the machine changes it little.
"""

import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
from attrs import define

from globscope.api import Chart, Landscape, Samples, next_round
from globscope.builtin.pools.processes import Here, Processes
from globscope.pipeline.run import run
from globscope.registry import installed_registry
from globscope.session import Study
from globscope.spec.read import read_spec
from globscope.store import read_json
from globscope.testing import registry_of

ROUNDS, POINTS = 300, 6
SPEC = f"""
[task]
use = "classification"
hidden = [32]
[population.train]
epochs = 3
[[population.variant]]
name = "A"
repeat = 4
[[reducer]]
use = "pca"
[[sampler]]
use = "descents"
rounds = {ROUNDS}
[evaluator]
use = "torch"
examples = 300
"""


@define(frozen=True, kw_only=True)
class Descents:
    """Descend from random points by short steps.

    Attributes:
        rounds: How many rounds are asked for.
    """

    rounds: int = ROUNDS

    def ask(self, chart: Chart, landscape: Landscape | None, rng: np.random.Generator) -> Samples | None:
        """Return the next round's samples."""
        return next_round(self.search(chart, rng), landscape)

    def search(self, chart: Chart, rng: np.random.Generator) -> Generator[Samples, Landscape, None]:
        """Return the search."""
        points = rng.uniform(chart.latents.min(axis=0), chart.latents.max(axis=0), (POINTS, chart.dimension))
        for _ in range(self.rounds):
            measured = yield Samples(points=points, gradient="train_loss")
            assert measured.gradients is not None
            points = measured.samples.points - 1e-3 * measured.gradients


def measure(folder: Path, pool: Any) -> tuple[float, float, float]:
    """Return the milliseconds of a round: passed, of the processor, and of the processor for scoring."""
    folder.mkdir()
    (folder / "study.toml").write_text(SPEC)
    registry = registry_of(installed_registry(), descents=Descents)
    study = Study(spec=read_spec(folder / "study.toml", (), registry), folder=folder / "run", registry=registry)
    with pool.open() as workers:
        run(study.workshop(workers=workers))
    [found] = study.folder.glob("stages/search/*/search.json")
    cost, units = read_json(found.with_name("computed.json")), read_json(found)["units"]
    scoring = sum(unit["cpu_seconds"] for unit in units)
    return tuple(1e3 * value / (ROUNDS - 1) for value in (cost["seconds"], cost["cpu_seconds"], scoring))  # type: ignore[return-value]


def main() -> None:
    """Print the table."""
    print("| pool | time of a round | processor time | of that, scoring | beyond |\n| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for name, pool in {"here": Here(threads=1), "processes": Processes(workers=2, threads=1)}.items():
            passed, cpu, scoring = measure(Path(folder) / name, pool)
            cells = (f"{value:.1f} ms" for value in (passed, cpu, scoring, cpu - scoring))
            print(f"| {' | '.join([name, *cells])} |", flush=True)


if __name__ == "__main__":
    main()
