"""The predictions of networks and the right answers, on the same examples."""

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import define, field

from globscope.api import IGNORED, Bench, Population
from globscope.builtin.analyses.outputs.answers import answers
from globscope.builtin.analyses.outputs.network_outputs import Outputs


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

    right = answers(bench.task.build(outputs.device), outputs)
    known = right != IGNORED
    logits = outputs.of_members(bench, population, list(basins))[:, known].astype(np.float64)
    return Predictions(
        probabilities=softmax(logits, axis=2),
        answers=right[known],
        basins=tuple(basins.values()),
        runs=tuple(population.members[row].variant for row in basins),
    )
