"""From a zoo to an aligner and its report; imported where torch is needed."""

from typing import Any

import numpy as np

from globscope.api import Draft, Population, Probe, Progress, Task, device, threads_for
from globscope.builtin.aligners.deep.checkpoint import HISTORY, LearningState
from globscope.builtin.aligners.deep.compare_aligners import report
from globscope.builtin.aligners.deep.learned import WEIGHTS, LearnedAligner
from globscope.builtin.aligners.deep.losses import Objective
from globscope.builtin.aligners.deep.mlp import Mlp, read_mlp
from globscope.builtin.aligners.deep.options import Architecture, Options
from globscope.builtin.aligners.deep.task_loss import TaskLoss, examples
from globscope.builtin.aligners.deep.training import AlignerTraining
from globscope.builtin.aligners.deep.validation import EXAMPLES, Validation
from globscope.builtin.aligners.deep.zoo import Split, random_pairs, scales, split_zoo


def learn(
    options: Options, task: Task, zoo: Population, *, draft: Draft, progress: Progress, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Return what was learned: weights, architecture and scales, with the history and the report."""
    options.require_loss()
    seed = int(rng.integers(2**62))
    probe = task.build(device(options.device, "deep-align: device"))
    parts = split_zoo(zoo, np.random.default_rng([seed, 0]))
    with threads_for(probe.layout.size * options.batch_size * options.examples):
        training = _training(options, probe, zoo, parts, seed)
        arrays = _arrays(training, training.run(draft, progress))
        arrays |= {f"networks/{name}": rows for name, rows in parts.rows.items()}
        held_out = random_pairs(parts.test, options.pairs, np.random.default_rng([seed, 1]))
        return arrays | report(task, zoo, held_out, LearnedAligner(arrays=arrays), seed)


def _training(options: Options, probe: Probe, zoo: Population, parts: Split, seed: int) -> AlignerTraining:
    mlp, losses = read_mlp(probe), TaskLoss(probe, zoo)
    deviations = scales(zoo, parts.train, mlp)
    device_ = device(options.device, "deep-align: device")
    validation = Validation(
        zoo=zoo,
        pairs=random_pairs(parts.validation, options.pairs, np.random.default_rng([seed, 2])),
        mlp=mlp,
        scales=deviations,
        losses=losses,
        batch=examples(probe, probe.splits[0], EXAMPLES, np.random.default_rng([seed, 3])),
        device=device_,
    )
    return AlignerTraining(
        options=options,
        architecture=_architecture(options, mlp),
        objective=Objective(options=options, mlp=mlp, scales=deviations, task=losses),
        validation=validation,
        zoo=zoo,
        rows=parts.train,
        device=device_,
        seed=seed,
    )


def _architecture(options: Options, mlp: Mlp) -> Architecture:
    return Architecture(
        inputs=mlp.widths[0],
        hidden=len(mlp.hidden),
        outputs=mlp.widths[-1],
        messages=options.messages,
        width=options.width,
        blocks=options.blocks,
        channels=options.channels,
    )


def _arrays(training: AlignerTraining, state: LearningState) -> dict[str, Any]:
    arrays = {f"{WEIGHTS}{name}": array for name, array in state.best.items()} | training.architecture.arrays
    arrays |= {f"{HISTORY}{name}": np.array(figures, float) for name, figures in state.history.items()}
    return arrays | {"scales": training.validation.scales, "seconds": np.array(state.seconds)}
