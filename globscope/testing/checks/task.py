"""What holds for tasks."""

import pickle
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from attrs import fields

from globscope.api import (
    EvaluationError,
    GivesFisher,
    Probe,
    ProbeTraits,
    Recognises,
    ReturnsOutputs,
    SplitsLoss,
    capability,
    draws,
    fixed_seed,
    misspelt_members,
    traits,
)
from globscope.returned.results import checked_probe
from globscope.testing.check import after, covers
from globscope.testing.checks.probe_traits import ProbeTraitsChecks
from globscope.testing.claims import ContractError, require, require_near, require_same

# Enough for every check, and quick for networks that are not tiny.
EXAMPLES = 16
# Float32 sums over a few examples, grouped otherwise.
SAME_SUM = 1e-5


class TaskChecks(ProbeTraitsChecks):
    """Checks of one task on the CPU, on fresh networks and a few of its examples."""

    @after("is_picklable", "leaves_global_random_state_alone")
    def builds_the_same_task_twice(self) -> None:
        """The layout and the fresh networks depend on options and seed alone, also after pickling.

        Workers build the task again, and must get the same networks.
        """
        _, ours = self._first
        (again, theirs), _ = self._again
        require(again.layout == self._probe.layout, "has another layout when built again")
        for one, two in zip(ours, theirs, strict=True):
            require(sorted(one) == sorted(two), "has other tensors when built again")
            for name in one:
                require_same(one[name], two[name], f"tensor {name!r} differs between two networks of one seed")

    @after("builds_the_same_task_twice")
    def initialises_what_its_layout_says(self) -> None:
        """Parameters have the layout's names and shapes; another seed gives another network.

        Weights are flattened by the layout, and runs of several seeds must differ.
        """
        layout, parameters = self._probe.layout, self._parameters()
        shapes = {name: tuple(tensor.shape) for name, tensor in parameters.items()}
        wanted = dict(zip(layout.names, layout.shapes, strict=True))
        require(shapes == wanted, f"initialises tensors {shapes}, the layout says {wanted}")
        other = self._probe.initialise(8)[0]
        differing = [name for name in parameters if not np.array_equal(parameters[name], other[name])]
        require(differing, "initialises one and the same network for two seeds")

    @covers("whole", "finish")
    def names_splits_and_measures(self) -> None:
        """There is a split to train on, every split has examples, and `reduce` gives every measure.

        A landscape has a field for every split and measure.
        """
        probe = self._probe
        require(probe.splits and probe.measures, "names no splits or no measures")
        empty = [split for split in probe.splits if probe.examples(split) < 1]
        require(not empty, f"splits {empty} have no examples")
        found = self._probe.reduce(self._parameters(), self._buffers(), self._batch())
        require(set(found) == set(probe.measures), f"reduces to {sorted(found)}, measures are {sorted(probe.measures)}")
        for name in self._whole:
            value = probe.finish(name, [found[name][0]])  # type: ignore[attr-defined]
            require(value.numel() == 1, f"finishes {name!r} as shape {tuple(value.shape)}, not as a scalar")

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

    def misspells_no_optional_member_of_the_probe(self) -> None:
        """What is optional of a probe has its name, and what is known of it is in its `traits`.

        A misspelt one would be ignored.
        """
        problems = list(misspelt_members("probe", self._probe))
        require(not problems, f"its probe: {'; '.join(problems)}")

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

    @covers("recognise")
    def recognises_by_its_options(self) -> None:
        """Where networks are recognised by their tensors, the answer is options of the task, or None of strangers'.

        `globscope init FOLDER` writes a spec of them.
        """
        knowing = capability(type(self.component), Recognises)
        if knowing is None:
            return
        layout = self._probe.layout
        found = knowing.recognise(dict(zip(layout.names, layout.shapes, strict=True)))
        known = {attribute.name for attribute in fields(type(self.component))}
        stray = sorted(set(found or {}) - known)
        require(not stray, f"recognises a network by options {stray} that it does not have")
        require(
            knowing.recognise({"no tensor of anybody's": (3, 1, 4)}) is None, "recognises a network that is nobody's"
        )

    def names_its_statistics(self) -> None:
        """Statistics are buffers, and are re-estimated from the data.

        An evaluator calibrates a task that names some.
        """
        names, buffers = self._probe.statistics, self._buffers()
        stray = sorted(set(names) - set(buffers))
        require(not stray, f"names statistics {stray}, which are no buffers")
        if names:
            found = self._calibrate(self._parameters(), buffers, [self._batch()])
            fresh = self._buffers()
            moved = [name for name in names if not np.array_equal(found[name], fresh[name])]
            require(moved, f"calibrates no statistic: {sorted(names)} stay as they are in a fresh network")

    @after("names_its_statistics")
    def calibration_leaves_other_buffers_alone(self) -> None:
        """Buffers that are no statistics come back as they were handed in; missing statistics do not matter.

        A mask or a normaliser is part of the network.
        """
        if not self._probe.statistics:
            return
        others = {name: b for name, b in self._buffers().items() if name not in self._probe.statistics}
        whole = self._calibrate(self._parameters(), self._buffers(), [self._batch()])
        found = self._calibrate(self._parameters(), others, [self._batch()])
        require(sorted(found) == sorted(self._buffers()), "calibrates other buffers than the network has")
        for name, value in found.items():
            require_same(value, whole[name], f"calibrated {name!r} depends on the statistics that were handed in")
        for name, value in self._buffers().items():
            if name in others:
                require_same(found[name], value, f"buffer {name!r} is no statistic, and a calibration changes it")

    @after("names_its_statistics", "builds_the_same_task_twice")
    def calibration_leaves_no_trace(self) -> None:
        """Statistics are re-estimated into new buffers, and do not depend on earlier calls.

        Networks are calibrated one after another with one probe.
        """
        if not self._probe.statistics:
            return
        before, parameters = self._means(self._parameters(), self._batch()), self._parameters()
        first = self._calibrate(parameters, self._buffers(), [self._batch()])
        kept = {name: np.asarray(value).copy() for name, value in first.items()}
        self._calibrate(self._probe.initialise(8)[0], self._buffers(), [self._batch()])
        for name, value in first.items():
            require_same(value, kept[name], f"a later calibration writes to earlier buffers {name!r}")
        again = self._calibrate(parameters, self._buffers(), [self._batch()])
        for name, value in again.items():
            require_same(value, kept[name], f"buffers {name!r} depend on earlier calibrations")
        self._require_unchanged(before, "after a calibration")

    @after("names_its_statistics")
    def reduces_by_the_batch_where_statistics_are_missing(self) -> None:
        """Without statistics, the loss is that by the statistics of the batch itself, and nothing is kept of it.

        So a decoded network has a loss before it is calibrated.
        """
        if not self._probe.statistics:
            return
        parameters, batch = self._parameters(), self._batch()
        others = {name: b for name, b in self._buffers().items() if name not in self._probe.statistics}
        before = self._means(parameters, batch)
        found = self._means(parameters, batch, others)
        require(self._means(parameters, batch, others) == found, "keeps something of a batch that it was scored by")
        require(
            not any(value == before[name] for name, value in found.items() if name == "loss"),
            "reduces to the same loss by a fresh network's statistics as by those of the batch",
        )
        self._require_unchanged(before, "after a batch that it was scored by")

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

    @covers("module", "inputs")
    def shows_the_module_that_it_runs(self) -> None:
        """Where there is a `module`, it has the layout's tensors, and takes the `inputs` of a batch.

        The permutation symmetry of the networks is found from it.
        """
        probe: Any = self._probe
        module = traits(probe, ProbeTraits).module
        if module is None:
            return
        import torch

        shapes = {name: tuple(p.shape) for name, p in module.named_parameters()}
        layout = dict(zip(probe.layout.names, probe.layout.shapes, strict=True))
        require(layout.items() <= shapes.items(), f"its module has parameters {shapes}, the layout says {layout}")
        require(not module.training, "its module is not in evaluation mode")
        try:
            with torch.no_grad():
                module(*probe.inputs(self._batch()))
        except Exception as error:
            raise ContractError(f"its module does not take the inputs of a batch: {error}") from error

    def _work(self) -> tuple[Probe, Any]:
        return _build_probe(self.component)

    def _work_again(self) -> tuple[Probe, Any]:
        return _build_probe(pickle.loads(pickle.dumps(self.component)))  # noqa: S301 - pickled in the same line

    def _parameters(self) -> dict[str, Any]:
        return self._probe.initialise(7)[0]

    def _buffers(self) -> dict[str, Any]:
        return self._probe.initialise(7)[1]

    @cached_property
    def _draws(self) -> bool:
        """Whether parts of a batch are scored with other numbers than the whole."""
        try:
            return draws(self._probe, "cpu")
        except EvaluationError:
            return True

    def _objective(self, *network_and_batch: Any, training: bool) -> Any:
        with fixed_seed(0, "cpu"):
            return self._probe.objective(*network_and_batch, training=training)

    def _calibrate(self, *network_and_batches: Any) -> dict[str, Any]:
        with fixed_seed(0, "cpu"):
            return self._probe.calibrate(*network_and_batches)

    def _batch(self, part: slice = slice(None)) -> Any:
        import torch

        split = self._probe.splits[0]
        return self._probe.batch(split, torch.arange(min(EXAMPLES, self._probe.examples(split)))[part])

    def _outputs(self, network: tuple[dict[str, Any], dict[str, Any]], part: slice) -> np.ndarray:
        """Return what a network says of a few examples."""
        found = self._probe.outputs(*network, self._batch(part))  # type: ignore[attr-defined]
        return np.asarray(found.detach())

    def _sums(
        self, parameters: Mapping[str, Any], batch: Any, buffers: Mapping[str, Any] | None = None
    ) -> dict[str, tuple[float, float]]:
        """Return sums and weights of means, in the mode that an evaluator uses; with fresh buffers where unset."""
        import torch

        with torch.inference_mode(not self._probe.grad_inside), fixed_seed(0, "cpu"):
            found = self._probe.reduce(parameters, self._buffers() if buffers is None else buffers, batch)
            sums = {name: pair for name, pair in found.items() if name not in self._whole}
            return {name: (float(total.detach()), float(weight)) for name, (total, weight) in sums.items()}

    def _means(
        self, parameters: Mapping[str, Any], batch: Any, buffers: Mapping[str, Any] | None = None
    ) -> dict[str, float]:
        found = self._sums(parameters, batch, buffers)
        return {name: total / weight if weight else np.nan for name, (total, weight) in found.items()}

    @property
    def _whole(self) -> tuple[str, ...]:
        """The measures that are no means over batches."""
        return tuple(traits(self._probe, ProbeTraits).whole)

    def _require_unchanged(self, before: Mapping[str, float], when: str) -> None:
        after = self._means(self._parameters(), self._batch())
        for name, value in before.items():
            require_same(after[name], value, f"{name} of a network changes {when}")


def _build_probe(task: Any) -> tuple[Probe, Any]:
    """Return a task's probe, and a fresh network of it."""
    probe: Probe = checked_probe("the task", task.build("cpu"))
    return probe, probe.initialise(7)


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
