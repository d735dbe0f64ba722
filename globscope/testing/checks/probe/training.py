"""What holds for the training by a task's objective."""

from typing import Any

from globscope.testing.check import after
from globscope.testing.checks.probe.suite import SAME_SUM, ProbeSuite
from globscope.testing.claims import ContractError, require, require_near


class TrainingChecks(ProbeSuite):
    """Checks of a probe's objective, and of what a training step leaves behind."""

    def leaves_inputs_untouched(self) -> None:
        """Parameters and batch are as they were after the loss was computed, in training and out of it.

        The same tensors are scored, trained on and stored afterwards.
        """
        given = self._parameters(), self._batch()
        leaves, clean = _leaves(given), [tensor.clone() for tensor in _leaves(given)]
        self._probe.reduce(given[0], self._buffers(), given[1])
        for training in (True, False):
            self._objective(given[0], self._buffers(), given[1], training=training)
        changed = [tuple(one.shape) for one, two in zip(leaves, clean, strict=True) if not _equal(one, two)]
        require(not changed, f"writes into the parameters or the batch that it is given, tensors of shapes {changed}")

    def objective_is_differentiable(self) -> None:
        """Every parameter has a finite gradient, in training and out of it.

        Runs are trained by it, and curvatures are computed from it.
        """
        for training in (True, False):
            leaves = {name: p.clone().requires_grad_() for name, p in self._parameters().items()}
            self._objective(leaves, self._buffers(), self._batch(), training=training).backward()
            mode = "in training" if training else "out of training"
            for name, leaf in leaves.items():
                require(leaf.grad is not None, f"objective has no gradient for {name!r} {mode}")
                require(leaf.grad.isfinite().all(), f"objective's gradient for {name!r} is not finite {mode}")

    @after(
        "builds_the_same_task_twice",
        "draws_what_a_seed_repeats",
        "training_leaves_no_trace",
        "names_splits_and_measures",
    )
    def reduced_mean_is_the_objective(self) -> None:
        """Out of training, the mean of the measure `loss` is the objective.

        A map shows the loss that was trained.
        """
        found = self._means(self._parameters(), self._batch())
        if "loss" in found:
            wanted = self._objective(self._parameters(), self._buffers(), self._batch(), training=False)
            text = f"loss reduces to {found['loss']}, the objective is {float(wanted.detach())}"
            require_near(found["loss"], float(wanted.detach()), SAME_SUM, text)

    @after("builds_the_same_task_twice", "draws_what_a_seed_repeats", "leaves_inputs_untouched")
    def training_leaves_no_trace(self) -> None:
        """A training step changes nothing but the buffers it was handed.

        Many networks are trained and scored with one probe.
        """
        before = self._means(self._parameters(), self._batch())
        leaves = {name: p.clone().requires_grad_() for name, p in self._parameters().items()}
        self._objective(leaves, self._buffers(), self._batch(), training=True).backward()
        self._require_unchanged(before, "after a training step")

    @after("training_leaves_no_trace")
    def failure_leaves_no_trace(self) -> None:
        """An exception in the middle of a training step does not leave the model in training mode.

        A study goes on with the next network.
        """
        before = self._means(self._parameters(), self._batch())
        last = self._probe.layout.names[-1]
        broken = self._parameters() | {last: self._parameters()[last].new_zeros((3, 1, 4, 1, 5))}
        try:
            self._objective(broken, self._buffers(), self._batch(), training=True)
        except Exception:  # noqa: BLE001 - of whatever kind: what it leaves behind is asked here
            self._require_unchanged(before, "after a training step that failed")
        else:
            raise ContractError(f"takes a tensor {last!r} of a shape that cannot be right")


def _leaves(tree: Any) -> list[Any]:
    """Return the tensors in a structure."""
    import torch
    from torch.utils._pytree import tree_leaves

    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def _equal(one: Any, two: Any) -> bool:
    import torch

    return (
        torch.allclose(one, two, rtol=0, atol=0, equal_nan=True) if one.is_floating_point() else torch.equal(one, two)
    )
