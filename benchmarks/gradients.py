"""What a gradient costs beside the fields: processor time of a network of an MLP on digits, one by one and stacked.

python benchmarks/gradients.py
"""

from time import process_time

import numpy as np
import torch

from globscope.api import Networks, span
from globscope.builtin.evaluators.pytorch import Torch
from globscope.builtin.tasks.classification import Classification

NETWORKS, MEMBERS, REPEATS = 64, 20, 3
TASK = Classification(hidden=(256, 128))


def milliseconds(networks: Networks, evaluator: Torch) -> float:
    """Return the least time of a network."""
    plan = evaluator.plan(networks, TASK)
    scorer, times = evaluator.scorer(networks, TASK, plan), list[float]()
    for _ in range(REPEATS):
        start = process_time()
        for unit in plan.units:
            scorer.score(unit)
        times.append(1e3 * (process_time() - start) / len(networks))
    return min(times)


def main() -> None:
    """Print one row for each number of examples and method."""
    torch.set_num_threads(1)
    probe = TASK.build("cpu")
    space = span(np.stack([probe.layout.flatten(probe.initialise(seed)[0]) for seed in range(MEMBERS)]))
    points = np.resize(space.members, (NETWORKS, space.rank))
    for examples in (None, 300, 128, 50):
        for method in ("loop", "vmap"):
            evaluator = Torch(examples=examples, method=method)
            plain, beside = (
                milliseconds(Networks(space=space, coordinates=points, gradient=field), evaluator)
                for field in (None, "train_loss")
            )
            print(
                f"{examples or 'all'} examples, {method}: {plain:.2f} ms, {beside:.2f} ms, {beside / plain:.2f} times"
            )


if __name__ == "__main__":
    main()
