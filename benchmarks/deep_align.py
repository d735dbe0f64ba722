"""deep-align beside the other aligners: barriers between held-out MLPs on digits, of the zoo's recipe and of another.

Prints the tables of docs/results/deep-align.md. Networks are trained once, into runs/deep-align/.

    OMP_NUM_THREADS=1 python benchmarks/deep_align.py [STEPS [SEEDS]]
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from attrs import define
from safetensors.numpy import load_file, save_file

from globscope.api import Member, Population, PreparedTask, Progress, Task, Tensors
from globscope.builtin.aligners import ActivationMatching, DeepAlign, Sinkhorn, WeightMatching
from globscope.builtin.aligners.deep.learning import TEST_EXAMPLES, PairComparison
from globscope.builtin.aligners.deep.task_loss import TaskLoss, examples
from globscope.builtin.aligners.deep.zoo import random_pairs
from globscope.builtin.tasks.classification import Classification
from globscope.population.train_stacked import fit_stacked
from globscope.population.training_run import TrainingRun, checkpoint_path
from globscope.spec.training import Recipe, Train
from globscope.symmetry.search import symmetry

FOLDER = Path(__file__).parent.parent / "runs/deep-align"
HIDDEN, STACK, PAIRS = (32, 32), 32, 60
# Of the zoo, and of networks that nobody learns from: how many, and how they are trained.
ZOO = 384, Recipe(batch_size=50, learning_rate=3e-3, epochs=40)
OTHER = 64, Recipe(batch_size=200, learning_rate=3e-3, epochs=40)
# Steps of the sinkhorn that follows; for further seeds and the other recipe the first alone.
FURTHER = (50, 100, 300)


@define(frozen=True)
class Then:
    """Sinkhorn from another aligner's scores.

    Attributes:
        first: Whose.
        steps: That follow.
    """

    first: object
    steps: int

    def align(self, task: Task, a: Tensors, b: Tensors, rng: np.random.Generator) -> Mapping[str, np.ndarray]:
        """Return the permutations of b that fit a."""
        scores = self.first.scores(task, a, b, rng)
        return Sinkhorn(steps=self.steps, device="cpu").start_from(scores).align(task, a, b, rng)


def zoo(task: PreparedTask, name: str, count: int, recipe: Recipe) -> Population:
    """Return networks of one recipe, each with a seed of its own."""
    path, layout = FOLDER / f"{name}.safetensors", task.probe.layout
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        save_file({"weights": np.stack(list(trained(task, name, count, recipe)))}, path)
    members = tuple(Member(variant=f"{name}{n}", step=recipe.epochs) for n in range(count))
    return Population(members=members, weights=load_file(path)["weights"], layout=layout)


def trained(task: PreparedTask, name: str, count: int, recipe: Recipe) -> Iterator[np.ndarray]:
    """Train networks in stacks and yield the weights of each."""
    train = Train(epochs=recipe.epochs, save_every=recipe.epochs, schedule="cosine", at_once=STACK, device="cpu")
    first = 10_000 * (name != "zoo")
    for start in range(0, count, STACK):
        jobs = {}
        for row in range(STACK):
            run = TrainingRun(name=str(start + row), recipe=recipe, train=train, seed=first + start + row, row=row)
            jobs[run.name] = run, FOLDER / name / run.name
            (FOLDER / name / run.name).mkdir(parents=True, exist_ok=True)
        list(fit_stacked(jobs, task.probe, Progress()))
        for _, folder in jobs.values():
            yield task.probe.layout.flatten(load_file(checkpoint_path(folder, recipe.epochs)))


def taught(task: PreparedTask, population: Population, steps: int, seed: int) -> dict[str, np.ndarray]:
    """Return what deep-align learned from a zoo with a seed."""
    path = FOLDER / f"learned-{steps}-{seed}.safetensors"
    if not path.exists():
        draft = Kept(FOLDER / f"draft-{steps}-{seed}.safetensors")
        save_file(DeepAlign(steps=steps).learn(task, population, draft, Told(), np.random.default_rng(seed)), path)
    return load_file(path)


@define(frozen=True)
class Kept:
    """A draft in a file."""

    path: Path

    def read(self) -> dict[str, np.ndarray]:
        """Return what was written last."""
        return load_file(self.path) if self.path.exists() else {}

    def write(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Keep arrays in place of those before."""
        save_file(dict(arrays), self.path)


