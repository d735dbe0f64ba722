"""What holds for what a task builds: its probe, its networks, its splits and measures."""

from typing import Any

import numpy as np
from attrs import fields

from globscope.api import ProbeTraits, Recognises, capability, misspelt_members, traits
from globscope.testing.check import after, covers
from globscope.testing.checks.probe.suite import ProbeSuite
from globscope.testing.claims import ContractError, require, require_same


class LayoutChecks(ProbeSuite):
    """Checks of what a probe has and is called."""

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

    def misspells_no_optional_member_of_the_probe(self) -> None:
        """What is optional of a probe has its name, and what is known of it is in its `traits`.

        A misspelt one would be ignored.
        """
        problems = list(misspelt_members("probe", self._probe))
        require(not problems, f"its probe: {'; '.join(problems)}")

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
