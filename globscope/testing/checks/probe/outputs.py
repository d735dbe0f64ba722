"""What holds for outputs and predictions, where a task's probe offers them."""

import numpy as np

from globscope.api import GivesFisher, ReturnsOutputs, SplitsLoss, capability, fixed_seed
from globscope.testing.check import after, covers
from globscope.testing.checks.probe.suite import EXAMPLES, SAME_SUM, ProbeSuite
from globscope.testing.claims import require, require_near


class OutputChecks(ProbeSuite):
    """Checks of what a probe tells of a network's outputs, and of the loss as a function of them."""

    @covers("outputs")
    @after("draws_what_a_seed_repeats")
    def outputs_are_of_each_example(self) -> None:
        """Where outputs are offered, they are finite, one row an example, whatever else is in the batch.

        Analyses compare networks example by example.
        """
        if capability(self._probe, ReturnsOutputs) is None or self._draws:
            return
        network, cut = self._probe.initialise(7), EXAMPLES // 2
        whole, *halves = (self._outputs(network, part) for part in (slice(None), slice(0, cut), slice(cut, None)))
        count = min(EXAMPLES, self._probe.examples(self._probe.splits[0]))
        require(whole.ndim > 1 and len(whole) == count, f"outputs of {count} examples have shape {whole.shape}")
        require(np.isfinite(whole).all(), "outputs of a fresh network are not finite")
        text = "outputs of an example depend on what else is in the batch"
        require_near(np.concatenate(halves), whole, SAME_SUM, text)

    @covers("predictions", "loss_of_predictions")
    def loss_is_computed_from_predictions(self) -> None:
        """Where predictions are offered, their loss is the objective out of training.

        The Gauss–Newton matrix would be that of another loss.
        """
        split = capability(self._probe, SplitsLoss)
        if split is None:
            return
        parameters, buffers, batch = self._parameters(), self._buffers(), self._batch()
        with fixed_seed(0, "cpu"):
            found = split.loss_of_predictions(split.predictions(parameters, buffers, batch), batch)
        wanted = self._objective(parameters, buffers, batch, training=False)
        text = f"loss_of_predictions is {float(found.detach())}, the objective is {float(wanted.detach())}"
        require_near(float(found.detach()), float(wanted.detach()), SAME_SUM, text)

    @covers("predictions_fisher")
    @after("loss_is_computed_from_predictions")
    def fisher_information_is_symmetric(self) -> None:
        """Where the Fisher information of predictions is offered, it is symmetric and not negative.

        Its eigenvalues are computed by a method for such matrices.
        """
        knowing, split = capability(self._probe, GivesFisher), capability(self._probe, SplitsLoss)
        if knowing is None:
            return
        require(split is not None, "offers predictions_fisher, but no predictions and loss_of_predictions")
        assert split is not None
        # In float64, since the two products may cancel.
        predictions = split.predictions(self._parameters(), self._buffers(), self._batch()).detach().double()
        draws = np.random.default_rng(0).normal(size=(2, *predictions.shape))
        one, two = predictions.new_tensor(draws)
        ahead, back = (knowing.predictions_fisher(predictions, self._batch(), v) for v in (one, two))
        text = "predictions_fisher is not symmetric"
        require_near(float((two * ahead).sum()), float((one * back).sum()), SAME_SUM, text)
        require(float((one * ahead).sum()) >= 0, "predictions_fisher has a negative eigenvalue")
