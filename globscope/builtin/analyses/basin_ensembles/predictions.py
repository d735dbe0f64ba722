"""The predictions of networks and the right answers, on the same examples."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from attrs import define, field

from globscope.api import Bench, Population, Probe, fixed_batches
from globscope.builtin.analyses.outputs.network_outputs import BATCH, Outputs, cycle_places

# Marks places without an answer, as in torch.
NO_ANSWER = -100


@define(frozen=True, kw_only=True)
class Predictions:
    """The probabilities of classes that several networks predict.

    Attributes:
        probabilities: (n, examples, classes) float64.
        answers: (examples,) the right classes.
        basins: Numbers of the networks' basins.
        runs: Names of the networks' training runs.
    """

    probabilities: np.ndarray = field(eq=False, repr=False)
    answers: np.ndarray = field(eq=False, repr=False)
    basins: tuple[int, ...]
    runs: tuple[str, ...]

    def of(self, rows: Sequence[int]) -> tuple[float, float]:
        """Return the loss and the accuracy of the mean of some networks' probabilities.

        The loss is −mean log p of the right class, in nats; infinite where all networks exclude it.
        """
        mean = self.probabilities[list(rows)].mean(axis=0)
        with np.errstate(divide="ignore"):
            loss = -np.log(mean[np.arange(len(mean)), self.answers]).mean()
        return float(loss), float((mean.argmax(axis=1) == self.answers).mean())


def predictions(bench: Bench, population: Population, basins: Mapping[int, int], outputs: Outputs) -> Predictions:
    """Return what some members predict on fixed examples, given their basins by their rows."""
    from scipy.special import softmax

    answers = np.concatenate([*_answers(bench.task.build(outputs.device), outputs)])
    known = answers != NO_ANSWER
    logits = outputs.of_members(bench, population, list(basins))[:, known].astype(np.float64)
    return Predictions(
        probabilities=softmax(logits, axis=2),
        answers=answers[known],
        basins=tuple(basins.values()),
        runs=tuple(population.members[row].variant for row in basins),
    )


def _answers(probe: Probe, outputs: Outputs) -> Iterator[np.ndarray]:
    """Yield the right classes of each batch, at the places that the outputs are taken from."""
    for number, batch in enumerate(fixed_batches(probe, outputs.split, outputs.examples, BATCH)):
        found = cycle_places(targets_of(batch)[..., None], number * BATCH)
        yield found[:, 0].cpu().numpy().astype(int)


def targets_of(batch: Any) -> Any:
    """Return the classes of a batch of inputs and classes; None where it is something else."""
    import torch

    if not isinstance(batch, tuple | list) or len(batch) < 2 or not isinstance(batch[1], torch.Tensor):
        return None
    return None if batch[1].is_floating_point() or batch[1].is_complex() else batch[1]
