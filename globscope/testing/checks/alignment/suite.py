"""What the checks of aligners use: networks of the tiny task, and an aligner that has learned where it has to."""

from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

import numpy as np

from globscope.api import (
    AlignerTraits,
    Member,
    Population,
    PreparedTask,
    Probe,
    Progress,
    Symmetry,
    SymmetryError,
    symmetry,
    traits,
)
from globscope.testing.checks.work import Suite
from globscope.testing.claims import require
from globscope.testing.tiny.bench import MemoryDraft
from globscope.testing.tiny.task import tiny_task

Arrays = dict[str, np.ndarray]
Permutations = Mapping[str, np.ndarray]
# Networks to learn from.
ZOO = 12


class AlignmentSuite(Suite):
    """One aligner, on two networks of the tiny task, without statistics and with them.

    One that learns does so from a tiny zoo first. One may refuse either network by a SymmetryError, but not both.
    """

    @cached_property
    def _read(self) -> dict[str, PreparedTask]:
        """The tasks whose networks it aligns."""
        return {which: task for which, task in tiny_tasks().items() if which in self._found}

    @property
    def _found(self) -> dict[str, Permutations]:
        found: dict[str, Permutations] = self._first
        return found

    def _work(self) -> dict[str, Permutations]:
        found, refusals = {}, []
        for which, task in tiny_tasks().items():
            try:
                found[which] = self._align(task, tiny_network(task, 0), tiny_network(task, 1))
            except SymmetryError as error:
                refusals.append(str(error))
        require(bool(found), f"aligns no network of the kit: {'; '.join(refusals)}")
        return found

    @cached_property
    def _learned(self) -> dict[str, Mapping[str, np.ndarray]]:
        """By task, what was learned; filled as tasks are asked for."""
        return {}

    def _align(self, task: PreparedTask, a: Arrays, b: Arrays) -> Permutations:
        found: Permutations = self._ready(task).align(task, a, b, np.random.default_rng(0))
        return found

    def _ready(self, task: PreparedTask) -> Any:
        """Return the aligner, which has learned where it has to."""
        return self._with_learned(task) if traits(self.component, AlignerTraits).learns else self.component

    def _with_learned(self, task: PreparedTask) -> Any:
        which = next(name for name, one in tiny_tasks().items() if one is task)
        if which not in self._learned:
            self._learned[which] = self._learn(task, MemoryDraft())
        return self.component.with_learned(self._learned[which])

    def _learn(self, task: PreparedTask, draft: MemoryDraft) -> Mapping[str, np.ndarray]:
        found: Mapping[str, np.ndarray] = self.component.learn(
            task, _zoo(task), draft, Progress(), np.random.default_rng(0)
        )
        return found


@cache
def tiny_tasks() -> dict[str, PreparedTask]:
    """Return the tasks whose networks are aligned, by what a message says of these."""
    plain, normalised = (tiny_task(normalised=one).build("cpu") for one in (False, True))
    return {"": PreparedTask(plain), " with statistics": PreparedTask(normalised)}


def symmetry_of(task: PreparedTask) -> Symmetry:
    """Return the permutation symmetry of a task's networks."""
    return symmetry(task.build("cpu"))


def tiny_network(task: PreparedTask, seed: int) -> Arrays:
    """Return a network as aligners are handed one: parameters, and statistics of the whole training split."""
    probe: Any = task.build("cpu")
    parameters, buffers = probe.initialise(seed)
    if probe.statistics:
        buffers = probe.calibrate(parameters, buffers, [training_batch(probe)])
    return {name: tensor.numpy() for name, tensor in {**parameters, **buffers}.items()}


def _zoo(task: PreparedTask) -> Population:
    """Return fresh networks, each a run of its own."""
    layout, networks = task.probe.layout, [tiny_network(task, seed) for seed in range(ZOO)]
    kept = [{name: one[name] for name in one if name not in layout.names} for one in networks]
    members = tuple(Member(variant=f"n{at}", step=0, buffers=buffers) for at, buffers in enumerate(kept))
    return Population(members=members, weights=np.stack([layout.flatten(one) for one in networks]), layout=layout)


def training_batch(probe: Probe) -> Any:
    """Return the whole training split as one batch."""
    import torch

    return probe.batch("train", torch.arange(probe.examples("train")))