class Told(Progress):
    """Prints every thousand steps."""

    def __call__(self, done: int, total: int, **figures: float) -> None:
        """Take note of `done` out of `total`."""
        if done % 1000 == 0:
            print(f"{done} of {total}", figures, file=sys.stderr, flush=True)


def methods(learned: object, further: tuple[int, ...]) -> dict[str, object]:
    """Return aligners by what a reader calls them."""
    plain = {"as they are": None, "weight matching": WeightMatching(), "activation matching": ActivationMatching()}
    soft = {f"sinkhorn, {steps} steps": Then(ActivationMatching(), steps) for steps in further}
    after = {f"deep-align + sinkhorn, {steps} steps": Then(learned, steps) for steps in further}
    return plain | soft | {"deep-align": learned} | after


def table(
    task: PreparedTask, population: Population, rows: np.ndarray, several: dict[str, object], seed: int
) -> dict[str, np.ndarray]:
    """Return by method (3, pairs) barriers, areas and seconds of the same pairs of networks."""
    batch = examples(task.probe, "test", TEST_EXAMPLES, np.random.default_rng(0))
    compared = PairComparison(task, population, TaskLoss(task.probe), batch, symmetry(task.probe))
    chosen, found = random_pairs(rows, PAIRS, np.random.default_rng(seed)), {}
    for name, method in several.items():
        figures = [compared.figures(pair, method, np.random.default_rng(at)) for at, pair in enumerate(chosen)]
        found[name] = np.array(figures).T
        print(name, np.median(found[name], axis=1), file=sys.stderr, flush=True)
    return found


def printed(title: str, tables: list[dict[str, np.ndarray]]) -> None:
    """Print medians over pairs, one column a seed, then the mean of the medians of area and seconds."""
    seeds = " | ".join(f"barrier, seed {seed} (mean)" for seed in range(len(tables)))
    print(f"\n{title}\n\n| | {seeds} | area | seconds a pair |\n|---|{'---|' * (len(tables) + 2)}")
    for name in tables[0]:
        own = [one[name] for one in tables if name in one]
        figures = [f"{np.median(one[0]):.4f} ({one[0].mean():.4f})" for one in own]
        barriers = " | ".join(figures + ["–"] * (len(tables) - len(own)))
        area, seconds = (np.mean([np.median(one[kind]) for one in own]) for kind in (1, 2))
        print(f"| {name} | {barriers} | {area:.4f} | {seconds:.4f} |", flush=True)


if __name__ == "__main__":
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else DeepAlign().steps
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    task = PreparedTask(Classification(hidden=HIDDEN).build("cpu"))
    own, other = zoo(task, "zoo", *ZOO), zoo(task, "other", *OTHER)
    lessons = [taught(task, own, steps, seed) for seed in range(seeds)]
    for arrays in lessons:
        barriers, took = arrays["history/barrier"], float(arrays["seconds"])
        best = int(arrays["history/step"][barriers.argmin()])
        print(f"learned in {took:.0f} s, best at step {best} of {steps}: {barriers[0]:.4f} to {barriers.min():.4f}")
    aligners = [DeepAlign().with_learned(arrays) for arrays in lessons]
    unseen = [arrays["networks/test"] for arrays in lessons]
    many = [FURTHER, *[FURTHER[:1]] * (seeds - 1)]  # the long ones for the first seed
    parts = [(rows, methods(one, more)) for rows, one, more in zip(unseen, aligners, many, strict=True)]
    printed("Held-out networks of the zoo's recipe", [table(task, own, *part, seed) for seed, part in enumerate(parts)])
    parts = [(np.arange(OTHER[0]), methods(one, FURTHER[:1])) for one in aligners]
    printed("Networks of another recipe", [table(task, other, *part, seed) for seed, part in enumerate(parts)])
