"""What holds for the scores of networks by a task's measures."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from globscope.api import EvaluationError, draws, fixed_seed
from globscope.testing.check import after
from globscope.testing.checks.probe.suite import EXAMPLES, SAME_SUM, ProbeSuite
from globscope.testing.claims import ContractError, require, require_near


class ReductionChecks(ProbeSuite):
    """Checks of a probe's `reduce`."""

    @after("names_splits_and_measures", "draws_what_a_seed_repeats")
    def reductions_add_up(self) -> None:
        """Sums and weights over two halves of a batch are those over the whole.

        An evaluator adds batches of whatever size fits into memory.
        """
        if self._draws:
            return
        parameters, cut = self._parameters(), EXAMPLES // 2
        parts = [
            self._sums(parameters, self._batch(slice(0, cut))),
            self._sums(parameters, self._batch(slice(cut, None))),
        ]
        for name, (total, weight) in self._sums(parameters, self._batch()).items():
            added = [sum(part[name][at] for part in parts) for at in (0, 1)]
            require_near(
                added, [total, weight], SAME_SUM, f"{name} over two halves is {added}, over both {total, weight}"
            )

    def keeps_losses_that_are_not_finite(self) -> None:
        """A network of NaN has a loss of NaN.

        A loss is never repaired: where a network diverges is a finding.
        """
        broken = {name: p * np.nan for name, p in self._parameters().items()}
        found = self._means(broken, self._batch())
        finite = [name for name, value in found.items() if name.endswith("loss") and np.isfinite(value)]
        require(not finite, f"measures {finite} of a network of NaN are finite: a loss was repaired")

    @after("builds_the_same_task_twice", "draws_what_a_seed_repeats")
    def keeps_no_buffers(self) -> None:
        """A network is scored with the buffers that are handed in, which the next one does not see.

        The score of a network must not depend on who was scored before it.
        """
        before = self._means(self._parameters(), self._batch())
        others = {name: b.clone() for name, b in self._probe.initialise(8)[1].items()}
        for buffer in others.values():
            if buffer.is_floating_point():
                buffer.mul_(0.5).add_(0.25)
        self._means(self._parameters(), self._batch(), others)
        self._require_unchanged(before, "after another one with other buffers")

    @after("names_splits_and_measures", "builds_the_same_task_twice")
    def draws_what_a_seed_repeats(self) -> None:
        """Scoring keeps no state between calls, and draws from global generators alone, so that it can be seeded.

        An evaluator seeds these for every batch, so that all networks draw the same numbers.
        """
        try:
            draws(self._probe, "cpu")
        except EvaluationError as error:
            raise ContractError(str(error)) from error

    @after("draws_what_a_seed_repeats", "training_leaves_no_trace", "leaves_inputs_untouched")
    def stacked_networks_reduce_alike(self) -> None:
        """With `vmappable`, `reduce` under torch.vmap gives each network its own numbers.

        An evaluator stacks networks then, which is many times as fast.
        """
        if not self._probe.vmappable:
            return
        import torch

        networks = [self._probe.initialise(seed)[0] for seed in (7, 8)]
        stacked = {name: torch.stack([network[name] for network in networks]) for name in networks[0]}
        batch, buffers = self._batch(), self._buffers()

        def sums(parameters: Mapping[str, Any]) -> dict[str, Any]:
            return {name: total for name, (total, _) in self._probe.reduce(parameters, buffers, batch).items()}

        with fixed_seed(0, "cpu"):
            together = torch.vmap(sums, randomness="same")(stacked)
        for name, values in together.items():
            alone = [self._sums(network, batch)[name][0] for network in networks]
            require_near(values.detach(), alone, SAME_SUM, f"{name} differs when networks are stacked")
